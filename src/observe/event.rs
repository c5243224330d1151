//! What belongs into an audit log.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::claimed::Claimed;
use super::decision::Decision;

/// Something that an audit log should know. It holds no secret; names that nobody has proven are [`Claimed`].
///
/// ```
/// use portcullis::observe::{Event, Observer};
///
/// struct Audit;
///
/// impl Observer for Audit {
///     fn happened(&self, event: &Event<'_>) {
///         match event {
///             Event::LoggedIn { issuer, subject, .. } => println!("{subject} of {issuer} logged in"),
///             Event::Refused(decision) | Event::PermissionDenied(decision) => println!("{}", decision.id()),
///             other => println!("{}", other.name()),
///         }
///     }
/// }
/// ```
#[non_exhaustive]
pub enum Event<'a> {
    /// A session began, or goes on after another log-in. `session` is its public id, which opens nothing.
    #[non_exhaustive]
    LoggedIn {
        /// Who vouches for the subject.
        issuer: &'a str,
        /// Who logged in.
        subject: &'a str,
        /// The public id of the session.
        session: &'a str,
    },
    /// A session was ended by the client that had it.
    #[non_exhaustive]
    LoggedOut {
        /// The public id of the session.
        session: &'a str,
    },
    /// A request was refused, whoever sent it, for another reason than a missing permission.
    Refused(&'a Decision<'a>),
    /// An identity that is known lacks a permission.
    PermissionDenied(&'a Decision<'a>),
    /// Guesses came too fast: an account or a client has to wait. Told when the wait begins, and not for each guess in it.
    #[non_exhaustive]
    Locked {
        /// The account, by the name that was guessed at, where its limit was reached; else it is the client's.
        account: Option<Claimed<'a>>,
        /// The client, where its address is known: of an IPv6 address the network of 64 bits, since that is what is counted.
        client: Option<IpAddr>,
        /// How long.
        retry_after: Duration,
    },
    /// Credentials were ended before their time: tokens by a list of revocations, sessions by their owner or an administrator.
    /// Told by the process that did it.
    #[non_exhaustive]
    Revoked {
        /// By what: `token`, `jti`, `sid`, `subject` for tokens; `session`, `sessions`.
        kind: &'static str,
        /// Who issued them, where that was said.
        issuer: Option<&'a str>,
        /// Whose credentials, where that was said.
        subject: Option<&'a str>,
        /// Which one (`jti`, `sid`, the public id of a session), where it was one.
        credential: Option<&'a str>,
        /// How many sessions ended, where they were counted.
        sessions: Option<usize>,
    },
    /// An issuer's set of keys has changed.
    #[non_exhaustive]
    KeysRotated {
        /// The issuer, or the address that the keys come from.
        from: &'a str,
        /// How many are new.
        added: usize,
        /// How many are gone.
        removed: usize,
    },
    /// Something that decisions need does not answer any more. Told once, and not for each request.
    #[non_exhaustive]
    StoreLost {
        /// Which one: `sessions`, `throttle`, `revocations`, `keys of …`.
        store: &'a str,
        /// What it said.
        error: &'a (dyn Error + 'static),
    },
    /// It answers again.
    #[non_exhaustive]
    StoreRegained {
        /// Which one.
        store: &'a str,
        /// How long it was away.
        after: Duration,
    },
}

/// In one line, with everything escaped that could confuse a log. A name that is only claimed is not shown.
impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        let mut tell = |name: &str, value: Option<&dyn fmt::Debug>| match value {
            Some(value) => write!(f, " {name}={value:?}"),
            None => Ok(()),
        };
        match self {
            Self::LoggedIn { issuer, subject, session } => {
                tell("issuer", Some(issuer))?;
                tell("subject", Some(subject))?;
                tell("session", Some(session))
            }
            Self::LoggedOut { session } => tell("session", Some(session)),
            Self::Refused(decision) | Self::PermissionDenied(decision) => {
                tell("id", Some(&decision.id()))?;
                tell("code", Some(&decision.outcome().code()))?;
                tell("cause", decision.cause().as_ref().map(|cause| cause as _))
            }
            Self::Locked { account, client, retry_after } => {
                tell("limit", Some(&if account.is_some() { "account" } else { "client" }))?;
                tell("client", client.as_ref().map(|client| client as _))?;
                tell("retry_after", Some(&retry_after.as_secs()))
            }
            Self::Revoked { kind, issuer, subject, credential, sessions } => {
                tell("kind", Some(kind))?;
                tell("issuer", issuer.as_ref().map(|issuer| issuer as _))?;
                tell("subject", subject.as_ref().map(|subject| subject as _))?;
                tell("credential", credential.as_ref().map(|credential| credential as _))?;
                tell("sessions", sessions.as_ref().map(|sessions| sessions as _))
            }
            Self::KeysRotated { from, added, removed } => {
                tell("from", Some(from))?;
                tell("added", Some(added))?;
                tell("removed", Some(removed))
            }
            Self::StoreLost { store, error } => {
                tell("store", Some(store))?;
                tell("error", Some(&error.to_string()))
            }
            Self::StoreRegained { store, after } => {
                tell("store", Some(store))?;
                tell("after", Some(&after.as_secs()))
            }
        }
    }
}

impl Event<'_> {
    /// A stable name for programs, such as `logged_in`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::LoggedIn { .. } => "logged_in",
            Self::LoggedOut { .. } => "logged_out",
            Self::Refused(_) => "refused",
            Self::PermissionDenied(_) => "permission_denied",
            Self::Locked { .. } => "locked",
            Self::Revoked { .. } => "revoked",
            Self::KeysRotated { .. } => "keys_rotated",
            Self::StoreLost { .. } => "store_lost",
            Self::StoreRegained { .. } => "store_regained",
        }
    }
}

/// As it is displayed: the errors of drivers may print more of themselves than belongs into a log.
impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event({self})")
    }
}
