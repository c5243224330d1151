//! `$apr1$`: Apache's MD5 with a salt and a thousand rounds, the default of `htpasswd`. Weak.

use std::sync::Arc;

use constant_time_eq::constant_time_eq;
use md5::{Digest, Md5};
use zeroize::Zeroize;

use super::super::argon2::Memory;
use super::super::hash::{OutOfMemory, StoredHash};
use super::crypt_base64;

const PREFIX: &str = "$apr1$";
const ROUNDS: u32 = 1_000;
const MAX_SALT: usize = 8;
const LETTERS: usize = 22;

struct Apr1 {
    salt: Box<[u8]>,
    letters: [u8; LETTERS],
}

impl StoredHash for Apr1 {
    fn matches(&self, password: &[u8], _: &mut Memory) -> Result<bool, OutOfMemory> {
        let mut digest = digest(password, &self.salt);
        let byte = |index: usize| digest.get(index).copied().unwrap_or_default();
        let threes = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]].map(|three| three.map(byte));
        let mut letters = [0; LETTERS];
        crypt_base64::encode(threes.into_iter().chain([[0, 0, byte(11)]]), &mut letters);
        let equal = constant_time_eq(&letters, &self.letters);
        letters.zeroize();
        digest.zeroize();
        Ok(equal)
    }

    fn needs_rehash(&self) -> bool {
        true
    }
}

/// Reads `$apr1$salt$hash`.
pub(in super::super) fn read(text: &str) -> Result<Arc<dyn StoredHash>, &'static str> {
    const FORM: &str = "not of the form $apr1$salt$hash";
    let (salt, letters) = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('$')).ok_or(FORM)?;
    if !(1..=MAX_SALT).contains(&salt.len()) {
        return Err("the salt has not 1 to 8 characters");
    }
    if !crypt_base64::is_encoded(letters, LETTERS) {
        return Err("the hash has another length, or characters that are none of crypt's");
    }
    let letters = letters.as_bytes().try_into().map_err(|_| FORM)?;
    Ok(Arc::new(Apr1 { salt: salt.as_bytes().into(), letters }))
}

/// As FreeBSD's crypt(3) computes it, with Apache's prefix for the other.
fn digest(password: &[u8], salt: &[u8]) -> [u8; 16] {
    let mut inner = Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut outer = Md5::new().chain_update(password).chain_update(PREFIX).chain_update(salt);
    for part in password.chunks(inner.len()) {
        outer.update(inner.get(..part.len()).unwrap_or_default());
    }
    inner.zeroize();
    // One byte for each bit of the length: nothing for a one, the first of the password for a zero.
    let mut length = password.len();
    while length > 0 {
        outer.update(if length & 1 == 1 { &[0][..] } else { password.get(..1).unwrap_or_default() });
        length >>= 1;
    }
    let mut digest: [u8; 16] = outer.finalize().into();
    for round in 0..ROUNDS {
        let is_odd = round % 2 == 1;
        let mut next = Md5::new();
        next.update(if is_odd { password } else { &digest });
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        next.update(if is_odd { &digest } else { password });
        digest = next.finalize().into();
    }
    digest
}
