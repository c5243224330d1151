//! A log-in as browsers send a form: `application/x-www-form-urlencoded`.

use std::mem;

use zeroize::{Zeroize, Zeroizing};

use super::fields::{Fields, Name};
use crate::response::digit;
use crate::secret::Secret;

/// `None` for a broken escape, text that is not UTF-8, and a field twice.
pub(super) fn read(body: &[u8], may_remember: bool) -> Option<Fields> {
    let mut fields = Fields::default();
    for pair in body.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |&byte| byte == b'=');
        let name = decoded(halves.next()?)?;
        let value = decoded(halves.next().unwrap_or_default())?;
        fields.see(name.expose())?;
        fields.take(Name::of(name.expose(), may_remember), value)?;
    }
    Some(fields)
}

/// What is decoded may be a password, and so is wiped when it is not needed any more.
fn decoded(text: &[u8]) -> Option<Secret<String>> {
    // Sized once: what grows leaves copies behind.
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => digit(*bytes.next()?)? << 4 | digit(*bytes.next()?)?,
            b'+' => b' ',
            other => other,
        });
    }
    match String::from_utf8(mem::take(&mut *decoded)) {
        Ok(text) => Some(Secret::new(text)),
        Err(error) => {
            error.into_bytes().zeroize();
            None
        }
    }
}
