//! bcrypt hashes, as `htpasswd -B` writes them.

use std::sync::Arc;

use ::bcrypt::{HashParts, hash_with_salt_bytes};
use constant_time_eq::constant_time_eq_n;
use zeroize::Zeroize;

use super::argon2::Memory;
use super::hash::{OutOfMemory, StoredHash};

/// bcrypt reads no more of a password.
const MAX_PASSWORD_LENGTH: usize = 72;
/// Each step doubles the time; 14 is about a second.
const COSTS: std::ops::RangeInclusive<u32> = 4..=14;
/// OWASP Password Storage Cheat Sheet.
const SUFFICIENT_COST: u32 = 10;

struct Bcrypt {
    cost: u32,
    salt: [u8; 16],
    /// The whole hash in its one spelling: version 2b, canonical base64.
    canonical: [u8; 60],
}

impl StoredHash for Bcrypt {
    fn matches(&self, password: &[u8], _: &mut Memory) -> Result<bool, OutOfMemory> {
        // What bcrypt would cut is hashed all the same, for the time it takes, and then refused: other implementations
        // stop at a NUL, and all stop after 72 bytes, so two different passwords would be one.
        let whole = password.len() <= MAX_PASSWORD_LENGTH && !password.contains(&0);
        // The one error is a cost out of bounds, which `read` has excluded.
        let Ok(mut computed) = hash_with_salt_bytes(password, self.cost, self.salt) else { return Ok(false) };
        let equal = constant_time_eq_n(&computed, &self.canonical);
        computed.zeroize();
        Ok(equal & whole)
    }

    fn needs_rehash(&self) -> bool {
        self.cost < SUFFICIENT_COST
    }
}

pub(super) fn read(text: &str) -> Result<Arc<dyn StoredHash>, &'static str> {
    let parts: HashParts = text.parse().map_err(|_| "not 60 characters of the form $2b$COST$salt-and-hash")?;
    let cost = parts.get_cost();
    if !COSTS.contains(&cost) {
        return Err("the cost is not between 4 and 14: hash the password anew");
    }
    let canonical = parts.to_string().into_bytes().try_into().map_err(|_| "not 60 characters long")?;
    Ok(Arc::new(Bcrypt { cost, salt: parts.get_salt_raw(), canonical }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `abc`, cost 4.
    const ABC: &str = "$2b$04$abcdefghijklmnopqrstuuCi15uRb1eH7NAlJ/TgeJertyknQpYn2";

    #[test]
    fn a_nul_ends_no_password() {
        let hash = read(ABC).unwrap_or_else(|problem| panic!("{problem}"));
        let mut memory = Memory::default();
        assert!(hash.matches(b"abc", &mut memory).unwrap());
        assert!(!hash.matches(b"abc\0", &mut memory).unwrap());
        assert!(!hash.matches(b"abc\0x", &mut memory).unwrap());
    }

    #[test]
    fn all_three_prefixes_are_one_algorithm() {
        for prefix in ["$2a$", "$2b$", "$2y$"] {
            let hash = read(&ABC.replacen("$2b$", prefix, 1)).unwrap_or_else(|problem| panic!("{problem}"));
            assert!(hash.matches(b"abc", &mut Memory::default()).unwrap());
        }
    }
}
