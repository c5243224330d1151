//! What is counted and timed (feature `metrics`), read as Prometheus reads it: that each count moves when its thing happens, that no
//! label holds what a stranger sent, and that `docs/metrics.md` lists all there is.

#![cfg(all(
    feature = "aws-lc-rs",
    feature = "introspection",
    feature = "jwks",
    feature = "jwt",
    feature = "metrics",
    feature = "password",
    feature = "redis",
    feature = "session",
    feature = "tracing"
))]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and `json!` is not borrowed"
)]

mod support {
    pub(crate) mod endpoint;
    pub(crate) mod faulty;
    pub(crate) mod introspection;
    pub(crate) mod jwt;
    pub(crate) mod keys;
    pub(crate) mod redis;
    pub(crate) mod remote;
    pub(crate) mod services;
    pub(crate) mod stack;
    pub(crate) mod table_store;
}

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use http::Request;
use metrics::{LocalRecorderGuard, set_default_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use portcullis::authenticate::{AuthenticateBuilder, Basic, Bearer, Scheme, Session};
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::{BasicCredentials, BearerToken, ClientAddress, SessionId};
use portcullis::identity::introspection::AnswerCache;
use portcullis::identity::jwt::{Algorithm, JwtVerifier, RemoteKeys, TokenCache};
use portcullis::identity::password::{HashPool, PasswordMemory, PasswordVerifier, User, Users};
use portcullis::identity::revocation::{RedisRevocations, Revocation, Revocations};
use portcullis::identity::session::{CachedStore, MemoryStore, RedisStore, SessionStart, Sessions};
use portcullis::identity::throttle::Throttle;
use portcullis::permission::scope;
use portcullis::{AuthenticateLayer, Identity, RequireLayer, Verifier, VerifyError};
use serde_json::json;
use support::endpoint::{Endpoint, json as said};
use support::faulty::{Server, http, set};
use support::jwt::{ISSUER, NOW, claims_with, good_claims, issuer, mint};
use support::keys::TestKey;
use support::redis::Redis;
use support::stack::{Inner, get, send};
use support::table_store::TableStore;
use support::{introspection, remote};
use tokio::sync::oneshot;
use tower::Layer;

/// A recorder of one test alone, for whatever is built on its thread.
struct Recorded {
    handle: PrometheusHandle,
    _guard: LocalRecorderGuard<'static>,
}

impl Recorded {
    fn begin() -> Self {
        let recorder = PrometheusBuilder::new().set_buckets(&[0.001, 1.0]).unwrap().build_recorder();
        let handle = recorder.handle();
        // Until the end of the process: other threads may still hold what it gave them.
        Self { handle, _guard: set_default_local_recorder(Box::leak(Box::new(recorder))) }
    }

    /// Every series: name, labels, value.
    fn series(&self) -> Vec<(String, BTreeMap<String, String>, f64)> {
        let text = self.handle.render();
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let read = |line: &str| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let labels = labels.strip_suffix('}').unwrap().split(',').filter(|label| !label.is_empty());
            let labels = labels.map(|label| label.split_once('=').unwrap());
            let labels = labels.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()));
            (name.to_owned(), labels.collect(), value.parse().unwrap())
        };
        lines.map(read).collect()
    }

    /// The sum of the series of that name which have these labels, or nothing where there is none.
    fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let has = |own: &BTreeMap<String, String>| {
            labels.iter().all(|(key, value)| own.get(*key).is_some_and(|own| own == value))
        };
        let found: Vec<_> = self.series().into_iter().filter(|(own, labels, _)| own == name && has(labels)).collect();
        (!found.is_empty()).then(|| found.iter().map(|(_, _, value)| value).sum())
    }

    #[track_caller]
    fn assert(&self, name: &str, labels: &[(&str, &str)], expected: f64) {
        assert_eq!(self.sum(name, labels), Some(expected), "{name} {labels:?}\n{}", self.handle.render());
    }

    #[track_caller]
    fn assert_decisions(&self, scheme: &str, outcome: &str, stage: &str, expected: f64) {
        let labels = [("scheme", scheme), ("outcome", outcome), ("stage", stage)];
        self.assert("portcullis_decisions_total", &labels, expected);
    }

    /// Name, type and help of each family.
    fn families(&self) -> BTreeMap<String, (String, String)> {
        let text = self.handle.render();
        let of = |word: &str| -> BTreeMap<String, String> {
            let lines = text.lines().filter_map(|line| line.strip_prefix(word)?.split_once(' '));
            lines.map(|(name, rest)| (name.to_owned(), rest.to_owned())).collect()
        };
        let (help, types) = (of("# HELP "), of("# TYPE "));
        let family = |(name, kind): (String, String)| {
            let help = help.get(&name).unwrap_or_else(|| panic!("{name} has no help")).clone();
            (name, (kind, help))
        };
        types.into_iter().map(family).collect()
    }
}

