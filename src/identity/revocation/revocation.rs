//! One revocation: what ends, and for how long that has to be remembered.

use std::fmt;
use std::sync::Arc;

use crate::clock::UnixTime;
use crate::identity::digest::Digest;
use crate::identity::jwt::is_jwt;
use crate::observe::{Event, Listener};
use crate::trace;

/// Ends tokens before their time.
///
/// It is kept as a digest, so a list of revocations tells nobody a token, a session or a name.
///
/// ```
/// use portcullis::clock::UnixTime;
/// use portcullis::identity::revocation::Revocation;
///
/// let one = Revocation::token_id("https://id.example", "7c9e6679").until(UnixTime::from_secs(1_790_000_300));
/// let all = Revocation::subject("https://id.example", "alice").issued_until(UnixTime::from_secs(1_790_000_000));
/// ```
#[derive(Clone)]
#[must_use = "a revocation does nothing until it is given to `Revocations::revoke`"]
pub struct Revocation {
    pub(super) mark: Mark,
    /// Only where all tokens of a subject end: those that were issued until then. None: until it is revoked.
    pub(super) issued_until: Option<UnixTime>,
    pub(super) until: Option<UnixTime>,
    /// Issuer and name of what ends, for whoever listens; not of a token, which is a secret.
    pub(super) names: Option<Arc<(Box<str>, Box<str>)>>,
}

/// Names what is revoked.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(super) struct Mark {
    pub(super) kind: Kind,
    pub(super) digest: Digest,
}

/// What a revocation may name.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Kind {
    Session,
    Subject,
    Token,
    TokenId,
}

impl Revocation {
    pub(super) const fn new(mark: Mark) -> Self {
        Self { mark, issued_until: None, until: None, names: None }
    }

    fn named(kind: Kind, issuer: &str, name: &str) -> Self {
        let names = Some(Arc::new((issuer.into(), name.into())));
        Self { names, ..Self::new(Mark::of(kind, issuer, name)) }
    }

    /// Tells that it is in force.
    pub(super) fn tell(&self, listener: &Listener) {
        let kind = self.mark.kind;
        let (issuer, name) = self.names.as_deref().map(|(issuer, name)| (&**issuer, &**name)).unzip();
        let (subject, credential) = if kind == Kind::Subject { (name, None) } else { (None, name) };
        let event = Event::Revoked { kind: kind.name(), issuer, subject, credential, sessions: None };
        trace::audit(listener, &event);
    }

    /// The token with this text, JWT or not. Of a JWT the signature does not count: whoever has a token that was signed with
    /// ECDSA can write another signature below it that holds as well.
    pub fn token(token: &str) -> Self {
        Self::new(Mark::token(token))
    }

    /// The token that `issuer` gave the id `id` (`jti`, RFC 7519 section 4.1.7).
    pub fn token_id(issuer: &str, id: &str) -> Self {
        Self::named(Kind::TokenId, issuer, id)
    }

    /// Every token of the session that `issuer` calls `id`, as their claim `sid` says (OpenID Connect Back-Channel Logout
    /// 1.0 section 2.1).
    pub fn session_id(issuer: &str, id: &str) -> Self {
        Self::named(Kind::Session, issuer, id)
    }

    /// Every token of `subject` that `issuer` issued until the moment of the revocation, by the claim `iat`. One issued in
    /// that same second ends too, and one that does not say when it was issued. `iat` is the issuer's time: to be sure of
    /// tokens that were issued just before by a clock ahead of ours, revoke those [`issued_until`](Self::issued_until) a
    /// minute later.
    pub fn subject(issuer: &str, subject: &str) -> Self {
        Self::named(Kind::Subject, issuer, subject)
    }

    /// For [`subject`](Self::subject): ends the tokens issued until `time` instead, that second included. Without effect on
    /// the others.
    pub const fn issued_until(mut self, time: UnixTime) -> Self {
        self.issued_until = Some(time);
        self
    }

    /// When it may be forgotten, because the last token that it ends has expired. Default: as long as the list remembers.
    pub const fn until(mut self, time: UnixTime) -> Self {
        self.until = Some(time);
        self
    }
}

impl Kind {
    /// As the claim that names it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Session => "sid",
            Self::Subject => "subject",
            Self::Token => "token",
            Self::TokenId => "jti",
        }
    }
}

impl Mark {
    pub(super) fn token(token: &str) -> Self {
        let unsigned = token.rsplit_once('.').filter(|_| is_jwt(token)).map(|(unsigned, _)| unsigned);
        Self::of(Kind::Token, "", unsigned.unwrap_or(token))
    }

    pub(super) const fn new(kind: Kind, digest: Digest) -> Self {
        Self { kind, digest }
    }

    pub(super) fn of(kind: Kind, issuer: &str, name: &str) -> Self {
        // The length keeps issuer and name apart, whatever they hold.
        let length = (issuer.len() as u64).to_be_bytes();
        Self::new(kind, Digest::of([&length, issuer.as_bytes(), name.as_bytes()]))
    }
}

/// What it names is left out: it may be a person.
impl fmt::Debug for Revocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocation").field("kind", &self.mark.kind).field("until", &self.until).finish_non_exhaustive()
    }
}
