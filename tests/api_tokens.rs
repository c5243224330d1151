//! API tokens: which are taken, what they stand for, and how they are rotated.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

use std::time::Duration;

use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::BearerToken;
use portcullis::identity::token::TokenVerifier;
use portcullis::{Identity, Reason, Verifier, VerifyError};

const OLD: &str = "kJ3vX9qLw2rT8mZs5bYc";
const NEW: &str = "Ht6Nf0pQd4gVx7uRk1Wa";

fn ci() -> Identity {
    Identity::assertion("orders", "ci").scopes(["orders:read"]).authenticated_now().build()
}

fn other() -> Identity {
    Identity::assertion("orders", "backup").build()
}

fn show(tokens: &TokenVerifier, token: &str) -> Result<Identity, VerifyError> {
    tokens.verify_now(&BearerToken::new(token).unwrap()).expect("the verdict is at hand")
}

fn reason(tokens: &TokenVerifier, token: &str) -> Reason {
    show(tokens, token).unwrap_err().reason()
}

#[tokio::test]
async fn a_known_token_yields_its_identity_and_an_unknown_one_is_invalid() {
    let tokens = TokenVerifier::new();
    assert_eq!(reason(&tokens, OLD), Reason::Invalid);
    tokens.insert(OLD, ci()).unwrap();
    let identity = show(&tokens, OLD).unwrap();
    assert_eq!(identity, ci());
    assert!(identity.scopes().contains("orders:read"));
    assert_eq!(reason(&tokens, NEW), Reason::Invalid);
    assert_eq!(tokens.verify(BearerToken::new(OLD).unwrap()).await.unwrap(), ci());
}

#[test]
fn only_the_whole_token_counts() {
    let tokens = TokenVerifier::new();
    tokens.insert(OLD, ci()).unwrap();
    for length in 1..OLD.len() {
        assert_eq!(reason(&tokens, &OLD[..length]), Reason::Invalid);
    }
    assert_eq!(reason(&tokens, &format!("{OLD}c")), Reason::Invalid);
    assert_eq!(reason(&tokens, &OLD.to_lowercase()), Reason::Invalid);
}

#[test]
fn a_token_is_rotated_without_a_gap_and_every_clone_follows() {
    let tokens = TokenVerifier::new();
    let clone = tokens.clone();
    tokens.insert(OLD, ci()).unwrap();
    tokens.insert(NEW, ci()).unwrap();
    assert!(show(&clone, OLD).is_ok() && show(&clone, NEW).is_ok());
    assert!(tokens.remove(OLD));
    assert!(!tokens.remove(OLD));
    assert_eq!(reason(&clone, OLD), Reason::Invalid);
    assert!(show(&clone, NEW).is_ok());
}

#[test]
fn weak_and_unusable_tokens_are_refused_with_every_fault() {
    let tokens = TokenVerifier::new();
    let problem = |token: &str| tokens.insert(token, ci()).unwrap_err().to_string();
    assert!(problem("").contains("20 characters"));
    assert!(problem(&OLD[1..]).contains("20 characters"));
    assert!(problem(&"a".repeat(40)).contains("different"));
    assert!(problem(&"abc".repeat(20)).contains("different"));
    assert!(problem("kJ3vX9qLw2rT8mZs5bY c").contains("cannot"));
    assert!(problem("kJ3vX9qLw2rT8mZs5bY=c").contains("cannot"));
    assert_eq!(tokens.insert("ä", ci()).unwrap_err().faults().len(), 2);
    tokens.insert("kJ3vX9qLw2rT8mZs5bY==", ci()).unwrap();
}

#[test]
fn a_token_stands_for_one_identity() {
    let tokens = TokenVerifier::new();
    tokens.insert(OLD, ci()).unwrap();
    assert!(tokens.insert(OLD, other()).unwrap_err().to_string().contains("given twice"));
    assert_eq!(show(&tokens, OLD).unwrap(), ci());
}

#[test]
fn a_token_can_be_known_by_its_digest_alone() {
    let tokens = TokenVerifier::new();
    let digest = TokenVerifier::digest(OLD);
    tokens.insert_digest(digest, ci()).unwrap();
    assert!(show(&tokens, OLD).is_ok());
    assert!(tokens.remove_digest(&digest));
    assert_eq!(reason(&tokens, OLD), Reason::Invalid);
    // SHA-256 of "abc", as FIPS 180-4 gives it.
    assert_eq!(TokenVerifier::digest("abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
}

#[test]
fn all_tokens_are_exchanged_in_one_step_or_not_at_all() {
    let tokens = TokenVerifier::new();
    tokens.insert(OLD, ci()).unwrap();
    let (old, new) = (TokenVerifier::digest(OLD), TokenVerifier::digest(NEW));
    assert!(tokens.replace([(new, ci()), (new, other())]).is_err());
    assert!(show(&tokens, OLD).is_ok());
    tokens.replace([(new, other())]).unwrap();
    assert_eq!(reason(&tokens, OLD), Reason::Invalid);
    assert_eq!(show(&tokens, NEW).unwrap(), other());
    tokens.replace([(old, ci()), (new, other())]).unwrap();
    assert_eq!(tokens.retain(|identity| identity.subject() == "ci"), 1);
    assert_eq!(reason(&tokens, NEW), Reason::Invalid);
}

#[test]
fn a_token_ends_when_its_identity_does() {
    let clock = ManualClock::at(UnixTime::from_secs(1_000));
    let tokens = TokenVerifier::new().clock(clock.clone());
    tokens.insert(OLD, ci().to_assertion().expires_at(UnixTime::from_secs(1_060)).build()).unwrap();
    clock.advance(Duration::from_secs(59));
    assert!(show(&tokens, OLD).is_ok());
    clock.advance(Duration::from_secs(1));
    assert_eq!(reason(&tokens, OLD), Reason::Expired);
}

#[test]
fn a_panic_in_a_caller_s_closure_harms_nobody_else() {
    let tokens = TokenVerifier::new();
    tokens.insert(OLD, ci()).unwrap();
    let clone = tokens.clone();
    std::thread::spawn(move || clone.retain(|_| std::panic::resume_unwind(Box::new(())))).join().unwrap_err();
    assert!(show(&tokens, OLD).is_ok());
    tokens.insert(NEW, ci()).unwrap();
}

#[test]
fn nothing_printed_shows_a_token_or_its_digest() {
    let tokens = TokenVerifier::new();
    tokens.insert(OLD, ci()).unwrap();
    assert_eq!(format!("{tokens:?}"), "TokenVerifier { tokens: 1, .. }");
}
