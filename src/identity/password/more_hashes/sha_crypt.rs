//! sha256-crypt and sha512-crypt, as `htpasswd -2`, `htpasswd -5` and Unix write them.

use std::sync::Arc;

use ::sha_crypt::{Params, sha256_crypt, sha512_crypt};
use constant_time_eq::constant_time_eq;
use zeroize::Zeroize;

use super::super::argon2::Memory;
use super::super::hash::{OutOfMemory, StoredHash};
use super::super::phc::decimal;
use super::crypt_base64;

/// Room for the 656,000 that passlib takes by default: a third of a second for an ordinary password. The time grows with
/// the password, so the longest takes some seconds.
const MAX_ROUNDS: u32 = 700_000;
const DEFAULT_ROUNDS: u32 = 5_000;
const MAX_SALT: usize = 16;

struct ShaCrypt<const LETTERS: usize> {
    params: Params,
    salt: Box<[u8]>,
    letters: [u8; LETTERS],
    compute: fn(&[u8], &[u8], Params) -> [u8; LETTERS],
}

impl<const LETTERS: usize> StoredHash for ShaCrypt<LETTERS> {
    fn matches(&self, password: &[u8], _: &mut Memory) -> Result<bool, OutOfMemory> {
        let mut computed = (self.compute)(password, &self.salt, self.params);
        let equal = constant_time_eq(&computed, &self.letters);
        computed.zeroize();
        Ok(equal)
    }

    /// It needs no memory, so those who guess have all the advantage of their machines.
    fn needs_rehash(&self) -> bool {
        true
    }
}

pub(in super::super) fn read_sha256(text: &str) -> Result<Arc<dyn StoredHash>, &'static str> {
    Ok(Arc::new(read(text, sha256)?))
}

pub(in super::super) fn read_sha512(text: &str) -> Result<Arc<dyn StoredHash>, &'static str> {
    Ok(Arc::new(read(text, sha512)?))
}

/// Reads `$5$salt$hash` or `$5$rounds=…$salt$hash`.
fn read<const LETTERS: usize>(
    text: &str,
    compute: fn(&[u8], &[u8], Params) -> [u8; LETTERS],
) -> Result<ShaCrypt<LETTERS>, &'static str> {
    const FORM: &str = "not of the form $6$salt$hash or $6$rounds=…$salt$hash";
    let fields: Vec<_> = text.split('$').skip(2).collect();
    let (rounds, salt, letters) = match *fields {
        [salt, letters] => (DEFAULT_ROUNDS, salt, letters),
        [rounds, salt, letters] => (rounds.strip_prefix("rounds=").and_then(decimal).ok_or(FORM)?, salt, letters),
        _ => return Err(FORM),
    };
    if rounds > MAX_ROUNDS {
        return Err("over 700000 rounds: hash the password anew");
    }
    let params = Params::new(rounds).map_err(|_| "under 1000 rounds: hash the password anew")?;
    if !(1..=MAX_SALT).contains(&salt.len()) {
        return Err("the salt has not 1 to 16 characters");
    }
    if !crypt_base64::is_encoded(letters, LETTERS) {
        return Err("the hash has another length, or characters that are none of crypt's");
    }
    let letters = letters.as_bytes().try_into().map_err(|_| FORM)?;
    Ok(ShaCrypt { params, salt: salt.as_bytes().into(), letters, compute })
}

fn sha256(password: &[u8], salt: &[u8], params: Params) -> [u8; 43] {
    let mut digest = sha256_crypt(password, salt, params);
    let byte = |index: usize| digest.get(index).copied().unwrap_or_default();
    // Each three are 10 apart, round a circle of 30, and begin 20 after those before.
    let threes = (0..10).map(|three| {
        let first = three * 21 % 30;
        [first, (first + 10) % 30, (first + 20) % 30].map(byte)
    });
    let mut letters = [0; 43];
    crypt_base64::encode(threes.chain([[0, byte(31), byte(30)]]), &mut letters);
    digest.zeroize();
    letters
}

fn sha512(password: &[u8], salt: &[u8], params: Params) -> [u8; 86] {
    let mut digest = sha512_crypt(password, salt, params);
    let byte = |index: usize| digest.get(index).copied().unwrap_or_default();
    // Each three are 21 apart, round a circle of 63, and begin 22 after those before.
    let threes = (0..21).map(|three| {
        let first = three * 22 % 63;
        [first, (first + 21) % 63, (first + 42) % 63].map(byte)
    });
    let mut letters = [0; 86];
    crypt_base64::encode(threes.chain([[0, 0, byte(63)]]), &mut letters);
    digest.zeroize();
    letters
}
