//! Tokens that were verified before: what is remembered of them, what is judged again on every use, and the bounds.

#![cfg(all(feature = "jwt", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and `json!` is not borrowed"
)]

mod support {
    pub(crate) mod jwt;
    pub(crate) mod keys;
}

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use portcullis::clock::{ManualClock, UnixTime};
use portcullis::identity::jwt::{Algorithm, JwtVerifier, TokenCache};
use portcullis::identity::revocation::{Revocation, Revocations, RevokeError, TokenFacts};
use portcullis::{Reason, VerifyError};
use serde_json::json;
use support::jwt::{NOW, claims_with, good_claims, issuer, mint};
use support::keys::TestKey;

fn clock() -> ManualClock {
    ManualClock::at(UnixTime::from_secs(NOW))
}

fn verifier(key: &TestKey, clock: &ManualClock) -> JwtVerifier {
    JwtVerifier::new([issuer(key.key_set())]).unwrap().clock(clock.clone())
}

fn reason(verifier: &JwtVerifier, token: &str) -> Option<Reason> {
    verifier.verify_token(token).err().map(|error| error.reason())
}

#[test]
fn a_token_that_was_accepted_is_remembered_and_one_that_was_refused_is_not() {
    let key = TestKey::new(Algorithm::ES256);
    let verifier = verifier(&key, &clock());
    let token = mint(&key, &good_claims());
    assert_eq!(verifier.remembered(), 0);
    for _ in 0..3 {
        assert_eq!(verifier.verify_token(&token).unwrap().subject(), "alice");
        assert_eq!(verifier.remembered(), 1);
    }
    let forged = mint(&TestKey::new(Algorithm::ES256), &good_claims());
    let expired = mint(&key, &claims_with(json!({"exp": NOW - 100})));
    for refused in [forged.as_str(), expired.as_str(), "not.a.jwt"] {
        assert!(verifier.verify_token(refused).is_err());
    }
    assert_eq!(verifier.remembered(), 1);
}

/// K16: what is remembered is the whole token, and nothing that looks like it
#[test]
fn nothing_but_the_very_token_is_taken_for_one_that_was_remembered() {
    let key = TestKey::new(Algorithm::ES256);
    let verifier = verifier(&key, &clock());
    let (one, other) = (mint(&key, &good_claims()), mint(&key, &claims_with(json!({"sub": "mallory"}))));
    assert!(verifier.verify_token(&one).is_ok());
    assert!(verifier.verify_token(&other).is_ok());
    let (message, signature) = one.rsplit_once('.').unwrap();
    let (other_message, other_signature) = other.rsplit_once('.').unwrap();
    assert_eq!(reason(&verifier, &format!("{message}.{other_signature}")), Some(Reason::Invalid));
    assert_eq!(reason(&verifier, &format!("{other_message}.{signature}")), Some(Reason::Invalid));
    assert_eq!(reason(&verifier, message), Some(Reason::Invalid));
    for index in 0..one.len() {
        let mut changed = one.clone().into_bytes();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(changed == one || reason(&verifier, &changed) == Some(Reason::Invalid), "byte {index}");
    }
    assert_eq!(verifier.verify_token(&one).unwrap().subject(), "alice");
    assert_eq!(verifier.verify_token(&other).unwrap().subject(), "mallory");
}

/// K16: two verifiers share no memory
#[test]
fn what_one_verifier_remembers_another_does_not_believe() {
    let (ours, theirs) = (TestKey::new(Algorithm::ES256), TestKey::new(Algorithm::ES256));
    let (one, other) = (verifier(&ours, &clock()), verifier(&theirs, &clock()));
    let token = mint(&ours, &good_claims());
    assert!(one.verify_token(&token).is_ok());
    assert_eq!(reason(&other, &token), Some(Reason::Invalid));
}

/// K17, BEARER-16
#[test]
fn a_remembered_token_ends_when_it_says_so() {
    let (key, clock) = (TestKey::new(Algorithm::ES256), clock());
    let verifier = verifier(&key, &clock);
    let token = mint(&key, &claims_with(json!({"exp": NOW + 2})));
    assert!(verifier.verify_token(&token).is_ok());
    clock.advance(Duration::from_secs(2 + 29));
    assert!(verifier.verify_token(&token).is_ok(), "the leeway is 30 seconds");
    clock.advance(Duration::from_secs(1));
    assert_eq!(reason(&verifier, &token), Some(Reason::Expired));
    assert_eq!(verifier.remembered(), 0, "what has ended is forgotten");
    assert_eq!(reason(&verifier, &token), Some(Reason::Expired));
}

#[test]
fn a_remembered_token_does_not_begin_early_where_the_clock_is_set_back() {
    let (key, clock) = (TestKey::new(Algorithm::ES256), clock());
    let verifier = verifier(&key, &clock);
    for claim in ["nbf", "iat", "auth_time"] {
        let token = mint(&key, &claims_with(json!({ claim: NOW })));
        clock.set_wall(UnixTime::from_secs(NOW));
        assert!(verifier.verify_token(&token).is_ok());
        clock.set_wall(UnixTime::from_secs(NOW - 31));
        assert_eq!(reason(&verifier, &token), Some(Reason::Invalid), "{claim}");
    }
}

