//! RFC 6750 section 2.1: the token in the `Authorization` field.

#![expect(clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

use http::HeaderValue;
use portcullis::Reason;
use portcullis::credentials::{BearerToken, Unreadable};
use proptest::prelude::*;

fn read(line: impl AsRef<[u8]>) -> Result<BearerToken, Unreadable> {
    let value = HeaderValue::from_bytes(line.as_ref()).unwrap();
    BearerToken::from_header(&value, BearerToken::DEFAULT_MAX_LENGTH)
}

/// RFC 6750 section 2.1, HTTP-5, HTTP-6, BEARER-1
#[test]
fn the_token_is_what_follows_the_scheme_and_its_spaces() {
    for line in ["Bearer mF_9.B5f-4.1JqM", "bearer mF_9.B5f-4.1JqM", "BEARER   mF_9.B5f-4.1JqM"] {
        assert_eq!(read(line).unwrap().expose(), "mF_9.B5f-4.1JqM", "{line}");
    }
    assert_eq!(read("Bearer YWJj+/~w==").unwrap().expose(), "YWJj+/~w==");
}

/// BEARER-18
#[test]
fn an_empty_token_is_malformed_and_not_absent() {
    for line in ["Bearer", "Bearer ", "Bearer     "] {
        assert_eq!(read(line).unwrap_err().reason(), Reason::Malformed, "{line:?}");
    }
    assert_eq!(BearerToken::new("").unwrap_err().reason(), Reason::Malformed);
}

#[test]
fn a_token_with_any_other_character_is_malformed() {
    for token in ["%", "a%", "a\u{e4}", "a b", "a ", "a\t", "=", "{}", "a,b", "\"a\""] {
        assert_eq!(read(format!("Bearer {token}")).unwrap_err().reason(), Reason::Malformed, "{token:?}");
        assert_eq!(BearerToken::new(token).unwrap_err().reason(), Reason::Malformed, "{token:?}");
    }
    for byte in 0x80..=0xff_u8 {
        assert!(read([b"Bearer abc".as_slice(), &[byte]].concat()).is_err(), "{byte:#x}");
    }
    for token in [" a", "a\0b", "a\r\nb"] {
        assert!(BearerToken::new(token).is_err(), "{token:?}");
    }
}

/// RFC 6750 section 2.1
#[test]
fn another_scheme_is_not_read_as_bearer() {
    for line in ["Basic dTpw", "DPoP abc", "Bearers abc", "Bearerabc", "Token abc"] {
        assert_eq!(read(line).unwrap_err().reason(), Reason::Malformed, "{line}");
    }
}

#[test]
fn the_default_limit_is_16_kib_and_inclusive() {
    let token = "a".repeat(16 * 1024);
    assert_eq!(read(format!("Bearer {token}")).unwrap().expose(), token);
    assert_eq!(BearerToken::new(&token).unwrap().expose(), token);
    for longer in [16 * 1024 + 1, 64 * 1024, 1 << 20] {
        let token = "a".repeat(longer);
        assert_eq!(read(format!("Bearer {token}")).unwrap_err().reason(), Reason::Malformed, "{longer}");
        assert_eq!(BearerToken::new(&token).unwrap_err().reason(), Reason::Malformed, "{longer}");
    }
}

/// The length is judged first
#[test]
fn a_configured_limit_counts_the_token_alone_and_comes_before_its_content() {
    let value = HeaderValue::from_static("Bearer    abcd");
    assert!(BearerToken::from_header(&value, 4).is_ok());
    assert!(BearerToken::from_header(&value, 3).is_err());
    let garbage = HeaderValue::from_static("Bearer %%%%");
    let (within, beyond) = (BearerToken::from_header(&garbage, 4), BearerToken::from_header(&garbage, 3));
    assert_ne!(within.unwrap_err(), beyond.unwrap_err());
}

/// What was sent appears in no log
#[test]
fn the_token_is_not_printed() {
    assert_eq!(format!("{:?}", read("Bearer mF_9.B5f-4.1JqM").unwrap()), "BearerToken { .. }");
    let refused = read("Bearer mF_9.B5f-4.1JqM!").unwrap_err();
    assert!(!format!("{refused:?} {refused}").contains("mF_9"));
}

proptest! {
    /// RFC 6750 section 2.1
    #[test]
    fn every_token68_arrives_as_it_was_sent(token in "[-A-Za-z0-9._~+/]{1,200}={0,3}", spaces in " {1,5}") {
        let sent = read(format!("Bearer{spaces}{token}")).unwrap();
        prop_assert_eq!(sent.expose(), token.as_str());
        let made = BearerToken::new(&token).unwrap();
        prop_assert_eq!(made.expose(), token.as_str());
    }

    #[test]
    fn no_mutation_of_a_good_field_makes_the_reader_panic(
        at in 0..45_usize,
        with in proptest::collection::vec(prop_oneof![Just(b'\t'), 0x20..0x7f_u8, 0x80..=0xff_u8], 0..4),
        max_length in 0..64_usize,
    ) {
        let mut line = b"Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln".to_vec();
        line.splice(at..at + 2, with);
        let value = HeaderValue::from_bytes(&line).unwrap();
        if let Ok(token) = BearerToken::from_header(&value, max_length) {
            prop_assert!((1..=max_length).contains(&token.expose().len()));
            prop_assert!(line.ends_with(token.expose().as_bytes()));
        }
    }
}
