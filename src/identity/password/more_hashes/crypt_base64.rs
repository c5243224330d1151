//! The base64 of crypt(3): 24 bits at a time, the lowest first, with the bytes in an order of their own.

/// The letters of `bytes`, which are taken in threes, highest first; the rest at the end, two or one, fills fewer
/// letters.
pub(super) fn encode(bytes: impl IntoIterator<Item = [u8; 3]>, letters: &mut [u8]) {
    let mut rest = letters.iter_mut();
    for [high, middle, low] in bytes {
        let mut bits = u32::from_be_bytes([0, high, middle, low]);
        for letter in rest.by_ref().take(4) {
            *letter = ALPHABET.get((bits & 0x3f) as usize).copied().unwrap_or_default();
            bits >>= 6;
        }
    }
}

/// Whether `text` is `length` letters of the alphabet.
pub(super) fn is_encoded(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|letter| ALPHABET.contains(&letter))
}

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
