//! JWTs to verify, and the check of their signature alone.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier};
use serde_json::{Value, json};

use super::keys::{TestKey, base64url};

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
        let header = json!({"alg": algorithm.name(), "typ": "JWT", "kid": "2026-10-main"});
        let input = format!("{}.{}", part(&header), part(&claims()));
        let token = format!("{input}.{}", base64url(&key.sign(input.as_bytes())));
        Self { key, token }
    }

    pub(crate) fn verifier(&self) -> JwtVerifier {
        JwtVerifier::new([Issuer::new(ISSUER, [AUDIENCE], self.key.key_set())]).unwrap()
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

/// Ten claims.
fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "sub": "248289761001-alice",
        "aud": AUDIENCE,
        "exp": 4_000_000_000_u64,
        "iat": 1_760_000_000,
        "nbf": 1_760_000_000,
        "jti": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        "scope": "openid orders:read orders:write",
        "roles": ["clerk", "auditor", "support"],
        "tenant": "acme-europe",
    })
}

fn part(json: &Value) -> String {
    base64url(json.to_string().as_bytes())
}
