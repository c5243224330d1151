//! Who asks for an introspection (RFC 7662 section 2.1): by RFC 6749 section 2.3.1 or RFC 7523 section 2.2.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde_json::Value;

use super::form::{Form, decode};
use super::state::State;
use crate::identity::jwt::KeySet;

/// The clients that are let in; while there are none, everybody is whose authentication is well formed.
#[derive(Default)]
pub(super) struct Clients(HashMap<String, Proof>);

/// What a client proves itself with.
pub(super) enum Proof {
    Keys(KeySet),
    Secret(String),
}

impl Clients {
    pub(super) fn register(&mut self, id: String, proof: Proof) {
        self.0.insert(id, proof);
    }

    fn knows(&self, presented: &Presented) -> bool {
        if self.0.is_empty() {
            return true;
        }
        match (self.0.get(presented.id()), presented) {
            (Some(Proof::Secret(own)), Presented::Secret { secret, .. }) => own == secret,
            (Some(Proof::Keys(keys)), Presented::Assertion { assertion, .. }) => keys.verify_jws(assertion).is_ok(),
            _ => false,
        }
    }
}

/// What a client presented, well formed.
enum Presented {
    Assertion { id: String, assertion: String },
    Secret { id: String, secret: String },
}

impl Presented {
    fn id(&self) -> &str {
        match self {
            Self::Assertion { id, .. } | Self::Secret { id, .. } => id,
        }
    }
}

/// Why a client is not let in.
pub(super) enum Refusal {
    /// More than one method, or one that cannot be read: 400.
    Malformed(&'static str),
    /// None, or a wrong one: 401.
    Unknown(&'static str),
}

/// The name of the client that asks.
pub(super) fn authenticate(state: &State, headers: &HeaderMap, form: &Form) -> Result<String, Refusal> {
    let mut presented = Vec::new();
    if let Some(value) = headers.get(AUTHORIZATION) {
        let basic = value.to_str().ok().and_then(basic);
        presented.push(basic.ok_or(Refusal::Malformed("the Authorization field is not Basic as OAuth encodes it"))?);
    }
    if let Some(secret) = form.get("client_secret") {
        let id = form.get("client_id").ok_or(Refusal::Malformed("client_secret without client_id"))?;
        presented.push(Presented::Secret { id: id.to_owned(), secret: secret.to_owned() });
    }
    if let Some(assertion) = form.get("client_assertion") {
        if form.get("client_assertion_type") != Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") {
            return Err(Refusal::Malformed("client_assertion without its client_assertion_type"));
        }
        presented.push(self::assertion(state, assertion).map_err(Refusal::Unknown)?);
    }
    match presented.pop() {
        None => Err(Refusal::Unknown("no client authentication")),
        Some(_) if !presented.is_empty() => Err(Refusal::Malformed("more than one client authentication")),
        Some(only) if state.clients().knows(&only) => Ok(only.id().to_owned()),
        Some(_) => Err(Refusal::Unknown("no such client, or not with this secret or key")),
    }
}

fn basic(value: &str) -> Option<Presented> {
    let (scheme, credentials) = value.split_once(' ')?;
    let text = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(credentials).ok())??;
    let text = String::from_utf8(text).ok()?;
    let (id, secret) = text.split_once(':')?;
    let (id, secret) = (decode(id)?, decode(secret)?);
    (!id.is_empty()).then_some(Presented::Secret { id, secret })
}

/// An assertion with the claims that RFC 7523 section 3 asks for; whether its signature holds is asked later.
fn assertion(state: &State, assertion: &str) -> Result<Presented, &'static str> {
    let mut parts = assertion.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err("the client assertion is no JWT");
    };
    let claims: Option<Value> =
        URL_SAFE_NO_PAD.decode(payload).ok().and_then(|payload| serde_json::from_slice(&payload).ok());
    let claims = claims.ok_or("the claims of the client assertion are no JSON")?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let id = text("iss").filter(|id| !id.is_empty()).ok_or("the client assertion has no `iss`")?;
    if text("sub") != Some(id) {
        return Err("`sub` of the client assertion is not its `iss`");
    }
    let is_us = |audience: &Value| {
        let url = state.url();
        audience.as_str().is_some_and(|name| name == state.name || name == url || name == format!("{url}/introspect"))
    };
    let names_us = match claims.get("aud") {
        Some(Value::Array(audience)) => audience.iter().any(is_us),
        Some(audience) => is_us(audience),
        None => false,
    };
    if !names_us {
        return Err("`aud` of the client assertion is neither this issuer nor its endpoint");
    }
    if claims.get("exp").and_then(Value::as_u64).is_none_or(|end| state.clock.now().as_secs() >= end) {
        return Err("the client assertion has expired, or never would");
    }
    if text("jti").is_none_or(str::is_empty) {
        return Err("the client assertion has no `jti`");
    }
    Ok(Presented::Assertion { id: id.to_owned(), assertion: assertion.to_owned() })
}