/// K17: an issuer that is gone takes its remembered tokens along
#[test]
fn exchanging_the_issuers_is_one_step_for_all_clones_and_forgets_the_tokens() {
    let (old, new) = (TestKey::new(Algorithm::ES256), TestKey::new(Algorithm::EdDSA));
    let verifier = verifier(&old, &clock());
    let clone = verifier.clone();
    let (before, after) = (mint(&old, &good_claims()), mint(&new, &good_claims()));
    assert!(clone.verify_token(&before).is_ok());
    assert_eq!(reason(&clone, &after), Some(Reason::Invalid));

    verifier.replace([issuer(new.key_set())]).unwrap();
    assert_eq!(reason(&clone, &before), Some(Reason::Invalid));
    assert!(clone.verify_token(&after).is_ok());

    let error = verifier.replace([]).unwrap_err();
    assert_eq!(error.faults()[0].setting(), "issuer");
    assert!(clone.verify_token(&after).is_ok(), "what cannot be built changes nothing");
}

#[test]
fn requests_during_an_exchange_see_the_old_issuers_or_the_new_ones() {
    let keys = [TestKey::new(Algorithm::ES256), TestKey::new(Algorithm::ES256)];
    let tokens: Vec<_> = keys.iter().map(|key| mint(key, &good_claims())).collect();
    let verifier = verifier(&keys[0], &clock());
    let stop = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..200 {
                verifier.replace([issuer(keys[round % 2].key_set())]).unwrap();
            }
            stop.store(1, Ordering::Relaxed);
        });
        while stop.load(Ordering::Relaxed) == 0 {
            for token in &tokens {
                assert!(matches!(reason(&verifier, token), None | Some(Reason::Invalid)));
            }
        }
    });
    // The last one that was put in.
    assert!(verifier.verify_token(&tokens[1]).is_ok());
    assert_eq!(reason(&verifier, &tokens[0]), Some(Reason::Invalid));
}

/// D11: bounded by number and by bytes, whatever genuine tokens are sent
#[test]
fn the_memory_is_bounded_in_entries_and_in_bytes() {
    let key = TestKey::new(Algorithm::HS256);
    let few = verifier(&key, &clock()).cache(TokenCache::new().entries(100));
    let small = verifier(&key, &clock()).cache(TokenCache::new().bytes(64 * 1024));
    for number in 0..1_000 {
        let token = mint(&key, &claims_with(json!({"jti": format!("token-{number}")})));
        assert!(few.verify_token(&token).is_ok());
        assert!(small.verify_token(&token).is_ok());
    }
    assert!((50..=100).contains(&few.remembered()), "{}", few.remembered());
    // A token and what hangs on it take more than 700 bytes.
    assert!((20..=64 * 1024 / 700).contains(&small.remembered()), "{}", small.remembered());
}

#[test]
fn there_is_room_for_as_many_tokens_as_were_asked_for() {
    let key = TestKey::new(Algorithm::HS256);
    let verifier = verifier(&key, &clock()).cache(TokenCache::new().entries(1_000));
    for number in 0..1_000 {
        assert!(verifier.verify_token(&mint(&key, &claims_with(json!({"jti": format!("token-{number}")})))).is_ok());
    }
    // The places are found by chance, and a few do not find one.
    assert!((990..=1_000).contains(&verifier.remembered()), "{}", verifier.remembered());
}

/// What stays is what is used, however many others come by once.
#[test]
fn a_token_in_use_is_not_pushed_out_by_those_that_come_once() {
    let (key, list) = (TestKey::new(Algorithm::HS256), Counting::default());
    let verifier = verifier(&key, &clock()).cache(TokenCache::new().entries(100)).revocations(list.clone());
    let in_use = mint(&key, &good_claims());
    for number in 0..1_000 {
        assert!(verifier.verify_token(&in_use).is_ok());
        assert!(verifier.verify_token(&mint(&key, &claims_with(json!({"jti": format!("other-{number}")})))).is_ok());
    }
    // The list is asked about a token that is not remembered.
    assert_eq!(list.0.load(Ordering::Relaxed), 1);
}

/// Counts how often it is asked about the token of `good_claims`.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

impl Revocations for Counting {
    fn generation(&self) -> Result<u64, VerifyError> {
        Ok(0)
    }

    fn is_revoked(&self, token: &TokenFacts<'_>) -> bool {
        self.0.fetch_add(usize::from(token.token_id() == Some("token-1")), Ordering::Relaxed);
        false
    }

    async fn revoke(&self, _: Revocation) -> Result<(), RevokeError> {
        Err(RevokeError::new("nothing ends here"))
    }
}

#[test]
fn turned_off_nothing_is_remembered() {
    let key = TestKey::new(Algorithm::HS256);
    let verifier = verifier(&key, &clock()).cache(TokenCache::off());
    let token = mint(&key, &good_claims());
    for _ in 0..2 {
        assert!(verifier.verify_token(&token).is_ok());
        assert_eq!(verifier.remembered(), 0);
    }
}

