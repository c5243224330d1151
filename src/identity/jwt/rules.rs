//! What is checked on a genuine token, and the identity it becomes.

use super::claims::Claims;
use super::compact::Header;
use super::issuer::{Issuer, media_subtype};
use super::json::{Cause, Words};
use super::path::find;
use crate::clock::UnixTime;
use crate::identity::error::VerifyError;
use crate::identity::identity::{AuthTime, Facts, Identity};
use crate::names::Names;

impl Issuer {
    /// The required `typ`, where one is required.
    pub(super) fn check_type(&self, header: &Header<'_>) -> Result<(), Cause> {
        let Some(wanted) = &self.token_type else { return Ok(()) };
        match &header.token_type {
            Some(own) if media_subtype(own).eq_ignore_ascii_case(media_subtype(wanted)) => Ok(()),
            Some(_) => Err("`typ` is not the type that is required"),
            None => Err("no `typ`, and one is required"),
        }
    }

    /// Judges the claims of a token whose signature held.
    ///
    /// # Errors
    /// Invalid; or expired, if that is all that is wrong with its time and audience.
    pub(super) fn judge(&self, claims: Claims<'_>, payload: &[u8], now: UnixTime) -> Result<Identity, VerifyError> {
        let invalid = |cause| VerifyError::invalid().because(cause);
        claims.foreign.map_or(Ok(()), Err).map_err(invalid)?;
        self.check_audience(claims.audience.as_ref()).map_err(invalid)?;
        let subject = subject(&claims).map_err(invalid)?;
        let expires_at = claims.expires_at.ok_or("no `exp`").map_err(invalid)?;
        self.check_begin(&claims, now).map_err(invalid)?;
        if now >= expires_at.saturating_add(self.leeway) {
            return Err(VerifyError::expired());
        }
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
        Ok(facts.into_identity())
    }

    fn check_audience(&self, audience: Option<&Words<'_>>) -> Result<(), Cause> {
        let is_ours = |name: &str| self.audience.iter().any(|own| **own == *name);
        match audience {
            Some(Words::Text(name)) if is_ours(name) => Ok(()),
            Some(Words::List(names)) if names.iter().any(is_ours) => Ok(()),
            Some(Words::List(_) | Words::Text(_)) => Err("`aud` does not name this service"),
            Some(Words::Other) => Err("`aud` is neither text nor a list of text"),
            None => Err("no `aud`"),
        }
    }

    fn check_begin(&self, claims: &Claims<'_>, now: UnixTime) -> Result<(), Cause> {
        let latest = now.saturating_add(self.leeway);
        let is_ahead = |time: Option<UnixTime>| time.is_some_and(|time| time > latest);
        if is_ahead(claims.not_before) {
            return Err("not valid yet (`nbf`)");
        }
        if is_ahead(claims.issued_at) {
            return Err("issued in the future (`iat`)");
        }
        // A log-in that is still to come would stay fresh until then.
        if is_ahead(claims.auth_time) {
            return Err("authenticated in the future (`auth_time`)");
        }
        Ok(())
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
