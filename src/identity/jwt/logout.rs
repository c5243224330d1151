//! Logout tokens (OpenID Connect Back-Channel Logout 1.0): an issuer tells that a session, or all of a subject, has ended.

use std::fmt;

use serde_json::Value;

use super::claims::Claims;
use super::compact::{Compact, Header, Room};
use super::findings::{self, refused};
use super::issuer::media_subtype;
use super::json::Cause;
use super::key_set::Misfit;
use super::source::IssuerKeys;
use super::terms::check_audience;
use super::verifier::JwtVerifier;
use super::window::Window;
use crate::clock::UnixTime;
use crate::identity::error::VerifyError;
use crate::identity::revocation::Revocation;

impl JwtVerifier {
    /// Takes a logout token and revokes the tokens that it ends, in one call: those of the session it names (`sid`), or
    /// else all of its subject that were issued until then.
    ///
    /// The issuer posts it as the form field `logout_token` to an address that was registered with it. Answer 200 when this
    /// succeeds, 400 when it is refused, 503 when it says *unavailable*; always with `Cache-Control: no-store` (section 2.8).
    /// The tokens are refused from the moment that this returns. Access tokens must carry `sid` to be ended by it. Each
    /// session that ends is an entry for as long as the list remembers: let that be no longer than tokens live, or users who
    /// log in and out all day fill it.
    ///
    /// ```
    /// # use portcullis::identity::jwt::JwtVerifier;
    /// async fn answer(verifier: &JwtVerifier, logout_token: &str) -> u16 {
    ///     match verifier.back_channel_logout(logout_token).await {
    ///         Ok(_) => 200,
    ///         Err(error) if error.reason() == portcullis::Reason::Unavailable => 503,
    ///         Err(_) => 400,
    ///     }
    /// }
    /// ```
    ///
    /// Opaque tokens end too, if the verifier that introspects them was given the same list.
    ///
    /// # Errors
    /// Each is for you to log: no event is emitted for it.
    ///
    /// Invalid or expired, if it is not a logout token of one of the issuers for one of our
    /// [clients](super::Issuer::logout_clients) (section 2.6). Unavailable, if keys are missing, if there is no list of revocations,
    /// or if that list cannot take it.
    pub async fn back_channel_logout(&self, logout_token: &str) -> Result<LoggedOut, VerifyError> {
        let Some(revocations) = &self.revocations else {
            return Err(VerifyError::unavailable("no list of revocations was given to the verifier"));
        };
        let read = match self.read_logout(logout_token) {
            Err(Unread::NeedsKeys(keys, _)) if keys.source().miss() => {
                keys.source().refresh().await;
                self.read_logout(logout_token)
            }
            read => read,
        };
        let (ended, issued_at) = read?;
        let revocation = match (&ended.session_id, &ended.subject) {
            (Some(id), _) => Revocation::session_id(&ended.issuer, id),
            (None, Some(subject)) => Revocation::subject(&ended.issuer, subject).issued_until(issued_at),
            (None, None) => return Err(refused("neither `sid` nor `sub`")),
        };
        revocations.revoke(revocation).await.map_err(VerifyError::unavailable)?;
        Ok(ended)
    }

    fn read_logout(&self, token: &str) -> Result<(LoggedOut, UnixTime), Unread> {
        let state = self.state();
        let jws = Compact::split(token)?;
        let mut room = Room::new();
        let header = jws.header(&mut room)?;
        let payload = jws.payload()?;
        let claims = Claims::read(&payload)?;
        let found = state.issuers.of(&claims);
        let (_, issuer) = found.map_err(|cause| findings::issuer(cause, &state.issuers, claims.issuer.as_deref()))?;
        check_type(&header)?;
        let needs_keys = |cause| Unread::NeedsKeys(issuer.keys.clone(), cause);
        let set = issuer.keys.source().current().ok_or_else(|| needs_keys(None))?;
        set.check(&jws, &header).map_err(|misfit| match misfit {
            Misfit::NoKey(cause) => needs_keys(Some(findings::key(cause, &issuer.name, &set, &header))),
            Misfit::Signature(cause) => findings::key(cause, &issuer.name, &set, &header).into(),
        })?;
        check_events(&payload)?;
        let clients = if issuer.clients.is_empty() { &issuer.terms.audience } else { &issuer.clients };
        let audience = claims.audience.as_ref();
        check_audience(clients, audience).map_err(|cause| findings::audience(cause, clients, audience))?;
        claims.id.as_ref().ok_or("no `jti`")?;
        let issued_at = claims.issued_since.ok_or("no `iat`")?;
        let window = Window::of(&claims, claims.expires_at.ok_or("no `exp`")?, issuer.terms.leeway);
        window.check(self.now())?;
        let ended = LoggedOut {
            issuer: issuer.name.as_ref().into(),
            subject: claims.subject.map(Into::into),
            session_id: claims.session_id.map(Into::into),
        };
        Ok((ended, issued_at))
    }
}

/// Section 2.4 recommends `logout+jwt`; many issuers still write `JWT` or nothing. Any other type is another kind of token.
fn check_type(header: &Header<'_>) -> Result<(), Cause> {
    match header.token_type.as_deref().map(media_subtype) {
        None => Ok(()),
        Some(own) if own.eq_ignore_ascii_case("logout+jwt") || own.eq_ignore_ascii_case("JWT") => Ok(()),
        Some(_) => Err("`typ` is not that of a logout token"),
    }
}

/// Section 2.6: the event is there, and `nonce`, the mark of an ID token, is not.
fn check_events(payload: &[u8]) -> Result<(), Cause> {
    let claims: Value = serde_json::from_slice(payload).map_err(|_| "not JSON")?;
    if claims.get("nonce").is_some() {
        return Err("an ID token (`nonce`) is not a logout token");
    }
    match claims.get("events").and_then(|events| events.get(EVENT)) {
        Some(Value::Object(_)) => Ok(()),
        _ => Err("`events` does not say that this is a logout"),
    }
}

enum Unread {
    Refused(VerifyError),
    /// These keys are not there, or not the one that the token calls for: refused so.
    NeedsKeys(IssuerKeys, Option<VerifyError>),
}

impl From<Unread> for VerifyError {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Refused(error) => error,
            Unread::NeedsKeys(keys, Some(error)) if !keys.source().is_failing() => error,
            Unread::NeedsKeys(keys, _) => keys.source().unavailable(),
        }
    }
}

impl From<Cause> for Unread {
    fn from(cause: Cause) -> Self {
        Self::Refused(refused(cause))
    }
}

impl From<VerifyError> for Unread {
    fn from(error: VerifyError) -> Self {
        Self::Refused(error)
    }
}

/// What a logout token ended; made by [`JwtVerifier::back_channel_logout`].
///
/// ```
/// # use portcullis::identity::jwt::LoggedOut;
/// fn log(ended: &LoggedOut) {
///     println!("{} ended {}", ended.issuer(), ended.session_id().map_or("all sessions of a subject", |_| "a session"));
/// }
/// ```
pub struct LoggedOut {
    issuer: Box<str>,
    subject: Option<Box<str>>,
    session_id: Option<Box<str>>,
}

impl LoggedOut {
    /// The issuer that said so.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whose sessions ended: of a session that is named beside, its owner.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The session that ended (`sid`); without one, all of the subject.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }
}

impl fmt::Debug for LoggedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggedOut").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Section 2.4.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
