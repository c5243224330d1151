//! RFC 9110 section 11, the request's half: one `Authorization` field, a scheme, and a token68 or parameters.

#![expect(clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use portcullis::Reason;
use portcullis::credentials::{Authorization, Parameters, Unreadable};
use proptest::prelude::*;

fn value(bytes: impl AsRef<[u8]>) -> HeaderValue {
    HeaderValue::from_bytes(bytes.as_ref()).unwrap()
}

fn lines(values: &[&str]) -> HeaderMap {
    values.iter().map(|line| (AUTHORIZATION, value(line))).collect()
}

fn token68(bytes: impl AsRef<[u8]>) -> Result<String, Unreadable> {
    Authorization::parse(&value(bytes))?.token68().map(str::to_owned)
}

fn parameters(bytes: impl AsRef<[u8]>) -> Result<Vec<(String, String)>, Unreadable> {
    let value = value(bytes);
    let owned = |(name, value): (&str, std::borrow::Cow<'_, str>)| (name.to_owned(), value.into_owned());
    Authorization::parse(&value)?.parameters().map(|parameter| parameter.map(owned)).collect()
}

fn is_malformed<T>(result: &Result<T, Unreadable>) -> bool {
    matches!(result, Err(Unreadable::Malformed(_)))
}

/// RFC 9110 section 11.1, HTTP-5
#[test]
fn the_scheme_is_compared_without_case() {
    for spelling in ["Basic", "basic", "BASIC", "bAsIc"] {
        let value = value(format!("{spelling} dTpw"));
        let field = Authorization::parse(&value).unwrap();
        assert!(field.is("Basic"), "{spelling}");
        assert_eq!(field.scheme(), spelling, "and kept as it was spelled");
    }
}

/// RFC 9110 section 11.1: the name is the whole token
#[test]
fn a_scheme_that_begins_or_ends_like_ours_is_not_ours() {
    for other in ["Basics", "XBasic", "Bas", "Basic-2", "Negotiate"] {
        let value = value(format!("{other} dTpw"));
        assert!(!Authorization::parse(&value).unwrap().is("Basic"), "{other}");
    }
}

/// HTTP-29: what a foreign scheme carries is not ours to judge
#[test]
fn a_foreign_scheme_is_read_whatever_follows_it() {
    for line in ["Foo", "Foo x", "Foo \"", "Foo a, b, =", "Foo \u{a3}"] {
        let value = value(line);
        assert_eq!(Authorization::parse(&value).unwrap().scheme(), "Foo", "{line}");
    }
}

/// RFC 9110 section 11.4, HTTP-6
#[test]
fn one_or_more_spaces_separate_scheme_and_credentials() {
    assert_eq!(token68("Bearer abc").unwrap(), "abc");
    assert_eq!(token68("Bearer    abc").unwrap(), "abc");
    assert_eq!(token68(format!("Bearer{}abc", " ".repeat(10_000))).unwrap(), "abc");
}

/// RFC 9110 section 11.4, HTTP-6
#[test]
fn nothing_but_spaces_separates_scheme_and_credentials() {
    let no_break_space = b"Bearer\xc2\xa0abc".as_slice();
    let latin_1_no_break_space = b"Bearer\xa0abc".as_slice();
    let tab_after_space = b"Bearer \tabc".as_slice();
    for bytes in [b"Bearer\tabc".as_slice(), b"Bearer:abc", b"Bearer: abc", b"Bearer,abc", b"Bearer=abc", b"Bearer/abc"]
        .into_iter()
        .chain([no_break_space, latin_1_no_break_space, tab_after_space])
    {
        assert!(is_malformed(&token68(bytes)), "{}", bytes.escape_ascii());
    }
    let joined = value("Bearerabc");
    assert!(!Authorization::parse(&joined).unwrap().is("Bearer"), "without a space it is another scheme");
}

/// RFC 9110 section 5.6.2
#[test]
fn a_field_without_a_readable_scheme_is_malformed() {
    for bytes in [
        b"".as_slice(),
        b" ",
        b" Bearer abc",
        b"\tBearer abc",
        b"\"Bearer\" abc",
        b"B\xe4rer abc",
        b"\xff",
        b"=",
        b"Bearer\tabc",
        b"Bearer:",
    ] {
        let value = value(bytes);
        let refused = Authorization::parse(&value).unwrap_err();
        assert_eq!(refused.reason(), Reason::Malformed, "{}", bytes.escape_ascii());
    }
}

/// RFC 9110 section 11.2, HTTP-8
#[test]
fn a_token68_takes_its_whole_alphabet_and_padding_at_the_end() {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
    assert_eq!(token68(format!("Bearer {alphabet}")).unwrap(), alphabet);
    for token in ["a", "a=", "a==", "a====", "/", "~="] {
        assert_eq!(token68(format!("Bearer {token}")).unwrap(), token);
    }
}

/// RFC 9110 section 11.2, HTTP-7, HTTP-8
#[test]
fn a_token68_is_one_word_of_its_alphabet_and_nothing_else() {
    for rest in [
        "a b", "a=b", "\"a\"", "a,b", "abc, x=1", "abc,", "token=t1", "=", "==", "=a", "a=b=", "a ", "a\t", "a;",
        "a%20", "a:b", "a\\", "a(b)", "\u{e4}", "a\u{a0}",
    ] {
        assert!(is_malformed(&token68(format!("Bearer {rest}"))), "{rest}");
    }
}

/// HTTP-23
#[test]
fn two_lines_are_ambiguous_whatever_they_hold() {
    let good = "Basic dTpw";
    for pair in
        [[good, good], [good, "Bearer abc"], ["Bearer abc", good], [good, ""], ["", good], ["", ""], ["\t", "?"]]
    {
        assert_eq!(Authorization::from_headers(&lines(&pair)).unwrap_err(), Unreadable::Ambiguous, "{pair:?}");
    }
    assert_eq!(Authorization::from_headers(&lines(&[good; 30])).unwrap_err().reason(), Reason::Ambiguous);
}

/// HTTP-23
#[test]
fn two_credentials_joined_by_a_comma_are_not_a_list() {
    for joined in ["Basic dTpw, Bearer abc", "Basic dTpw,Basic dTpw", "Bearer t1, t2", "Bearer t1 t2"] {
        let headers = lines(&[joined]);
        let field = Authorization::from_headers(&headers).unwrap().unwrap();
        assert!(is_malformed(&field.token68()), "{joined}");
        assert!(field.parameters().any(|parameter| parameter.is_err()), "{joined}");
    }
}

#[test]
fn credentials_in_other_fields_are_not_presented() {
    let mut headers = HeaderMap::new();
    for name in ["proxy-authorization", "x-authorization", "cookie"] {
        headers.insert(name, value("Authorization=Bearer abc"));
    }
    assert!(Authorization::from_headers(&headers).unwrap().is_none());
}

/// RFC 9110 section 11.2, HTTP-11
#[test]
fn a_parameter_is_the_same_as_token_and_as_quoted_string() {
    assert_eq!(parameters("Digest qop=auth").unwrap(), parameters("Digest qop=\"auth\"").unwrap());
    assert_eq!(parameters("Digest qop=auth").unwrap(), [("qop".to_owned(), "auth".to_owned())]);
}

/// RFC 9110 sections 5.6.3 and 11.2
#[test]
fn blanks_around_the_equals_sign_and_the_comma_mean_nothing() {
    let plain = parameters("Digest a=1,b=\"2\"").unwrap();
    for line in ["Digest a = 1 , b = \"2\"", "Digest  a=1\t,\tb\t=\t\"2\" ", "Digest a =1,b= \"2\""] {
        assert_eq!(parameters(line).unwrap(), plain, "{line}");
    }
}

/// RFC 9110 section 5.6.1.2: empty list items are ignored
#[test]
fn empty_items_of_the_list_are_skipped() {
    assert_eq!(parameters("Digest , a=1,, ,b=2,").unwrap().len(), 2);
    assert!(parameters("Digest").unwrap().is_empty());
    assert!(parameters("Digest ,").unwrap().is_empty());
}

/// RFC 9110 section 5.6.4
#[test]
fn a_quoted_string_stands_for_its_text() {
    let cases = [
        (r#""""#, ""),
        (r#""a, b=c; d""#, "a, b=c; d"),
        (r#""say \"hi\"""#, "say \"hi\""),
        (r#""back\\slash""#, "back\\slash"),
        (r#""\n\a""#, "na"),
        ("\"tab\there\"", "tab\there"),
        ("\"Jäsøn Doe\"", "Jäsøn Doe"),
        ("\"\\ä\"", "ä"),
    ];
    for (quoted, text) in cases {
        assert_eq!(parameters(format!("Digest v={quoted}, w=1")).unwrap()[0].1, text, "{quoted}");
    }
}

/// RFC 9110 section 11.2, HTTP-9
#[test]
fn a_parameter_twice_is_malformed_in_any_case() {
    for line in ["Digest nc=1, nc=1", "Digest nc=1, x=2, NC=\"1\"", "Digest Nc=1,nC=2"] {
        assert!(is_malformed(&parameters(line)), "{line}");
    }
}

/// RFC 9110 sections 5.6.4 and 11.2, HTTP-7
#[test]
fn broken_parameters_are_malformed() {
    let not_utf_8 = b"Digest a=\"\xff\"".as_slice();
    let cut_off = b"Digest a=\"\\".as_slice();
    for bytes in [
        b"Digest a".as_slice(),
        b"Digest abc=",
        b"Digest abc==",
        b"Digest abc, x=1",
        b"Digest =1",
        b"Digest a=1 b=2",
        b"Digest a=\"1\"b=2",
        b"Digest a=\"1",
        b"Digest a=\"1\\\"",
        b"Digest a=1\"",
        b"Digest a b=1",
        b"Digest a=1;b=2",
        b"Digest a=b=c",
        b"Digest \"a\"=1",
        b"Digest a=,b=1",
    ]
    .into_iter()
    .chain([not_utf_8, cut_off])
    {
        assert!(is_malformed(&parameters(bytes)), "{}", bytes.escape_ascii());
    }
}

/// RFC 9110 section 2.3: a recipient sets limits
#[test]
fn parameters_are_bounded_in_number() {
    let list = |count: usize| (0..count).map(|index| format!("p{index}=x")).collect::<Vec<_>>().join(", ");
    assert_eq!(parameters(format!("Digest {}", list(Parameters::MAX))).unwrap().len(), Parameters::MAX);
    assert!(is_malformed(&parameters(format!("Digest {}", list(Parameters::MAX + 1)))));
    let flood = value(format!("Digest {}", list(50_000)));
    assert_eq!(Authorization::parse(&flood).unwrap().parameters().count(), Parameters::MAX + 1, "an error is the last");
}

/// What was sent appears in no log
#[test]
fn nothing_after_the_scheme_is_printed() {
    let value = value("Digest response=\"open-sesame\"");
    let field = Authorization::parse(&value).unwrap();
    let mut parameters = field.parameters();
    parameters.next();
    let refused = field.token68().unwrap_err();
    for text in [format!("{field:?}"), format!("{parameters:?}"), format!("{refused:?}"), refused.to_string()] {
        assert!(!text.contains("sesame") && !text.contains("response"), "{text}");
    }
}

proptest! {
    /// No byte that can stand in a field makes a reader panic, and reading ends.
    #[test]
    fn no_field_makes_the_readers_panic(bytes in proptest::collection::vec(prop_oneof![Just(b'\t'), 0x20..0x7f_u8, 0x80..=0xff_u8], 0..200)) {
        let value = value(bytes);
        if let Ok(field) = Authorization::parse(&value) {
            let _ = field.token68();
            prop_assert!(field.parameters().count() <= value.len());
        }
    }

    /// RFC 9110 section 11.2, written out a second time
    #[test]
    fn token68_agrees_with_the_grammar(rest in "[-a-zA-Z0-9._~+/= ,\"%]{0,12}") {
        let token = rest.trim_start_matches(' ');
        let characters = token.trim_end_matches('=');
        let wanted = !characters.is_empty() && characters.chars().all(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c));
        prop_assert_eq!(token68(format!("Bearer {rest}")).is_ok(), wanted);
    }

    /// RFC 9110 section 5.6.4: any text survives being quoted
    #[test]
    fn quoting_and_reading_give_the_text_back(texts in proptest::collection::vec("[^\\x00-\\x1f\\x7f]{0,20}", 1..8)) {
        let quote = |(index, text): (usize, &String)| {
            format!("n{index}=\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        };
        let line = texts.iter().enumerate().map(quote).collect::<Vec<_>>().join(",");
        let read: Vec<_> = parameters(format!("Digest {line}")).unwrap().into_iter().map(|(_, text)| text).collect();
        prop_assert_eq!(read, texts);
    }
}
