//! Credentials as a list of parameters (RFC 9110 section 11.2).

use std::borrow::Cow;
use std::fmt;

use super::grammar::{is_blank, is_token_byte, split_while};
use super::unreadable::Unreadable;

/// The `name=value` parameters of an `Authorization` field, read one by one.
///
/// A value may be a token or a quoted string; both arrive as the text they stand for, borrowed unless a backslash had to
/// be taken out. Blanks around `=` and `,` and empty list items are skipped. Names keep the client's spelling; compare
/// them without case.
///
/// Each item is [`Malformed`](Unreadable::Malformed) where the grammar breaks, a name comes twice in any case, a quoted
/// value is not UTF-8, or there are more than [`MAX`](Self::MAX) parameters. An error is the last item.
///
/// ```
/// use http::HeaderValue;
/// use portcullis::credentials::Authorization;
///
/// let value = HeaderValue::from_static(r#"Hawk id="dh37", nonce = j4h3g2, ext="say \"hi\"""#);
/// let parameters: Vec<_> = Authorization::parse(&value)?.parameters().collect::<Result<_, _>>()?;
/// assert_eq!(parameters[0], ("id", "dh37".into()));
/// assert_eq!(parameters[1], ("nonce", "j4h3g2".into()));
/// assert_eq!(parameters[2], ("ext", r#"say "hi""#.into()));
/// # Ok::<(), portcullis::credentials::Unreadable>(())
/// ```
#[derive(Clone)]
pub struct Parameters<'a> {
    rest: &'a [u8],
    /// The names so far. The limit keeps the search for repeated ones from growing with the square of the input.
    seen: [&'a str; MAX],
    count: usize,
}

impl<'a> Parameters<'a> {
    /// How many parameters are read at most: 32. The richest registered scheme, Digest, has 12.
    pub const MAX: usize = MAX;

    pub(super) const fn new(rest: &'a [u8]) -> Self {
        Self { rest, seen: [""; MAX], count: 0 }
    }

    fn read(&mut self) -> Result<Option<(&'a str, Cow<'a, str>)>, Unreadable> {
        let (_, item) = split_while(self.rest, |byte| byte == b',' || is_blank(byte));
        if item.is_empty() {
            return Ok(None);
        }
        let (name, rest) = token(item, "a parameter has no name")?;
        self.remember(name)?;
        let (_, rest) = split_while(rest, is_blank);
        let Some((b'=', rest)) = rest.split_first() else {
            return Err(Unreadable::Malformed("a parameter has no value"));
        };
        let (_, rest) = split_while(rest, is_blank);
        let (value, rest) = match rest.split_first() {
            Some((b'"', rest)) => quoted_string(rest)?,
            _ => token(rest, "a parameter has no value").map(|(value, rest)| (Cow::Borrowed(value), rest))?,
        };
        let (_, rest) = split_while(rest, is_blank);
        match rest.first() {
            None | Some(b',') => self.rest = rest,
            Some(_) => return Err(Unreadable::Malformed("a comma is missing between two parameters")),
        }
        Ok(Some((name, value)))
    }

    fn remember(&mut self, name: &'a str) -> Result<(), Unreadable> {
        if self.seen.iter().take(self.count).any(|seen| seen.eq_ignore_ascii_case(name)) {
            return Err(Unreadable::Malformed("a parameter is there twice"));
        }
        let free = self.seen.get_mut(self.count).ok_or(Unreadable::Malformed("there are too many parameters"))?;
        *free = name;
        self.count += 1;
        Ok(())
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Result<(&'a str, Cow<'a, str>), Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.read().transpose();
        if let None | Some(Err(_)) = item {
            self.rest = &[];
        }
        item
    }
}

impl std::iter::FusedIterator for Parameters<'_> {}

impl fmt::Debug for Parameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parameters").finish_non_exhaustive()
    }
}

fn token<'a>(bytes: &'a [u8], missing: &'static str) -> Result<(&'a str, &'a [u8]), Unreadable> {
    let (token, rest) = split_while(bytes, is_token_byte);
    match str::from_utf8(token) {
        Ok(token) if !token.is_empty() => Ok((token, rest)),
        _ => Err(Unreadable::Malformed(missing)),
    }
}

/// Reads on from behind the opening quote (RFC 9110 section 5.6.4).
fn quoted_string(bytes: &[u8]) -> Result<(Cow<'_, str>, &[u8]), Unreadable> {
    let mut escaped = false;
    let closing = bytes.iter().position(|&byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    let (inside, rest) = bytes.split_at(closing.ok_or(Unreadable::Malformed("a quoted value is not closed"))?);
    let rest = rest.get(1..).unwrap_or_default();
    if inside.iter().any(|&byte| byte.is_ascii_control() && byte != b'\t') {
        return Err(Unreadable::Malformed("a quoted value holds a control character"));
    }
    let text = str::from_utf8(inside).map_err(|_| Unreadable::Malformed("a quoted value is not UTF-8"))?;
    Ok((unescape(text), rest))
}

fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut unescaped = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        unescaped.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    Cow::Owned(unescaped)
}

const MAX: usize = 32;
