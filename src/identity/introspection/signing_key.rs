//! The key that proves who we are to the issuer.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use spki::der::{SecretDocument, pem};

use crate::error::{ConfigError, ConfigFault};
use crate::identity::jwt::Algorithm;
use crate::secret::Secret;

/// A private key that signs what this service says of itself to the issuer (RFC 7523).
///
/// It is bound to one algorithm, which the issuer has to know for this client, and prepared once. Its public half is
/// registered with the issuer.
///
/// ```
/// use portcullis::Secret;
/// use portcullis::identity::introspection::SigningKey;
/// use portcullis::identity::jwt::Algorithm;
///
/// # let pem = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem();
/// // Made with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`.
/// let key = SigningKey::from_pem(Algorithm::ES256, &Secret::new(pem))?.named("2026-10");
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
pub struct SigningKey {
    algorithm: Algorithm,
    key_id: Option<Box<str>>,
    pair: Pair,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

impl SigningKey {
    /// A private key in PEM: PKCS #8, which is `BEGIN PRIVATE KEY`, not encrypted.
    ///
    /// # Errors
    /// `algorithm` is an HMAC, the text is no such key (other forms are told apart and the remedy is said), or the key
    /// is weak or does not fit `algorithm`.
    pub fn from_pem(algorithm: Algorithm, pem: &Secret<String>) -> Result<Self, ConfigError> {
        let fault = |problem: &str| ConfigError::from(ConfigFault::new("signing key", problem.to_owned()));
        let der = read(pem.expose().trim()).map_err(fault)?;
        let pair = Pair::new(algorithm, der.as_bytes()).map_err(fault)?;
        Ok(Self { algorithm, key_id: None, pair })
    }

    /// The name under which the issuer knows the key (`kid`). Default: none, and the issuer has to find it.
    #[must_use]
    pub fn named(mut self, key_id: impl Into<Box<str>>) -> Self {
        self.key_id = Some(key_id.into());
        self
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// A signature over `message` in the form that JWS prescribes.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair) => pair.sign(&random, message).map(|signature| signature.as_ref().to_vec()),
            Pair::Ed25519(pair) => pair.try_sign(message).map(|signature| signature.as_ref().to_vec()),
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).map(|()| signature)
            }
        }
        .map_err(|_| SigningFailed)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.key_id).field("alg", &self.algorithm).finish_non_exhaustive()
    }
}

/// The key could not sign.
#[derive(Debug, thiserror::Error)]
#[error("the client's key could not sign")]
pub(super) struct SigningFailed;

impl Pair {
    fn new(algorithm: Algorithm, der: &[u8]) -> Result<Self, &'static str> {
        let ec = |curve: &'static EcdsaSigningAlgorithm| {
            EcdsaKeyPair::from_pkcs8(curve, der).map(Self::Ec).map_err(|_| "not a key on the curve of its algorithm")
        };
        let rsa = |encoding: &'static dyn RsaEncoding| {
            let pair = RsaKeyPair::from_pkcs8(der);
            pair.map(|pair| Self::Rsa(pair, encoding)).map_err(|_| "not an RSA key of 2048 to 8192 bits")
        };
        match algorithm {
            Algorithm::ES256 => ec(&ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::ES384 => ec(&ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::ES512 => ec(&ECDSA_P521_SHA512_FIXED_SIGNING),
            Algorithm::EdDSA => Ed25519KeyPair::from_pkcs8(der).map(Self::Ed25519).map_err(|_| "not an Ed25519 key"),
            Algorithm::RS256 => rsa(&RSA_PKCS1_SHA256),
            Algorithm::RS384 => rsa(&RSA_PKCS1_SHA384),
            Algorithm::RS512 => rsa(&RSA_PKCS1_SHA512),
            Algorithm::PS256 => rsa(&RSA_PSS_SHA256),
            Algorithm::PS384 => rsa(&RSA_PSS_SHA384),
            Algorithm::PS512 => rsa(&RSA_PSS_SHA512),
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => {
                Err("HMAC signs with a secret that both sides hold; use `ClientAuth::basic` or `ClientAuth::post`")
            }
        }
    }
}

fn read(text: &str) -> Result<SecretDocument, &'static str> {
    let label = pem::decode_label(text.as_bytes()).map_err(|_| NOT_PEM)?;
    match label {
        "PRIVATE KEY" => SecretDocument::from_pem(text).map(|(_, der)| der).map_err(|_| NOT_PEM),
        "EC PRIVATE KEY" | "RSA PRIVATE KEY" => {
            Err("this private key is in an older form; convert it with `openssl pkcs8 -topk8 -nocrypt`")
        }
        "ENCRYPTED PRIVATE KEY" => {
            Err("this private key is encrypted; give it as it is, made with `openssl pkcs8 -topk8 -nocrypt`")
        }
        "PUBLIC KEY" | "RSA PUBLIC KEY" => Err("this is a public key, which cannot sign; give its private half"),
        _ => Err(NOT_PEM),
    }
}

const NOT_PEM: &str = "not one PEM text that begins with `-----BEGIN PRIVATE KEY-----`";
