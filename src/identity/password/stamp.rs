//! A short name for a stored hash, by which a session knows whether its owner has another password by now.
//!
//! It is the beginning of a SHA-256 digest of the text, in which the salt keeps all guesses as dear as the hash is. So the
//! kinds that are quick to guess and have no salt, or a short one, get no stamp: it would let passwords be guessed without
//! the hash. A hash that only replaces an older one of the same password carries the stamp of that one at the end of its salt,
//! so that a better hash logs nobody out.

use std::num::NonZeroU64;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The stamp of a stored hash, if it is of a kind that can have one.
pub(super) fn stamp(stored: &str) -> Option<NonZeroU64> {
    let is_slow = stored.starts_with('$') && !stored.starts_with("$apr1$");
    carried(stored).or_else(|| is_slow.then(|| number(&Sha256::digest(stored))))
}

/// A salt for another hash of the password that `old` is of.
pub(super) fn salt_after(old: &str, random: [u8; 16]) -> Vec<u8> {
    let Some(stamp) = stamp(old) else { return random.into() };
    let stamp = stamp.get().to_be_bytes();
    [&random[..], &stamp, &check(&random, &stamp)].concat()
}

/// The stamp in the salt of a hash that was made with [`salt_after`].
fn carried(stored: &str) -> Option<NonZeroU64> {
    let salt = stored.strip_prefix("$argon2id$")?.split('$').nth(2)?;
    let salt: [u8; 32] = STANDARD_NO_PAD.decode(salt).ok()?.try_into().ok()?;
    let (random, rest) = salt.split_first_chunk::<16>()?;
    let (stamp, seal) = rest.split_first_chunk::<8>()?;
    // A salt of somebody else's that is as long is no stamp.
    NonZeroU64::new(u64::from_be_bytes(*stamp)).filter(|_| *seal == check(random, stamp))
}

fn check(random: &[u8; 16], stamp: &[u8; 8]) -> [u8; 8] {
    let digest = Sha256::new().chain_update("portcullis stamp").chain_update(random).chain_update(stamp).finalize();
    number(&digest).get().to_be_bytes()
}

/// The first eight bytes; the highest number in the place of zero.
fn number(digest: &[u8]) -> NonZeroU64 {
    let number = digest.iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte));
    NonZeroU64::new(number).unwrap_or(NonZeroU64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "$2b$04$abcdefghijklmnopqrstuugnA3sBav18rnV72BeOyKWV21iMMRCBW";

    fn hash(salt: &[u8]) -> String {
        format!("$argon2id$v=19$m=19456,t=2,p=1${}$MTIzNDU2Nzg5MDEyMzQ1Ng", STANDARD_NO_PAD.encode(salt))
    }

    #[test]
    fn a_better_hash_of_the_same_password_has_the_stamp_of_the_old_one_however_often() {
        let second = hash(&salt_after(OLD, [7; 16]));
        let third = hash(&salt_after(&second, [8; 16]));
        assert_eq!([stamp(&second), stamp(&third)], [stamp(OLD); 2]);
    }

    #[test]
    fn any_other_hash_has_a_stamp_of_its_own() {
        let mut salt = salt_after(OLD, [7; 16]);
        salt[0] ^= 1;
        let others = [hash(&salt), hash(&[7; 16]), hash(&[7; 32]), hash(&[8; 32]), format!("{OLD}x")];
        let stamps: std::collections::HashSet<_> = others.iter().map(|other| stamp(other)).collect();
        assert_eq!(stamps.len(), others.len());
        assert!(!stamps.contains(&stamp(OLD)));
    }

    #[test]
    fn a_hash_that_is_quick_to_guess_leaves_no_trace_in_the_one_that_replaces_it() {
        for quick in ["{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "$apr1$x$1oyyMqIQ1nYqtTT1fVu2G0", "plain"] {
            assert_eq!(stamp(quick), None, "{quick}");
            assert_eq!(salt_after(quick, [7; 16]), [7; 16]);
        }
    }
}
