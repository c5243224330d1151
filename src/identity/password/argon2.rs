//! argon2 (RFC 9106) in PHC string form.

use argon2::{Algorithm, Argon2 as Engine, Block, Params, Version};
use constant_time_eq::constant_time_eq;
use zeroize::Zeroize;

use super::hash::{OutOfMemory, StoredHash};
use super::phc;

/// 256 MiB.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 16;
/// Memory times passes is what the time grows with: 1 GiB takes about a second.
const MAX_MEMORY_KIB_PASSES: u32 = 1024 * 1024;

/// Memory in KiB and passes, any of which suffices today (OWASP Password Storage Cheat Sheet).
const SUFFICIENT: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];

/// The blocks that argon2 works in. A worker keeps them from one job to the next, because fetching 19 MiB from the
/// operating system costs a tenth of the hash itself, and wipes them in between, because they would let a guess be
/// checked without that cost.
#[derive(Default)]
pub(super) struct Memory {
    blocks: Vec<Block>,
    /// How many of them, from the first, a job may have written to.
    used: usize,
}

impl Memory {
    fn at_least(&mut self, blocks: usize) -> Result<&mut [Block], OutOfMemory> {
        if let Some(missing) = blocks.checked_sub(self.blocks.len()) {
            self.blocks.try_reserve_exact(missing).map_err(|_| OutOfMemory)?;
            self.blocks.resize(blocks, Block::new());
        }
        self.used = self.used.max(blocks);
        Ok(&mut self.blocks)
    }

    /// Overwrites what a job has left.
    pub(super) fn wipe(&mut self) {
        // A plain fill suffices, and is much faster than volatile writes: the memory lives on and is read again.
        let used = std::mem::take(&mut self.used);
        if let Some(written) = self.blocks.get_mut(..used) {
            written.fill(Block::new());
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.blocks.zeroize();
    }
}

/// A stored argon2 hash.
pub(super) struct Argon2 {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Box<[u8]>,
    digest: Box<[u8]>,
}

impl Argon2 {
    /// What an unknown user costs where no user is known: the parameters of [`hash_password`](super::hash_password).
    pub(super) fn placeholder() -> Self {
        let digest = vec![0; Params::DEFAULT_OUTPUT_LEN].into();
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        Self { algorithm, version, params: Params::DEFAULT, salt: Box::new([0; 16]), digest }
    }
}

impl StoredHash for Argon2 {
    fn matches(&self, password: &[u8], memory: &mut Memory) -> Result<bool, OutOfMemory> {
        let blocks = memory.at_least(self.params.block_count())?;
        let mut digest = [0; phc::MAX_DIGEST];
        let digest = digest.get_mut(..self.digest.len()).ok_or(OutOfMemory)?;
        Engine::new(self.algorithm, self.version, self.params.clone())
            .hash_password_into_with_memory(password, &self.salt, digest, blocks)
            .map_err(|_| OutOfMemory)?;
        let equal = constant_time_eq(digest, &self.digest);
        digest.zeroize();
        Ok(equal)
    }

    fn needs_rehash(&self) -> bool {
        let (memory, passes) = (self.params.m_cost(), self.params.t_cost());
        let suffices = SUFFICIENT.iter().any(|&(least, times)| memory >= least && passes >= times);
        self.algorithm != Algorithm::Argon2id || self.version != Version::V0x13 || !suffices
    }
}

/// A new argon2id hash with the default parameters.
pub(super) fn digest(password: &[u8], salt: &[u8], memory: &mut Memory) -> Result<Fresh, OutOfMemory> {
    let blocks = memory.at_least(Params::DEFAULT.block_count())?;
    let mut digest = [0; Params::DEFAULT_OUTPUT_LEN];
    Engine::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
        .hash_password_into_with_memory(password, salt, &mut digest, blocks)
        .map_err(|_| OutOfMemory)?;
    Ok(Fresh { params: Params::DEFAULT, digest })
}

/// What [`digest`] made, and with what.
pub(super) struct Fresh {
    pub(super) params: Params,
    pub(super) digest: [u8; Params::DEFAULT_OUTPUT_LEN],
}

/// Reads `$argon2id$v=19$m=…,t=…,p=…$salt$digest`, in this order and with nothing else, as the reference implementation
/// writes it; likewise argon2i and argon2d, and version 16.
pub(super) fn read(kind: &str, text: &str) -> Result<Argon2, &'static str> {
    let mut fields = text.split('$').skip(2);
    let (version, costs, salt, digest) = (fields.next(), fields.next(), fields.next(), fields.next());
    let (Some(costs), Some(salt), Some(digest), None) = (costs, salt, digest, fields.next()) else {
        return Err("not of the form $argon2id$v=19$m=…,t=…,p=…$salt$hash");
    };
    let algorithm = kind.parse().map_err(|_| "not of the form $argon2id$v=19$m=…,t=…,p=…$salt$hash")?;
    let version = match version {
        Some("v=19") => Version::V0x13,
        Some("v=16") => Version::V0x10,
        _ => return Err("not of argon2 version 19 or 16: hash the password anew"),
    };
    let Some([memory, passes, lanes]) = phc::costs(costs, ["m", "t", "p"]) else {
        return Err("the parameters are not of the form m=…,t=…,p=… in plain numbers");
    };
    if memory > MAX_MEMORY_KIB {
        return Err("m is over 262144 (256 MiB): hash the password with less memory");
    }
    if passes > MAX_PASSES || memory.saturating_mul(passes) > MAX_MEMORY_KIB_PASSES {
        return Err("t is over 16, or m times t over 1048576: hash the password with fewer passes");
    }
    if lanes > MAX_LANES {
        return Err("p is over 16: hash the password with fewer lanes");
    }
    let (salt, digest) = phc::bytes(salt, digest)?;
    let params = Params::new(memory, passes, lanes, Some(digest.len()))
        .map_err(|_| "m is under 8 times p, or t or p is zero: hash the password anew")?;
    Ok(Argon2 { algorithm, version, params, salt, digest })
}
