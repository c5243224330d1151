//! Keys made for one test run: a signer of any algorithm, and its public half as JWK and PEM.

#![allow(dead_code, reason = "each test file uses a part")]

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use aws_lc_rs::{hmac, rsa::KeySize};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use pkcs1::RsaPublicKeyRef;
use portcullis::Secret;
use portcullis::identity::jwt::{Algorithm, KeySet};
use serde_json::{Value, json};
use spki::der::Decode;

/// A signing key bound to one algorithm, under one name.
pub(crate) struct TestKey {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<&'static str>,
    signer: Signer,
}

enum Signer {
    Ec(EcdsaKeyPair, &'static str),
    Ed25519(Ed25519KeyPair),
    Mac(Vec<u8>),
    /// One for the whole run: making another takes long.
    Rsa(&'static RsaKeyPair),
}

impl TestKey {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let ec = |signing, curve| Signer::Ec(EcdsaKeyPair::generate(signing).unwrap(), curve);
        let signer = match algorithm {
            Algorithm::ES256 => ec(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256"),
            Algorithm::ES384 => ec(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384"),
            Algorithm::ES512 => ec(&ECDSA_P521_SHA512_FIXED_SIGNING, "P-521"),
            Algorithm::EdDSA => Signer::Ed25519(Ed25519KeyPair::generate().unwrap()),
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => Signer::Mac((0..64).collect()),
            _ => {
                static RSA: OnceLock<RsaKeyPair> = OnceLock::new();
                Signer::Rsa(RSA.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap()))
            }
        };
        Self { algorithm, key_id: None, signer }
    }

    pub(crate) fn hmac(algorithm: Algorithm, secret: &[u8]) -> Self {
        Self { algorithm, key_id: None, signer: Signer::Mac(secret.to_vec()) }
    }

    pub(crate) fn named(mut self, key_id: &'static str) -> Self {
        self.key_id = Some(key_id);
        self
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.signer {
            Signer::Ec(pair, _) => pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Signer::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Signer::Mac(secret) => {
                let algorithm = match self.algorithm {
                    Algorithm::HS256 => hmac::HMAC_SHA256,
                    Algorithm::HS384 => hmac::HMAC_SHA384,
                    _ => hmac::HMAC_SHA512,
                };
                hmac::sign(&hmac::Key::new(algorithm, secret), message).as_ref().to_vec()
            }
            Signer::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = match self.algorithm {
                    Algorithm::RS256 => &RSA_PKCS1_SHA256,
                    Algorithm::RS384 => &RSA_PKCS1_SHA384,
                    Algorithm::RS512 => &RSA_PKCS1_SHA512,
                    Algorithm::PS256 => &RSA_PSS_SHA256,
                    Algorithm::PS384 => &RSA_PSS_SHA384,
                    _ => &RSA_PSS_SHA512,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// The public half, with `alg` and, if the key is named, `kid`.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = match &self.signer {
            Signer::Ec(pair, curve) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y)})
            }
            Signer::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key().as_ref())})
            }
            Signer::Mac(secret) => json!({"kty": "oct", "k": base64url(secret)}),
            Signer::Rsa(pair) => {
                let key = RsaPublicKeyRef::from_der(pair.public_key().as_ref()).unwrap();
                let (n, e) = (key.modulus.as_bytes(), key.public_exponent.as_bytes());
                json!({"kty": "RSA", "n": base64url(n), "e": base64url(e)})
            }
        };
        jwk["alg"] = json!(self.algorithm.name());
        if let Some(key_id) = self.key_id {
            jwk["kid"] = json!(key_id);
        }
        jwk
    }

    /// The public half as `PUBLIC KEY`.
    pub(crate) fn pem(&self) -> String {
        let der = match &self.signer {
            Signer::Ec(pair, _) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
            Signer::Ed25519(pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
            Signer::Rsa(pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
            Signer::Mac(_) => panic!("a secret has no public half"),
        };
        pem("PUBLIC KEY", &der)
    }

    /// The public half as `RSA PUBLIC KEY`.
    pub(crate) fn pkcs1_pem(&self) -> String {
        match &self.signer {
            Signer::Rsa(pair) => pem("RSA PUBLIC KEY", pair.public_key().as_ref()),
            _ => panic!("not an RSA key"),
        }
    }

    /// The private key in PKCS #8, for others to sign with.
    pub(crate) fn pkcs8(&self) -> Vec<u8> {
        match &self.signer {
            Signer::Ec(pair, _) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
            Signer::Ed25519(pair) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
            Signer::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(*pair).unwrap().as_ref().to_vec(),
            Signer::Mac(_) => panic!("a secret is not kept in PKCS #8"),
        }
    }

    /// The set that verifies what this key signs.
    pub(crate) fn key_set(&self) -> KeySet {
        match &self.signer {
            Signer::Mac(secret) => {
                let set = KeySet::hmac(self.algorithm, Secret::new(secret.clone())).unwrap();
                match self.key_id {
                    Some(key_id) => set.named(key_id),
                    None => set,
                }
            }
            _ => KeySet::from_jwks(json!({"keys": [self.jwk()]}).to_string(), &[self.algorithm]).unwrap(),
        }
    }
}

pub(crate) const ALL: [Algorithm; 13] = [
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::EdDSA,
    Algorithm::HS256,
    Algorithm::HS384,
    Algorithm::HS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
];

pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A secret that is long and varied enough to be taken for one.
pub(crate) fn bytes(first: u8) -> [u8; 32] {
    std::array::from_fn(|index| first.wrapping_add(index as u8))
}
