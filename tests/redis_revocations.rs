//! Revocations shared through a real Redis server: how late they are, what is kept, and what happens while it is away.

#![cfg(all(feature = "redis", feature = "aws-lc-rs"))]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and `json!` is not borrowed"
)]

mod support {
    pub(crate) mod held_redis;
    pub(crate) mod jwt;
    pub(crate) mod keys;
    pub(crate) mod redis;
    pub(crate) mod services;
}

use std::error::Error;
use std::time::{Duration, Instant};

use portcullis::clock::{ManualClock, UnixTime};
use portcullis::identity::jwt::{Algorithm, JwtVerifier};
use portcullis::identity::revocation::{RedisRevocations, Revocation, Revocations};
use portcullis::{Reason, VerifyError};
use serde_json::json;
use support::held_redis::{Answer, HeldRedis};
use support::jwt::{ISSUER, NOW, claims_with, issuer, mint};
use support::keys::TestKey;
use support::redis::Redis;

/// One process of several: its own list, over its own connections.
struct Service {
    clock: ManualClock,
    list: RedisRevocations,
    verifier: JwtVerifier,
}

impl Service {
    async fn start(redis: &Redis, key: &TestKey) -> Self {
        let service = Self::start_at(&redis.url(), key);
        service.list.ready().await;
        service
    }

    fn start_at(url: &str, key: &TestKey) -> Self {
        let clock = ManualClock::at(UnixTime::from_secs(NOW));
        let list = RedisRevocations::builder(url).max_lag(LAG).clock(clock.clone()).build().unwrap();
        let verifier = JwtVerifier::new([issuer(key.key_set())]).unwrap();
        let verifier = verifier.clock(clock.clone()).revocations(list.clone());
        Self { clock, list, verifier }
    }

    fn reason(&self, token: &str) -> Option<Reason> {
        self.verifier.verify_token(token).err().map(|error| error.reason())
    }
}

