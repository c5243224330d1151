//! Signatures by aws-lc-rs.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
};

use super::Check;
use crate::identity::jwt::algorithm::{Curve, Hash, Padding};
use crate::identity::jwt::json::Cause;

/// What stands in the way of checking signatures.
pub(in crate::identity::jwt) const OBSTACLE: Option<Cause> = None;

pub(in crate::identity::jwt) struct PublicKey(ParsedPublicKey);

impl PublicKey {
    pub(in crate::identity::jwt) fn ec(curve: Curve, point: &[u8]) -> Result<Self, Cause> {
        // The fixed form is r and s side by side; the ASN.1 form of other protocols is not a JWS signature.
        let algorithm: &'static dyn VerificationAlgorithm = match curve {
            Curve::P256 => &ECDSA_P256_SHA256_FIXED,
            Curve::P384 => &ECDSA_P384_SHA384_FIXED,
            Curve::P521 => &ECDSA_P521_SHA512_FIXED,
        };
        ParsedPublicKey::new(algorithm, point).map(Self).map_err(|_| "the point is not on the curve")
    }

    pub(in crate::identity::jwt) fn ed25519(key: &[u8; 32]) -> Result<Self, Cause> {
        ParsedPublicKey::new(&ED25519, key).map(Self).map_err(|_| "not an Ed25519 key")
    }

    pub(in crate::identity::jwt) fn rsa(padding: Padding, hash: Hash, n: &[u8], e: &[u8]) -> Result<Self, Cause> {
        let parameters: &'static RsaParameters = match (padding, hash) {
            (Padding::Pkcs1, Hash::Sha256) => &RSA_PKCS1_2048_8192_SHA256,
            (Padding::Pkcs1, Hash::Sha384) => &RSA_PKCS1_2048_8192_SHA384,
            (Padding::Pkcs1, Hash::Sha512) => &RSA_PKCS1_2048_8192_SHA512,
            (Padding::Pss, Hash::Sha256) => &RSA_PSS_2048_8192_SHA256,
            (Padding::Pss, Hash::Sha384) => &RSA_PSS_2048_8192_SHA384,
            (Padding::Pss, Hash::Sha512) => &RSA_PSS_2048_8192_SHA512,
        };
        let key = RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters);
        key.map(Self).map_err(|_| "not an RSA key")
    }
}

impl Check for PublicKey {
    fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

pub(in crate::identity::jwt) struct MacKey(hmac::Key);

impl MacKey {
    pub(in crate::identity::jwt) fn new(hash: Hash, secret: &[u8]) -> Result<Self, Cause> {
        let algorithm = match hash {
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha384 => hmac::HMAC_SHA384,
            Hash::Sha512 => hmac::HMAC_SHA512,
        };
        Ok(Self(hmac::Key::new(algorithm, secret)))
    }
}

impl Check for MacKey {
    fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        hmac::verify(&self.0, message, signature).is_ok()
    }
}
