//! Cookies as RFC 6265 and its revision have them, and the session id that one of them carries.

#![expect(clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use portcullis::credentials::{CookieName, SessionCookie, SessionId, Unreadable, find_cookie};
use proptest::prelude::*;

fn request<T: AsRef<[u8]>>(lines: impl IntoIterator<Item = T>) -> HeaderMap {
    lines.into_iter().map(|line| (COOKIE, HeaderValue::from_bytes(line.as_ref()).unwrap())).collect()
}

fn find(lines: &[&str]) -> Result<Option<String>, Unreadable> {
    find_cookie(&request(lines), "__Host-id").map(|value| value.map(str::to_owned))
}

fn found(value: &str) -> Result<Option<String>, Unreadable> {
    Ok(Some(value.to_owned()))
}

fn session_cookie(name: &str) -> SessionCookie {
    SessionCookie::new(CookieName::new(name).unwrap())
}

fn text(value: &HeaderValue) -> String {
    value.to_str().unwrap().to_owned()
}

/// RFC 6265 section 4.2
#[test]
fn a_cookie_is_found_among_others() {
    assert_eq!(find(&["__Host-id=abc"]), found("abc"));
    assert_eq!(find(&["a=1; __Host-id=abc; b=2"]), found("abc"));
    assert_eq!(find(&["a=1;__Host-id=abc;b=2"]), found("abc"));
    assert_eq!(find(&[" a=1 ;\t__Host-id=abc \t; b=2;"]), found("abc"));
    assert_eq!(find(&["__Host-id=a=b=="]), found("a=b=="), "only the first equals sign separates");
}

/// RFC 9113 section 8.2.3, COOKIE-1
#[test]
fn several_cookie_lines_are_one_list() {
    assert_eq!(find(&["a=1", "__Host-id=abc"]), found("abc"));
    assert_eq!(find(&["", "a=1; b=2", "c=3; __Host-id=abc", ";;"]), found("abc"));
}

/// RFC 6265 section 4.2.2, COOKIE-2
#[test]
fn a_name_twice_is_ambiguous_in_every_order_and_on_every_line() {
    for lines in [
        ["__Host-id=good; __Host-id=bad", "a=1"],
        ["__Host-id=bad; __Host-id=good", "a=1"],
        ["__Host-id=good", "__Host-id=bad"],
        ["__Host-id=bad", "a=1; __Host-id=good"],
        ["__Host-id=same; __Host-id=same", ""],
        ["__Host-id=good; __Host-id=", ""],
        ["__Host-id=b\u{e4}d", "__Host-id=good"],
        ["__Host-id=good", "__Host-id=b\u{e4}d"],
    ] {
        assert_eq!(find(&lines), Err(Unreadable::Ambiguous), "{lines:?}");
    }
    assert_eq!(find(&["__Host-id=copy"; 30]), Err(Unreadable::Ambiguous));
}

/// RFC 6265bis section 4.1.3, COOKIE-5
#[test]
fn a_name_is_compared_byte_for_byte() {
    for line in [
        "__host-id=abc",
        "__HOST-id=abc",
        "__Host-ID=abc",
        "__Host-i=abc",
        "__Host-idx=abc",
        "x__Host-id=abc",
        "__Secure-id=abc",
        "__Host-id =abc",
        "\"__Host-id\"=abc",
        "a=__Host-id=abc",
    ] {
        assert_eq!(find(&[line]), Ok(None), "{line}");
    }
}

#[test]
fn the_mere_name_is_no_cookie_and_an_empty_value_is_an_empty_value() {
    assert_eq!(find(&["__Host-id"]), Ok(None));
    assert_eq!(find(&[]), Ok(None));
    assert_eq!(find(&["__Host-id="]), found(""));
    assert!(SessionId::parse("").is_err(), "which is no session id");
}

