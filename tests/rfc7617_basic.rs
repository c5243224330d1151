//! RFC 7617, the request's half: what is a user name and a password, and what is not.

#![expect(clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use http::HeaderValue;
use portcullis::Reason;
use portcullis::credentials::{Authorization, BasicCredentials, Unreadable};
use proptest::prelude::*;

fn read(encoded: &str) -> Result<BasicCredentials, Unreadable> {
    let value = HeaderValue::from_str(&format!("Basic {encoded}")).unwrap();
    BasicCredentials::from_authorization(&Authorization::parse(&value)?)
}

fn read_decoded(text: impl AsRef<[u8]>) -> Result<BasicCredentials, Unreadable> {
    read(&BASE64_STANDARD.encode(text))
}

fn assert_read(text: &str, username: &str, password: &str) {
    let credentials = read_decoded(text).unwrap();
    assert_eq!((credentials.username(), credentials.expose_password()), (username, password));
}

fn assert_refused(text: impl AsRef<[u8]>) {
    let refused = read_decoded(&text).unwrap_err();
    assert_eq!(refused.reason(), Reason::Malformed, "{}", text.as_ref().escape_ascii());
}

/// RFC 7617 section 2, its example
#[test]
fn the_example_of_the_standard_is_read() {
    let credentials = read("QWxhZGRpbjpvcGVuIHNlc2FtZQ==").unwrap();
    assert_eq!((credentials.username(), credentials.expose_password()), ("Aladdin", "open sesame"));
}

/// RFC 7617 section 2.1, BASIC-9
#[test]
fn the_bytes_are_read_as_utf_8() {
    let credentials = read("dGVzdDoxMjPCow==").unwrap();
    assert_eq!((credentials.username(), credentials.expose_password()), ("test", "123\u{a3}"));
}

/// RFC 7617 section 2, BASIC-3
#[test]
fn the_first_colon_splits_and_later_ones_belong_to_the_password() {
    assert_read("u:a:b:c", "u", "a:b:c");
    assert_read("u::", "u", ":");
    assert_read("u:p:", "u", "p:");
}

/// RFC 7617 section 2, BASIC-4
#[test]
fn a_text_without_colon_is_no_credentials() {
    assert_refused("nocolon");
    assert_refused("user\u{ff1a}password");
}

/// RFC 8265 sections 3.3 and 4.2 through RFC 7617 section 2.1
#[test]
fn an_empty_user_name_or_password_is_refused() {
    for text in [":", "u:", ":p", "::"] {
        assert_refused(text);
    }
}

/// RFC 7617 section 2, BASIC-5
#[test]
fn no_control_character_is_let_in() {
    let c0_and_del = (0..0x20).chain([0x7f]);
    let c1 = 0x80..0xa0;
    for control in c0_and_del.chain(c1).filter_map(char::from_u32) {
        assert_refused(format!("u:a{control}b"));
        assert_refused(format!("u{control}:p"));
        assert!(BasicCredentials::new("u", &format!("p{control}")).is_err(), "{control:?}");
        assert!(BasicCredentials::new(&format!("{control}u"), "p").is_err(), "{control:?}");
    }
    assert_refused("u:p\r\nrole=admin");
}

/// RFC 4648 section 4, BASIC-6
#[test]
fn the_url_alphabet_is_not_read() {
    let text = "u:\u{ff}\u{3f}\u{fff}\u{fe}?>~";
    let (standard, url) = (BASE64_STANDARD.encode(text), BASE64_URL_SAFE.encode(text));
    assert_ne!(standard, url, "the text tells the two alphabets apart");
    assert!(read(&standard).is_ok());
    assert!(read(&url).is_err());
}

/// RFC 4648 sections 3.2, 3.3 and 3.5, BASIC-7
#[test]
fn there_is_one_spelling_of_the_base64() {
    assert!(read("dTpw").is_ok());
    assert!(read("dTpwcA==").is_ok(), "u:pp");
    for other in [
        "dTpw=",
        "dTpw==",
        "dTpw====",
        "dTpwx===",
        "dTpwcA",
        "dTpwcA=",
        "dTpwcA===",
        "dTpwcB==",
        "dTpwcP==",
        "dTpwcA==dTpw",
        "dTp w",
        "dTpw ",
        "d",
        "====",
        "dTp~",
        "dTp.",
    ] {
        assert_eq!(read(other).unwrap_err().reason(), Reason::Malformed, "{other}");
    }
}

#[test]
fn the_bare_scheme_is_malformed() {
    for line in ["Basic", "Basic ", "Basic    "] {
        let value = HeaderValue::from_static(line);
        let refused = BasicCredentials::from_authorization(&Authorization::parse(&value).unwrap()).unwrap_err();
        assert_eq!(refused.reason(), Reason::Malformed, "{line:?}");
    }
}

/// RFC 7617 section 2
#[test]
fn another_scheme_is_not_read_as_basic() {
    let value = HeaderValue::from_static("Bearer dTpw");
    assert!(BasicCredentials::from_authorization(&Authorization::parse(&value).unwrap()).is_err());
}

