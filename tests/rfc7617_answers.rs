//! RFC 7617 section 2: what a client with a password, or without, is answered.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]
#![cfg(feature = "password")]

mod support {
    pub(crate) mod stack;
}

use base64::prelude::{BASE64_STANDARD, Engine};
use portcullis::AuthenticateLayer;
use portcullis::authenticate::Basic;
use portcullis::identity::password::{PasswordVerifier, User, Users, hash_password};
use support::stack::{BASIC, bare, get, send};

fn layer() -> AuthenticateLayer {
    let hash = hash_password("correct horse").unwrap();
    let mut users = Users::new();
    users.insert("alice", User::new(&hash).unwrap()).unwrap();
    users.insert("gone", User::new(&hash).unwrap().disabled(true)).unwrap();
    AuthenticateLayer::new(Basic::new("staff", PasswordVerifier::new("staff", users))).unwrap()
}

fn user_pass(text: &str) -> (&'static str, String) {
    ("authorization", format!("Basic {}", BASE64_STANDARD.encode(text)))
}

/// BASIC-1, HTTP-2, BASIC-2
#[tokio::test]
async fn the_challenge_has_a_realm_and_announces_utf_8() {
    let answer = send(&layer(), bare()).await;
    answer.assert_refused(401, "missing", &[("Basic", None)]);
    assert_eq!(answer.lines("www-authenticate"), [BASIC]);
}

/// HTTP-2, and BASIC-16 in what is said; that it also takes as long is tested where passwords are
#[tokio::test]
async fn an_unknown_user_a_disabled_one_and_a_wrong_password_are_answered_alike() {
    let layer = layer();
    send(&layer, get([user_pass("alice:correct horse")])).await.assert_accepted("alice");
    let mut answers = Vec::new();
    for text in
        ["alice:wrong", "alice:correct horse ", "nobody:correct horse", "gone:correct horse", "Alice:correct horse"]
    {
        let answer = send(&layer, get([user_pass(text)])).await;
        answer.assert_refused(401, "invalid", &[("Basic", None)]);
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("id");
        answers.push((answer.headers, body));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

/// BASIC-4 to BASIC-7, BASIC-10, CHOICE-9, HTTP-2
#[tokio::test]
async fn what_cannot_be_read_is_a_failed_log_in() {
    let layer = layer();
    let encoded = [&b"nocolon"[..], b":", b":p", b"u:", b"u:a\0b", b"u\x7f:p", b"u:a\n", b"u:\xff"]
        .map(|text| BASE64_STANDARD.encode(text));
    let broken = ["", "dTpw=", "dTpw===", "dT pw", "dTpwx", "Pz8-Og", "%"].map(ToOwned::to_owned);
    for credentials in encoded.into_iter().chain(broken) {
        let answer = send(&layer, get([("authorization", format!("Basic {credentials}"))])).await;
        answer.assert_refused(401, "malformed", &[("Basic", None)]);
    }
}