/// RFC 6265 section 4.1.1
#[test]
fn quotes_are_taken_off_in_pairs_alone() {
    assert_eq!(find(&["__Host-id=\"abc\""]), found("abc"));
    assert_eq!(find(&["__Host-id=\"\""]), found(""));
    assert_eq!(find(&["__Host-id=\"abc"]), found("\"abc"));
    assert_eq!(find(&["__Host-id=abc\""]), found("abc\""));
    assert_eq!(find(&["__Host-id=\""]), found("\""));
    assert_eq!(find(&["__Host-id=\"\"abc\"\""]), found("\"abc\""));
}

/// RFC 6265 section 4.1.1
#[test]
fn a_value_that_is_not_visible_ascii_is_malformed() {
    for value in [b"a b".as_slice(), b"a\tb", b" ab", b"\" ab\"", b"\xff", b"a\xc3\xa4", b"\xa0"] {
        let line = [b"__Host-id=".as_slice(), value].concat();
        let refused = find_cookie(&request([line]), "__Host-id").unwrap_err();
        assert!(matches!(refused, Unreadable::Malformed(_)), "{}", value.escape_ascii());
    }
}

/// A neighbour's garbage must not log anybody out
#[test]
fn other_cookies_may_hold_any_bytes() {
    let headers = request([b"\xff\xfe=\x80; =; ; \"; __Host-id=abc; a=\"x".as_slice(), b"\xf0", b"b=\xc3("]);
    assert_eq!(find_cookie(&headers, "__Host-id"), Ok(Some("abc")));
}

#[test]
fn thousands_of_cookies_are_one_walk() {
    let many = (0..5_000).map(|index| format!("c{index}=v")).collect::<Vec<_>>().join("; ");
    let huge = format!("big={}", "x".repeat(60 * 1024));
    assert_eq!(find(&[&many, "__Host-id=abc", &many, &huge]), found("abc"));
    assert_eq!(find(&[&";".repeat(60 * 1024)]), Ok(None));
}

/// COOKIE-3, COOKIE-6
#[test]
fn the_cookie_is_set_with_every_protection_by_default() {
    let set = session_cookie("__Host-id").set(&SessionId::from_bytes([0xfb; 32]), Duration::from_millis(90_999));
    let parts: Vec<_> = text(&set).split("; ").map(str::to_owned).collect();
    assert_eq!(parts[0], "__Host-id=-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s");
    for attribute in ["Max-Age=90", "Path=/", "HttpOnly", "SameSite=Lax", "Secure"] {
        assert!(parts.iter().any(|part| part == attribute), "{attribute}");
    }
    assert_eq!(parts.len(), 6, "and no Domain, no Expires");
    assert!(set.is_sensitive());
}

/// RFC 6265 section 3.1: a cookie is removed with the attributes that it was set with
#[test]
fn clearing_differs_from_setting_in_value_and_age_alone() {
    for cookie in [
        session_cookie("__Host-id"),
        session_cookie("__Host-id").same_site_strict(),
        session_cookie("id").allow_insecure().unwrap(),
    ] {
        let id = SessionId::from_bytes([1; 32]);
        let set = text(&cookie.set(&id, Duration::from_secs(5)));
        let expected = set.replace(id.encode().expose(), "").replace("Max-Age=5", "Max-Age=0");
        assert_eq!(text(&cookie.clear()), expected);
    }
}

/// RFC 6265 section 5.2.2
#[test]
fn no_age_is_too_long_to_be_written() {
    let set = session_cookie("id").set(&SessionId::from_bytes([1; 32]), Duration::MAX);
    assert!(text(&set).contains("; Max-Age=18446744073709551615; "));
}

/// COOKIE-3
#[test]
fn a_prefixed_name_cannot_lose_secure() {
    for name in ["__Host-id", "__Secure-id", "__Http-id", "__Host-Http-id"] {
        let fault = session_cookie(name).allow_insecure().unwrap_err();
        assert_eq!(fault.setting(), "cookie", "{name}");
    }
    let insecure = session_cookie("id").allow_insecure().unwrap();
    assert!(!text(&insecure.clear()).contains("Secure"));
    assert_eq!(insecure.name(), "id");
}

