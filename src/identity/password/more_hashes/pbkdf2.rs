//! PBKDF2 (RFC 8018) in PHC string form.

use std::sync::Arc;

use ::pbkdf2::pbkdf2_hmac;
use constant_time_eq::constant_time_eq;
use sha2::{Sha256, Sha512};
use zeroize::Zeroize;

use super::super::argon2::Memory;
use super::super::hash::{OutOfMemory, StoredHash};
use super::super::phc;

/// About a second, with either function.
const MAX_ROUNDS_SHA256: u32 = 4_000_000;
const MAX_ROUNDS_SHA512: u32 = 1_500_000;

/// OWASP Password Storage Cheat Sheet.
const SUFFICIENT_SHA256: u32 = 600_000;
const SUFFICIENT_SHA512: u32 = 210_000;

struct Pbkdf2 {
    rounds: u32,
    sufficient: u32,
    salt: Box<[u8]>,
    digest: Box<[u8]>,
    compute: fn(&[u8], &[u8], u32, &mut [u8]),
}

impl StoredHash for Pbkdf2 {
    fn matches(&self, password: &[u8], _: &mut Memory) -> Result<bool, OutOfMemory> {
        let mut digest = [0; phc::MAX_DIGEST];
        let digest = digest.get_mut(..self.digest.len()).ok_or(OutOfMemory)?;
        (self.compute)(password, &self.salt, self.rounds, digest);
        let equal = constant_time_eq(digest, &self.digest);
        digest.zeroize();
        Ok(equal)
    }

    fn needs_rehash(&self) -> bool {
        self.rounds < self.sufficient
    }
}

pub(in super::super) fn read_sha256(text: &str) -> Result<Arc<dyn StoredHash>, &'static str> {
    read(text, 32, [SUFFICIENT_SHA256, MAX_ROUNDS_SHA256], pbkdf2_hmac::<Sha256>)
}

pub(in super::super) fn read_sha512(text: &str) -> Result<Arc<dyn StoredHash>, &'static str> {
    read(text, 64, [SUFFICIENT_SHA512, MAX_ROUNDS_SHA512], pbkdf2_hmac::<Sha512>)
}

/// Reads `$pbkdf2-sha256$i=…,l=…$salt$digest`, where the length `l` may be left out.
fn read(
    text: &str,
    block: usize,
    [sufficient, most]: [u32; 2],
    compute: fn(&[u8], &[u8], u32, &mut [u8]),
) -> Result<Arc<dyn StoredHash>, &'static str> {
    let mut fields = text.split('$').skip(2);
    let (Some(costs), Some(salt), Some(digest), None) = (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err("not of the form $pbkdf2-sha256$i=…,l=…$salt$hash");
    };
    let with_length = phc::costs(costs, ["i", "l"]).map(|[rounds, length]| (rounds, Some(length)));
    let Some((rounds, length)) = with_length.or_else(|| phc::costs(costs, ["i"]).map(|[rounds]| (rounds, None))) else {
        return Err("the parameters are not of the form i=…,l=… in plain numbers");
    };
    let (salt, digest) = phc::bytes(salt, digest)?;
    if length.is_some_and(|length| length as usize != digest.len()) {
        return Err("the hash has another length than l says");
    }
    // Whoever guesses needs to compute no more than the first block, so the others would be work for us alone.
    if digest.len() > block {
        return Err("the hash is longer than one block of its function: hash the password anew");
    }
    if rounds < MIN_ROUNDS {
        return Err("i is under 1000: hash the password anew");
    }
    if rounds > most {
        return Err("i is over 4000000, or 1500000 with SHA-512: hash the password with fewer rounds");
    }
    Ok(Arc::new(Pbkdf2 { rounds, sufficient, salt, digest, compute }))
}

/// RFC 8018 section 4.2.
const MIN_ROUNDS: u32 = 1_000;
