//! A short name for a stored hash, by which a session knows whether its owner has another password by now.
//!
//! It is the beginning of a SHA-256 digest of the text, and no hash can be found from it. A hash that only replaces an older
//! one of the same password carries the stamp of that one at the end of its salt, so that a better hash logs nobody out.

use std::num::NonZeroU64;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The stamp of a stored hash.
pub(super) fn stamp(stored: &str) -> NonZeroU64 {
    carried(stored).unwrap_or_else(|| number(&Sha256::digest(stored)))
}

/// A salt for another hash of the password that `old` is of.
pub(super) fn salt_after(old: &str, random: [u8; 16]) -> [u8; 32] {
    let mut salt = [0; 32];
    let stamp = stamp(old).get().to_be_bytes();
    let parts = random.into_iter().chain(stamp).chain(check(&random, &stamp));
    salt.iter_mut().zip(parts).for_each(|(byte, part)| *byte = part);
    salt
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
}
