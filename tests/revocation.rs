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

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::Reason;
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier};
use portcullis::identity::revocation::{MemoryRevocations, Revocation, Revocations};
use serde_json::{Value, json};
use support::jwt::{AUDIENCE, ISSUER, NOW, claims_with, good_claims, issuer, mint, mint_with};
use support::keys::{TestKey, base64url};

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

/// A list of one's own, in a table or a queue, keeps what was revoked as bytes, and reads it again when a process starts
#[tokio::test]
async fn a_revocation_that_was_kept_elsewhere_ends_what_it_ended_and_no_more() {
    let at = UnixTime::from_secs;
    let kept = [
        Revocation::token_id(ISSUER, "one"),
        Revocation::session_id(ISSUER, "first"),
        Revocation::subject(ISSUER, "bob"),
        Revocation::subject(ISSUER, "carol").issued_until(at(NOW - 60)),
    ]
    .map(|revocation| revocation.to_bytes(at(NOW - 10)));

    let fixture = Fixture::new();
    for bytes in &kept {
        assert!(Revocation::from_bytes(&bytes[1..]).is_none());
        fixture.revoke(Revocation::from_bytes(bytes).unwrap()).await;
    }
    let reason = |claims| fixture.reason(&fixture.token(claims));
    let ended = Some(Reason::Invalid);
    assert_eq!(reason(json!({"jti": "one"})), ended);
    assert_eq!(reason(json!({"jti": "two"})), None);
    assert_eq!(reason(json!({"sid": "first"})), ended);
    assert_eq!(reason(json!({"sub": "bob", "iat": NOW - 10})), ended);
    assert_eq!(reason(json!({"sub": "bob", "iat": NOW - 9})), None, "it counts from when it was made, not read");
    assert_eq!(reason(json!({"sub": "carol", "iat": NOW - 60})), ended);
    assert_eq!(reason(json!({"sub": "carol", "iat": NOW - 59})), None);
    fixture.clock.advance(MemoryRevocations::DEFAULT_REMEMBER - Duration::from_secs(1));
    fixture.revoke(Revocation::token_id(ISSUER, "three")).await;
    assert_eq!(fixture.list.len(), 5, "what has no end of its own is kept as long as the list remembers");

    let short = Revocation::token_id(ISSUER, "one").until(at(NOW + 5)).to_bytes(at(NOW));
    assert!(format!("{:?}", Revocation::from_bytes(&short).unwrap()).contains(&(NOW + 5).to_string()));
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
    let exactly = fixture.token(json!({"iat": NOW as f64 + 0.4, "jti": "exactly"}));
    assert_eq!([&same_second, &exactly].map(|token| fixture.reason(token)), [Some(Reason::Invalid); 2]);
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

/// Whoever can have revocations added, as by logging out, must not make the others wait when there is no room for more
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "what it costs is measured, against what else it costs")]
async fn a_full_list_costs_no_more_to_ask_in_vain_than_it_took_to_fill() {
    let list = MemoryRevocations::builder().capacity(50_000).build().unwrap();
    let revoke = async |number: u32| list.revoke(Revocation::token_id(ISSUER, &number.to_string())).await;
    let begun = Instant::now();
    for number in 0..50_000 {
        revoke(number).await.unwrap();
    }
    let filled = begun.elapsed();
    for number in 50_000..55_000 {
        revoke(number).await.unwrap_err();
    }
    assert!(begun.elapsed() < 2 * filled, "{filled:?}, then {:?}", begun.elapsed() - filled);
}

/// An ECDSA signature (r, s) holds as (r, n - s) too, so whoever has a token can write another one that says the same
#[tokio::test]
async fn a_jwt_that_is_revoked_by_its_text_ends_with_every_signature_that_it_may_bear() {
    let (key, clock) = (TestKey::new(Algorithm::ES256), ManualClock::at(UnixTime::from_secs(NOW)));
    let list = MemoryRevocations::builder().clock(clock.clone()).build().unwrap();
    let verifier = JwtVerifier::new([issuer(key.key_set())]).unwrap().clock(clock).revocations(list.clone());
    let reason = |token: &str| verifier.verify_token(token).err().map(|error| error.reason());
    let (one, other) = (mint(&key, &good_claims()), mint(&key, &claims_with(json!({"jti": "token-2"}))));
    let twin = with_the_other_signature(&one);
    assert_ne!(one, twin);
    assert_eq!([&one, &twin, &other].map(|token| reason(token)), [None; 3]);
    list.revoke(Revocation::token(&one)).await.unwrap();
    let ended = Some(Reason::Invalid);
    assert_eq!([&one, &twin, &other].map(|token| reason(token)), [ended, ended, None]);
}

/// The same token with (r, n - s) in the place of (r, s), for P-256.
fn with_the_other_signature(token: &str) -> String {
    let order: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
        0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut borrow = 0;
    for (own, all) in signature[32..].iter_mut().zip(order).rev() {
        let difference = i16::from(all) - i16::from(*own) - borrow;
        borrow = i16::from(difference < 0);
        *own = difference.rem_euclid(256) as u8;
    }
    format!("{message}.{}", base64url(&signature))
}

/// Opaque tokens may begin alike, and have dots
#[tokio::test]
async fn of_a_token_that_is_no_jwt_the_whole_text_is_revoked() {
    let fixture = Fixture::new();
    for text in ["mF_9.B5f-4.1JqM", "v4.public.eyJzdWIi", "e30.e30"] {
        let (start, _) = text.rsplit_once('.').unwrap();
        let twin = format!("{start}.another");
        fixture.revoke(Revocation::token(text)).await;
        fixture.revoke(Revocation::token(&twin)).await;
    }
    assert_eq!(fixture.list.len(), 6);
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

/// The same where the issuer's clock is ahead of ours
#[tokio::test]
async fn what_was_revoked_is_remembered_until_its_tokens_are_too_old_by_their_own_word() {
    let (key, clock) = (TestKey::new(Algorithm::HS256), ManualClock::at(UnixTime::from_secs(NOW)));
    let hour = Duration::from_secs(60 * 60);
    let list = MemoryRevocations::builder().clock(clock.clone()).remember(hour).build().unwrap();
    let verifier = JwtVerifier::new([issuer(key.key_set())]).unwrap().clock(clock.clone()).revocations(list.clone());
    let reason = |token: &str| verifier.verify_token(token).err().map(|error| error.reason());
    let token = mint(&key, &claims_with(json!({"jti": "one", "iat": NOW + 30, "exp": NOW + 30 + 60 * 60})));
    assert_eq!(reason(&token), None);
    list.revoke(Revocation::token_id(ISSUER, "one")).await.unwrap();
    assert_eq!(reason(&token), Some(Reason::Invalid));
    for second in 0..200 {
        clock.set_wall(UnixTime::from_secs(NOW + 3550 + second));
        // So many that what has ended is swept out.
        for number in 0..200 {
            let soon = UnixTime::from_secs(NOW);
            list.revoke(Revocation::token_id(ISSUER, &format!("{second}-{number}")).until(soon)).await.unwrap();
        }
        assert_ne!(reason(&token), None, "{second}");
    }
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
