//! Signatures by the RustCrypto crates.

use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::signature::Verifier;
use rsa::BoxedUint;
use rsa::{pkcs1v15, pss};
use sha2::{Sha256, Sha384, Sha512};

use super::Check;
use crate::identity::jwt::algorithm::{Curve, Hash, Padding};
use crate::identity::jwt::json::Cause;

/// What stands in the way of checking signatures.
pub(in crate::identity::jwt) const OBSTACLE: Option<Cause> = None;

pub(in crate::identity::jwt) enum PublicKey {
    Ed25519(ed25519_dalek::VerifyingKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
    Pkcs1Sha256(pkcs1v15::VerifyingKey<Sha256>),
    Pkcs1Sha384(pkcs1v15::VerifyingKey<Sha384>),
    Pkcs1Sha512(pkcs1v15::VerifyingKey<Sha512>),
    PssSha256(pss::VerifyingKey<Sha256>),
    PssSha384(pss::VerifyingKey<Sha384>),
    PssSha512(pss::VerifyingKey<Sha512>),
}

impl PublicKey {
    pub(in crate::identity::jwt) fn ec(curve: Curve, point: &[u8]) -> Result<Self, Cause> {
        let key = match curve {
            Curve::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Self::P256),
            Curve::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Self::P384),
            Curve::P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Self::P521),
        };
        key.map_err(|_| "the point is not on the curve")
    }

    pub(in crate::identity::jwt) fn ed25519(key: &[u8; 32]) -> Result<Self, Cause> {
        ed25519_dalek::VerifyingKey::from_bytes(key).map(Self::Ed25519).map_err(|_| "the point is not on the curve")
    }

    pub(in crate::identity::jwt) fn rsa(padding: Padding, hash: Hash, n: &[u8], e: &[u8]) -> Result<Self, Cause> {
        let key = rsa::PublicKey::new(BoxedUint::from_be_slice_vartime(n), BoxedUint::from_be_slice_vartime(e))
            .map_err(|_| "not an RSA key")?;
        Ok(match (padding, hash) {
            (Padding::Pkcs1, Hash::Sha256) => Self::Pkcs1Sha256(pkcs1v15::VerifyingKey::new(key)),
            (Padding::Pkcs1, Hash::Sha384) => Self::Pkcs1Sha384(pkcs1v15::VerifyingKey::new(key)),
            (Padding::Pkcs1, Hash::Sha512) => Self::Pkcs1Sha512(pkcs1v15::VerifyingKey::new(key)),
            (Padding::Pss, Hash::Sha256) => Self::PssSha256(pss::VerifyingKey::new(key)),
            (Padding::Pss, Hash::Sha384) => Self::PssSha384(pss::VerifyingKey::new(key)),
            (Padding::Pss, Hash::Sha512) => Self::PssSha512(pss::VerifyingKey::new(key)),
        })
    }
}

impl Check for PublicKey {
    fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            // Strict: refuses the points of small order with which a signature fits more than one message.
            Self::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Self::P256(key) => verify(key, message, p256::ecdsa::Signature::from_slice(signature)),
            Self::P384(key) => verify(key, message, p384::ecdsa::Signature::from_slice(signature)),
            Self::P521(key) => verify(key, message, p521::ecdsa::Signature::from_slice(signature)),
            Self::Pkcs1Sha256(key) => verify(key, message, signature.try_into()),
            Self::Pkcs1Sha384(key) => verify(key, message, signature.try_into()),
            Self::Pkcs1Sha512(key) => verify(key, message, signature.try_into()),
            Self::PssSha256(key) => verify(key, message, signature.try_into()),
            Self::PssSha384(key) => verify(key, message, signature.try_into()),
            Self::PssSha512(key) => verify(key, message, signature.try_into()),
        }
    }
}

fn verify<S, E>(key: &impl Verifier<S>, message: &[u8], signature: Result<S, E>) -> bool {
    signature.is_ok_and(|signature| key.verify(message, &signature).is_ok())
}

/// Keyed states, cloned per token: hashing the key again would cost as much as a short token.
pub(in crate::identity::jwt) enum MacKey {
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl MacKey {
    pub(in crate::identity::jwt) fn new(hash: Hash, secret: &[u8]) -> Result<Self, Cause> {
        let key = match hash {
            Hash::Sha256 => Hmac::new_from_slice(secret).map(Self::Sha256),
            Hash::Sha384 => Hmac::new_from_slice(secret).map(Self::Sha384),
            Hash::Sha512 => Hmac::new_from_slice(secret).map(Self::Sha512),
        };
        key.map_err(|_| "not an HMAC secret")
    }
}

impl Check for MacKey {
    fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Sha256(keyed) => matches(keyed, message, signature),
            Self::Sha384(keyed) => matches(keyed, message, signature),
            Self::Sha512(keyed) => matches(keyed, message, signature),
        }
    }
}

fn matches(keyed: &(impl Mac + Clone), message: &[u8], tag: &[u8]) -> bool {
    keyed.clone().chain_update(message).verify_slice(tag).is_ok()
}
