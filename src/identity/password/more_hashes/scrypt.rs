//! scrypt (RFC 7914) in PHC string form.

use std::sync::Arc;

use ::scrypt::{Params, scrypt};
use constant_time_eq::constant_time_eq;
use zeroize::Zeroize;

use super::super::argon2::Memory;
use super::super::hash::{OutOfMemory, StoredHash};
use super::super::phc;

/// 256 MiB, in bytes, of memory times lanes, which the time grows with: about a second.
const MAX_MEMORY_LANES: u64 = 256 * 1024 * 1024;

/// The logarithm of N and lanes with blocks of 8, any of which suffices today (OWASP Password Storage Cheat Sheet).
const SUFFICIENT: [(u8, u32); 5] = [(17, 1), (16, 2), (15, 3), (14, 5), (13, 10)];

struct Scrypt {
    params: Params,
    salt: Box<[u8]>,
    digest: Box<[u8]>,
}

impl StoredHash for Scrypt {
    fn matches(&self, password: &[u8], _: &mut Memory) -> Result<bool, OutOfMemory> {
        // The crate takes its memory in a way that ends the process where there is none; so it is asked for before.
        let needed = usize::try_from(memory(&self.params)).map_err(|_| OutOfMemory)?;
        Vec::<u8>::new().try_reserve_exact(needed).map_err(|_| OutOfMemory)?;
        let mut digest = [0; phc::MAX_DIGEST];
        let digest = digest.get_mut(..self.digest.len()).ok_or(OutOfMemory)?;
        scrypt(password, &self.salt, &self.params, digest).map_err(|_| OutOfMemory)?;
        let equal = constant_time_eq(digest, &self.digest);
        digest.zeroize();
        Ok(equal)
    }

    fn needs_rehash(&self) -> bool {
        let (log_n, blocks, lanes) = (self.params.log_n(), self.params.r(), self.params.p());
        !SUFFICIENT.iter().any(|&(least, times)| blocks >= 8 && log_n >= least && lanes >= times)
    }
}

fn memory(params: &Params) -> u64 {
    params.n().saturating_mul(128).saturating_mul(params.r().into())
}

/// Reads `$scrypt$ln=…,r=…,p=…$salt$digest`.
pub(in super::super) fn read(text: &str) -> Result<Arc<dyn StoredHash>, &'static str> {
    let mut fields = text.split('$').skip(2);
    let (Some(costs), Some(salt), Some(digest), None) = (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err("not of the form $scrypt$ln=…,r=…,p=…$salt$hash");
    };
    let Some([log_n, blocks, lanes]) = phc::costs(costs, ["ln", "r", "p"]) else {
        return Err("the parameters are not of the form ln=…,r=…,p=… in plain numbers");
    };
    if log_n == 0 || log_n > 24 || blocks == 0 || blocks > 64 || lanes == 0 || lanes > 64 {
        return Err("ln is not 1 to 24, or r or p not 1 to 64: hash the password anew");
    }
    let params = u8::try_from(log_n).ok().and_then(|log_n| Params::new(log_n, blocks, lanes).ok());
    let params = params.ok_or("the parameters are none of scrypt's: hash the password anew")?;
    if memory(&params).saturating_mul(lanes.into()) > MAX_MEMORY_LANES {
        return Err("more than 256 MiB of memory times p: hash the password with less");
    }
    let (salt, digest) = phc::bytes(salt, digest)?;
    Ok(Arc::new(Scrypt { params, salt, digest }))
}
