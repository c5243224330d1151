//! One cookie of a request, read from the `Cookie` fields (RFC 6265 section 5.4).

use http::HeaderMap;
use http::header::COOKIE;

use super::unreadable::Unreadable;

/// The value of the cookie called `name`; `None` where the request has none.
///
/// All `Cookie` lines count, since HTTP/2 may send one for each cookie. Names are compared byte for byte: `__host-id` is
/// not `__Host-id`, which is what makes the browser's promise about the prefix worth something. Quotes around the value
/// are taken off. Other cookies are skipped unread, whatever bytes they hold.
///
/// # Errors
///
/// [`Ambiguous`](Unreadable::Ambiguous) where the name comes twice, on one line or on several, even with equal values: a
/// neighbouring site can plant a cookie, and no order tells which one is ours. [`Malformed`](Unreadable::Malformed)
/// where the value holds anything but visible ASCII.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header::COOKIE};
/// use portcullis::credentials::{Unreadable, find_cookie};
///
/// let mut headers = HeaderMap::new();
/// headers.append(COOKIE, HeaderValue::from_static("theme=dark; __Host-id=31d4d96e"));
/// assert_eq!(find_cookie(&headers, "__Host-id"), Ok(Some("31d4d96e")));
///
/// headers.append(COOKIE, HeaderValue::from_static("__Host-id=planted"));
/// assert_eq!(find_cookie(&headers, "__Host-id"), Err(Unreadable::Ambiguous));
/// ```
pub fn find_cookie<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Unreadable> {
    let lines = headers.get_all(COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b';'));
    let mut values = pairs.filter_map(|pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    // Both are looked for before either is judged, so that the order of a good and a broken one decides nothing.
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => visible(unquoted(value)).map(Some),
        (Some(_), Some(_)) => Err(Unreadable::Ambiguous),
    }
}

fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

fn visible(value: &[u8]) -> Result<&str, Unreadable> {
    str::from_utf8(value)
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()))
        .ok_or(Unreadable::Malformed("the cookie's value is not visible ASCII"))
}
