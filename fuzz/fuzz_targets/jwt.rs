//! Whatever is sent as a token or loaded as a key set: nothing panics, and what is accepted holds by another JSON reader.
#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use portcullis::Secret;
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeySet};
use serde_json::Value;

const SECRET: [u8; 32] = [7; 32];
const ISSUER: &str = "i";
const AUDIENCE: &str = "a";
const NOW: u64 = 1_800_000_000;
const LEEWAY: u64 = 30;
const PUBLIC: [Algorithm; 10] = [
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

static VERIFIER: LazyLock<JwtVerifier> = LazyLock::new(|| {
    let keys = KeySet::hmac(Algorithm::HS256, Secret::new(SECRET.to_vec())).expect("a strong secret");
    let verifier = JwtVerifier::new([Issuer::new(ISSUER, [AUDIENCE], keys)]).expect("a whole configuration");
    verifier.clock(ManualClock::at(UnixTime::from_secs(NOW)))
});

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else { return };
    match choice % 4 {
        // As a client sends it: without our secret nothing gets in.
        0 => {
            if let Ok(token) = str::from_utf8(rest) {
                assert!(VERIFIER.verify_token(token).is_err());
            }
        }
        // As a careless issuer signs it: any payload under the plainest header.
        1 => signed(br#"{"alg":"HS256"}"#, rest),
        // Any header, too.
        2 => {
            let at = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
            let (header, payload) = rest.split_at(at);
            signed(header, payload.get(1..).unwrap_or_default());
        }
        // As an operator loads it, with one algorithm allowed or all of them.
        _ => {
            let Some((&choice, json)) = rest.split_first() else { return };
            let one = PUBLIC[usize::from(choice) % PUBLIC.len()];
            let allowed = if choice < 0x80 { &PUBLIC[..] } else { std::slice::from_ref(&one) };
            match KeySet::from_jwks(json, allowed) {
                Ok(keys) => {
                    assert!(serde_json::from_slice::<Value>(json).is_ok());
                    assert!(keys.verify_jws("eyJhbGciOiJFUzI1NiJ9.e30.AAAA").is_err());
                }
                Err(error) => assert!(!error.faults().is_empty()),
            }
        }
    }
});

fn signed(header: &[u8], payload: &[u8]) {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let input = format!("{}.{}", encode(header), encode(payload));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&SECRET).expect("any length will do");
    mac.update(input.as_bytes());
    let token = format!("{input}.{}", encode(&mac.finalize().into_bytes()));

    let verdict = VERIFIER.verify_token(&token);
    // The second time an accepted token is one that is remembered.
    let again = VERIFIER.verify_token(&token);
    assert_eq!(verdict.as_ref().ok(), again.as_ref().ok());
    let Ok(identity) = verdict else { return };
    let header: Value = serde_json::from_slice(header).expect("an accepted header is JSON");
    let claims: Value = serde_json::from_slice(payload).expect("an accepted payload is JSON");
    assert_eq!(header["alg"], "HS256");
    assert!(header.get("crit").is_none());
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["sub"], identity.subject());
    assert!(!identity.subject().is_empty());
    let ours = |audience: &Value| audience == AUDIENCE;
    assert!(ours(&claims["aud"]) || claims["aud"].as_array().is_some_and(|list| list.iter().any(ours)));
    assert!(claims["exp"].as_f64().expect("a number") + LEEWAY as f64 > NOW as f64);
    if let Some(begin) = claims.get("nbf") {
        assert!(begin.as_f64().expect("a number") <= (NOW + LEEWAY) as f64);
    }
}