#[test]
fn the_setters_make_a_verifier_of_its_own() {
    let key = TestKey::new(Algorithm::HS256);
    let (verifier, token) = (verifier(&key, &clock()), mint(&key, &good_claims()));
    let without = verifier.clone().cache(TokenCache::off());
    assert!(verifier.verify_token(&token).is_ok());
    assert!(without.verify_token(&token).is_ok());
    assert_eq!((verifier.remembered(), without.remembered()), (1, 0));
}

/// Answers as it is told, and counts how often it is asked.
#[derive(Clone, Default)]
struct Scripted(Arc<Script>);

#[derive(Default)]
struct Script {
    generation: AtomicU64,
    revoked: AtomicUsize,
    down: AtomicUsize,
    asked: AtomicUsize,
}

impl Revocations for Scripted {
    fn generation(&self) -> Result<u64, VerifyError> {
        match self.0.down.load(Ordering::Relaxed) {
            0 => Ok(self.0.generation.load(Ordering::Relaxed)),
            _ => Err(VerifyError::unavailable("the list is out of reach")),
        }
    }

    fn is_revoked(&self, token: &TokenFacts<'_>) -> bool {
        assert_eq!((token.issuer(), token.subject()), (support::jwt::ISSUER, "alice"));
        assert_eq!((token.token_id(), token.session_id()), (Some("token-1"), Some("session-1")));
        assert_eq!(token.issued_at(), Some(UnixTime::from_secs(NOW)));
        self.0.asked.fetch_add(1, Ordering::Relaxed);
        self.0.revoked.load(Ordering::Relaxed) == 1
    }

    async fn revoke(&self, _: Revocation) -> Result<(), RevokeError> {
        Err(RevokeError::new("only by the script"))
    }
}

/// K17: a revocation counts from the next use on
#[test]
fn a_list_is_asked_about_a_token_when_it_has_changed_and_only_then() {
    let (key, list) = (TestKey::new(Algorithm::HS256), Scripted::default());
    let verifier = verifier(&key, &clock()).revocations(list.clone());
    let token = mint(&key, &claims_with(json!({"sid": "session-1"})));
    for _ in 0..3 {
        assert!(verifier.verify_token(&token).is_ok());
        assert_eq!(list.0.asked.load(Ordering::Relaxed), 1);
    }
    list.0.generation.fetch_add(1, Ordering::Relaxed);
    for _ in 0..3 {
        assert!(verifier.verify_token(&token).is_ok());
        assert_eq!(list.0.asked.load(Ordering::Relaxed), 2);
    }
    list.0.revoked.store(1, Ordering::Relaxed);
    list.0.generation.fetch_add(1, Ordering::Relaxed);
    assert_eq!(reason(&verifier, &token), Some(Reason::Invalid));
    assert_eq!(verifier.remembered(), 0);
}

/// K16: a token that one list does not name may be named by another
#[test]
fn what_one_list_does_not_name_another_is_asked_about() {
    let (key, one, other) = (TestKey::new(Algorithm::HS256), Scripted::default(), Scripted::default());
    let verifier = verifier(&key, &clock());
    let (first, second) = (verifier.clone().revocations(one), verifier.revocations(other.clone()));
    let token = mint(&key, &claims_with(json!({"sid": "session-1"})));
    other.0.revoked.store(1, Ordering::Relaxed);
    assert!(first.verify_token(&token).is_ok());
    assert_eq!(reason(&second, &token), Some(Reason::Invalid));
}

/// Any number may be that of a list
#[test]
fn a_list_is_asked_whatever_its_number_is() {
    for number in [0, 1, u64::MAX - 1, u64::MAX] {
        let (key, list) = (TestKey::new(Algorithm::HS256), Scripted::default());
        let verifier = verifier(&key, &clock()).revocations(list.clone());
        list.0.generation.store(number, Ordering::Relaxed);
        list.0.revoked.store(1, Ordering::Relaxed);
        let token = mint(&key, &claims_with(json!({"sid": "session-1"})));
        assert_eq!(reason(&verifier, &token), Some(Reason::Invalid), "{number}");
    }
}

/// K19: an outage of the list is 503, and forgets nothing
#[test]
fn a_list_out_of_reach_is_an_outage_and_no_verdict() {
    let (key, list) = (TestKey::new(Algorithm::HS256), Scripted::default());
    let verifier = verifier(&key, &clock()).revocations(list.clone());
    let token = mint(&key, &claims_with(json!({"sid": "session-1"})));
    list.0.down.store(1, Ordering::Relaxed);
    assert_eq!(reason(&verifier, &token), Some(Reason::Unavailable));
    list.0.down.store(0, Ordering::Relaxed);
    assert!(verifier.verify_token(&token).is_ok());
    list.0.down.store(1, Ordering::Relaxed);
    assert_eq!(reason(&verifier, &token), Some(Reason::Unavailable));
    assert_eq!(verifier.remembered(), 1);
    list.0.down.store(0, Ordering::Relaxed);
    assert!(verifier.verify_token(&token).is_ok());
}
