//! The digests of Digest, in hexadecimal, as the next one hashes them.

use md5::Md5;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512_256};

use crate::credentials::DigestAlgorithm;

/// The longest digest in hexadecimal.
pub(super) const MAX_HEX: usize = 64;

/// The digest of `parts` with a colon between each two, in lower-case hexadecimal; what a short digest does not fill is zero.
pub(super) fn hex_of(algorithm: DigestAlgorithm, parts: &[&[u8]]) -> [u8; MAX_HEX] {
    match algorithm {
        DigestAlgorithm::Md5 => digest::<Md5>(parts),
        DigestAlgorithm::Sha256 => digest::<Sha256>(parts),
        DigestAlgorithm::Sha512_256 => digest::<Sha512_256>(parts),
    }
}

fn digest<D: Digest>(parts: &[&[u8]]) -> [u8; MAX_HEX] {
    let mut hasher = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hasher.update(b":");
        }
        hasher.update(part);
    }
    let mut hex = [0; MAX_HEX];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(hasher.finalize().iter()) {
        for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 0xf]) {
            *digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        }
    }
    hex
}
