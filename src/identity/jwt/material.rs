//! Public keys as numbers: what every format is reduced to, and what makes a key weak or broken whatever the backend.

use super::algorithm::{Algorithm, Curve, Family};
use super::backend::PublicKey;
use super::json::Cause;

/// A public key whose numbers have been looked at.
#[derive(Eq, PartialEq)]
pub(super) enum Material {
    /// An uncompressed point (SEC 1 section 2.3.3).
    Ec {
        curve: Curve,
        point: Vec<u8>,
    },
    Ed25519([u8; 32]),
    /// Big-endian, without leading zeros.
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
}

/// The type of a key, known before its numbers are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Ec(Curve),
    Ed25519,
    Rsa,
}

impl Kind {
    /// Whether a key of this type and curve can serve `algorithm`.
    pub(super) fn fits(self, algorithm: Algorithm) -> bool {
        match (self, algorithm.family()) {
            (Self::Ec(curve), Family::Ecdsa(wanted)) => curve == wanted,
            (Self::Ed25519, Family::Ed25519) | (Self::Rsa, Family::Rsa(..)) => true,
            _ => false,
        }
    }
}

impl Material {
    pub(super) fn ec(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, Cause> {
        if x.len() != curve.octets() || y.len() != curve.octets() {
            return Err("a coordinate is not as long as the field of its curve (RFC 7518 section 6.2.1.2)");
        }
        Ok(Self::Ec { curve, point: [&[UNCOMPRESSED], x, y].concat() })
    }

    pub(super) fn ec_point(curve: Curve, point: &[u8]) -> Result<Self, Cause> {
        match point.split_first() {
            Some((&UNCOMPRESSED, coordinates)) if coordinates.len() == 2 * curve.octets() => {
                Ok(Self::Ec { curve, point: point.to_vec() })
            }
            _ => Err(
                "the point is not in uncompressed form; convert it with `openssl ec -pubin -conv_form uncompressed`",
            ),
        }
    }

    pub(super) fn ed25519(key: &[u8]) -> Result<Self, Cause> {
        let key: [u8; 32] = key.try_into().map_err(|_| "an Ed25519 key has 32 bytes")?;
        let mut unsigned = key;
        unsigned[31] &= 0x7f;
        if SMALL_ORDER.contains(&unsigned) {
            return Err("the point is of small order, so that anybody could sign");
        }
        Ok(Self::Ed25519(key))
    }

    pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, Cause> {
        let (modulus, exponent) = (without_zeros(modulus), without_zeros(exponent));
        if bits(modulus) < 2048 {
            return Err("an RSA modulus of fewer than 2048 bits is too weak (RFC 7518 section 3.3)");
        }
        if bits(modulus) > 8192 {
            return Err("an RSA modulus of more than 8192 bits costs too much per token");
        }
        if !is_odd(modulus) {
            return Err("the RSA modulus is even, so it is no product of two primes");
        }
        if !is_odd(exponent) || bits(exponent) < 2 || bits(exponent) > 33 {
            return Err("the RSA exponent is not an odd number from 3 to 2^33; 65537 is usual");
        }
        Ok(Self::Rsa { modulus: modulus.to_vec(), exponent: exponent.to_vec() })
    }

    /// Prepares the key, once, for one algorithm.
    pub(super) fn prepare(&self, algorithm: Algorithm) -> Result<PublicKey, Cause> {
        match (self, algorithm.family()) {
            (Self::Ec { curve, point }, Family::Ecdsa(wanted)) if *curve == wanted => PublicKey::ec(*curve, point),
            (Self::Ed25519(key), Family::Ed25519) => PublicKey::ed25519(key),
            (Self::Rsa { modulus, exponent }, Family::Rsa(padding, hash)) => {
                PublicKey::rsa(padding, hash, modulus, exponent)
            }
            _ => Err("the type or curve of the key does not fit its algorithm"),
        }
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&octet| octet == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// The length in bits of a number without leading zeros.
fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last % 2 == 1)
}

const UNCOMPRESSED: u8 = 4;

/// Every encoding, without its sign bit, of the points of Ed25519 whose order divides 8: 0, 1, the two of order 8, and
/// p - 1, p, p + 1. A backend may take them, and then one signature fits many messages.
const SMALL_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    little_endian(1, 0, 0),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    little_endian(0xec, 0xff, 0x7f),
    little_endian(0xed, 0xff, 0x7f),
    little_endian(0xee, 0xff, 0x7f),
];

const fn little_endian(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut number = [middle; 32];
    number[0] = first;
    number[31] = last;
    number
}
