//! Sessions in Redis: what is stored, what a request costs, and what happens while the server is away.

#![cfg(feature = "redis")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support {
    pub(crate) mod redis;
    pub(crate) mod redis_cluster;
    pub(crate) mod services;
    pub(crate) mod session_load;
    pub(crate) mod stack;
}

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
use portcullis::authenticate::{AuthenticateBuilder, Session};
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::SessionId;
use portcullis::identity::session::{RedisStore, SessionKey, SessionStart, SessionStore, SessionTicket, Sessions};
use portcullis::{AuthenticateLayer, Identity, Reason, Verifier};
use support::redis::Redis;
use support::redis_cluster::{Cluster, Sentinels};
use support::session_load::{Counts, Load};
use support::stack::{Answer, send};

const MINUTE: Duration = Duration::from_secs(60);

fn store(redis: &Redis) -> RedisStore {
    RedisStore::new(&redis.url()).unwrap()
}

async fn log_in(sessions: &Sessions, name: &str) -> SessionId {
    let identity = Identity::assertion("staff", name).roles(["clerk"]).build();
    sessions.create(&identity, SessionStart::new().label("Firefox")).await.unwrap().into_id()
}

fn copy(id: &SessionId) -> SessionId {
    SessionId::from_bytes(*id.expose())
}

/// What finds the session.
fn key(id: &SessionId) -> SessionKey {
    SessionTicket::of(id).key()
}

/// Where the server has the session.
fn name(id: &SessionId) -> String {
    format!("{{portcullis:{:04x}}}:s:{}", key(id).shard(), key(id))
}

async fn refusal(sessions: &Sessions, id: &SessionId) -> Option<Reason> {
    sessions.verify(copy(id)).await.err().map(|error| error.reason())
}

/// A request with this in its cookie.
async fn show(sessions: &Sessions, cookie: &str) -> Answer {
    through(AuthenticateLayer::builder().scheme(Session::new("shop", sessions.clone())), cookie).await
}

/// As [`show`], where nobody need be logged in.
async fn show_if_any(sessions: &Sessions, cookie: &str) -> Answer {
    through(AuthenticateLayer::builder().scheme(Session::new("shop", sessions.clone())).allow_anonymous(), cookie).await
}

async fn through(layer: AuthenticateBuilder, cookie: &str) -> Answer {
    let request = http::Request::builder().header("cookie", format!("__Host-session={cookie}")).body(()).unwrap();
    send(&layer.build().unwrap(), request).await
}

#[expect(clippy::disallowed_methods, reason = "how long another process takes is measured, not simulated")]
fn now() -> Instant {
    Instant::now()
}

/// Everything that the files in a folder hold.
fn dump(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all.extend(if path.is_dir() { dump(&path) } else { fs::read(&path).unwrap() });
    }
    all
}

/// How often the server has run each command since it was last told to forget.
fn commands(redis: &Redis) -> Vec<(String, u64)> {
    let stats = redis.ask("INFO commandstats");
    let counted = stats.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        // Those of the test itself.
        let own = ["config", "config|resetstat", "info", "ping"].contains(&name);
        Some((name.to_owned(), rest.split(',').next()?.parse().unwrap())).filter(|_| !own)
    });
    counted.collect()
}

fn count_anew(redis: &Redis) {
    assert!(redis.ask("CONFIG RESETSTAT").starts_with("+OK"));
}

/// Clients under load log in far more often than one subject may.
fn without_limit(store: RedisStore) -> Sessions {
    Sessions::builder(store).max_per_subject(usize::MAX).build().unwrap()
}

