//! Project Wycheproof's JWS vectors, all of them, with the verdicts that a strict verifier reaches.
//!
//! The vectors are not part of this repository: `PORTCULLIS_VECTORS` names their folder, else it is `../shared/vectors`.

#![cfg(all(feature = "jwt", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::path::PathBuf;
use std::{env, fs};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::Secret;
use portcullis::identity::jwt::{Algorithm, KeySet};
use serde_json::{Value, json};
use support::services;

mod support {
    pub(crate) mod services;
}

fn vectors(file: &str) -> Option<Value> {
    let default = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors");
    let folder = env::var_os("PORTCULLIS_VECTORS").map_or(default, PathBuf::from);
    match fs::read(folder.join(file)) {
        Ok(json) => Some(serde_json::from_slice(&json).unwrap()),
        Err(error) => services::missing(format_args!("{file} cannot be read: {error}")),
    }
}

/// The set that a resource server would configure for this key; none if it is refused.
fn key_set(jwk: &Value) -> Option<KeySet> {
    let algorithm = jwk["alg"].as_str().and_then(|name| name.parse::<Algorithm>().ok());
    if jwk["kty"] == "oct" {
        let secret = URL_SAFE_NO_PAD.decode(jwk["k"].as_str()?).ok()?;
        return Some(KeySet::hmac(algorithm?, Secret::new(secret)).ok()?.named(jwk["kid"].as_str()?));
    }
    let fallback = if jwk["kty"] == "RSA" { Algorithm::RS256 } else { Algorithm::ES256 };
    KeySet::from_jwks(json!({"keys": [jwk]}).to_string(), &[algorithm.unwrap_or(fallback)]).ok()
}

/// JWS-1 to JWS-17, JWK-3, JWK-4, JWK-9, JWK-12: 401 of 401.
#[test]
fn every_signature_vector_gets_the_strict_verdict() {
    let Some(file) = vectors("wycheproof/json_web_signature_test.json") else { return };
    let Some(overrides) = vectors("wycheproof/overrides.json") else { return };
    let mut overridden = HashMap::new();
    for entry in overrides["overrides"].as_array().unwrap() {
        for id in entry["tcId"].as_array().unwrap() {
            overridden.insert(id.as_u64().unwrap(), entry["strict"].as_str().unwrap());
        }
    }
    let (mut agreed, mut differed) = (0, Vec::new());
    for group in file["testGroups"].as_array().unwrap() {
        let jwk = group.get("public").unwrap_or(&group["private"]);
        let keys = key_set(jwk);
        for case in group["tests"].as_array().unwrap() {
            let id = case["tcId"].as_u64().unwrap();
            let expected = overridden.get(&id).copied().unwrap_or(case["result"].as_str().unwrap());
            let verdict = keys.as_ref().map(|keys| keys.verify_jws(case["jws"].as_str().unwrap()));
            if matches!(verdict, Some(Ok(_))) == (expected == "valid") {
                agreed += 1;
            } else {
                differed.push(format!("{id} {}: expected {expected}, got {verdict:?}", case["comment"]));
            }
        }
    }
    assert!(differed.is_empty(), "{}", differed.join("\n"));
    assert_eq!(agreed, 401);
}