/// Polls for what another task brings about, with a bound.
#[expect(clippy::disallowed_methods, reason = "how long another process takes is measured, not simulated")]
async fn wait_until(what: &str, happened: impl Fn() -> bool) {
    let started = Instant::now();
    while !happened() {
        assert!(started.elapsed() < Duration::from_secs(30), "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

const LAG: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_revokes_ends_there_at_once_and_in_the_others_soon() {
    let Some(redis) = Redis::start() else { return };
    let key = TestKey::new(Algorithm::HS256);
    let (one, other) = (Service::start(&redis, &key).await, Service::start(&redis, &key).await);
    let token = mint(&key, &claims_with(json!({"sid": "session-1"})));
    let bob = mint(&key, &claims_with(json!({"sub": "bob"})));
    for service in [&one, &other] {
        assert_eq!((service.reason(&token), service.reason(&bob)), (None, None));
    }
    one.list.revoke(Revocation::session_id(ISSUER, "session-1")).await.unwrap();
    assert_eq!(one.reason(&token), Some(Reason::Invalid));
    wait_until("the news", || other.reason(&token) == Some(Reason::Invalid)).await;
    assert_eq!((one.reason(&bob), other.reason(&bob)), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_begins_later_knows_all_of_it() {
    let Some(redis) = Redis::start() else { return };
    let key = TestKey::new(Algorithm::HS256);
    let first = Service::start(&redis, &key).await;
    for number in 0..2_500 {
        first.list.revoke(Revocation::token_id(ISSUER, &format!("old-{number}"))).await.unwrap();
    }
    let later = Service::start(&redis, &key).await;
    for id in ["old-0", "old-999", "old-1000", "old-2499"] {
        assert_eq!(later.reason(&mint(&key, &claims_with(json!({"jti": id})))), Some(Reason::Invalid), "{id}");
    }
    assert_eq!(later.reason(&mint(&key, &claims_with(json!({"jti": "new"})))), None);
}

/// The worst case that the documentation states
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_hears_nothing_for_longer_than_the_lag_answers_503_and_recovers_by_itself() {
    let Some(mut redis) = Redis::start() else { return };
    let key = TestKey::new(Algorithm::HS256);
    let (one, other) = (Service::start(&redis, &key).await, Service::start(&redis, &key).await);
    let (token, bob) = (mint(&key, &claims_with(json!({}))), mint(&key, &claims_with(json!({"sub": "bob"}))));
    one.list.revoke(Revocation::subject(ISSUER, "alice")).await.unwrap();
    redis.kill();
    one.clock.advance(LAG);
    assert_eq!(one.reason(&bob), None, "within the lag it goes on");
    assert_eq!(one.reason(&token), Some(Reason::Invalid));
    one.clock.advance(Duration::from_millis(1));
    assert_eq!(one.reason(&bob), Some(Reason::Unavailable));
    assert_eq!(one.reason(&token), Some(Reason::Unavailable));
    let error = one.list.revoke(Revocation::token_id(ISSUER, "x")).await.unwrap_err();
    assert!(error.to_string().starts_with("not revoked: "), "{error}");

    redis.launch();
    wait_until("recovery", || one.reason(&bob).is_none()).await;
    assert_eq!(one.reason(&token), Some(Reason::Invalid), "what was acknowledged survives");
    wait_until("the other", || other.reason(&token) == Some(Reason::Invalid)).await;
    one.list.revoke(Revocation::subject(ISSUER, "bob")).await.unwrap();
    wait_until("news over the new connections", || other.reason(&bob) == Some(Reason::Invalid)).await;
}

/// A server that is there and says nothing is as good as none
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_noticed() {
    let Some(redis) = Redis::start() else { return };
    let key = TestKey::new(Algorithm::HS256);
    let service = Service::start(&redis, &key).await;
    let token = mint(&key, &claims_with(json!({})));
    redis.freeze(true);
    let revoked = service.list.revoke(Revocation::token_id(ISSUER, "x")).await;
    assert!(revoked.is_err());
    service.clock.advance(LAG + Duration::from_millis(1));
    assert_eq!(service.reason(&token), Some(Reason::Unavailable));
    redis.freeze(false);
    wait_until("recovery", || service.reason(&token).is_none()).await;
}

/// What is known is as old as the question, however late the answer comes
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_held_up_is_no_news_of_now() {
    let server = HeldRedis::start().await;
    let (clock, lag) = (ManualClock::at(UnixTime::from_secs(NOW)), Duration::from_secs(120));
    let list = RedisRevocations::builder(&server.url()).max_lag(lag).clock(clock.clone()).build().unwrap();
    server.answer(Answer::Nothing);
    list.ready().await;
    server.until_asked(2).await;
    clock.advance(lag);
    assert!(list.generation().is_ok());
    server.answer(Answer::Nothing);
    server.until_asked(3).await;
    clock.advance(Duration::from_millis(1));
    assert!(list.generation().is_err());
    server.answer(Answer::Nothing);
    server.until_asked(4).await;
    assert!(list.generation().is_ok());
}

/// A part of the news is not all of it
#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_much_knows_all_of_it_only_when_there_is_no_more() {
    let server = HeldRedis::start().await;
    let (clock, lag) = (ManualClock::at(UnixTime::from_secs(NOW)), Duration::from_secs(120));
    let list = RedisRevocations::builder(&server.url()).max_lag(lag).clock(clock.clone()).build().unwrap();
    server.answer(Answer::Page);
    server.until_asked(2).await;
    assert!(list.generation().is_err(), "at the beginning");
    server.answer(Answer::Nothing);
    list.ready().await;
    server.until_asked(3).await;
    clock.advance(lag);
    server.answer(Answer::Nothing);
    server.until_asked(4).await;
    server.answer(Answer::Page);
    server.until_asked(5).await;
    clock.advance(Duration::from_millis(1));
    assert!(list.generation().is_err(), "and later");
    server.answer(Answer::Nothing);
    server.until_asked(6).await;
    assert!(list.generation().is_ok());
}

/// Entries are numbered by the server's clock: those of a server that took over may come before what was read already
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lost_the_list_is_heard_though_its_clock_is_behind() {
    let Some(mut redis) = Redis::start() else { return };
    let key = TestKey::new(Algorithm::HS256);
    redis.ask("XADD portcullis:revocations 9999999999999-0 revocation garbage");
    let service = Service::start(&redis, &key).await;
    let token = mint(&key, &claims_with(json!({})));
    service.list.revoke(Revocation::subject(ISSUER, "bob")).await.unwrap();
    assert_eq!(service.reason(&token), None);
    redis.ask("DEL portcullis:revocations");
    redis.kill();
    redis.launch();
    let other = Service::start(&redis, &key).await;
    other.list.revoke(Revocation::subject(ISSUER, "alice")).await.unwrap();
    wait_until("the news", || service.reason(&token) == Some(Reason::Invalid)).await;
    let bob = mint(&key, &claims_with(json!({"sub": "bob"})));
    assert_eq!(service.reason(&bob), Some(Reason::Invalid), "what it knew it still knows");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_before_the_list_was_read() {
    let key = TestKey::new(Algorithm::HS256);
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let service = Service::start_at(&format!("redis://{nowhere}"), &key);
    let error = service.verifier.verify_token(&mint(&key, &claims_with(json!({})))).unwrap_err();
    assert_eq!(error.reason(), Reason::Unavailable);
    assert_eq!(error.retry_after(), Some(VerifyError::DEFAULT_RETRY_AFTER));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_holds_no_token_and_no_name_and_is_trimmed() {
    let Some(redis) = Redis::start() else { return };
    let key = TestKey::new(Algorithm::HS256);
    let service = Service::start(&redis, &key).await;
    let token = mint(&key, &claims_with(json!({"jti": "zebraquux"})));
    service.list.revoke(Revocation::token(&token)).await.unwrap();
    service.list.revoke(Revocation::token_id(ISSUER, "zebraquux")).await.unwrap();
    service.list.revoke(Revocation::subject(ISSUER, "zebraquux")).await.unwrap();
    let dump = redis.ask("XRANGE portcullis:revocations - +");
    assert_eq!(dump.matches("revocation\r\n").count(), 3, "{dump}");
    for secret in ["zebra", "quux", "id.example", &token[..20]] {
        assert!(!dump.contains(secret), "{dump}");
    }
    redis.ask("DEL portcullis:revocations");
    for number in 1..=300 {
        redis.ask(&format!("XADD portcullis:revocations {number}-0 revocation old"));
    }
    service.list.revoke(Revocation::token_id(ISSUER, "new")).await.unwrap();
    assert!(length(&redis) < 150, "{}", length(&redis));
}

/// One process cannot take from all others what they have to know
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_far_ahead_drops_nothing_that_is_in_force() {
    let Some(redis) = Redis::start() else { return };
    let key = TestKey::new(Algorithm::HS256);
    let (right, wrong) = (Service::start(&redis, &key).await, Service::start(&redis, &key).await);
    for number in 0..300 {
        right.list.revoke(Revocation::token_id(ISSUER, &number.to_string())).await.unwrap();
    }
    wrong.clock.set_wall(UnixTime::from_secs(9_000_000_000));
    wrong.list.revoke(Revocation::token_id(ISSUER, "another")).await.unwrap();
    assert_eq!(length(&redis), 301);
}

/// Of the stream.
fn length(redis: &Redis) -> usize {
    let answer = redis.ask("XLEN portcullis:revocations");
    answer.lines().next().unwrap().trim_start_matches(':').trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_a_foreign_form_is_passed_over() {
    let Some(redis) = Redis::start() else { return };
    let key = TestKey::new(Algorithm::HS256);
    redis.ask("XADD portcullis:revocations * revocation garbage");
    redis.ask("XADD portcullis:revocations * other thing");
    let service = Service::start(&redis, &key).await;
    let token = mint(&key, &claims_with(json!({})));
    assert_eq!(service.reason(&token), None);
    service.list.revoke(Revocation::subject(ISSUER, "alice")).await.unwrap();
    assert_eq!(service.reason(&token), Some(Reason::Invalid));
}

/// What does not fit would be missing: nobody can say then what is revoked
#[tokio::test(flavor = "multi_thread")]
async fn more_revocations_than_fit_are_an_outage_and_no_silence() {
    let Some(redis) = Redis::start() else { return };
    let clock = ManualClock::at(UnixTime::from_secs(NOW));
    let list = RedisRevocations::builder(&redis.url()).capacity(2).clock(clock.clone()).build().unwrap();
    list.ready().await;
    for id in ["one", "two"] {
        list.revoke(Revocation::token_id(ISSUER, id)).await.unwrap();
    }
    assert!(list.generation().is_ok());
    assert!(list.revoke(Revocation::token_id(ISSUER, "three")).await.is_err());
    wait_until("the stream", || list.generation().is_err()).await;
    let late = Revocation::token_id(ISSUER, "four").until(UnixTime::from_secs(9_999_999_999));
    assert!(list.revoke(late).await.unwrap_err().to_string().contains("raise `remember`"));
}

/// And when others have ended, there is room for what did not fit
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_by_too_many_revocations_ends_with_them() {
    let Some(redis) = Redis::start() else { return };
    let key = TestKey::new(Algorithm::HS256);
    let first = Service::start(&redis, &key).await;
    let soon = UnixTime::from_secs(NOW + 60);
    for id in ["one", "two"] {
        first.list.revoke(Revocation::token_id(ISSUER, id).until(soon)).await.unwrap();
    }
    first.list.revoke(Revocation::subject(ISSUER, "alice")).await.unwrap();
    let clock = ManualClock::at(UnixTime::from_secs(NOW));
    let list = RedisRevocations::builder(&redis.url()).capacity(2).max_lag(LAG).clock(clock.clone());
    let list = list.build().unwrap();
    let verifier = JwtVerifier::new([issuer(key.key_set())]).unwrap().clock(clock.clone()).revocations(list.clone());
    let (alice, bob) = (mint(&key, &claims_with(json!({}))), mint(&key, &claims_with(json!({"sub": "bob"}))));
    let reason = |token: &str| verifier.verify_token(token).err().map(|error| error.reason());
    let overflowed = |error: VerifyError| error.source().is_some_and(|why| why.to_string().contains("capacity"));
    wait_until("the stream", || list.generation().is_err_and(overflowed)).await;
    assert_eq!(reason(&bob), Some(Reason::Unavailable));
    clock.advance(Duration::from_secs(61));
    wait_until("recovery", || reason(&bob).is_none()).await;
    assert_eq!(reason(&alice), Some(Reason::Invalid));
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_the_server_must_prove_who_it_is() {
    let Some((redis, certificate)) = Redis::start_with_tls() else { return };
    let stranger = RedisRevocations::builder(&redis.url()).build().unwrap();
    assert!(stranger.revoke(Revocation::token_id(ISSUER, "x")).await.is_err());
    let known = RedisRevocations::builder(&redis.url()).root_certificates(certificate).build().unwrap();
    known.ready().await;
    known.revoke(Revocation::token_id(ISSUER, "x")).await.unwrap();
    assert!(known.generation().is_ok());
}

#[test]
fn a_configuration_that_cannot_work_is_told_whole_and_without_the_password() {
    let error = RedisRevocations::builder("http://:zebraquux@cache")
        .key("")
        .max_lag(Duration::ZERO)
        .capacity(0)
        .build()
        .unwrap_err();
    let settings: Vec<_> = error.faults().iter().map(|fault| fault.setting()).collect();
    assert_eq!(settings, ["key", "max_lag", "url", "capacity"]);
    assert!(!error.to_string().contains("zebra"), "{error}");
    let builder = RedisRevocations::builder("redis://:zebraquux@127.0.0.1");
    let shown = format!("{builder:?}");
    assert!(!format!("{shown} {:?}", builder.build().unwrap()).contains("zebra"));
    let error = RedisRevocations::builder("redis://127.0.0.1").root_certificates("pem").build().unwrap_err();
    assert_eq!(error.faults()[0].setting(), "root_certificates");
    let error = RedisRevocations::builder("rediss://127.0.0.1").root_certificates("pem").build().unwrap_err();
    assert_eq!(error.faults()[0].setting(), "root_certificates");
}
