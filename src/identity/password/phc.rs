//! What the PHC string forms have in common: `$kind$costs$salt$digest`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The longest digest of a stored hash, in bytes.
pub(super) const MAX_DIGEST: usize = 64;

const SALT_LENGTHS: std::ops::RangeInclusive<usize> = 8..=64;
const DIGEST_LENGTHS: std::ops::RangeInclusive<usize> = 16..=MAX_DIGEST;

/// The numbers of `m=…,t=…,p=…` for the names `m`, `t` and `p`: in this order, canonical, and nothing else.
pub(super) fn costs<const N: usize>(text: &str, names: [&str; N]) -> Option<[u32; N]> {
    let mut costs = text.split(',');
    let mut numbers = [0; N];
    for (number, name) in numbers.iter_mut().zip(names) {
        *number = decimal(costs.next()?.strip_prefix(name)?.strip_prefix('=')?)?;
    }
    if costs.next().is_none() { Some(numbers) } else { None }
}

/// A number without a sign or zeros in front.
pub(super) fn decimal(digits: &str) -> Option<u32> {
    let canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if canonical { digits.parse().ok() } else { None }
}

/// A salt and a digest.
pub(super) type Bytes = (Box<[u8]>, Box<[u8]>);

/// Reads both from base64, and holds them to lengths that are worth computing.
pub(super) fn bytes(salt: &str, digest: &str) -> Result<Bytes, &'static str> {
    let (Ok(salt), Ok(digest)) = (STANDARD_NO_PAD.decode(salt), STANDARD_NO_PAD.decode(digest)) else {
        return Err("the salt or the hash is not base64 without padding");
    };
    if !SALT_LENGTHS.contains(&salt.len()) {
        return Err("the salt has not 8 to 64 bytes");
    }
    if !DIGEST_LENGTHS.contains(&digest.len()) {
        return Err("the hash has not 16 to 64 bytes");
    }
    Ok((salt.into(), digest.into()))
}
