//! Base64url in its one spelling: no padding, no foreign characters, unused bits zero (RFC 7515 section 2).

use base64::Engine;
#[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
use base64::engine::general_purpose::URL_SAFE_NO_PAD as ENGINE;

#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
use self::vector::ENGINE;
use super::findings::NOT_CANONICAL;
use super::json::Cause;

/// The bytes that `text` spells.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, Cause> {
    ENGINE.decode(text).map_err(|_| NOT_CANONICAL)
}

/// The same, into `room`, which has at least [`room_for`] the text.
pub(super) fn decode_into<'r>(text: &str, room: &'r mut [u8]) -> Result<&'r [u8], Cause> {
    let length = ENGINE.decode_slice(text, room).map_err(|_| NOT_CANONICAL)?;
    room.get(..length).ok_or(NOT_CANONICAL)
}

/// The room that decoding asks for: whole quanta, so at times two bytes more than it fills.
pub(super) fn room_for(text: &str) -> usize {
    base64::decoded_len_estimate(text.len())
}

/// Three times as fast where the machine has vector instructions, which is found out once.
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
mod vector {
    use std::sync::LazyLock;

    use base64::engine::Simd;
    use base64::engine::general_purpose::NO_PAD;

    pub(super) static ENGINE: LazyLock<Simd> = LazyLock::new(|| Simd::url_safe(NO_PAD));
}
