//! Revocation: by token, by its id, by session, by subject; in force at once, bounded, and fed by logout tokens
//! (OpenID Connect Back-Channel Logout 1.0).

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

use std::time::Duration;

use portcullis::Reason;
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier};
use portcullis::identity::revocation::{MemoryRevocations, Revocation, Revocations};
use serde_json::{Value, json};
use support::jwt::{AUDIENCE, ISSUER, NOW, claims_with, issuer, mint, mint_with};
use support::keys::TestKey;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A verifier with a list, and a clock for both.
struct Fixture {
    key: TestKey,
    clock: ManualClock,
    list: MemoryRevocations,
    verifier: JwtVerifier,
}

impl Fixture {
    fn new() -> Self {
        Self::with(issuer)
    }

    fn with(make: impl Fn(portcullis::identity::jwt::KeySet) -> Issuer) -> Self {
        let key = TestKey::new(Algorithm::HS256);
        let clock = ManualClock::at(UnixTime::from_secs(NOW));
        let list = MemoryRevocations::builder().clock(clock.clone()).build().unwrap();
        let verifier = JwtVerifier::new([make(key.key_set())]).unwrap().clock(clock.clone()).revocations(list.clone());
        Self { key, clock, list, verifier }
    }

    fn token(&self, changes: Value) -> String {
        mint(&self.key, &claims_with(changes))
    }

    fn reason(&self, token: &str) -> Option<Reason> {
        self.verifier.verify_token(token).err().map(|error| error.reason())
    }

    async fn revoke(&self, revocation: Revocation) {
        self.list.revoke(revocation).await.unwrap();
    }

    fn logout_token(&self, changes: Value) -> String {
        let claims = json!({"iss": ISSUER, "aud": AUDIENCE, "iat": NOW, "exp": NOW + 120, "jti": "logout-1",
            "sub": "alice", "sid": "session-1", "scope": null, "events": { EVENT: {} }});
        let mut claims = claims_with(claims);
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        mint_with(&self.key, &json!({"alg": "HS256", "typ": "logout+jwt"}), &claims)
    }

    async fn logout(&self, changes: Value) -> Result<(), Reason> {
        let token = self.logout_token(changes);
        self.verifier.back_channel_logout(&token).await.map(drop).map_err(|error| error.reason())
    }
}

/// K17
#[tokio::test]
async fn each_kind_ends_what_it_names_at_the_next_use_and_nothing_else() {
    let other = "https://id.other";
    let fixture = Fixture::new();
    let one = fixture.token(json!({"jti": "one", "sid": "first"}));
    let two = fixture.token(json!({"jti": "two", "sid": "first"}));
    let three = fixture.token(json!({"jti": "three", "sid": "second"}));
    let bob = fixture.token(json!({"jti": "four", "sub": "bob"}));
    let all = [&one, &two, &three, &bob];
    let verdicts = || all.map(|token| fixture.reason(token));
    let ended = Some(Reason::Invalid);
    assert_eq!(verdicts(), [None; 4]);

    for elsewhere in [
        Revocation::token_id(other, "one"),
        Revocation::session_id(other, "first"),
        Revocation::subject(other, "alice"),
        // The kinds have names of their own.
        Revocation::token_id(ISSUER, "first"),
        Revocation::session_id(ISSUER, "alice"),
        Revocation::subject(ISSUER, "one"),
        Revocation::token("one"),
        // Where issuer and name meet makes a difference.
        Revocation::subject(&ISSUER[..ISSUER.len() - 1], "ealice"),
    ] {
        fixture.revoke(elsewhere).await;
    }
    assert_eq!(verdicts(), [None; 4]);

    fixture.revoke(Revocation::token_id(ISSUER, "one")).await;
    assert_eq!(verdicts(), [ended, None, None, None]);
    fixture.revoke(Revocation::session_id(ISSUER, "first")).await;
    assert_eq!(verdicts(), [ended, ended, None, None]);
    fixture.revoke(Revocation::token(&bob)).await;
    assert_eq!(verdicts(), [ended, ended, None, ended]);
    fixture.revoke(Revocation::subject(ISSUER, "alice")).await;
    assert_eq!(verdicts(), [ended; 4]);
}

#[tokio::test]
async fn a_subject_gets_in_again_with_a_token_that_was_issued_later() {
    let fixture = Fixture::new();
    fixture.revoke(Revocation::subject(ISSUER, "alice")).await;
    let same_second = fixture.token(json!({"iat": NOW, "jti": "same"}));
    let later = fixture.token(json!({"iat": NOW + 1, "jti": "later"}));
    let whenever = fixture.token(json!({"iat": null, "jti": "whenever"}));
    assert_eq!(fixture.reason(&same_second), Some(Reason::Invalid));
    assert_eq!(fixture.reason(&later), None);
    assert_eq!(fixture.reason(&whenever), Some(Reason::Invalid), "it may have been issued before");

    fixture.revoke(Revocation::subject(ISSUER, "alice").issued_until(UnixTime::from_secs(NOW - 10))).await;
    assert_eq!(fixture.reason(&same_second), Some(Reason::Invalid), "an earlier end takes nothing back");
    fixture.revoke(Revocation::subject(ISSUER, "alice").issued_until(UnixTime::from_secs(NOW + 1))).await;
    assert_eq!(fixture.reason(&later), Some(Reason::Invalid));
}

