//! What is checked on a genuine token.

use super::accepted::Accepted;
use super::claims::Claims;
use super::compact::Header;
use super::findings::{self, refused};
use super::issuer::{Issuer, Profile, media_subtype};
use super::json::Cause;
use super::terms::check_audience;
use super::window::Window;
use crate::clock::UnixTime;
use crate::identity::error::VerifyError;
use crate::identity::identity::Facts;

impl Issuer {
    /// The required `typ`, where one is required.
    pub(super) fn check_type(&self, header: &Header<'_>) -> Result<(), VerifyError> {
        let wanted = match (&self.token_type, self.profile) {
            (Some(wanted), _) => media_subtype(wanted),
            (None, Profile::Rfc9068) => "at+jwt",
            (None, Profile::Jwt) => return Ok(()),
        };
        let cause = match &header.token_type {
            Some(own) if media_subtype(own).eq_ignore_ascii_case(wanted) => return Ok(()),
            Some(_) => "`typ` is not the type that is required",
            None => "no `typ`, and one is required",
        };
        Err(findings::token_type(cause, wanted, header))
    }

    /// Judges the claims of a token whose signature held.
    ///
    /// # Errors
    /// Invalid; or expired, if that is all that is wrong with its time and audience.
    pub(super) fn judge(&self, claims: Claims<'_>, payload: &[u8], now: UnixTime) -> Result<Accepted, VerifyError> {
        claims.foreign.map_or(Ok(()), Err).map_err(refused)?;
        let (ours, audience) = (&self.terms.audience, claims.audience.as_ref());
        check_audience(ours, audience).map_err(|cause| findings::audience(cause, ours, audience))?;
        let facts = Facts::new(self.name.clone(), check_subject(claims.subject.as_deref()).map_err(refused)?);
        self.check_profile(&claims).map_err(refused)?;
        let expires_at = claims.expires_at.ok_or("no `exp`").map_err(refused)?;
        let window = Window::of(&claims, expires_at, self.terms.leeway);
        window.check(now)?;
        self.terms.accept(facts, claims, payload, window).map_err(|unfit| refused(unfit.cause()))
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
}

/// Who a token is about, if that is a name at all.
pub(in crate::identity) fn check_subject(subject: Option<&str>) -> Result<&str, Cause> {
    match subject {
        None | Some("") => Err("no `sub`, or an empty one"),
        // Another system may take what stands before it for the whole.
        Some(subject) if subject.contains('\0') => Err("`sub` holds U+0000"),
        Some(subject) => Ok(subject),
    }
}
