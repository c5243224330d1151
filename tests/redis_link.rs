//! The connection to Redis that everything in one process shares: over outages, fail-overs and in a cluster, with real servers.

#![cfg(all(feature = "redis", feature = "password", feature = "aws-lc-rs"))]
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
    pub(crate) mod redis;
    pub(crate) mod redis_cluster;
    pub(crate) mod services;
}

use std::future::poll_fn;
use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use portcullis::Reason;
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::ClientAddress;
use portcullis::identity::jwt::{Algorithm, JwtVerifier};
use portcullis::identity::revocation::{RedisRevocations, Revocation, Revocations};
use portcullis::identity::throttle::Throttle;
use serde_json::json;
use support::jwt::{ISSUER, NOW, claims_with, issuer, mint};
use support::keys::TestKey;
use support::redis::Redis;
use support::redis_cluster::{Cluster, Sentinels};

#[expect(clippy::disallowed_methods, reason = "how long another process takes is measured, not simulated")]
fn now() -> Instant {
    Instant::now()
}

/// Tries again until it goes well, with a bound.
async fn until_it_goes_well<T, E: std::fmt::Display>(what: &str, attempt: impl AsyncFn() -> Result<T, E>) -> T {
    let started = now();
    loop {
        match attempt().await {
            Ok(done) => return done,
            Err(error) => assert!(started.elapsed() < Duration::from_secs(30), "waited in vain for {what}: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until(what: &str, happened: impl AsyncFn() -> bool) {
    until_it_goes_well(what, async || if happened().await { Ok(()) } else { Err("not yet") }).await;
}

fn throttle(url: &str) -> Throttle {
    let window = Duration::from_secs(600);
    Throttle::builder().attempts(5).attempts_per_client(1000).window(window).redis(url).build().unwrap()
}

fn client(number: u16) -> Option<ClientAddress> {
    let [high, low] = number.to_be_bytes();
    Some(ClientAddress::new([10, 0, high, low].into()))
}

/// Fails to log in as often as an account may.
async fn guess(throttle: &Throttle, name: &str) {
    for number in 0..5 {
        if let Ok(permit) = throttle.guard(name, client(number)).await {
            permit.failed().await;
        }
    }
}

/// Whether what fails in one process is known in another: with names that are new each time.
async fn counts_together(one: &Throttle, other: &Throttle, round: &AtomicUsize) -> bool {
    let name = format!("user-{}", round.fetch_add(1, Ordering::Relaxed));
    guess(one, &name).await;
    other.guard(&name, client(9)).await.is_err()
}

/// One process of several, with a list of revocations.
struct Service {
    key: Arc<TestKey>,
    list: RedisRevocations,
    verifier: JwtVerifier,
}

impl Service {
    /// Two of them, which have read the list.
    async fn pair(url: &str, certificate: Option<&str>) -> [Self; 2] {
        let key = Arc::new(TestKey::new(Algorithm::HS256));
        let pair = [Self::start(url, certificate, &key), Self::start(url, certificate, &key)];
        for service in &pair {
            service.list.ready().await;
        }
        pair
    }

    fn start(url: &str, certificate: Option<&str>, key: &Arc<TestKey>) -> Self {
        let clock = ManualClock::at(UnixTime::from_secs(NOW));
        let mut list = RedisRevocations::builder(url).max_lag(Duration::from_secs(4)).clock(clock.clone());
        if let Some(certificate) = certificate {
            list = list.root_certificates(certificate);
        }
        let list = list.build().unwrap();
        let verifier = JwtVerifier::new([issuer(key.key_set())]).unwrap().clock(clock).revocations(list.clone());
        Self { key: Arc::clone(key), list, verifier }
    }

    fn knows(&self, id: &str) -> bool {
        let token = mint(&self.key, &claims_with(json!({"jti": id})));
        self.verifier.verify_token(&token).is_err_and(|error| error.reason() == Reason::Invalid)
    }
}

/// Revokes in one process and waits until the other knows.
async fn revoke([one, other]: &[Service; 2], id: &str) {
    let revocation = Revocation::token_id(ISSUER, id);
    until_it_goes_well("the list", async || one.list.revoke(revocation.clone()).await).await;
    until("the news", async || other.knows(id)).await;
}

/// As many attempts one after the other would take almost two minutes
#[tokio::test(flavor = "multi_thread")]
async fn all_who_ask_a_silent_server_at_one_instant_wait_for_one_attempt_to_connect() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    std::thread::spawn({
        let connections = Arc::clone(&connections);
        move || {
            let taken: Vec<_> =
                silent.incoming().inspect(|_| _ = connections.fetch_add(1, Ordering::Relaxed)).collect();
            drop(taken);
        }
    });
    let throttle = throttle(&url);
    let started = now();
    let attempts: Vec<_> = (0..200)
        .map(|number| {
            let throttle = throttle.clone();
            tokio::spawn(async move {
                let permit = throttle.guard(&format!("user-{number}"), client(number)).await.unwrap();
                permit.succeeded().await;
            })
        })
        .collect();
    for attempt in attempts {
        attempt.await.unwrap();
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let connections = connections.load(Ordering::Relaxed);
    assert!((1..=3).contains(&connections), "{connections}");
}

/// Who waits for an attempt is not what it hangs on
#[tokio::test]
async fn an_attempt_to_connect_goes_on_when_those_who_wait_leave() {
    let Some(redis) = Redis::start() else { return };
    let throttle = throttle(&redis.url());
    redis.freeze(true);
    {
        let mut attempt = pin!(throttle.guard("alice", client(1)));
        assert!(poll_fn(|context| Poll::Ready(attempt.as_mut().poll(context).is_pending())).await);
    }
    redis.freeze(false);
    let round = AtomicUsize::new(0);
    let other = self::throttle(&redis.url());
    until("the counts", async || counts_together(&throttle, &other, &round).await).await;
}

#[tokio::test]
async fn a_server_that_was_away_or_silent_is_used_again_without_a_restart() {
    let Some(mut redis) = Redis::start() else { return };
    let (one, other, round) = (throttle(&redis.url()), throttle(&redis.url()), AtomicUsize::new(0));
    assert!(counts_together(&one, &other, &round).await);
    redis.kill();
    assert!(!counts_together(&one, &other, &round).await);
    redis.launch();
    until("the counts", async || counts_together(&one, &other, &round).await).await;
    redis.freeze(true);
    assert!(!counts_together(&one, &other, &round).await);
    redis.freeze(false);
    until("the counts", async || counts_together(&one, &other, &round).await).await;
}

/// The server's memory of scripts is gone with its process, and with SCRIPT FLUSH
#[tokio::test]
async fn a_script_that_the_server_forgot_is_sent_again() {
    let Some(redis) = Redis::start() else { return };
    let (one, other, round) = (throttle(&redis.url()), throttle(&redis.url()), AtomicUsize::new(0));
    for _ in 0..2 {
        assert!(counts_together(&one, &other, &round).await);
        assert!(redis.ask("SCRIPT FLUSH").starts_with("+OK"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_one_list_and_one_count_over_a_failover() {
    let Some(mut cluster) = Cluster::start() else { return };
    let services = Service::pair(&cluster.url(), None).await;
    let (one, other, round) = (throttle(&cluster.url()), throttle(&cluster.url()), AtomicUsize::new(0));
    revoke(&services, "before").await;
    for _ in 0..20 {
        assert!(counts_together(&one, &other, &round).await);
    }
    // The list is one key; this is the master that has it.
    let slot = cluster.nodes[0].ask("CLUSTER KEYSLOT portcullis:revocations");
    let slot: usize = slot.lines().next().unwrap().trim_start_matches(':').parse().unwrap();
    let number = slot / 5462;
    cluster.nodes[number].kill();
    cluster.wait_for_failover(number);
    revoke(&services, "after").await;
    assert!(services.iter().all(|service| service.knows("before")));
    for _ in 0..20 {
        until("the counts", async || counts_together(&one, &other, &round).await).await;
    }
}

/// As where the machine of a node is gone: nobody is told that a connection is
#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_a_cluster_that_falls_silent_is_found_to_be_replaced() {
    let Some(cluster) = Cluster::start() else { return };
    let (one, other, round) = (throttle(&cluster.url()), throttle(&cluster.url()), AtomicUsize::new(0));
    assert!(counts_together(&one, &other, &round).await);
    cluster.nodes[0].freeze(true);
    cluster.wait_for_failover(0);
    for _ in 0..20 {
        until("the counts", async || counts_together(&one, &other, &round).await).await;
    }
    cluster.nodes[0].freeze(false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_was_away_as_a_whole_is_used_again_without_a_restart() {
    let Some(mut cluster) = Cluster::start() else { return };
    let (one, other, round) = (throttle(&cluster.url()), throttle(&cluster.url()), AtomicUsize::new(0));
    assert!(counts_together(&one, &other, &round).await);
    cluster.nodes.iter_mut().for_each(Redis::kill);
    for _ in 0..5 {
        assert!(!counts_together(&one, &other, &round).await);
    }
    cluster.nodes.iter_mut().for_each(Redis::launch);
    for node in &cluster.nodes {
        node.wait_until("cluster_state:ok", "CLUSTER INFO");
    }
    for _ in 0..20 {
        until("the counts", async || counts_together(&one, &other, &round).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_must_prove_over_tls_who_it_is() {
    let Some((cluster, certificate)) = Cluster::start_with_tls() else { return };
    let stranger = RedisRevocations::builder(&cluster.url()).build().unwrap();
    assert!(stranger.revoke(Revocation::token_id(ISSUER, "x")).await.is_err());
    revoke(&Service::pair(&cluster.url(), Some(&certificate)).await, "x").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinels_say_who_is_the_master_before_and_after_a_failover() {
    let Some(mut set) = Sentinels::start() else { return };
    let services = Service::pair(&set.url(), None).await;
    let (one, other, round) = (throttle(&set.url()), throttle(&set.url()), AtomicUsize::new(0));
    revoke(&services, "before").await;
    assert!(counts_together(&one, &other, &round).await);
    set.servers[0].wait_until(":1", "WAIT 1 10000");
    set.servers[0].kill();
    set.wait_for_failover();
    revoke(&services, "after").await;
    assert!(services.iter().all(|service| service.knows("before")));
    until("the counts", async || counts_together(&one, &other, &round).await).await;
    // What comes back as a replica is not mistaken for the master, though the first sentinel is away.
    set.servers[0].launch();
    set.servers[0].ask(&format!("REPLICAOF 127.0.0.1 {}", set.servers[1].port()));
    set.servers[0].wait_until("master_link_status:up", "INFO replication");
    set.sentinels[0].kill();
    revoke(&Service::pair(&set.url(), None).await, "later").await;
}

/// With a user and a database of its own, and another user at the sentinels
#[tokio::test(flavor = "multi_thread")]
async fn the_address_says_as_whom_to_log_in_and_where_to_count() {
    let Some(set) = Sentinels::start() else { return };
    for server in &set.servers {
        assert!(server.ask("ACL SETUSER counter on >s/cret ~* +@all").starts_with("+OK"));
        assert!(server.ask("ACL SETUSER default -evalsha -eval").starts_with("+OK"));
    }
    for sentinel in &set.sentinels {
        assert!(sentinel.ask("ACL SETUSER watcher on >x&y ~* &* +@all").starts_with("+OK"));
        assert!(sentinel.ask("ACL SETUSER default -role").starts_with("+OK"));
    }
    let url = set.url();
    let hosts = url.trim_start_matches("redis+sentinel://").trim_end_matches("/main");
    let one = format!("redis://counter:s%2Fcret@127.0.0.1:{}/3", set.servers[0].port());
    let login = "sentinel_user=watcher&sentinel_password=x%26y";
    let watched = format!("redis+sentinel://counter:s%2Fcret@{hosts}/main/3?{login}");
    let (one, watched, round) = (throttle(&one), throttle(&watched), AtomicUsize::new(0));
    assert!(counts_together(&one, &watched, &round).await);
    assert!(set.servers[0].ask("INFO keyspace").contains("db3:"));
    let stranger = throttle(&format!("redis+sentinel://{hosts}/main/3?{login}"));
    assert!(!counts_together(&one, &stranger, &round).await);
}

/// A planned change of master: the old one lives, and takes nothing
#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_becomes_a_replica_is_left() {
    let Some(set) = Sentinels::start() else { return };
    let services = Service::pair(&set.url(), None).await;
    revoke(&services, "before").await;
    set.sentinels[0].wait_until("+OK", "SENTINEL FAILOVER main");
    set.wait_for_failover();
    set.servers[0].wait_until("role:slave", "INFO replication");
    revoke(&services, "after").await;
}
