//! An issuer for this test: signs what it is told to.

use portcullis::clock::{Clock, SystemClock};
use portcullis::identity::jwt::Algorithm;
use serde_json::{Value, json};

use crate::support::keys::{TestKey, base64url};

pub(crate) const AUDIENCE: &str = "orders-api";

/// The algorithms with public keys.
pub(crate) const ALGORITHMS: [Algorithm; 10] = [
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::EdDSA,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
];

/// An issuer with a key for each of [`ALGORITHMS`], called like it.
pub(crate) struct Mint {
    pub(crate) issuer: String,
    keys: Vec<TestKey>,
    /// Now, in seconds since 1970: Envoy has no other clock.
    pub(crate) now: u64,
}

impl Mint {
    pub(crate) fn new(issuer: &str) -> Self {
        let keys = ALGORITHMS.map(|algorithm| TestKey::new(algorithm).named(algorithm.name()));
        Self { issuer: issuer.to_owned(), keys: keys.into(), now: SystemClock.now().as_secs() }
    }

    pub(crate) fn jwks(&self) -> Vec<Value> {
        self.keys.iter().map(TestKey::jwk).collect()
    }

    pub(crate) fn key(&self, algorithm: Algorithm) -> &TestKey {
        self.keys.iter().find(|key| key.algorithm == algorithm).unwrap()
    }

    pub(crate) fn es256(&self) -> &TestKey {
        self.key(Algorithm::ES256)
    }

    /// Good claims with these in place of others; `null` takes one out.
    pub(crate) fn claims(&self, changes: Value) -> String {
        let claims = json!({
            "iss": self.issuer, "sub": "alice", "aud": AUDIENCE, "exp": self.now + 600, "iat": self.now,
            "scope": "orders:read",
        });
        changed(claims, changes).to_string()
    }

    pub(crate) fn good(&self) -> String {
        self.with(json!({}))
    }

    pub(crate) fn with(&self, changes: Value) -> String {
        self.with_payload(self.claims(changes))
    }

    pub(crate) fn with_payload(&self, payload: String) -> String {
        sign(self.es256(), named_after(Algorithm::ES256).to_string(), payload)
    }

    pub(crate) fn with_header(&self, changes: Value) -> String {
        sign(self.es256(), changed(named_after(Algorithm::ES256), changes).to_string(), self.claims(json!({})))
    }
}

pub(crate) fn named_after(algorithm: Algorithm) -> Value {
    json!({"alg": algorithm.name(), "kid": algorithm.name(), "typ": "at+jwt"})
}

fn changed(mut object: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(name);
        } else {
            object[name] = value.clone();
        }
    }
    object
}

pub(crate) fn sign(key: &TestKey, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    let input = format!("{}.{}", base64url(header.as_ref()), base64url(payload.as_ref()));
    format!("{input}.{}", base64url(&key.sign(input.as_bytes())))
}

pub(crate) fn parts(token: &str) -> [String; 3] {
    let parts: Vec<_> = token.split('.').map(ToOwned::to_owned).collect();
    parts.try_into().unwrap()
}
