//! RFC 9110 section 12.5.1: what a client would rather read of a refusal, by `Accept`.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};
use portcullis::response::Representation::{self, Html, Problem, Text};
use proptest::prelude::*;

/// That of all three which whoever sends these lines gets.
#[track_caller]
fn chosen(lines: &[&str]) -> Representation {
    Representation::preferred(&headers(lines), &[Problem, Html, Text])
}

fn headers(lines: &[&str]) -> HeaderMap {
    lines.iter().map(|line| (ACCEPT, HeaderValue::from_str(line).unwrap())).collect()
}

#[test]
fn browsers_get_a_page() {
    for (browser, accept) in [
        (
            "Chromium",
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,\
             application/signed-exchange;v=b3;q=0.7",
        ),
        ("Firefox", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("Safari", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("Lynx", "text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01"),
        ("w3m", "text/html, text/*;q=0.5, image/*"),
        ("an old Java", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"),
    ] {
        assert_eq!(chosen(&[accept]), Html, "{browser}");
        // Without a page to give, they get the problem, as they accept anything.
        assert_ne!(Representation::preferred(&headers(&[accept]), &[Problem, Text]), Html, "{browser}");
    }
}

/// NEGO-3
#[test]
fn programs_get_a_problem_document() {
    for accept in [
        "*/*",
        "application/json, text/plain, */*",
        "application/json",
        "application/problem+json",
        "application/*",
        "application/problem+json, text/html;q=0.9",
        "text/html;q=0.8, */*",
        "image/png",
        "text/html;q=0",
        "text/html;q=x",
        "text/html;q=1.1",
        "text/html;q=-1",
        "text/html;q=",
        "text/html;q=NaN",
        "text",
        "text/htm",
        "/",
        ";",
        ",",
        "",
    ] {
        assert_eq!(chosen(&[accept]), Problem, "{accept}");
    }
    assert_eq!(chosen(&[]), Problem, "nothing is said");
}

#[test]
fn plain_text_is_for_whoever_ranks_it_highest() {
    for accept in [
        "text/plain",
        "TEXT/Plain",
        "text/plain;charset=UTF-8",
        "text/plain; q=1.0, text/html; q=0.9",
        "application/json;q=0.5, text/plain;q=0.8",
        "text/plain, */*;q=0.1",
        "text/*, text/html;q=0",
    ] {
        assert_eq!(chosen(&[accept]), Text, "{accept}");
    }
}

/// NEGO-1; the example of the section: a range counts for what no narrower one names
#[test]
fn the_most_specific_range_decides() {
    let example = "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, */*;q=0.5";
    // Plain text 0.7, HTML 0.3, the problem 0.5.
    assert_eq!(chosen(&[example]), Text);
    assert_eq!(chosen(&["*/*, application/json;q=0.1, application/problem+json;q=0.1, text/plain;q=0.2"]), Html);
    assert_eq!(chosen(&["*/*;q=0.9, text/html;q=0.8"]), Problem);
    assert_eq!(chosen(&["text/*;q=0.9, text/html;q=0.1, */*;q=0.5"]), Text);
    // Who wants HTML of some kind would rather have ours than none; who also names ours means that.
    assert_eq!(chosen(&["text/html;level=1"]), Html);
    assert_eq!(chosen(&["text/html;level=1, text/html;q=0.2, */*;q=0.3"]), Problem);
}

/// NEGO-2
#[test]
fn weights_have_three_digits_any_case_and_spaces() {
    for (accept, expected) in [
        ("text/html;q=0.001", Html),
        ("text/html;q=0.000", Problem),
        ("text/html;Q=0.5, */*;q=0.4", Html),
        ("text/html ; q = 0.5 , */* ; q=0.4", Html),
        ("text/html;q=0.500, application/json;q=0.501", Problem),
        ("text/html;q=0.502, application/json;q=0.501", Html),
        ("text/html;q=1.000, */*;q=0.999", Html),
    ] {
        assert_eq!(chosen(&[accept]), expected, "{accept}");
    }
}

#[test]
fn lines_are_one_list_and_strings_are_no_part_of_it() {
    assert_eq!(chosen(&["*/*;q=0.1", "text/html"]), Html);
    assert_eq!(chosen(&[r#"image/png;title="a, text/html;q=1, b""#]), Problem);
    assert_eq!(chosen(&[r#"text/html;title="a\";q=0, b", */*;q=0.5"#]), Html);
    assert_eq!(chosen(&[r#"image/png;title=", text/html"#]), Problem, "a string without an end");
}

#[test]
fn the_first_of_those_that_rank_alike_is_the_answer() {
    for accept in ["*/*", "image/png", "text/html, text/plain, application/json"] {
        for first in [Html, Problem, Text] {
            assert_eq!(
                Representation::preferred(&headers(&[accept]), &[first, Html, Problem, Text]),
                first,
                "{accept}"
            );
        }
    }
    assert_eq!(Representation::preferred(&headers(&["text/html"]), &[]), Problem);
}

#[test]
fn a_name_is_more_than_a_wildcard() {
    let accept = headers(&["application/json;q=0.1, text/html;q=0, */*"]);
    assert!(Problem.is_named(&accept));
    assert!(!Html.is_named(&accept), "it is not wanted");
    assert!(!Text.is_named(&accept));
}

proptest! {
    #[test]
    fn nothing_that_a_client_sends_is_a_reason_to_stop(value in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            let headers: HeaderMap = [(ACCEPT, value)].into_iter().collect();
            let chosen = Representation::preferred(&headers, &[Html, Text]);
            prop_assert!([Html, Text].contains(&chosen));
        }
    }
}
