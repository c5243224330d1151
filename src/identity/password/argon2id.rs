//! argon2id (RFC 9106) in PHC string form.

use std::error::Error;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use constant_time_eq::constant_time_eq;
use zeroize::Zeroize;

use super::hash::{OutOfMemory, StoredHash};
use crate::credentials::BasicCredentials;

/// 256 MiB.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 16;
/// Memory times passes is what the time grows with: 1 GiB takes about a second.
const MAX_MEMORY_KIB_PASSES: u32 = 1024 * 1024;
const SALT_LENGTHS: std::ops::RangeInclusive<usize> = 8..=64;
const DIGEST_LENGTHS: std::ops::RangeInclusive<usize> = 16..=64;

/// Hashes a new password: argon2id with 19456 KiB, 2 passes and 1 lane, the parameters that OWASP recommends, and a
/// fresh salt of 16 bytes from the operating system. The result is a PHC string, as [`User::new`](super::User::new)
/// reads it.
///
/// This takes some 30 ms of the calling thread; from async code run it on a pool, with
/// [`HashPool::run`](super::HashPool::run).
///
/// ```
/// use portcullis::identity::password::hash_password;
///
/// let stored = hash_password("correct horse battery staple")?;
/// assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
/// # Ok::<(), portcullis::identity::password::HashError>(())
/// ```
///
/// # Errors
///
/// When the password could not be sent in a Basic credential later (empty, control characters, over 1024 bytes), or the
/// operating system gives no random bytes or no memory.
pub fn hash_password(password: &str) -> Result<String, HashError> {
    if password.is_empty() {
        return Err(HashError::Empty);
    }
    if password.chars().any(char::is_control) {
        return Err(HashError::ControlCharacter);
    }
    if password.len() > BasicCredentials::MAX_PASSWORD {
        return Err(HashError::TooLong);
    }
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| HashError::NoRandomness(error.into()))?;
    let params = Params::DEFAULT;
    let mut digest = [0; Params::DEFAULT_OUTPUT_LEN];
    engine(params.clone())
        .hash_password_into(password.as_bytes(), &salt, &mut digest)
        .map_err(|_| HashError::OutOfMemory)?;
    Ok(format!(
        "$argon2id$v=19$m={},t={},p={}${}${}",
        params.m_cost(),
        params.t_cost(),
        params.p_cost(),
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(digest)
    ))
}

/// Why a new password was not hashed.
///
/// ```
/// use portcullis::identity::password::{HashError, hash_password};
///
/// assert!(matches!(hash_password(""), Err(HashError::Empty)));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// A control character, which a Basic credential cannot carry (RFC 7617 section 2).
    #[error("the password holds a control character")]
    ControlCharacter,
    /// No password at all.
    #[error("the password is empty")]
    Empty,
    /// The operating system gives no random bytes for the salt.
    #[error("no random bytes for the salt")]
    NoRandomness(#[source] Box<dyn Error + Send + Sync>),
    /// The operating system gives no memory for the work.
    #[error("no memory for hashing a password")]
    OutOfMemory,
    /// Over 1024 bytes.
    #[error("the password is longer than 1024 bytes")]
    TooLong,
}

/// The blocks that argon2id works in. A worker keeps them from one job to the next, because fetching 19 MiB from the
/// operating system costs a tenth of the hash itself, and wipes them in between, because they would let a guess be
/// checked without that cost.
#[derive(Default)]
pub(super) struct Memory {
    blocks: Vec<Block>,
    used: bool,
}

impl Memory {
    fn at_least(&mut self, blocks: usize) -> Result<&mut [Block], OutOfMemory> {
        if let Some(missing) = blocks.checked_sub(self.blocks.len()) {
            self.blocks.try_reserve_exact(missing).map_err(|_| OutOfMemory)?;
            self.blocks.resize(blocks, Block::new());
        }
        self.used = true;
        Ok(&mut self.blocks)
    }

    /// Overwrites what a job has left.
    pub(super) fn wipe(&mut self) {
        // A plain fill suffices, and is much faster than volatile writes: the memory lives on and is read again.
        if std::mem::take(&mut self.used) {
            self.blocks.fill(Block::new());
        }
    }
}

/// A stored argon2id hash.
pub(super) struct Argon2id {
    params: Params,
    salt: Box<[u8]>,
    digest: Box<[u8]>,
}

impl Argon2id {
    /// What an unknown user costs where no user is known: the parameters of [`hash_password`].
    pub(super) fn placeholder() -> Self {
        let digest = vec![0; Params::DEFAULT_OUTPUT_LEN].into();
        Self { params: Params::DEFAULT, salt: Box::new([0; 16]), digest }
    }
}

impl StoredHash for Argon2id {
    fn matches(&self, password: &[u8], memory: &mut Memory) -> Result<bool, OutOfMemory> {
        let blocks = memory.at_least(self.params.block_count())?;
        let mut digest = [0; *DIGEST_LENGTHS.end()];
        let digest = digest.get_mut(..self.digest.len()).ok_or(OutOfMemory)?;
        engine(self.params.clone())
            .hash_password_into_with_memory(password, &self.salt, digest, blocks)
            .map_err(|_| OutOfMemory)?;
        let equal = constant_time_eq(digest, &self.digest);
        digest.zeroize();
        Ok(equal)
    }
}

fn engine(params: Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Reads `$argon2id$v=19$m=…,t=…,p=…$salt$digest`, in this order and with nothing else, as the reference implementation
/// writes it.
pub(super) fn read(text: &str) -> Result<Argon2id, &'static str> {
    let mut fields = text.split('$').skip(2);
    let (version, costs, salt, digest) = (fields.next(), fields.next(), fields.next(), fields.next());
    let (Some(costs), Some(salt), Some(digest), None) = (costs, salt, digest, fields.next()) else {
        return Err("not of the form $argon2id$v=19$m=…,t=…,p=…$salt$hash");
    };
    if version != Some("v=19") {
        return Err("not of argon2 version 19: hash the password anew");
    }
    let mut costs = costs.split(',');
    let mut cost = |name: &str| costs.next()?.strip_prefix(name)?.strip_prefix('=').and_then(decimal);
    let (Some(memory), Some(passes), Some(lanes), None) = (cost("m"), cost("t"), cost("p"), costs.next()) else {
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
    let (Ok(salt), Ok(digest)) = (STANDARD_NO_PAD.decode(salt), STANDARD_NO_PAD.decode(digest)) else {
        return Err("the salt or the hash is not base64 without padding");
    };
    if !SALT_LENGTHS.contains(&salt.len()) {
        return Err("the salt has not 8 to 64 bytes");
    }
    if !DIGEST_LENGTHS.contains(&digest.len()) {
        return Err("the hash has not 16 to 64 bytes");
    }
    let params = Params::new(memory, passes, lanes, Some(digest.len()))
        .map_err(|_| "m is under 8 times p, or t or p is zero: hash the password anew")?;
    Ok(Argon2id { params, salt: salt.into(), digest: digest.into() })
}

fn decimal(digits: &str) -> Option<u32> {
    let canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if canonical { digits.parse().ok() } else { None }
}