/// S11
#[tokio::test]
async fn a_look_at_all_that_the_server_has_opens_no_session() {
    let Some(redis) = Redis::start() else { return };
    let sessions = Sessions::new(store(&redis));
    let mut ids = Vec::new();
    for number in 0..20 {
        let id = log_in(&sessions, &format!("user-{number}")).await;
        let rotated = sessions.rotate(&id).await.unwrap().unwrap().into_id();
        ids.extend([id, rotated]);
    }
    // The log of all changes, scripts and arguments included, and the state in the form of a snapshot.
    redis.wait_until("+OK", "SAVE");
    let dump = dump(redis.folder());
    let has = |bytes: &[u8]| dump.windows(bytes.len()).any(|window| window == bytes);
    assert!(has(b"clerk") && has(b"Firefox"), "what is no secret is found");
    for id in &ids {
        let (secret, handle) = id.expose().split_at(16);
        assert!(has(BASE64_URL_SAFE_NO_PAD.encode(handle).as_bytes()), "so is the half that is none");
        for part in [id.expose().as_slice(), secret] {
            let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(!has(part) && !has(hex.as_bytes()) && !has(hex.to_uppercase().as_bytes()));
            assert!(!has(BASE64_URL_SAFE_NO_PAD.encode(part).as_bytes()));
            assert!(!has(BASE64_STANDARD.encode(part).as_bytes()));
        }
        // As the text of the whole begins.
        assert!(!has(&id.encode().expose().as_bytes()[..20]));
    }
}

#[tokio::test]
async fn a_request_is_one_trip_to_the_server_and_one_more_when_it_is_noted() {
    let Some(redis) = Redis::start() else { return };
    let clock = ManualClock::at(UnixTime::from_secs(1_000_000));
    let sessions = Sessions::builder(store(&redis)).clock(clock.clone()).build().unwrap();
    let id = log_in(&sessions, "alice").await;
    let text = id.encode();
    count_anew(&redis);
    for _ in 0..100 {
        show(&sessions, text.expose()).await.assert_accepted("alice");
    }
    assert_eq!(commands(&redis), [("getrange".to_owned(), 100)]);

    clock.advance(2 * MINUTE);
    show(&sessions, text.expose()).await.assert_accepted("alice");
    count_anew(&redis);
    clock.advance(2 * MINUTE);
    for _ in 0..10 {
        show(&sessions, text.expose()).await.assert_accepted("alice");
    }
    let evaluated: Vec<_> = commands(&redis).into_iter().filter(|(name, _)| name.starts_with("eval")).collect();
    assert_eq!(evaluated, [("evalsha".to_owned(), 1)], "the first of ten requests within a minute");
}

#[tokio::test]
async fn what_cannot_be_an_id_is_never_asked_for() {
    let Some(redis) = Redis::start() else { return };
    let sessions = Sessions::new(store(&redis));
    let id = log_in(&sessions, "alice").await;
    count_anew(&redis);
    let good = id.encode();
    let good = good.expose();
    for malformed in ["", "x", &good[1..], &format!("{good}A"), &good.replace(&good[..4], "/+=="), &"A".repeat(8000)] {
        assert!(show(&sessions, malformed).await.seen.is_none(), "{malformed}");
    }
    assert_eq!(commands(&redis), []);
    show(&sessions, good).await.assert_accepted("alice");
}

