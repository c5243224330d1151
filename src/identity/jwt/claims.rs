//! The registered claims of a JWT, each of its one type. Reading depends on no configuration; judging comes after.

use std::borrow::Cow;

use serde::de::MapAccess;

use super::json::{Cause, Members, Value, Words, read_object};
use crate::clock::UnixTime;
use crate::names::Names;

/// The claims that count here, as the token states them.
#[derive(Debug, Default)]
pub(in crate::identity) struct Claims<'p> {
    pub(in crate::identity) issuer: Option<Cow<'p, str>>,
    pub(in crate::identity) subject: Option<Cow<'p, str>>,
    pub(in crate::identity) audience: Option<Words<'p>>,
    pub(in crate::identity) expires_at: Option<UnixTime>,
    pub(in crate::identity) not_before: Option<UnixTime>,
    pub(in crate::identity) issued_at: Option<UnixTime>,
    /// The same, rounded down: it may lie ahead by the one, and be old by the other.
    pub(in crate::identity) issued_since: Option<UnixTime>,
    pub(in crate::identity) auth_time: Option<UnixTime>,
    pub(in crate::identity) id: Option<Cow<'p, str>>,
    pub(in crate::identity) client_id: Option<Cow<'p, str>>,
    pub(in crate::identity) session_id: Option<Cow<'p, str>>,
    pub(in crate::identity) acr: Option<Cow<'p, str>>,
    pub(in crate::identity) amr: Names,
    pub(in crate::identity) scope: Option<Words<'p>>,
    pub(in crate::identity) scp: Option<Words<'p>>,
    pub(in crate::identity) roles: Option<Words<'p>>,
    /// Why this is a token of another kind, if a claim shows that.
    pub(in crate::identity) foreign: Option<Cause>,
}

impl<'p> Claims<'p> {
    /// Reads `payload` in one pass, borrowing from it.
    pub(in crate::identity) fn read(payload: &'p [u8]) -> Result<Self, Cause> {
        let mut claims = Self::default();
        read_object(payload, &mut claims)?;
        Ok(claims)
    }
}

impl<'p> Members<'p> for Claims<'p> {
    fn member<A: MapAccess<'p>>(&mut self, name: &str, value: Value<'_, A>) -> Result<(), Cause> {
        match name {
            "iss" => self.issuer = Some(value.text("`iss` is not text")?),
            "sub" => self.subject = Some(value.text("`sub` is not text")?),
            "aud" => self.audience = Some(value.words()?),
            "exp" => self.expires_at = Some(value.date("`exp` is not a time")?),
            "nbf" => self.not_before = Some(value.date("`nbf` is not a time")?),
            "iat" => {
                let [since, at] = value.dates("`iat` is not a time")?;
                (self.issued_since, self.issued_at) = (Some(since), Some(at));
            }
            "auth_time" => self.auth_time = Some(value.date("`auth_time` is not a time")?),
            "jti" => self.id = Some(value.text("`jti` is not text")?),
            "client_id" => self.client_id = Some(value.text("`client_id` is not text")?),
            "sid" => self.session_id = Some(value.text("`sid` is not text")?),
            "acr" => self.acr = Some(value.text("`acr` is not text")?),
            "amr" => match value.words()? {
                Words::List(methods) => self.amr = methods,
                Words::Other | Words::Text(_) => return Err("`amr` is not a list of text"),
            },
            "scope" => self.scope = Some(value.words()?),
            "scp" => self.scp = Some(value.words()?),
            "roles" => self.roles = Some(value.words()?),
            "at_hash" | "nonce" => {
                self.foreign = Some("an ID token (`nonce` or `at_hash`) is not an access token");
                value.skip()?;
            }
            "events" => {
                self.foreign = Some("a logout or event token (`events`) is not an access token");
                value.skip()?;
            }
            // RFC 9701 section 8.1: it is signed by the same keys, and may name us as its audience.
            "token_introspection" => {
                self.foreign = Some("what an issuer says about a token (`token_introspection`) is no access token");
                value.skip()?;
            }
            "cnf" => {
                self.foreign = Some("the token is bound to a key (`cnf`) whose possession nobody proved");
                value.skip()?;
            }
            _ => value.skip()?,
        }
        Ok(())
    }
}
