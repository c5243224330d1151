//! JWTs to verify, and the check of their signature alone.

use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Request;
use portcullis::identity::jwt::{Algorithm, Issuer, IssuerKeys, JwtVerifier, TokenCache};
use serde_json::{Value, json};

use super::keys::{TestKey, base64url};
use super::request::{Body, Head};

pub(crate) const ALGORITHMS: [Algorithm; 4] = [Algorithm::HS256, Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
pub(crate) const ISSUER: &str = "https://id.example.com/realms/orders";
pub(crate) const AUDIENCE: &str = "https://api.example.com/orders";

/// A key and a token that it signed.
pub(crate) struct Signed {
    pub(crate) key: TestKey,
    pub(crate) token: String,
}

impl Signed {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let key = TestKey::new(algorithm).named("2026-10-main");
        let token = Tokens::new(&key, 1).first();
        Self { key, token }
    }

    /// Judges every token as if it had never seen it.
    pub(crate) fn verifier(&self) -> JwtVerifier {
        self.remembering(TokenCache::off())
    }

    pub(crate) fn remembering(&self, cache: TokenCache) -> JwtVerifier {
        verifier(self.key.key_set(), cache)
    }

    /// The check of the signature alone, with the key parsed and the signature decoded.
    pub(crate) fn raw_check(&self) -> Box<dyn Fn() -> bool> {
        let (input, signature) = self.token.rsplit_once('.').unwrap();
        let (input, signature) = (input.to_owned(), URL_SAFE_NO_PAD.decode(signature).unwrap());
        let algorithm: &'static dyn VerificationAlgorithm = match self.key.algorithm {
            Algorithm::HS256 => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, &self.secret());
                return Box::new(move || hmac::verify(&key, input.as_bytes(), &signature).is_ok());
            }
            Algorithm::RS256 => &RSA_PKCS1_2048_8192_SHA256,
            Algorithm::ES256 => &ECDSA_P256_SHA256_FIXED,
            _ => &ED25519,
        };
        let text: String = self.key.pem().lines().filter(|line| !line.starts_with('-')).collect();
        let key = ParsedPublicKey::new(algorithm, STANDARD.decode(text).unwrap()).unwrap();
        Box::new(move || key.verify_sig(input.as_bytes(), &signature).is_ok())
    }

    /// The secret of an HMAC key.
    pub(crate) fn secret(&self) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(self.key.jwk()["k"].as_str().unwrap()).unwrap()
    }
}

/// Many tokens of one issuer, all different, handed out in an order that no cache foresees. Of each only the signature is
/// kept: what requests are made from must not push what is measured out of the caches.
#[derive(Clone)]
pub(crate) struct Tokens(Arc<Mutex<Minted>>);

struct Minted {
    header: String,
    note: Option<String>,
    signatures: Vec<Box<[u8]>>,
    last: usize,
}

impl Tokens {
    pub(crate) fn new(key: &TestKey, count: usize) -> Self {
        Self::with_note(key, count, None)
    }

    /// As long as tokens of RS256, though signed with HS256: signing a million takes seconds then, not minutes, and what was
    /// seen before costs the same, whoever signed it.
    pub(crate) fn padded(key: &TestKey, count: usize) -> Self {
        Self::with_note(key, count, Some("x".repeat(NOTE)))
    }

    fn with_note(key: &TestKey, count: usize, note: Option<String>) -> Self {
        let mut minted = Minted { header: header(key), note, signatures: Vec::with_capacity(count), last: 0 };
        for number in 0..count {
            minted.signatures.push(key.sign(minted.input(number).as_bytes()).into());
        }
        Self(Arc::new(Mutex::new(minted)))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().signatures.len()
    }

    pub(crate) fn first(&self) -> String {
        self.0.lock().unwrap().token(0)
    }

    pub(crate) fn for_each(&self, mut each: impl FnMut(&str)) {
        let minted = self.0.lock().unwrap();
        (0..minted.signatures.len()).for_each(|number| each(&minted.token(number)));
    }

    pub(crate) fn next(&self) -> Request<Body> {
        let mut minted = self.0.lock().unwrap();
        minted.last = (minted.last + 7_919) % minted.signatures.len();
        Head::bearer(&minted.token(minted.last)).request()
    }
}

impl Minted {
    fn token(&self, number: usize) -> String {
        format!("{}.{}", self.input(number), base64url(&self.signatures[number]))
    }

    fn input(&self, number: usize) -> String {
        let mut claims = claims(number);
        if let Some(note) = &self.note {
            claims["note"] = json!(note);
        }
        format!("{}.{}", self.header, part(&claims))
    }
}

pub(crate) fn verifier(keys: impl Into<IssuerKeys>, cache: TokenCache) -> JwtVerifier {
    JwtVerifier::new([Issuer::new(ISSUER, [AUDIENCE], keys)]).unwrap().cache(cache)
}

fn header(key: &TestKey) -> String {
    part(&json!({"alg": key.algorithm.name(), "typ": "JWT", "kid": key.key_id}))
}

/// Ten claims.
fn claims(number: usize) -> Value {
    json!({
        "iss": ISSUER,
        "sub": format!("2482897610-{number:07}"),
        "aud": AUDIENCE,
        "exp": 4_000_000_000_u64,
        "iat": 1_760_000_000,
        "nbf": 1_760_000_000,
        "jti": format!("7c9e6679-7425-40de-944b-e07fc{number:07}"),
        "scope": "openid orders:read orders:write",
        "roles": ["clerk", "auditor", "support"],
        "tenant": "acme-europe",
    })
}

fn part(json: &Value) -> String {
    base64url(json.to_string().as_bytes())
}

/// As much as the signature of RS256 is longer than that of HS256, before base64url.
const NOTE: usize = 214;