#[tokio::test]
async fn entries_are_dropped_after_their_end_and_never_to_make_room() {
    let clock = ManualClock::at(UnixTime::from_secs(NOW));
    let list = MemoryRevocations::builder().capacity(100).clock(clock.clone()).build().unwrap();
    for number in 0..100 {
        let end = UnixTime::from_secs(NOW + 60);
        list.revoke(Revocation::token_id(ISSUER, &number.to_string()).until(end)).await.unwrap();
    }
    let error = list.revoke(Revocation::token_id(ISSUER, "one too many")).await.unwrap_err();
    assert_eq!(error.to_string(), "not revoked: the list of revocations is full: 100 are in force");
    assert_eq!(list.len(), 100);
    list.revoke(Revocation::token_id(ISSUER, "7")).await.unwrap();
    clock.advance(Duration::from_secs(61));
    list.revoke(Revocation::token_id(ISSUER, "one more")).await.unwrap();
    assert!(list.len() <= 2, "{}", list.len());
}

/// K17: a revocation that was forgotten must not let its token in again
#[tokio::test]
async fn a_token_older_than_what_is_remembered_is_refused() {
    let fixture = Fixture::new();
    let token = fixture.token(json!({"exp": NOW + 60 * 24 * 60 * 60}));
    assert_eq!(fixture.reason(&token), None);
    fixture.clock.advance(MemoryRevocations::DEFAULT_REMEMBER);
    assert_eq!(fixture.reason(&token), None);
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(fixture.reason(&token), Some(Reason::Expired));
}

/// LOGOUT-6
#[tokio::test]
async fn a_session_that_the_issuer_ends_takes_its_tokens_along() {
    let fixture = Fixture::new();
    let one = fixture.token(json!({"jti": "one", "sid": "session-1"}));
    let other = fixture.token(json!({"jti": "two", "sid": "session-2"}));
    assert_eq!((fixture.reason(&one), fixture.reason(&other)), (None, None));
    let ended = fixture.verifier.back_channel_logout(&fixture.logout_token(json!({}))).await.unwrap();
    assert_eq!((ended.issuer(), ended.subject(), ended.session_id()), (ISSUER, Some("alice"), Some("session-1")));
    assert_eq!((fixture.reason(&one), fixture.reason(&other)), (Some(Reason::Invalid), None));
}

/// LOGOUT-6
#[tokio::test]
async fn without_a_session_all_tokens_of_the_subject_until_then_end() {
    let fixture = Fixture::new();
    let one = fixture.token(json!({"jti": "one", "sid": "session-1"}));
    let bob = fixture.token(json!({"jti": "two", "sub": "bob"}));
    let later = fixture.token(json!({"jti": "three", "iat": NOW + 5}));
    fixture.logout(json!({"sid": null})).await.unwrap();
    assert_eq!(fixture.reason(&one), Some(Reason::Invalid));
    assert_eq!((fixture.reason(&bob), fixture.reason(&later)), (None, None));
}

/// LOGOUT-1, LOGOUT-2, LOGOUT-3, LOGOUT-4, LOGOUT-5, LOGOUT-7: Back-Channel Logout 1.0 section 2.6
#[tokio::test]
async fn what_is_no_logout_token_for_us_ends_nothing() {
    let fixture = Fixture::new();
    let alive = fixture.token(json!({"sid": "session-1"}));
    for changes in [
        json!({"events": null}),
        json!({"events": {}}),
        json!({"events": [EVENT]}),
        json!({"events": { EVENT: true }}),
        json!({"events": {"http://schemas.openid.net/event/other": {}}}),
        json!({"nonce": "n"}),
        json!({"iss": "https://id.other"}),
        json!({"aud": "another-client"}),
        json!({"aud": null}),
        json!({"iat": null}),
        json!({"exp": null}),
        json!({"jti": null}),
        json!({"sub": null, "sid": null}),
        json!({"iat": NOW + 100}),
        json!({"sid": 7}),
    ] {
        assert_eq!(fixture.logout(changes.clone()).await, Err(Reason::Invalid), "{changes}");
    }
    assert_eq!(fixture.logout(json!({"exp": NOW - 60})).await, Err(Reason::Expired));
    let good = fixture.logout_token(json!({}));
    let forged = format!("{}A", &good[..good.len() - 1]);
    let access = mint_with(
        &fixture.key,
        &json!({"alg": "HS256", "typ": "at+jwt"}),
        &claims_with(json!({
        "jti": "x", "events": { EVENT: {} }})),
    );
    for token in [forged.as_str(), access.as_str(), &alive, "", "a.b.c"] {
        let error = fixture.verifier.back_channel_logout(token).await.unwrap_err();
        assert_eq!(error.reason(), Reason::Invalid, "{token}");
    }
    assert_eq!(fixture.list.len(), 0);
    assert_eq!(fixture.reason(&alive), None);
    // J35: and it is no access token.
    assert_eq!(fixture.reason(&good), Some(Reason::Invalid));
}

/// LOGOUT-2
#[tokio::test]
async fn the_audience_of_logout_tokens_may_be_named_apart() {
    let fixture = Fixture::with(|keys| issuer(keys).logout_clients(["web-client"]));
    assert_eq!(fixture.logout(json!({})).await, Err(Reason::Invalid));
    assert_eq!(fixture.logout(json!({"aud": ["other", "web-client"]})).await, Ok(()));
}

#[tokio::test]
async fn a_verifier_without_a_list_says_that_it_cannot() {
    let fixture = Fixture::new();
    let without = JwtVerifier::new([issuer(fixture.key.key_set())]).unwrap().clock(fixture.clock.clone());
    let error = without.back_channel_logout(&fixture.logout_token(json!({}))).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Unavailable);
}

#[test]
fn a_list_that_remembers_nothing_is_not_built() {
    let error = MemoryRevocations::builder().capacity(0).remember(Duration::from_secs(59)).build().unwrap_err();
    assert_eq!(error.faults().len(), 2, "{error}");
}