/// S28
#[tokio::test]
async fn while_the_server_is_away_the_answer_is_503_within_two_seconds_and_the_cookie_stays() {
    let Some(mut redis) = Redis::start() else { return };
    let sessions = Sessions::new(store(&redis));
    let id = log_in(&sessions, "alice").await;
    let text = id.encode();
    show(&sessions, text.expose()).await.assert_accepted("alice");
    for silent in [false, true] {
        if silent {
            redis.freeze(true)
        } else {
            redis.kill()
        }
        for _ in 0..5 {
            let started = now();
            let answer = show(&sessions, text.expose()).await;
            assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
            for answer in [answer, show_if_any(&sessions, text.expose()).await] {
                answer.assert_refused(503, "unavailable", &[]);
                assert!(answer.lines("set-cookie").is_empty() && !answer.lines("retry-after").is_empty());
            }
        }
        assert!(sessions.end(&id).await.is_err(), "and nobody is told that they are logged out");
        if silent {
            redis.freeze(false)
        } else {
            redis.launch()
        }
        let (recovery, mut waited) = (now(), Duration::ZERO);
        while refusal(&sessions, &id).await == Some(Reason::Unavailable) {
            waited = recovery.elapsed();
            assert!(waited < Duration::from_secs(10), "it does not recover");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        eprintln!("after an outage (silent: {silent}) answered again within {waited:?}");
        show(&sessions, text.expose()).await.assert_accepted("alice");
    }
}

/// S28
#[tokio::test]
async fn an_error_of_the_server_is_an_outage_and_no_verdict() {
    let Some(redis) = Redis::start() else { return };
    let sessions = Sessions::new(store(&redis));
    let text = log_in(&sessions, "alice").await.encode();
    assert!(redis.ask("ACL SETUSER default -getrange").starts_with("+OK"));
    for answer in [show(&sessions, text.expose()).await, show_if_any(&sessions, text.expose()).await] {
        answer.assert_refused(503, "unavailable", &[]);
        assert!(answer.lines("set-cookie").is_empty());
    }
    assert!(redis.ask("ACL SETUSER default +getrange").starts_with("+OK"));
    show(&sessions, text.expose()).await.assert_accepted("alice");
}

/// S30
#[tokio::test]
async fn what_is_no_session_of_ours_is_refused_and_only_a_part_of_it_is_read() {
    let Some(redis) = Redis::start() else { return };
    let store = store(&redis);
    let sessions = Sessions::new(store.clone());
    let id = log_in(&sessions, "alice").await;
    let (key, name) = (key(&id), name(&id));
    assert!(redis.ask(&format!("EXISTS {name}")).starts_with(":1"), "{name}");

    redis.ask(&format!("SETRANGE {name} 10485760 x"));
    let output = || -> u64 {
        let stats = redis.ask("INFO stats");
        stats.lines().find_map(|line| line.strip_prefix("total_net_output_bytes:")).unwrap().parse().unwrap()
    };
    let before = output();
    assert!(store.load(key).await.unwrap_err().is_damaged());
    assert!(output() - before < 100_000, "{}", output() - before);
    assert_eq!(refusal(&sessions, &id).await, Some(Reason::Invalid));

    for change in ["SET {} garbage", "SETRANGE {} 0 2", "SETRANGE {} 1 x", "SETRANGE {} 113 2", "SETRANGE {} 146 x"] {
        let id = log_in(&sessions, "bob").await;
        redis.ask(&change.replace("{}", &self::name(&id)));
        assert!(store.load(self::key(&id)).await.unwrap_err().is_damaged(), "{change}");
        assert_eq!(refusal(&sessions, &id).await, Some(Reason::Invalid), "{change}");
    }
    redis.ask(&format!("DEL {name}"));
    redis.ask(&format!("RPUSH {name} x"));
    assert!(store.load(key).await.unwrap_err().is_damaged());
    assert_eq!(refusal(&sessions, &id).await, Some(Reason::Invalid));
    let alive = log_in(&sessions, "bob").await;
    assert_eq!(sessions.list("staff", "bob").await.unwrap().len(), 1, "what is damaged hides nothing else");
    assert_eq!(refusal(&sessions, &alive).await, None);
}

#[tokio::test]
async fn the_list_of_an_owner_keeps_nothing_of_sessions_that_are_gone() {
    let Some(redis) = Redis::start() else { return };
    let sessions = Sessions::builder(store(&redis)).idle(10 * MINUTE).build().unwrap();
    let count = || redis.ask("DBSIZE");
    for _ in 0..3 {
        let id = log_in(&sessions, "alice").await;
        assert!(sessions.end(&id).await.unwrap());
    }
    assert!(count().starts_with(":0"), "ended one by one: {}", count());
    for _ in 0..3 {
        log_in(&sessions, "alice").await;
    }
    let keys = redis.ask("KEYS *");
    for name in keys.lines().filter(|line| line.starts_with('{')) {
        let lives = redis.ask(&format!("PTTL {name}"));
        let lives: i64 = lives.trim_start_matches(':').trim().parse().unwrap();
        let days = lives / 86_400_000;
        assert!(if name.contains("}:o:") { days == 2 } else { days == 1 }, "{name} lives for {lives} ms");
    }
    // As by themselves, when their time is over.
    for name in keys.lines().filter(|line| line.contains("}:s:")) {
        redis.ask(&format!("DEL {name}"));
    }
    assert!(count().starts_with(":1"));
    assert_eq!(sessions.list("staff", "alice").await.unwrap().len(), 0);
    assert!(count().starts_with(":0"), "after a look: {}", count());
    for _ in 0..3 {
        log_in(&sessions, "alice").await;
    }
    assert_eq!(sessions.end_all("staff", "alice").await.unwrap(), 3);
    assert!(count().starts_with(":0"), "after an end of all: {}", count());
}

#[tokio::test]
async fn services_with_prefixes_of_their_own_share_a_server_and_no_session() {
    let Some(redis) = Redis::start() else { return };
    let [one, other] =
        ["shop", "blog"].map(|prefix| Sessions::new(RedisStore::builder(&redis.url()).prefix(prefix).build().unwrap()));
    let id = log_in(&one, "alice").await;
    assert_eq!(refusal(&other, &id).await, Some(Reason::Invalid));
    assert_eq!(other.end_all("staff", "alice").await.unwrap(), 0);
    assert_eq!(refusal(&one, &id).await, None);
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_told_whole_and_without_the_password() {
    let builder = RedisStore::builder("redis://:zebraquux@a,b").prefix("{x}").timeout(Duration::ZERO);
    let shown = format!("{builder:?}");
    let error = builder.build().unwrap_err();
    let settings: Vec<_> = error.faults().iter().map(|fault| fault.setting()).collect();
    assert_eq!(settings, ["prefix", "timeout", "url"]);
    assert!(!format!("{shown} {error} {error:?}").contains("zebra"));
    for url in [
        "redis://:zebraquux@127.0.0.1",
        "redis+sentinel://:zebraquux@127.0.0.1:1/main",
        "redis+cluster://:zebraquux@127.0.0.1:1",
    ] {
        let store = RedisStore::new(url).unwrap();
        let error = store.load(SessionKey::from_bytes([0; 16])).await.unwrap_err();
        assert!(!format!("{store:?} {error} {error:?}").contains("zebra"), "{error}");
    }
}

fn tell(what: &str, counts: &Counts) {
    assert!(counts.unavailable.load(Ordering::Relaxed) > 0, "there was no outage: {counts:?}");
    assert!(counts.longest.load(Ordering::Relaxed) < 2000, "{counts:?}");
    eprintln!("{what}: {counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_under_load_loses_nothing_and_lets_nobody_in() {
    let Some(mut redis) = Redis::start() else { return };
    let load = Load::start(&without_limit(store(&redis)), 8);
    for _ in 0..3 {
        load.until_accepted(500).await;
        redis.kill();
        load.until_unavailable(20).await;
        redis.launch();
    }
    load.until_accepted(500).await;
    tell("a server killed three times", &*load.finish().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_a_cluster_that_is_killed_under_load_loses_nothing_and_lets_nobody_in() {
    let Some(mut cluster) = Cluster::start() else { return };
    let store = RedisStore::builder(&cluster.url()).min_replicas(1).build().unwrap();
    let load = Load::start(&without_limit(store), 8);
    load.until_accepted(1000).await;
    cluster.nodes[1].kill();
    load.until_unavailable(20).await;
    cluster.wait_for_failover(1);
    cluster.nodes[1].launch();
    cluster.nodes[1].wait_until("master_link_status:up", "INFO replication");
    load.until_accepted(1000).await;
    tell("a node of a cluster killed, with its replica in its place", &*load.finish().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_is_killed_under_load_loses_nothing_that_a_replica_was_waited_for_with() {
    let Some(mut set) = Sentinels::start() else { return };
    let store = RedisStore::builder(&set.url()).min_replicas(1).build().unwrap();
    let load = Load::start(&without_limit(store), 8);
    load.until_accepted(1000).await;
    set.servers[0].kill();
    load.until_unavailable(20).await;
    set.wait_for_failover();
    set.servers[0].launch();
    set.servers[0].ask(&format!("REPLICAOF 127.0.0.1 {}", set.servers[1].port()));
    set.servers[0].wait_until("master_link_status:up", "INFO replication");
    load.until_accepted(1000).await;
    tell("a master killed, with the replica in its place", &*load.finish().await);
}

/// A change that the replicas do not have is not acknowledged
#[tokio::test]
async fn where_too_few_replicas_are_there_nothing_counts_as_done_and_requests_go_on() {
    let Some(redis) = Redis::start() else { return };
    let (alone, store) =
        (Sessions::new(store(&redis)), RedisStore::builder(&redis.url()).min_replicas(1).build().unwrap());
    let waiting = Sessions::new(store);
    let id = log_in(&alone, "alice").await;
    let started = now();
    assert!(waiting.create(&Identity::assertion("staff", "bob").build(), SessionStart::new()).await.is_err());
    assert!(waiting.end(&log_in(&alone, "carol").await).await.is_err());
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(refusal(&waiting, &id).await, None);
}
