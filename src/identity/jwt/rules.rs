//! What is checked on a genuine token, and what it becomes.

use super::claims::Claims;
use super::compact::Header;
use super::issuer::{Issuer, Profile, media_subtype};
use super::json::{Cause, Words};
use super::path::find;
use super::window::Window;
use crate::clock::UnixTime;
use crate::identity::error::VerifyError;
use crate::identity::identity::{AuthTime, Facts, Identity};
use crate::names::Names;

/// A token that was found genuine and ours, and what has to be judged again whenever it is used.
pub(super) struct Accepted {
    pub(super) identity: Identity,
    pub(super) window: Window,
    pub(super) issued_at: Option<UnixTime>,
    pub(super) session_id: Option<Box<str>>,
}

impl Issuer {
    /// The required `typ`, where one is required.
    pub(super) fn check_type(&self, header: &Header<'_>) -> Result<(), Cause> {
        let wanted = match (&self.token_type, self.profile) {
            (Some(wanted), _) => media_subtype(wanted),
            (None, Profile::Rfc9068) => "at+jwt",
            (None, Profile::Jwt) => return Ok(()),
        };
        match &header.token_type {
            Some(own) if media_subtype(own).eq_ignore_ascii_case(wanted) => Ok(()),
            Some(_) => Err("`typ` is not the type that is required"),
            None => Err("no `typ`, and one is required"),
        }
    }

    /// Judges the claims of a token whose signature held.
    ///
    /// # Errors
    /// Invalid; or expired, if that is all that is wrong with its time and audience.
    pub(super) fn judge(&self, claims: Claims<'_>, payload: &[u8], now: UnixTime) -> Result<Accepted, VerifyError> {
        let invalid = |cause| VerifyError::invalid().because(cause);
        claims.foreign.map_or(Ok(()), Err).map_err(invalid)?;
        check_audience(&self.audience, claims.audience.as_ref()).map_err(invalid)?;
        let subject = subject(&claims).map_err(invalid)?;
        self.check_profile(&claims).map_err(invalid)?;
        let expires_at = claims.expires_at.ok_or("no `exp`").map_err(invalid)?;
        let window = Window::of(&claims, expires_at, self.leeway);
        window.check(now)?;
        let mut facts = Facts::new(self.name.clone(), subject);
        facts.scopes = self.scopes(&claims, payload).map_err(invalid)?;
        facts.roles = self.roles(claims.roles, payload).map_err(invalid)?;
        facts.credential_id = claims.id.map(Into::into);
        facts.auth_time = claims.auth_time.map_or(AuthTime::Unknown, AuthTime::At);
        facts.acr = claims.acr.map(Into::into);
        facts.amr = claims.amr;
        facts.expires_at = Some(expires_at);
        if let Some(read) = self.read_value {
            facts.value =
                Some(read(payload).ok_or("the payload is not what the application expects").map_err(invalid)?);
        }
        Ok(Accepted {
            identity: facts.into_identity(),
            window,
            issued_at: claims.issued_at,
            session_id: claims.session_id.map(Into::into),
        })
    }

    /// What RFC 9068 section 2.2 requires beyond what is required of every token.
    fn check_profile(&self, claims: &Claims<'_>) -> Result<(), Cause> {
        match self.profile {
            Profile::Jwt => Ok(()),
            Profile::Rfc9068 if claims.client_id.is_none() => Err("no `client_id`, which RFC 9068 requires"),
            Profile::Rfc9068 if claims.issued_at.is_none() => Err("no `iat`, which RFC 9068 requires"),
            Profile::Rfc9068 if claims.id.is_none() => Err("no `jti`, which RFC 9068 requires"),
            Profile::Rfc9068 => Ok(()),
        }
    }

    fn scopes(&self, claims: &Claims<'_>, payload: &[u8]) -> Result<Names, Cause> {
        if let Some(path) = &self.scopes_claim {
            return find(payload, path)?.as_ref().map_or(Ok(Names::default()), scopes);
        }
        match (&claims.scope, &claims.scp) {
            (None, None) => Ok(Names::default()),
            (None, Some(scp)) => scopes(scp),
            (Some(Words::Text(scope)), None) => Ok(Names::from_scope(scope)),
            (Some(Words::Text(scope)), Some(scp)) => {
                let names = Names::from_scope(scope);
                let others = scopes(scp)?;
                let same =
                    names.iter().all(|name| others.contains(name)) && others.iter().all(|name| names.contains(name));
                if same { Ok(names) } else { Err("`scope` and `scp` differ") }
            }
            (Some(Words::List(_) | Words::Other), _) => Err("`scope` is not text"),
        }
    }

    fn roles(&self, registered: Option<Words<'_>>, payload: &[u8]) -> Result<Names, Cause> {
        let roles = match &self.roles_claim {
            Some(path) => find(payload, path)?,
            None => registered,
        };
        match roles {
            None => Ok(Names::default()),
            Some(Words::List(names)) => Ok(names),
            Some(Words::Other | Words::Text(_)) => Err("the roles are not a list of text"),
        }
    }
}

/// Whether one of `ours` is among those that a token is meant for.
pub(super) fn check_audience(ours: &[Box<str>], audience: Option<&Words<'_>>) -> Result<(), Cause> {
    let is_ours = |name: &str| ours.iter().any(|own| **own == *name);
    match audience {
        Some(Words::Text(name)) if is_ours(name) => Ok(()),
        Some(Words::List(names)) if names.iter().any(is_ours) => Ok(()),
        Some(Words::List(_) | Words::Text(_)) => Err("`aud` does not name this service"),
        Some(Words::Other) => Err("`aud` is neither text nor a list of text"),
        None => Err("no `aud`"),
    }
}

fn subject<'c>(claims: &'c Claims<'_>) -> Result<&'c str, Cause> {
    match claims.subject.as_deref() {
        None | Some("") => Err("no `sub`, or an empty one"),
        // Another system may take what stands before it for the whole.
        Some(subject) if subject.contains('\0') => Err("`sub` holds U+0000"),
        Some(subject) => Ok(subject),
    }
}

fn scopes(words: &Words<'_>) -> Result<Names, Cause> {
    match words {
        // A blank inside would make one scope look like two wherever scopes are joined again.
        Words::List(names) if names.iter().any(|name| name.is_empty() || name.contains(' ')) => {
            Err("a scope is empty or holds a blank")
        }
        Words::List(names) => Ok(names.clone()),
        Words::Text(scope) => Ok(Names::from_scope(scope)),
        Words::Other => Err("the scopes are neither text nor a list of text"),
    }
}
