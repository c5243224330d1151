//! One cookie of a request, read from the `Cookie` fields (RFC 6265 section 5.4).

use http::HeaderMap;
use http::header::COOKIE;
use memchr::memchr_iter;

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
    find_cookie_bytes(headers, name)?.map(visible).transpose()
}

/// As [`find_cookie`], for who reads the value more strictly anyway.
pub(crate) fn find_cookie_bytes<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a [u8]>, Unreadable> {
    let mut found = None;
    for line in headers.get_all(COOKIE) {
        for pair in pairs(line.as_bytes()) {
            let value = pair.trim_ascii().strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
            // All are looked for before one is judged, so that the order of a good and a broken one decides nothing.
            if value.is_some() && found.replace(value).is_some() {
                return Err(Unreadable::Ambiguous);
            }
        }
    }
    Ok(found.flatten().map(unquoted))
}

/// What lies between the semicolons.
fn pairs(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    // Sixteen bytes at a time, which tells where browsers send long lines.
    memchr_iter(b';', line).chain([line.len()]).filter_map(move |end| {
        let pair = line.get(start..end);
        start = end + 1;
        pair
    })
}

fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

/// The value as a text.
pub(crate) fn visible(value: &[u8]) -> Result<&str, Unreadable> {
    // Without branches, as in `is_token68`.
    let is_visible = value.iter().fold(true, |all, byte| all & byte.is_ascii_graphic());
    str::from_utf8(value)
        .ok()
        .filter(|_| is_visible)
        .ok_or(Unreadable::Malformed("the cookie's value is not visible ASCII"))
}
