//! Whatever stands in `Cookie` fields, and whatever a session cookie is called: what we set is what we find.
#![no_main]

use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use portcullis::credentials::{CookieName, SessionCookie, SessionId, Unreadable, find_cookie};

fuzz_target!(|data: &[u8]| {
    let (name, lines) = match data.iter().position(|&byte| byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (&b"__Host-session"[..], data),
    };
    let Ok(name) = str::from_utf8(name) else { return };
    let Ok(cookie_name) = CookieName::new(name) else { return };
    assert_eq!(cookie_name.as_str(), name);

    let mut headers = HeaderMap::new();
    for line in lines.split(|&byte| byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(COOKIE, value);
        }
    }
    // A second, slower reader: every pair of every line, taken apart in the other order.
    let mut values = Vec::new();
    for line in headers.get_all(COOKIE) {
        for pair in line.as_bytes().split(|&byte| byte == b';') {
            let pair = pair.trim_ascii();
            let Some(at) = pair.iter().position(|&byte| byte == b'=') else { continue };
            if &pair[..at] == name.as_bytes() {
                values.push(&pair[at + 1..]);
            }
        }
    }
    let found = find_cookie(&headers, name);
    match (values.as_slice(), found) {
        ([], Ok(None)) | ([_], Err(Unreadable::Malformed(_))) => {}
        ([_, _, ..], Err(Unreadable::Ambiguous)) => {}
        ([value], Ok(Some(text))) => {
            let quoted = format!("\"{text}\"");
            assert!(*value == text.as_bytes() || *value == quoted.as_bytes());
            assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
            if let Ok(id) = SessionId::parse(text) {
                assert_eq!(id.encode().expose().as_str(), text);
            }
        }
        (values, found) => panic!("{values:?} was read as {found:?}"),
    }

    // What a browser sends back after our `Set-Cookie` is found among whatever else it sends.
    if found_none(&headers, name) {
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(data.iter().cycle()).for_each(|(byte, &from)| *byte = from);
        let id = SessionId::from_bytes(bytes);
        let set = SessionCookie::new(cookie_name).set(&id, Duration::from_secs(60));
        let set = set.to_str().expect("a Set-Cookie value is visible ASCII");
        let pair = set.split(';').next().unwrap_or_default();
        headers.append(COOKIE, HeaderValue::from_str(pair).expect("a cookie pair is a header value"));
        let text = find_cookie(&headers, name).expect("readable").expect("there");
        assert!(SessionId::parse(text).expect("an id") == id);
    }
});

fn found_none(headers: &HeaderMap, name: &str) -> bool {
    matches!(find_cookie(headers, name), Ok(None))
}