const CACHE: &str = "portcullis_cache_lookups_total";
const ENDED: &str = "portcullis_sessions_ended_total";
const LIVE: &str = "portcullis_sessions_live";
const STARTED: &str = "portcullis_sessions_started_total";
const THROTTLED: &str = "portcullis_throttled_total";
/// argon2id of `wonderland`, cheap on purpose.
const ALICE: &str = "$argon2id$v=19$m=64,t=1,p=1$YWxpY2Ugc2FsdCBpcyBsb25n$62cZOQ5fMMOTpU/yq6NDWMLYYH7AjAckwv1NZFjkRLc";

fn basic(name: &str, password: &str) -> Request<()> {
    get([("authorization", format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}"))))])
}

fn bearer(token: &str) -> Request<()> {
    get([("authorization", format!("Bearer {token}"))])
}

fn nothing() -> Request<()> {
    Request::new(())
}

fn passwords() -> PasswordVerifier {
    let mut users = Users::new();
    users.insert("alice", User::new(ALICE).unwrap().scopes(["orders:read"])).unwrap();
    PasswordVerifier::new("staff", users)
}

fn tokens(key: &TestKey) -> JwtVerifier {
    support::jwt::verifier(issuer(key.key_set()))
}

fn basic_and_bearer(key: &TestKey) -> AuthenticateBuilder {
    AuthenticateLayer::builder().scheme(Basic::new("staff", passwords())).scheme(Bearer::new("orders", tokens(key)))
}

#[tokio::test]
async fn each_decision_is_counted_by_scheme_outcome_and_stage() {
    let recorded = Recorded::begin();
    let key = TestKey::new(Algorithm::ES256);
    let layer = basic_and_bearer(&key).build().unwrap();
    recorded.assert_decisions("Basic", "invalid", "verify", 0.0);
    let token = mint(&key, &good_claims());

    for _ in 0..3 {
        assert_eq!(send(&layer, bearer(&token)).await.status, 200);
    }
    assert_eq!(send(&layer, basic("alice", "wonderland")).await.status, 200);
    assert_eq!(send(&layer, basic("alice", "wrong")).await.status, 401);
    assert_eq!(send(&layer, nothing()).await.status, 401);
    assert_eq!(send(&layer, bearer("?")).await.status, 400);
    let expired = mint(&key, &claims_with(json!({"exp": NOW - 3600})));
    assert_eq!(send(&layer, bearer(&expired)).await.status, 401);
    let twice = get([("authorization", "Bearer a"), ("authorization", "Bearer b")]);
    assert_eq!(send(&layer, twice).await.status, 400);

    recorded.assert_decisions("Bearer", "passed", "verify", 3.0);
    recorded.assert_decisions("Basic", "passed", "verify", 1.0);
    recorded.assert_decisions("Basic", "invalid", "verify", 1.0);
    recorded.assert_decisions("none", "missing", "extract", 1.0);
    recorded.assert_decisions("Bearer", "malformed", "extract", 1.0);
    recorded.assert_decisions("Bearer", "expired", "verify", 1.0);
    recorded.assert_decisions("Bearer", "ambiguous", "extract", 1.0);
    recorded.assert("portcullis_decisions_total", &[], 9.0);
}

#[tokio::test]
async fn what_permissions_decide_is_counted_with_the_layer_outside() {
    let recorded = Recorded::begin();
    let key = TestKey::new(Algorithm::ES256);
    let outer = basic_and_bearer(&key).allow_anonymous().build().unwrap();
    let token = mint(&key, &good_claims());
    for (required, status, outcome) in [("orders:read", 200, "passed"), ("orders:write", 403, "forbidden")] {
        let both = tower::layer::layer_fn(|inner: Inner| {
            outer.layer(RequireLayer::new(scope(required)).unwrap().layer(inner))
        });
        assert_eq!(send(&both, bearer(&token)).await.status, status);
        recorded.assert_decisions("Bearer", outcome, "decide", 1.0);
        assert_eq!(send(&both, nothing()).await.status, 401);
    }
    recorded.assert_decisions("none", "anonymous", "verify", 2.0);
    recorded.assert_decisions("none", "missing", "decide", 2.0);
    recorded.assert_decisions("Bearer", "passed", "verify", 2.0);
}

#[tokio::test]
async fn outages_and_panics_are_counted_as_what_they_are() {
    let recorded = Recorded::begin();
    let verifier = async |token: BearerToken| -> Result<Identity, VerifyError> {
        assert_ne!(token.expose(), "panic");
        Err(VerifyError::unavailable("down"))
    };
    let layer = AuthenticateLayer::new(Bearer::new("orders", verifier)).unwrap();
    assert_eq!(send(&layer, bearer("any")).await.status, 503);
    assert_eq!(send(&layer, bearer("panic")).await.status, 500);
    recorded.assert_decisions("Bearer", "unavailable", "verify", 1.0);
    recorded.assert_decisions("Bearer", "misconfigured", "verify", 1.0);
    assert_eq!(send(&RequireLayer::new(scope("orders:read")).unwrap(), nothing()).await.status, 500);
}

#[tokio::test]
async fn a_verdict_that_is_waited_for_is_timed_and_one_at_hand_is_not() {
    let recorded = Recorded::begin();
    let layer = AuthenticateLayer::new(Basic::new("staff", passwords())).unwrap();
    let times = |count| recorded.assert("portcullis_verification_seconds_count", &[("scheme", "Basic")], count);
    times(0.0);
    assert_eq!(send(&layer, basic("alice", "wrong")).await.status, 401);
    assert_eq!(send(&layer, basic("alice", "wonderland")).await.status, 200);
    times(2.0);
    assert_eq!(send(&layer, basic("alice", "wonderland")).await.status, 200);
    times(2.0);
    assert!(recorded.sum("portcullis_verification_seconds_sum", &[]).unwrap() > 0.0);
}

#[tokio::test]
async fn a_token_is_looked_for_once_per_use_and_timed_when_it_was_found_genuine() {
    let recorded = Recorded::begin();
    let key = TestKey::new(Algorithm::ES256);
    let verifier = tokens(&key);
    let counts = |hits, misses, checks| {
        recorded.assert(CACHE, &[("cache", "tokens"), ("result", "hit")], hits);
        recorded.assert(CACHE, &[("cache", "tokens"), ("result", "miss")], misses);
        recorded.assert("portcullis_token_check_seconds_count", &[], checks);
    };
    counts(0.0, 0.0, 0.0);
    let token = mint(&key, &good_claims());
    for _ in 0..5 {
        verifier.verify_token(&token).unwrap();
    }
    counts(4.0, 1.0, 1.0);
    verifier.verify_token("eyJhbGciOiJub25lIn0.e30.").unwrap_err();
    counts(4.0, 2.0, 1.0);
    verifier.replace([issuer(key.key_set())]).unwrap();
    verifier.verify_token(&token).unwrap();
    counts(4.0, 3.0, 2.0);
}

#[tokio::test]
async fn a_memory_that_is_off_counts_nothing() {
    let recorded = Recorded::begin();
    let key = TestKey::new(Algorithm::ES256);
    let off = JwtVerifier::new([issuer(key.key_set())]).unwrap();
    let before = recorded.sum(CACHE, &[]);
    let off = off.clock(ManualClock::at(UnixTime::from_secs(NOW))).cache(TokenCache::new().entries(0));
    off.verify_token(&mint(&key, &good_claims())).unwrap();
    let passwords = passwords().memory(PasswordMemory::off());
    passwords.verify(BasicCredentials::new("alice", "wonderland").unwrap()).await.unwrap();
    assert_eq!(recorded.sum(CACHE, &[("cache", "tokens")]), before);
    recorded.assert(CACHE, &[("cache", "passwords")], 0.0);
}

#[tokio::test]
async fn credentials_are_looked_for_once_per_request_whoever_throttles_them() {
    let recorded = Recorded::begin();
    for verifier in [true, false].map(|throttled| {
        let scheme: Arc<dyn Scheme> = if throttled {
            Arc::new(Basic::new("staff", Throttle::default().around(passwords())))
        } else {
            Arc::new(Basic::new("staff", passwords()))
        };
        AuthenticateLayer::new(scheme).unwrap()
    }) {
        let before =
            ["hit", "miss"].map(|result| recorded.sum(CACHE, &[("cache", "passwords"), ("result", result)]).unwrap());
        for (password, status) in [("wrong", 401), ("wonderland", 200), ("wonderland", 200), ("wonderland", 200)] {
            assert_eq!(send(&verifier, basic("alice", password)).await.status, status);
        }
        recorded.assert(CACHE, &[("cache", "passwords"), ("result", "hit")], before[0] + 2.0);
        recorded.assert(CACHE, &[("cache", "passwords"), ("result", "miss")], before[1] + 2.0);
    }
}

#[tokio::test]
async fn answers_of_issuers_are_looked_for_once_per_request() {
    let recorded = Recorded::begin();
    let endpoint = Endpoint::saying(said(&introspection::active(json!({})))).await;
    let verifier = introspection::builder(&endpoint).cache(AnswerCache::new()).build().unwrap();
    for _ in 0..3 {
        assert_eq!(introspection::request(&verifier, introspection::TOKEN).await.status, 200);
    }
    assert_eq!(endpoint.count(), 1);
    recorded.assert(CACHE, &[("cache", "introspection"), ("result", "miss")], 1.0);
    recorded.assert(CACHE, &[("cache", "introspection"), ("result", "hit")], 2.0);
    recorded.assert("portcullis_verification_seconds_count", &[("scheme", "Bearer")], 1.0);
}

#[tokio::test]
async fn the_keys_of_an_issuer_tell_when_they_were_fetched_and_how_many_they_are() {
    let recorded = Recorded::begin();
    let (server, one, two) = (Server::start().await, remote::key("one"), remote::key("two"));
    server.answer("/jwks", set([one.jwk(), two.jwk()]));
    let clock = remote::clock();
    let keys = remote::keys_at(&server.url("/jwks"), &clock).build().unwrap();
    let url = server.url("/jwks");
    let from = ("issuer", url.as_str());
    let stands = |success, failure, keys| {
        recorded.assert("portcullis_key_set_fetches_total", &[from, ("result", "success")], success);
        recorded.assert("portcullis_key_set_fetches_total", &[from, ("result", "failure")], failure);
        recorded.assert("portcullis_key_set_keys", &[from], keys);
    };
    recorded.assert("portcullis_key_set_refreshed_timestamp_seconds", &[from], 0.0);
    let fetched_at = keys.ready().await.fetched_at().unwrap().as_secs() as f64;
    stands(1.0, 0.0, 2.0);
    recorded.assert("portcullis_key_set_refreshed_timestamp_seconds", &[from], fetched_at);

    server.answer("/jwks", http(500, &[], "down"));
    remote::Service::with(ISSUER, keys, clock).refetch().await;
    stands(1.0, 1.0, 2.0);
    recorded.assert("portcullis_key_set_refreshed_timestamp_seconds", &[from], fetched_at);
}

#[tokio::test]
async fn the_pool_tells_what_waits_what_runs_and_how_long_it_waited() {
    let recorded = Recorded::begin();
    let pool = HashPool::builder().threads(1).queue(2).build().unwrap();
    let stands = |waiting, running, waited| {
        recorded.assert("portcullis_hash_pool_waiting", &[], waiting);
        recorded.assert("portcullis_hash_pool_running", &[], running);
        recorded.assert("portcullis_hash_pool_wait_seconds_count", &[], waited);
    };
    stands(0.0, 0.0, 0.0);
    let (release, held) = mpsc::channel::<()>();
    let (starts, started) = oneshot::channel();
    let first = tokio::spawn({
        let pool = pool.clone();
        async move {
            pool.run(move || {
                starts.send(()).unwrap();
                held.recv().unwrap();
            })
            .await
        }
    });
    started.await.unwrap();
    stands(0.0, 1.0, 1.0);

    let mut waiting = Vec::new();
    for _ in 0..3 {
        let pool = pool.clone();
        waiting.push(tokio::spawn(async move { pool.run(|| ()).await }));
        tokio::task::yield_now().await;
    }
    // The third finds no place, and those who leave hold theirs no longer than until it is wanted.
    waiting.pop().unwrap().await.unwrap().unwrap_err();
    stands(2.0, 1.0, 1.0);

    release.send(()).unwrap();
    first.await.unwrap().unwrap();
    for job in waiting {
        job.await.unwrap().unwrap();
    }
    remote::until("the thread to rest", || recorded.sum("portcullis_hash_pool_running", &[]) == Some(0.0)).await;
    stands(0.0, 0.0, 3.0);
}

#[tokio::test]
async fn attempts_that_are_refused_are_counted_by_whose_limit_was_reached() {
    let recorded = Recorded::begin();
    let throttle = Throttle::builder().attempts(2).attempts_per_client(4).build().unwrap();
    let client = |number| Some(ClientAddress::new([10, 0, 0, number].into()));
    let guess = async |name, number| match throttle.guard(name, client(number)).await {
        Ok(permit) => permit.failed().await,
        Err(error) => assert_eq!(error.reason(), portcullis::Reason::Throttled),
    };
    for number in 1..=5 {
        guess("alice", number).await;
    }
    recorded.assert(THROTTLED, &[("limit", "account")], 3.0);
    recorded.assert(THROTTLED, &[("limit", "client")], 0.0);
    for name in ["a", "b", "c", "d", "e", "f"] {
        guess(name, 9).await;
    }
    recorded.assert(THROTTLED, &[("limit", "account")], 3.0);
    recorded.assert(THROTTLED, &[("limit", "client")], 2.0);
}

async fn log_in(sessions: &Sessions, name: &str) -> SessionId {
    let started = sessions.create(&Identity::assertion("staff", name).build(), SessionStart::new()).await.unwrap();
    SessionId::from_bytes(*started.id().expose())
}

#[tokio::test]
async fn sessions_are_counted_as_they_begin_live_and_end() {
    let recorded = Recorded::begin();
    let clock = ManualClock::at(UnixTime::from_secs(NOW));
    let idle = Duration::from_secs(600);
    let sessions = Sessions::builder(MemoryStore::new()).idle(idle).clock(clock.clone()).build().unwrap();
    let stands = |started, live, ended: [f64; 3]| {
        recorded.assert(STARTED, &[], started);
        recorded.assert(LIVE, &[], live);
        for (cause, count) in ["logged_out", "revoked", "expired"].into_iter().zip(ended) {
            recorded.assert(ENDED, &[("cause", cause)], count);
        }
    };
    stands(0.0, 0.0, [0.0; 3]);
    let alice = log_in(&sessions, "alice").await;
    for name in ["alice", "alice", "bob", "carol"] {
        log_in(&sessions, name).await;
    }
    let dave = log_in(&sessions, "dave").await;
    stands(6.0, 6.0, [0.0; 3]);
    assert!(sessions.end(&alice).await.unwrap());
    assert!(!sessions.end(&alice).await.unwrap());
    stands(6.0, 5.0, [1.0, 0.0, 0.0]);
    assert_eq!(sessions.end_all("staff", "alice").await.unwrap(), 2);
    stands(6.0, 3.0, [1.0, 2.0, 0.0]);
    clock.advance(idle);
    sessions.verify_now(&dave).unwrap().unwrap_err();
    stands(6.0, 2.0, [1.0, 2.0, 1.0]);
    assert_eq!(sessions.sweep().await.unwrap(), 2);
    stands(6.0, 0.0, [1.0, 2.0, 3.0]);
    log_in(&sessions, "erin").await;
    stands(7.0, 1.0, [1.0, 2.0, 3.0]);
    drop(sessions);
    stands(7.0, 0.0, [1.0, 2.0, 3.0]);
}

#[tokio::test]
async fn a_store_is_timed_by_what_it_is_asked_and_whether_it_answers() {
    let recorded = Recorded::begin();
    let store = TableStore::default();
    let sessions = Sessions::new(CachedStore::new(store.clone(), Duration::from_secs(60)).unwrap());
    let times = |operation, result, count| {
        let labels = [("store", "sessions"), ("operation", operation), ("result", result)];
        recorded.assert("portcullis_store_seconds_count", &labels, count);
    };
    let id = log_in(&sessions, "alice").await;
    times("insert", "ok", 1.0);
    let layer = AuthenticateLayer::new(Session::new("shop", sessions.clone())).unwrap();
    let request = || get([("authorization", format!("Session {}", id.encode().expose()))]);
    for _ in 0..3 {
        assert_eq!(send(&layer, request()).await.status, 200);
    }
    times("load", "ok", 1.0);
    recorded.assert(CACHE, &[("cache", "sessions"), ("result", "miss")], 1.0);
    recorded.assert(CACHE, &[("cache", "sessions"), ("result", "hit")], 2.0);
    store.fail(&["delete", "list"]);
    sessions.end(&id).await.unwrap_err();
    sessions.list("staff", "alice").await.unwrap_err();
    times("delete", "error", 1.0);
    times("delete", "ok", 0.0);
    times("list", "error", 1.0);
    recorded.assert(ENDED, &[], 0.0);
}

#[tokio::test]
async fn what_redis_is_asked_is_timed_and_its_absence_shows() {
    let Some(mut redis) = Redis::start() else { return };
    let recorded = Recorded::begin();
    let times = |store, operation, result, count| {
        let labels = [("store", store), ("operation", operation), ("result", result)];
        recorded.assert("portcullis_store_seconds_count", &labels, count);
    };
    let sessions = Sessions::new(RedisStore::new(&redis.url()).unwrap());
    let id = log_in(&sessions, "alice").await;
    sessions.verify(SessionId::from_bytes(*id.expose())).await.unwrap();
    let throttle = Throttle::builder().attempts(1).redis(&redis.url()).build().unwrap();
    throttle.guard("alice", None).await.unwrap().failed().await;
    let revocations = RedisRevocations::builder(&redis.url()).build().unwrap();
    revocations.revoke(Revocation::session_id(ISSUER, "08a5019c")).await.unwrap();
    times("sessions", "insert", "ok", 1.0);
    times("sessions", "load", "ok", 1.0);
    // For the account and for the client.
    times("throttle", "reserve", "ok", 2.0);
    times("throttle", "fail", "ok", 2.0);
    times("revocations", "revoke", "ok", 1.0);

    // Another process, which has counted nothing yet, is refused by what they count together.
    let elsewhere = Throttle::builder().attempts(1).redis(&redis.url()).build().unwrap();
    elsewhere.guard("alice", None).await.unwrap_err();
    assert_eq!(recorded.sum(THROTTLED, &[]), Some(1.0));

    redis.kill();
    sessions.verify(SessionId::from_bytes(*id.expose())).await.unwrap_err();
    revocations.revoke(Revocation::session_id(ISSUER, "18a5019c")).await.unwrap_err();
    drop(throttle.guard("bob", None).await.unwrap());
    times("sessions", "load", "error", 1.0);
    times("throttle", "reserve", "error", 1.0);
    times("revocations", "revoke", "error", 1.0);
}

/// nothing that a stranger sends is a label, and so no series is theirs
#[tokio::test]
async fn ten_thousand_wrong_credentials_make_no_series_and_leave_no_word() {
    let recorded = Recorded::begin();
    let key = TestKey::new(Algorithm::ES256);
    let sessions = Sessions::new(MemoryStore::new());
    let throttled = Throttle::default().around(passwords());
    let layer = AuthenticateLayer::builder()
        .scheme(Basic::new("staff", throttled))
        .scheme(Bearer::new("orders", tokens(&key)))
        .scheme(Session::new("shop", sessions.clone()));
    let layer = layer.build().unwrap();
    let names = || recorded.series().into_iter().map(|(name, labels, _)| (name, labels)).collect::<BTreeSet<_>>();
    let before = names();
    for number in 0..2_500 {
        let word = format!("zebraquux{number}");
        let named = claims_with(json!({"iss": word, "sub": word, "jti": word}));
        let header = json!({"alg": "ES256", "kid": word, "typ": word});
        let text = |json: &serde_json::Value| support::keys::base64url(json.to_string().as_bytes());
        let token = format!("{}.{}.{}", text(&header), text(&named), support::keys::base64url(&[7; 64]));
        let requests = [
            basic(&word, &word),
            bearer(&token),
            get([("authorization", format!("Session {word}"))]),
            get([("authorization", format!("{word} {word}")), ("host", word.clone()), ("cookie", word)]),
        ];
        for mut request in requests {
            *request.uri_mut() = format!("/zebraquux/{number}?zebraquux={number}").parse().unwrap();
            assert!(send(&layer, request).await.status.is_client_error());
        }
    }
    assert_eq!(names(), before);
    recorded.assert("portcullis_decisions_total", &[], 10_000.0);
    let text = recorded.handle.render();
    assert!(!text.contains("zebra") && !text.contains("quux"), "{text}");
    assert!(before.len() < 500, "{}", before.len());
}

#[tokio::test]
async fn the_table_of_metrics_says_what_there_is() {
    let recorded = Recorded::begin();
    let key = TestKey::new(Algorithm::ES256);
    let endpoint = Endpoint::saying(said(&introspection::inactive())).await;
    let away = "redis://127.0.0.1:1";
    let _all = (
        basic_and_bearer(&key).build().unwrap(),
        introspection::verifier(&endpoint),
        RemoteKeys::jwks("https://id.example/jwks", &[Algorithm::ES256]).build().unwrap(),
        Sessions::new(CachedStore::new(MemoryStore::new(), Duration::from_secs(1)).unwrap()),
        Throttle::builder().redis(away).build().unwrap(),
        RedisRevocations::builder(away).build().unwrap(),
    );
    let mut labels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, own, _) in recorded.series() {
        let parts = ["_bucket", "_sum", "_count"].into_iter().find_map(|part| name.strip_suffix(part));
        let family = parts.unwrap_or(&name).to_owned();
        labels.entry(family).or_default().extend(own.into_keys().filter(|label| label != "le"));
    }
    let actual: BTreeMap<_, _> = recorded
        .families()
        .into_iter()
        .map(|(name, (kind, help))| {
            let labels = labels.get(&name).into_iter().flatten().map(|label| format!("`{label}`")).collect::<Vec<_>>();
            (format!("`{name}`"), [kind, labels.join(", "), help])
        })
        .collect();
    let rows = include_str!("../docs/metrics.md").lines().filter(|line| line.starts_with("| `portcullis_"));
    let rows = rows.map(|row| row.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>());
    let written: BTreeMap<_, _> =
        rows.map(|cells| (cells[1].clone(), [cells[2].clone(), cells[3].clone(), cells[4].clone()])).collect();
    let shown: String = actual.iter().map(|(name, row)| format!("| {name} | {} |\n", row.join(" | "))).collect();
    assert_eq!(written, actual, "the table should be\n{shown}");
}
