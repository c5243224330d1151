//! Where a client may be sent: a path of this server, and nothing that a browser could take for another.

use http::uri::PathAndQuery;

/// How long such a path may be, in bytes.
pub(crate) const MAX_OWN_PATH: usize = 2048;

/// `text` if it is a path of this server, with a query or without, that reads back to itself and means one thing to every
/// reader: no second slash at its beginning, no backslash, no segment of dots, nothing encoded that would be one of these.
pub(crate) fn own_path(text: &str) -> Option<&str> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#';
    if text.len() > MAX_OWN_PATH || !text.starts_with('/') || !text.bytes().all(is_plain) {
        return None;
    }
    let path = text.split('?').next()?;
    let decoded = decoded(path)?;
    let is_odd = |character: char| character.is_control() || matches!(character, '%' | '\\' | ';');
    let slashes = |text: &str| text.matches('/').count();
    if decoded.contains(is_odd) || decoded.contains("//") || slashes(&decoded) != slashes(path) {
        return None;
    }
    if decoded.split('/').any(|segment| matches!(segment, "." | "..")) {
        return None;
    }
    // The last word has who will read it in the end.
    text.parse::<PathAndQuery>().is_ok_and(|parsed| parsed.as_str() == text).then_some(text)
}

/// Decoded once; `None` for a broken escape and for what is not UTF-8.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = path.bytes();
    let mut decoded = Vec::with_capacity(path.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => digit(bytes.next()?)? << 4 | digit(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

/// The value of a hexadecimal digit.
pub(crate) fn digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