/// RFC 6265 section 4.1.1, COOKIE-5
#[test]
fn a_name_is_a_token_and_spells_its_prefix_right() {
    for name in ["id", "__Host-id", "__Secure-a.b", "a!#$%&'*+-.^_`|~9", "__Hos", "_", "Host-id"] {
        assert_eq!(CookieName::new(name).unwrap().as_str(), name);
    }
    for name in
        ["", "a b", "a=b", "a;b", "a,b", "a\"", "ä", "a\r\nSet-Cookie:x", "a\0", "__host-id", "__SECURE-id", "__HTTP-x"]
    {
        assert!(CookieName::new(name).is_err(), "{name:?}");
    }
}

/// RFC 4648 sections 3.2 and 3.5
#[test]
fn a_session_id_has_one_spelling() {
    let zeros = "A".repeat(43);
    assert_eq!(SessionId::parse(&zeros).unwrap().expose(), &[0; 32]);
    let stray_bits = format!("{}B", "A".repeat(42));
    let standard_alphabet = format!("{}+/A", "A".repeat(40));
    for other in [
        stray_bits,
        standard_alphabet,
        "A".repeat(42),
        "A".repeat(44),
        format!("{zeros}="),
        format!(" {zeros}"),
        format!("{zeros}\n"),
        "\u{e4}".repeat(22),
        "A".repeat(60 * 1024),
    ] {
        assert!(SessionId::parse(&other).is_err(), "{other}");
    }
}

/// What was sent appears in no log
#[test]
fn a_session_id_is_not_printed() {
    let id = SessionId::from_bytes(*b"0123456789abcdef0123456789abcdef");
    assert_eq!(format!("{id:?} {:?}", id.encode()), "SessionId { .. } Secret(..)");
    let set = session_cookie("__Host-id").set(&id, Duration::from_secs(1));
    assert!(!format!("{set:?}").contains(&id.encode().expose()[..12]));
}

proptest! {
    /// RFC 4648 section 5
    #[test]
    fn a_session_id_survives_the_cookie(bytes in any::<[u8; 32]>()) {
        let cookie = session_cookie("__Host-id");
        let set = text(&cookie.set(&SessionId::from_bytes(bytes), Duration::from_secs(60)));
        let headers = request([set.split(';').next().unwrap()]);
        let value = find_cookie(&headers, cookie.name()).unwrap().unwrap();
        prop_assert!(SessionId::parse(value).unwrap() == SessionId::from_bytes(bytes));
    }

    /// COOKIE-1, COOKIE-2
    #[test]
    fn neither_order_nor_lines_change_what_is_found(
        pairs in proptest::collection::vec("(id|ID|x)(=[a-c\"\u{e4} ]{0,3})?", 0..6),
        turn in 0..6_usize,
        split in 0..6_usize,
    ) {
        let one_line = request([pairs.join("; ")]);
        let mut turned = pairs.clone();
        turned.rotate_left(turn % pairs.len().max(1));
        let (first, second) = turned.split_at(split.min(turned.len()));
        let two_lines = request([first.join(";"), second.join("; ")]);
        prop_assert_eq!(find_cookie(&one_line, "id"), find_cookie(&two_lines, "id"));
    }

    #[test]
    fn no_cookie_line_makes_the_reader_panic(
        line in proptest::collection::vec(prop_oneof![Just(b';'), Just(b'='), Just(b'"'), Just(b'i'), 0x20..0x7f_u8, 0x80..=0xff_u8], 0..60),
    ) {
        let headers = request([line]);
        if let Ok(Some(value)) = find_cookie(&headers, "i") {
            let _ = SessionId::parse(value);
        }
    }
}
