//! Tokens made for tests: proper ones, and every kind of improper one, properly signed.

#![allow(dead_code, reason = "each test file uses a part")]

use portcullis::clock::{ManualClock, UnixTime};
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeySet};
use serde_json::{Value, json};

use super::keys::{TestKey, base64url};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "orders-api";
/// What the clock of [`verifier`] shows.
pub(crate) const NOW: u64 = 1_790_000_000;

/// Claims that are accepted at [`NOW`].
pub(crate) fn good_claims() -> Value {
    json!({"iss": ISSUER, "sub": "alice", "aud": AUDIENCE, "exp": NOW + 300, "iat": NOW, "jti": "token-1", "scope": "orders:read"})
}

/// [`good_claims`] with some replaced, and those that are `null` here taken out.
pub(crate) fn claims_with(changes: Value) -> Value {
    let mut claims = good_claims();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

/// A proper token: `alg` and `kid` as the key says.
pub(crate) fn mint(key: &TestKey, claims: &Value) -> String {
    let mut header = json!({"alg": key.algorithm.name(), "typ": "JWT"});
    if let Some(key_id) = key.key_id {
        header["kid"] = json!(key_id);
    }
    mint_with(key, &header, claims)
}

/// A token with a header of one's own.
pub(crate) fn mint_with(key: &TestKey, header: &Value, claims: &Value) -> String {
    mint_raw(key, header.to_string(), claims.to_string())
}

/// Any bytes as header and payload, properly signed.
pub(crate) fn mint_raw(key: &TestKey, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    sign(key, &format!("{}.{}", base64url(header.as_ref()), base64url(payload.as_ref())))
}

/// `input` with its signature after a dot.
pub(crate) fn sign(key: &TestKey, input: &str) -> String {
    format!("{input}.{}", base64url(&key.sign(input.as_bytes())))
}

/// An HS256 token without `kid`.
pub(crate) fn mint_hs256(secret: &[u8], claims: &Value) -> String {
    mint(&TestKey::hmac(Algorithm::HS256, secret), claims)
}

/// The issuer of [`good_claims`].
pub(crate) fn issuer(keys: KeySet) -> Issuer {
    Issuer::new(ISSUER, [AUDIENCE], keys)
}

/// A verifier for it, at [`NOW`].
pub(crate) fn verifier(issuer: Issuer) -> JwtVerifier {
    JwtVerifier::new([issuer]).unwrap().clock(ManualClock::at(UnixTime::from_secs(NOW)))
}
