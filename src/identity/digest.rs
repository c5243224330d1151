//! What is kept in place of a secret of high entropy: its SHA-256 digest.

use std::fmt;
use std::hash::{Hash, Hasher};

use constant_time_eq::constant_time_eq_32;
use sha2::{Digest as _, Sha256};

/// The SHA-256 digest of a secret that cannot be guessed, fit to be the key of a map.
///
/// A look-up is constant-time where it matters. The caller chooses a secret, not a digest, so the bits compared are out
/// of the caller's control; the map picks its bucket by a keyed hash of the digest; and what it finds there is compared
/// by [`PartialEq`], which takes the same time wherever the first difference lies. What timing could tell at best, some
/// bits of a digest, does not lead back to the secret.
#[derive(Clone, Copy)]
pub(super) struct Digest([u8; 32]);

impl Digest {
    /// The digest of `parts`, one behind the other.
    pub(super) fn of<const N: usize>(parts: [&[u8]; N]) -> Self {
        Self(parts.into_iter().fold(Sha256::new(), Sha256::chain_update).finalize().into())
    }
}

impl From<[u8; 32]> for Digest {
    fn from(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl From<Digest> for [u8; 32] {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq_32(&self.0, &other.0)
    }
}

impl Eq for Digest {}

impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Eight bytes of a digest are as random as all of it, and a map hashes them once more.
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_ne_bytes([a, b, c, d, e, f, g, h]));
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}