/// RFC 7617 section 2.1, BASIC-10
#[test]
fn invalid_utf_8_is_refused_and_not_patched() {
    let overlong_slash = b"u:\xc0\xaf".as_slice();
    let surrogate = b"u:\xed\xa0\x80".as_slice();
    let latin_1 = b"u:\xa3".as_slice();
    for bytes in [b"u:\xff".as_slice(), b"\xff:p", b"u:\xe2\x82", overlong_slash, surrogate, latin_1] {
        assert_refused(bytes);
    }
}

/// RFC 8265 section 4 through RFC 7617 section 2.1, BASIC-11
#[test]
fn every_other_character_is_let_in_and_left_as_it_is() {
    assert_read("u:\u{1f511}\u{1f409}", "u", "\u{1f511}\u{1f409}");
    assert_read("u:كلمة السر", "u", "كلمة السر");
    assert_read("jürgen:e\u{301}", "jürgen", "e\u{301}");
    assert_read("u: blanks around ", "u", " blanks around ");
    assert_read("Alice@example.com:\"\\,;=", "Alice@example.com", "\"\\,;=");
    let composed = read_decoded("u:\u{e9}").unwrap();
    let combining = read_decoded("u:e\u{301}").unwrap();
    assert_ne!(composed.expose_password(), combining.expose_password(), "nothing is normalised");
}

/// BASIC-18
#[test]
fn long_names_and_passwords_are_read_whole_up_to_the_limits() {
    let username = "n".repeat(BasicCredentials::MAX_USERNAME);
    let password = "p".repeat(BasicCredentials::MAX_PASSWORD);
    assert_read(&format!("{username}:{password}"), &username, &password);
    assert_read(&format!("u:{}", "x".repeat(1000)), "u", &"x".repeat(1000));
    assert!(BasicCredentials::new(&username, &password).is_ok());
}

/// BASIC-18
#[test]
fn longer_ones_are_refused_and_not_cut() {
    let username = "n".repeat(BasicCredentials::MAX_USERNAME + 1);
    let password = "p".repeat(BasicCredentials::MAX_PASSWORD + 1);
    assert_refused(format!("{username}:p"));
    assert_refused(format!("u:{password}"));
    assert_refused(format!("u:{}", "x".repeat(1 << 20)));
    assert!(BasicCredentials::new(&username, "p").is_err());
    assert!(BasicCredentials::new("u", &password).is_err());
}

/// BASIC-18: the length is judged before the content is decoded
#[test]
fn too_long_is_told_before_not_base64() {
    let garbage = |length| read(&"~".repeat(length)).unwrap_err();
    assert_ne!(garbage(BasicCredentials::MAX_ENCODED), garbage(BasicCredentials::MAX_ENCODED + 1));
}

#[test]
fn a_form_cannot_bring_a_colon_in_the_user_name() {
    assert!(BasicCredentials::new("u:x", "p").is_err());
    let credentials = BasicCredentials::new("u", "p:q").unwrap();
    assert_eq!((credentials.username(), credentials.expose_password()), ("u", "p:q"));
}

/// What was sent appears in no log
#[test]
fn neither_name_nor_password_is_printed() {
    let credentials = read_decoded("aladdin:sesame").unwrap();
    assert_eq!(format!("{credentials:?}"), "BasicCredentials { .. }");
    let refused = read_decoded("aladdin:sesame\0").unwrap_err();
    for text in [format!("{refused:?}"), refused.to_string()] {
        assert!(!text.contains("aladdin") && !text.contains("sesame"), "{text}");
    }
}

proptest! {
    /// RFC 7617 section 2, BASIC-3, BASIC-11
    #[test]
    fn what_a_client_writes_is_what_is_read(username in "[^:\\p{Cc}]{1,40}", password in "\\P{Cc}{1,80}") {
        let credentials = read_decoded(format!("{username}:{password}")).unwrap();
        prop_assert_eq!(credentials.username(), &username);
        prop_assert_eq!(credentials.expose_password(), &password);
        let from_form = BasicCredentials::new(&username, &password).unwrap();
        prop_assert_eq!(from_form.username(), credentials.username());
        prop_assert_eq!(from_form.expose_password(), credentials.expose_password());
    }

    /// BASIC-7: two different texts never stand for the same credentials
    #[test]
    fn a_changed_character_never_reads_as_the_same(at in 0..20_usize, to in "[-A-Za-z0-9+/=_]") {
        let good = "QWxhZGRpbjpvcGVuIHNl";
        let mut changed = good.to_owned();
        changed.replace_range(at..=at, &to);
        if let (true, Ok(credentials)) = (changed != good, read(&changed)) {
            prop_assert!((credentials.username(), credentials.expose_password()) != ("Aladdin", "open se"));
        }
    }

    #[test]
    fn no_decoded_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(credentials) = read_decoded(&bytes) {
            prop_assert_eq!([credentials.username(), credentials.expose_password()].join(":").into_bytes(), bytes);
        }
    }

    #[test]
    fn no_encoded_text_makes_the_reader_panic(text in "[ -~]{0,64}") {
        let _ = read(&text);
    }
}
