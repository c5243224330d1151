//! Signing keys of one issuer, made when asked for.

use std::io;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use pkcs1::RsaPublicKeyRef;
use serde_json::{Value, json};
use spki::der::Decode;

use crate::identity::jwt::Algorithm;

/// A key pair under its name. What can fail was done when it was made.
pub(super) struct SigningKey {
    pub(super) id: String,
    pub(super) algorithm: Algorithm,
    pair: Pair,
    /// `SubjectPublicKeyInfo`.
    pub(super) der: Vec<u8>,
    /// The members of the JWK that depend on the key: `kty`, and its numbers.
    numbers: Value,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    /// Shared by all RSA algorithms of one generation, because making one takes a tenth of a second.
    Rsa(Arc<RsaKeyPair>),
}

impl SigningKey {
    /// Makes a key for `algorithm`; for an RSA one, `rsa` is used, and filled if it is empty.
    pub(super) fn generate(algorithm: Algorithm, id: String, rsa: &mut Option<Arc<RsaKeyPair>>) -> io::Result<Self> {
        if algorithm.is_symmetric() {
            let problem = format!("{algorithm} has no public key; sign with `TokenBuilder::secret`");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        Self::try_generate(algorithm, id, rsa).map_err(|_| io::Error::other(format!("no key for {algorithm} was made")))
    }

    fn try_generate(algorithm: Algorithm, id: String, rsa: &mut Option<Arc<RsaKeyPair>>) -> Result<Self, Unspecified> {
        if let Some((curve, signing)) = curve(algorithm) {
            let pair = EcdsaKeyPair::generate(signing)?;
            let public = pair.public_key();
            // An uncompressed point: a 4, then both coordinates at full length.
            let coordinates = public.as_ref().get(1..).unwrap_or_default();
            let (x, y) = coordinates.split_at(coordinates.len() / 2);
            let numbers = json!({"kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y)});
            let der = public.as_der()?.as_ref().to_vec();
            return Ok(Self { id, algorithm, pair: Pair::Ec(pair), der, numbers });
        }
        if algorithm == Algorithm::EdDSA {
            let pair = Ed25519KeyPair::generate()?;
            let numbers = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key().as_ref())});
            let der = pair.public_key().as_der()?.as_ref().to_vec();
            return Ok(Self { id, algorithm, pair: Pair::Ed25519(pair), der, numbers });
        }
        let pair = match rsa {
            Some(pair) => Arc::clone(pair),
            None => Arc::clone(rsa.insert(Arc::new(RsaKeyPair::generate(KeySize::Rsa2048)?))),
        };
        let public = RsaPublicKeyRef::from_der(pair.public_key().as_ref()).map_err(|_| Unspecified)?;
        let (n, e) = (public.modulus.as_bytes(), public.public_exponent.as_bytes());
        let numbers = json!({"kty": "RSA", "n": base64url(n), "e": base64url(e)});
        let der = pair.public_key().as_der()?.as_ref().to_vec();
        Ok(Self { id, algorithm, pair: Pair::Rsa(pair), der, numbers })
    }

    /// The signature of `message` as JWS prescribes it.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.sign_as(self.algorithm, message)
    }

    /// The signature under another RSA algorithm than the key is published for; keys of other types know only their
    /// own.
    pub(super) fn sign_as(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        let signature = match &self.pair {
            Pair::Ec(pair) => pair.sign(&SystemRandom::new(), message).map(|signature| signature.as_ref().to_vec()),
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding(algorithm), &SystemRandom::new(), message, &mut signature).map(|()| signature)
            }
        };
        // Only a machine without random numbers fails here; its tokens then have no signature, and nobody takes them.
        signature.unwrap_or_default()
    }

    /// The public half as a JWK with `kid`, `alg` and `use`.
    pub(super) fn jwk(&self) -> Value {
        let mut jwk = self.numbers.clone();
        if let Value::Object(members) = &mut jwk {
            members.insert("kid".to_owned(), json!(self.id));
            members.insert("alg".to_owned(), json!(self.algorithm.name()));
            members.insert("use".to_owned(), json!("sig"));
        }
        jwk
    }

    /// The bytes of the first number of the public key: the modulus, or the coordinate x.
    pub(super) fn raw_number(&self) -> Vec<u8> {
        let number = ["n", "x"].iter().find_map(|name| self.numbers.get(name)?.as_str());
        number.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).unwrap_or_default()
    }

    /// The public half as `PUBLIC KEY` in PEM.
    pub(super) fn pem(&self) -> String {
        let text = STANDARD.encode(&self.der);
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        for (index, character) in text.chars().enumerate() {
            if index > 0 && index % 64 == 0 {
                pem.push('\n');
            }
            pem.push(character);
        }
        pem.push_str("\n-----END PUBLIC KEY-----\n");
        pem
    }
}

/// The HMAC of `message`, for a symmetric `algorithm`.
pub(super) fn mac(algorithm: Algorithm, secret: &[u8], message: &[u8]) -> Vec<u8> {
    let hash = match algorithm {
        Algorithm::HS384 => hmac::HMAC_SHA384,
        Algorithm::HS512 => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    hmac::sign(&hmac::Key::new(hash, secret), message).as_ref().to_vec()
}

pub(super) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn curve(algorithm: Algorithm) -> Option<(&'static str, &'static EcdsaSigningAlgorithm)> {
    match algorithm {
        Algorithm::ES256 => Some(("P-256", &ECDSA_P256_SHA256_FIXED_SIGNING)),
        Algorithm::ES384 => Some(("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING)),
        Algorithm::ES512 => Some(("P-521", &ECDSA_P521_SHA512_FIXED_SIGNING)),
        _ => None,
    }
}

fn encoding(algorithm: Algorithm) -> &'static dyn RsaEncoding {
    match algorithm {
        Algorithm::PS256 => &RSA_PSS_SHA256,
        Algorithm::PS384 => &RSA_PSS_SHA384,
        Algorithm::PS512 => &RSA_PSS_SHA512,
        Algorithm::RS384 => &RSA_PKCS1_SHA384,
        Algorithm::RS512 => &RSA_PKCS1_SHA512,
        _ => &RSA_PKCS1_SHA256,
    }
}
