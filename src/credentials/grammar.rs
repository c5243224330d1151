//! The three pieces of RFC 9110 grammar that all readers share: token, token68, blanks.

/// Splits where the first byte stands that `belongs` does not hold for.
pub(super) fn split_while(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|&byte| !belongs(byte)).unwrap_or(bytes.len());
    bytes.split_at(end)
}

/// Whether `byte` may stand in a token (RFC 9110 section 5.6.2): scheme names, parameter names, cookie names.
pub(super) const fn is_token_byte(byte: u8) -> bool {
    TOKEN[byte as usize]
}

/// Whether all of `bytes` is one token68 (RFC 9110 section 11.2): at least one character, then padding and nothing else.
pub(super) fn is_token68(bytes: &[u8]) -> bool {
    let padding = bytes.iter().rev().take_while(|&&byte| byte == b'=').count();
    let characters = bytes.len() - padding;
    // All bytes are looked at, by comparisons and without branches, so that the compiler takes many at a time: a good
    // token, the common case, is read ten times as fast.
    characters > 0 && bytes.iter().take(characters).fold(true, |all, &byte| all & is_token68_byte(byte))
}

const fn is_token68_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() | matches!(byte, b'-'..=b'/') | (byte == b'+') | (byte == b'_') | (byte == b'~')
}

/// Whether `byte` is optional whitespace (RFC 9110 section 5.6.3).
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// One entry per value of a byte, so that a look-up always finds one.
const fn letters_digits_and(others: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut index = 0;
    while index < others.len() {
        table[others[index] as usize] = true;
        index += 1;
    }
    table
}

const TOKEN: [bool; 256] = letters_digits_and(b"!#$%&'*+-.^_`|~");
