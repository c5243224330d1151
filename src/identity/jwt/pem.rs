//! Public keys in PEM (RFC 7468).

use pkcs1::RsaPublicKeyRef;
use spki::der::{Decode, Document, pem};
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use super::algorithm::Curve;
use super::json::Cause;
use super::material::Material;

/// Reads the one public key that `text` holds.
pub(super) fn read(text: &str) -> Result<Material, Cause> {
    let text = text.trim();
    let label = pem::decode_label(text.as_bytes()).map_err(|_| NOT_PEM)?;
    if label.ends_with("PRIVATE KEY") {
        return Err("this is a private key, which has no place where tokens are only verified; give its public half, \
                    made with `openssl pkey -pubout`");
    }
    let der = || Document::from_pem(text).map(|(_, der)| der).map_err(|_| NOT_PEM);
    match label {
        "PUBLIC KEY" => subject_public_key(der()?.as_bytes()),
        "RSA PUBLIC KEY" => rsa(der()?.as_bytes()),
        "CERTIFICATE" => {
            Err("this is a certificate; give its public key, taken out with `openssl x509 -pubkey -noout`")
        }
        _ => Err(NOT_PEM),
    }
}

fn subject_public_key(der: &[u8]) -> Result<Material, Cause> {
    let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| NOT_DER)?;
    let key = info.subject_public_key.as_bytes().ok_or(NOT_DER)?;
    match info.algorithm.oid {
        RSA_ENCRYPTION => rsa(key),
        ED25519 => Material::ed25519(key),
        EC_PUBLIC_KEY => {
            let curve = match info.algorithm.parameters_oid().map_err(|_| NOT_DER)? {
                SECP256R1 => Curve::P256,
                SECP384R1 => Curve::P384,
                SECP521R1 => Curve::P521,
                _ => return Err("the curve is not P-256, P-384 or P-521"),
            };
            Material::ec_point(curve, key)
        }
        _ => Err("the key is neither RSA nor EC nor Ed25519"),
    }
}

fn rsa(der: &[u8]) -> Result<Material, Cause> {
    let key = RsaPublicKeyRef::from_der(der).map_err(|_| NOT_DER)?;
    Material::rsa(key.modulus.as_bytes(), key.public_exponent.as_bytes())
}

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

const NOT_DER: Cause = "the PEM text holds no well-formed public key";
const NOT_PEM: Cause =
    "not one PEM text that begins with `-----BEGIN PUBLIC KEY-----` or `-----BEGIN RSA PUBLIC KEY-----`";
