//! What the issuer says of a token (RFC 7662 section 2.2), read strictly and judged.

use std::borrow::Cow;
use std::sync::Arc;

use serde::de::MapAccess;

use super::findings::{self, INACTIVE, OTHER_HOST, OTHER_ISSUER, refused};
use crate::clock::UnixTime;
use crate::identity::error::VerifyError;
use crate::identity::identity::Facts;
use crate::identity::jwt::{
    Accepted, Cause, Claims, Members, Terms, Unfit, Value, Window, Words, check_audience, check_subject, read_object,
    refused_audience,
};
use crate::outbound::{Address, Client};

/// What an answer is held to.
pub(super) struct Rules {
    pub(super) issuer: IssuerName,
    pub(super) terms: Terms,
    pub(super) may_lack_audience: bool,
}

/// Who vouches for the subjects.
pub(super) enum IssuerName {
    Configured(Arc<str>),
    NotConfigured(Box<OwnHost>),
}

/// What an endpoint says of `iss` is believed about names on its own host alone, or one issuer could speak for another.
pub(super) struct OwnHost {
    pub(super) endpoint: Address,
    pub(super) client: Client,
    /// The name where `iss` is missing.
    pub(super) origin: Arc<str>,
}

impl IssuerName {
    fn of(&self, claims: &Claims<'_>) -> Result<Arc<str>, VerifyError> {
        match (self, claims.issuer.as_deref()) {
            (Self::Configured(name), None) => Ok(Arc::clone(name)),
            (Self::Configured(name), Some(stated)) if **name == *stated => Ok(Arc::clone(name)),
            (Self::Configured(name), Some(stated)) => Err(findings::other_issuer(OTHER_ISSUER, name, Some(stated))),
            (Self::NotConfigured(own), None) => Ok(Arc::clone(&own.origin)),
            (Self::NotConfigured(own), Some(stated)) => match own.client.address(stated) {
                Ok(address) if address.authority() == own.endpoint.authority() => Ok(Arc::from(stated)),
                _ => Err(findings::other_issuer(OTHER_HOST, &own.origin, Some(stated))),
            },
        }
    }
}

impl Rules {
    /// The verdict that an answer comes to; times are judged when it is used.
    ///
    /// # Errors
    /// Why it cannot be read, which says nothing about the token.
    pub(super) fn judge(&self, json: &[u8]) -> Result<Result<Accepted, VerifyError>, Cause> {
        let mut answer = Answer::default();
        read_object(json, &mut answer)?;
        let no = |error| Ok(Err(error));
        if !answer.active.ok_or("no `active`")? {
            return no(refused(INACTIVE));
        }
        if let Some(Words::Other) = answer.claims.audience {
            return Err("`aud` is neither text nor a list of text");
        }
        let (facts, window) = match self.check(&answer) {
            Ok(checked) => checked,
            Err(error) => return no(error),
        };
        match self.terms.accept(facts, answer.claims, json, window) {
            Ok(accepted) => Ok(Ok(accepted)),
            Err(Unfit::Value(cause)) => no(refused(cause)),
            Err(Unfit::Claim(cause)) => Err(cause),
        }
    }

    /// Whether an active token may be used here, as a bearer token.
    fn check(&self, answer: &Answer<'_>) -> Result<(Facts, Window), VerifyError> {
        let claims = &answer.claims;
        claims.foreign.map_or(Ok(()), Err).map_err(refused)?;
        if answer.token_type.as_deref().is_some_and(|kind| !kind.eq_ignore_ascii_case("Bearer")) {
            return Err(refused("`token_type` is not Bearer"));
        }
        // An endpoint may know of refresh tokens too (section 2.1), and this is how some tell them apart.
        if answer.token_use.as_deref().is_some_and(|usage| !["access", "access_token"].contains(&usage)) {
            return Err(refused("`token_use` is not that of an access token"));
        }
        let issuer = self.issuer.of(claims)?;
        match &claims.audience {
            None if self.may_lack_audience => {}
            audience => {
                let (ours, audience) = (&self.terms.audience, audience.as_ref());
                check_audience(ours, audience).map_err(|cause| refused_audience(cause, ours, audience))?;
            }
        }
        let subject = check_subject(claims.subject.as_deref().or(claims.client_id.as_deref())).map_err(refused)?;
        // Without `exp` the memory of answers alone says how long this is believed.
        let ends = claims.expires_at.unwrap_or(UnixTime::from_secs(u64::MAX));
        Ok((Facts::new(issuer, subject), Window::of(claims, ends, self.terms.leeway)))
    }
}

/// An answer as it is written.
#[derive(Default)]
struct Answer<'p> {
    active: Option<bool>,
    token_type: Option<Cow<'p, str>>,
    token_use: Option<Cow<'p, str>>,
    claims: Claims<'p>,
}

impl<'p> Members<'p> for Answer<'p> {
    fn member<A: MapAccess<'p>>(&mut self, name: &str, value: Value<'_, A>) -> Result<(), Cause> {
        match name {
            "active" => self.active = Some(value.read("`active` is neither true nor false")?),
            "token_type" => self.token_type = Some(value.text("`token_type` is not text")?),
            "token_use" => self.token_use = Some(value.text("`token_use` is not text")?),
            _ => self.claims.member(name, value)?,
        }
        Ok(())
    }
}
