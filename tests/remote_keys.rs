//! Keys fetched from an issuer: when they are fetched and by whom, how they are exchanged, and for how long they count.

#![cfg(all(feature = "jwks", feature = "aws-lc-rs", feature = "tracing"))]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and `json!` is not borrowed"
)]

mod support {
    pub(crate) mod faulty;
    pub(crate) mod jwt;
    pub(crate) mod keys;
    pub(crate) mod log;
    pub(crate) mod remote;
    pub(crate) mod stack;
}

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portcullis::Reason;
use portcullis::clock::{Clock, ManualClock, UnixTime};
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeysFreshness, RemoteKeys};
use portcullis::identity::revocation::MemoryRevocations;
use serde_json::json;
use support::faulty::{Answer, Server, document, http, set};
use support::jwt::{AUDIENCE, ISSUER, NOW, claims_with, good_claims, mint, mint_with};
use support::keys::TestKey;
use support::log::Log;
use support::remote::{
    ALGORITHM, COOL_DOWN, SHORT, Service, client, clock, key, keys_at, keys_of, token, token_of, until,
};
use tokio::runtime::{Builder, Handle, Runtime};

#[tokio::test]
async fn one_fetch_serves_all_tokens() {
    let (server, one) = (Server::start().await, key("one"));
    server.answer("/jwks", set([one.jwk()]));
    let service = Service::at(&server);
    for name in ["a", "b", "c"] {
        service.accepts(&mint(&one, &claims_with(json!({ "jti": name })))).await;
    }
    service.refuses(&token(&TestKey::new(Algorithm::ES256).named("one"))).await;
    assert_eq!(server.hits("/jwks"), 1);
    let head = server.heads().remove(0).to_ascii_lowercase();
    assert!(head.starts_with("get /jwks http/1.1\r\n"), "{head}");
    assert!(head.contains("accept: application/json\r\n") && head.contains("user-agent: portcullis/"), "{head}");
    assert!(!head.contains("accept-encoding") && !head.contains("authorization"), "{head}");
}

/// DISC-2: where RFC 8414 puts the metadata of an issuer, and where OpenID Connect puts it
#[tokio::test]
async fn an_issuer_is_found_wherever_its_metadata_is() {
    for (path, places) in [
        ("", &["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"][..]),
        (
            "/tenants/one",
            &[
                "/.well-known/oauth-authorization-server/tenants/one",
                "/.well-known/openid-configuration/tenants/one",
                "/tenants/one/.well-known/openid-configuration",
            ],
        ),
    ] {
        for place in places {
            let (server, one) = (Server::start().await, key("one"));
            let issuer = server.url(path);
            server.answer(place, document(&json!({"issuer": issuer, "jwks_uri": server.url("/jwks")})));
            server.answer("/jwks", set([one.jwk()]));
            let clock = clock();
            let keys = keys_of(&issuer, &clock).build().unwrap();
            let service = Service::with(&issuer, keys, clock);
            service.accepts(&token_of(&issuer, &one)).await;
            let asked = server.asked();
            assert_eq!(asked.last().unwrap(), "/jwks");
            assert_eq!(asked[asked.len() - 2], *place);

            // The next time the right place is asked first.
            service.refetch().await;
            assert_eq!(server.asked()[asked.len()..], [place.to_owned(), "/jwks"]);
        }
    }
}

/// Servers have many ways to say that there is nothing at an address
#[tokio::test]
async fn a_place_without_metadata_leads_to_the_next_however_it_says_so() {
    for nothing in [
        http(400, &[], ""),
        http(401, &["WWW-Authenticate: Basic realm=\"x\""], ""),
        http(405, &[], ""),
        http(302, &["Location: /login"], ""),
        http(200, &["Content-Type: text/html"], "<!doctype html><title>log in</title>"),
    ] {
        let (server, one) = (Server::start().await, key("one"));
        let issuer = server.url("");
        server.answer("/.well-known/oauth-authorization-server", nothing);
        server.answer(
            "/.well-known/openid-configuration",
            document(&json!({"issuer": issuer, "jwks_uri": server.url("/jwks")})),
        );
        server.answer("/jwks", set([one.jwk()]));
        let clock = clock();
        let keys = keys_of(&issuer, &clock).build().unwrap();
        Service::with(&issuer, keys, clock).accepts(&token_of(&issuer, &one)).await;
        assert!(!server.asked().contains(&"/login".to_owned()));
    }
}

/// The name that keys were found by is the name of the issuer that has them
#[tokio::test]
async fn keys_that_were_found_for_one_issuer_serve_no_other() {
    let keys = keys_of("http://127.0.0.1:9/one", &clock()).build().unwrap();
    let error = JwtVerifier::new([Issuer::new("http://127.0.0.1:9/two", [AUDIENCE], keys)]).unwrap_err();
    assert!(error.to_string().contains("http://127.0.0.1:9/one"), "{error}");
}

/// DISC-5, K10, K19: the outage is told as such, and is over when it is over
#[tokio::test]
async fn an_issuer_that_is_down_at_the_start_is_a_503_until_it_is_up() {
    let address = Server::nobody().await;
    let (clock, one) = (clock(), key("one"));
    let keys = keys_at(&format!("http://{address}/jwks"), &clock).build().unwrap();
    let service = Service::with(ISSUER, keys.clone(), clock.clone());
    service.is_unable(&token(&one), 30).await;
    assert!(service.last_error().contains("no connection"), "{}", service.last_error());
    assert_eq!(keys.state().freshness(), KeysFreshness::Missing);

    let server = Server::start_at(address).await;
    server.answer("/jwks", set([one.jwk()]));
    clock.advance(Duration::from_millis(12_300));
    service.is_unable(&token(&one), 18).await;
    service.is_unable(&token(&key("two")), 18).await;
    assert_eq!(server.asked().len(), 0, "there is a cool-down after a failure");

    clock.advance(Duration::from_millis(17_700));
    service.accepts(&token(&one)).await;
    assert_eq!(keys.state().freshness(), KeysFreshness::Fresh);
    assert_eq!(keys.state().last_error(), None);
    service.refuses(&token(&key("two"))).await;
}

/// K10, K17: keys count for 24 hours after their freshness, and then the issuer's tokens can be neither accepted nor refused
#[tokio::test]
async fn keys_are_used_while_the_issuer_is_down_but_not_for_ever() {
    let (server, one) = (Server::start().await, key("one"));
    server.answer("/jwks", set([one.jwk()]));
    let service = Service::at(&server);
    service.accepts(&token(&one)).await;

    server.answer("/jwks", Answer::HangUp);
    let (fresh, stale) = (RemoteKeys::DEFAULT_FRESH_FOR, RemoteKeys::DEFAULT_USABLE_STALE_FOR);
    service.clock.advance(fresh);
    service.accepts(&token(&one)).await;
    let since = UnixTime::from_secs(NOW).saturating_add(fresh);
    assert_eq!(service.keys.state().freshness(), KeysFreshness::Stale { since });
    until("the attempt is over", || !service.keys.state().is_fetching()).await;

    service.clock.advance(stale - Duration::from_secs(1));
    service.accepts(&token(&one)).await;
    service.accepts(&mint(&one, &claims_with(json!({"jti": "another"})))).await;
    until("the attempt is over", || !service.keys.state().is_fetching()).await;
    // While the issuer does not answer nobody knows whose key that is.
    let rest = service.keys.state().next_attempt().saturating_since(service.clock.now()).as_secs();
    service.is_unable(&token(&key("two")), rest).await;

    service.clock.advance(Duration::from_secs(1));
    assert_eq!(service.keys.state().freshness(), KeysFreshness::Missing);
    service.is_unable(&token(&one), 29).await;

    server.answer("/jwks", set([one.jwk()]));
    service.clock.advance(COOL_DOWN);
    service.accepts(&token(&one)).await;
}

/// K09
#[tokio::test]
async fn five_hundred_requests_at_a_cold_start_cause_one_fetch() {
    let (server, one) = (Server::start().await, key("one"));
    let Answer::Bytes(bytes) = set([one.jwk()]) else { panic!() };
    server.answer("/jwks", Answer::Late(bytes, Duration::from_millis(50)));
    let service = Service::at(&server);
    let requests: Vec<_> = (0..500)
        .map(|number| {
            let (service, token) = (service.clone(), mint(&one, &claims_with(json!({ "jti": number.to_string() }))));
            tokio::spawn(async move { service.accepts(&token).await })
        })
        .collect();
    for request in requests {
        request.await.unwrap();
    }
    assert_eq!(server.hits("/jwks"), 1);
}

/// K09, K10: the other outcome
#[tokio::test]
async fn five_hundred_requests_without_keys_cause_one_fetch_and_no_401() {
    let (server, one) = (Server::start().await, key("one"));
    server.answer("/jwks", Answer::Late(http(500, &[], "").bytes(), Duration::from_millis(50)));
    let service = Service::at(&server);
    let requests: Vec<_> = (0..500)
        .map(|_| {
            let (service, token) = (service.clone(), token(&one));
            tokio::spawn(async move { service.is_unable(&token, 30).await })
        })
        .collect();
    for request in requests {
        request.await.unwrap();
    }
    assert_eq!(server.hits("/jwks"), 1);
}

/// JWK-14, K07: strangers' tokens cost one fetch per cool-down, and do not hide the new key from the issuer's own tokens
#[tokio::test]
async fn a_thousand_random_kids_neither_flood_the_issuer_nor_hide_a_rotation() {
    let (server, old, new, stranger) = (Server::start().await, key("old"), key("new"), key("stranger"));
    server.answer("/jwks", set([old.jwk()]));
    let service = Service::at(&server);
    service.accepts(&token(&old)).await;
    let mut number = 0;
    let mut flood = async |count: u32| {
        let mut requests = Vec::new();
        for _ in 0..count {
            number += 1;
            let header = json!({"alg": "ES256", "kid": format!("random-{number}")});
            let (service, token) = (service.clone(), mint_with(&stranger, &header, &good_claims()));
            requests.push(tokio::spawn(async move { service.refuses(&token).await }));
        }
        for request in requests {
            request.await.unwrap();
        }
    };

    server.answer("/jwks", set([old.jwk(), new.jwk()]));
    flood(400).await;
    service.refuses(&token(&new)).await;
    assert_eq!(server.hits("/jwks"), 1, "nothing is fetched during a cool-down");

    service.clock.advance(COOL_DOWN);
    flood(300).await;
    service.accepts(&token(&new)).await;
    assert_eq!(server.hits("/jwks"), 2, "once it is over, all of them cause one fetch");

    service.clock.advance(COOL_DOWN - Duration::from_secs(1));
    flood(300).await;
    assert_eq!(server.hits("/jwks"), 2);
    service.clock.advance(Duration::from_secs(1));
    flood(1).await;
    assert_eq!(server.hits("/jwks"), 3, "the cool-down was not extended");
    service.accepts(&token(&old)).await;
}

/// JWK-14: a token that names no key may be of one that is not known yet, when it is not of the one that is
#[tokio::test]
async fn a_new_key_is_found_by_tokens_without_a_kid_too() {
    let (server, old, new) = (Server::start().await, key("old"), key("new"));
    server.answer("/jwks", set([old.jwk()]));
    let service = Service::at(&server);
    let nameless = |key| mint_with(key, &json!({"alg": "ES256"}), &good_claims());
    service.accepts(&nameless(&old)).await;
    server.answer("/jwks", set([new.jwk()]));
    service.refuses(&nameless(&new)).await;
    service.clock.advance(COOL_DOWN);
    service.accepts(&nameless(&new)).await;
    service.refuses(&nameless(&old)).await;
    service.refuses(&nameless(&key("stranger"))).await;
    assert_eq!(server.hits("/jwks"), 2, "strangers have it fetched no more often than by made-up names");
}

/// K07: a token with a new key that came too early is not forgotten
#[tokio::test]
async fn a_key_missed_during_the_cool_down_is_fetched_when_it_ends() {
    let (server, old, new) = (Server::start().await, key("old"), key("new"));
    server.answer("/jwks", set([old.jwk()]));
    let service = Service::at(&server);
    service.accepts(&token(&old)).await;
    server.answer("/jwks", set([old.jwk(), new.jwk()]));
    service.refuses(&token(&new)).await;

    service.clock.advance(COOL_DOWN - Duration::from_millis(1));
    service.accepts(&token(&old)).await;
    assert_eq!(service.keys.state().attempts(), 1);
    service.clock.advance(Duration::from_millis(1));
    // Any use of the keys will do, also of those that were used before.
    service.accepts(&token(&old)).await;
    until("the new key is there", || service.keys.state().keys().count() == 2).await;
    service.accepts(&token(&new)).await;
    assert_eq!(server.hits("/jwks"), 2);
}

/// JWK-15, K11: for tokens that were accepted before too, although those are remembered
#[tokio::test]
async fn a_removed_key_is_dead_at_once() {
    let (server, old, new) = (Server::start().await, key("old"), key("new"));
    server.answer("/jwks", set([old.jwk(), new.jwk()]));
    let service = Service::at(&server);
    let (of_old, of_new) = (token(&old), token(&new));
    for token in [&of_old, &of_old, &of_new] {
        service.accepts(token).await;
    }

    server.answer("/jwks", set([new.jwk()]));
    service.refetch().await;
    service.refuses(&of_old).await;
    service.refuses(&token(&old)).await;
    service.accepts(&of_new).await;

    // Another key under the old name is another key.
    server.answer("/jwks", set([key("new").jwk()]));
    service.refetch().await;
    service.refuses(&of_new).await;
    service.refuses(&token(&new)).await;
}

/// LOGOUT-1: a log-out is told once. It waits for its key, as a token does, and is refused only where the issuer has no such key
#[tokio::test]
async fn a_logout_token_whose_key_is_not_there_has_it_fetched() {
    let (server, one, two) = (Server::start().await, key("one"), key("two"));
    server.answer("/jwks", set([one.jwk()]));
    let clock = clock();
    let keys = keys_at(&server.url("/jwks"), &clock).build().unwrap();
    let revocations = MemoryRevocations::builder().clock(ManualClock::at(UnixTime::from_secs(NOW))).build().unwrap();
    let verifier = JwtVerifier::new([Issuer::new(ISSUER, [AUDIENCE], keys)]).unwrap();
    let verifier = verifier.clock(ManualClock::at(UnixTime::from_secs(NOW))).revocations(revocations);
    let logout = |key: &TestKey| {
        let events = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
        mint(key, &claims_with(json!({"events": events, "sid": "s-1", "scope": null})))
    };
    verifier.back_channel_logout(&logout(&one)).await.unwrap();

    server.answer("/jwks", set([one.jwk(), two.jwk()]));
    clock.advance(COOL_DOWN);
    verifier.back_channel_logout(&logout(&two)).await.unwrap();
    clock.advance(COOL_DOWN);
    assert_eq!(verifier.back_channel_logout(&logout(&key("three"))).await.unwrap_err().reason(), Reason::Invalid);
    assert_eq!(server.hits("/jwks"), 3);
    server.answer("/jwks", http(500, &[], ""));
    clock.advance(COOL_DOWN);
    assert_eq!(verifier.back_channel_logout(&logout(&key("three"))).await.unwrap_err().reason(), Reason::Unavailable);
}

#[tokio::test]
async fn who_leaves_first_harms_nobody() {
    let (server, one) = (Server::start().await, key("one"));
    let Answer::Bytes(bytes) = set([one.jwk()]) else { panic!() };
    server.answer("/jwks", Answer::Late(bytes, Duration::from_millis(50)));
    // Built where there is no runtime, so that the first request begins the attempt.
    let service = std::thread::scope(|scope| scope.spawn(|| Service::at(&server)).join().unwrap());
    assert_eq!(service.keys.state().attempts(), 0);
    let first = tokio::spawn({
        let (service, token) = (service.clone(), token(&one));
        async move { service.accepts(&token).await }
    });
    until("the first request waits", || server.hits("/jwks") == 1).await;
    let second = tokio::spawn({
        let (service, token) = (service.clone(), token(&one));
        async move { service.accepts(&token).await }
    });
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    second.await.unwrap();
    assert_eq!(server.hits("/jwks"), 1);
}

#[tokio::test]
async fn keys_are_fetched_again_before_they_are_old() {
    let (server, one) = (Server::start().await, key("one"));
    let fields = ["Content-Type: application/json", "Cache-Control: public, max-age=1100", "Age: 100"];
    server.answer("/jwks", http(200, &fields, json!({"keys": [one.jwk()]}).to_string()));
    let service = Service::at(&server);
    service.accepts(&token(&one)).await;
    // 80 % of 1000 seconds, or up to a tenth of that earlier.
    service.clock.advance(Duration::from_secs(719));
    service.accepts(&token(&one)).await;
    assert_eq!(service.keys.state().attempts(), 1);
    service.clock.advance(Duration::from_secs(81));
    service.accepts(&token(&one)).await;
    until("they are fetched again", || server.hits("/jwks") == 2).await;
    until("the attempt is over", || !service.keys.state().is_fetching()).await;
    service.clock.advance(Duration::from_secs(719));
    assert_eq!(service.keys.state().freshness(), KeysFreshness::Fresh);
}

/// By the machine's own clock, and with no request
#[tokio::test]
async fn keys_that_nobody_uses_are_kept_fresh_too() {
    let (server, one) = (Server::start().await, key("one"));
    server.answer("/jwks", set([one.jwk()]));
    let second = Duration::from_secs(1);
    let keys = RemoteKeys::jwks(server.url("/jwks"), ALGORITHM).client(client());
    let keys = keys.fresh_for(second).cool_down(second).usable_stale_for(Duration::ZERO).build().unwrap();
    until("they are fetched twice", || server.hits("/jwks") == 2).await;
    drop(keys);
}

#[tokio::test]
async fn fetching_ends_with_the_last_user() {
    let (server, one) = (Server::start().await, key("one"));
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    for answer in [set([one.jwk()]), Answer::Silence, Answer::HangUp] {
        server.answer("/jwks", answer);
        let asked = server.asked().len();
        let Service { keys, layer, .. } = {
            let keys = RemoteKeys::jwks(server.url("/jwks"), ALGORITHM).client(client());
            Service::with(ISSUER, keys.deadline(Duration::from_secs(60)).build().unwrap(), clock())
        };
        until("it is asked", || server.asked().len() > asked).await;
        drop(keys);
        assert!(tasks() > before, "the verifier still uses them");
        drop(layer);
        until("no task is left", || tasks() == before).await;
    }
}

/// A clock that breaks when the attempt reads the time of day.
#[derive(Clone)]
struct Brittle {
    clock: ManualClock,
    is_broken: Arc<AtomicBool>,
}

impl Clock for Brittle {
    fn now(&self) -> UnixTime {
        assert!(!self.is_broken.load(Ordering::Relaxed), "the clock is broken");
        self.clock.now()
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }
}

#[tokio::test]
async fn a_panic_while_fetching_is_a_failed_attempt_like_any_other() {
    let (server, one) = (Server::start().await, key("one"));
    server.answer("/jwks", set([one.jwk()]));
    let brittle = Brittle { clock: clock(), is_broken: Arc::new(AtomicBool::new(true)) };
    let keys = RemoteKeys::jwks(server.url("/jwks"), ALGORITHM).client(client()).clock(brittle.clone());
    let service = Service::with(ISSUER, keys.build().unwrap(), brittle.clock.clone());
    service.is_unable(&token(&one), 30).await;
    brittle.is_broken.store(false, Ordering::Relaxed);
    assert!(service.last_error().contains("panicked"), "{}", service.last_error());
    service.clock.advance(COOL_DOWN);
    service.accepts(&token(&one)).await;
    assert_eq!(server.hits("/jwks"), 2);
}

#[tokio::test]
async fn an_attempt_that_hangs_is_ended_by_its_deadline_and_the_next_one_comes() {
    let (server, one) = (Server::start().await, key("one"));
    server.answer("/jwks", Answer::Silence);
    let service = Service::waiting(&server, SHORT);
    service.is_unable(&token(&one), 30).await;
    assert!(service.last_error().contains("within 400ms"), "{}", service.last_error());
    server.answer("/jwks", set([one.jwk()]));
    service.clock.advance(COOL_DOWN);
    service.accepts(&token(&one)).await;
}

/// A runtime may end before the keys do, or never be driven again
#[test]
fn keys_outlive_the_runtime_that_they_were_built_in() {
    let one = key("one");
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
    let serving = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = serving.block_on(Server::start());
    let built_in = |runtime: &Runtime| {
        server.answer("/jwks", Answer::Silence);
        let asked = server.hits("/jwks");
        let service = runtime.block_on(async {
            let service = Service::waiting(&server, SHORT);
            until("it is asked", || server.hits("/jwks") > asked).await;
            service
        });
        server.answer("/jwks", set([one.jwk()]));
        service
    };

    // It stands still with the attempt in it. Whoever joins that gives up in the end, and after a while nobody does.
    let (first, second) = (runtime(), runtime());
    let service = built_in(&first);
    second.block_on(service.is_unable(&token(&one), 1));
    service.clock.advance(3 * SHORT);
    second.block_on(service.accepts(&token(&one)));
    drop(first);
    assert_eq!(service.keys.state().last_error(), None, "what comes too late counts for nothing");

    // It ends, and the attempt with it.
    let first = runtime();
    let service = built_in(&first);
    drop(first);
    assert!(service.last_error().contains("stopped"), "{}", service.last_error());
    service.clock.advance(COOL_DOWN);
    second.block_on(service.accepts(&token(&one)));
}

/// By the machine's own clock
#[test]
fn keys_are_kept_fresh_in_the_runtime_that_uses_them_last() {
    let one = key("one");
    let serving = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = serving.block_on(Server::start());
    server.answer("/jwks", set([one.jwk()]));
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
    let second = Duration::from_secs(1);
    let service = runtime().block_on(async {
        let keys = RemoteKeys::jwks(server.url("/jwks"), ALGORITHM).client(client()).fresh_for(second);
        let service = Service::with(ISSUER, keys.cool_down(second).build().unwrap(), clock());
        service.accepts(&token(&one)).await;
        service
    });
    runtime().block_on(async {
        service.accepts(&token(&one)).await;
        until("they are fetched twice", || server.hits("/jwks") == 2).await;
    });
}

/// K03: the issuer of a token is looked up, and nothing in it is asked
#[tokio::test]
async fn a_tokens_issuer_steers_no_request() {
    let (server, other, one) = (Server::start().await, Server::start().await, key("one"));
    server.answer("/jwks", set([one.jwk()]));
    let service = Service::at(&server);
    service.accepts(&token(&one)).await;
    let address = other.address;
    for issuer in [
        other.origin(),
        other.url("/.well-known/openid-configuration"),
        format!("{ISSUER}@{address}"),
        format!("{ISSUER}#@{address}"),
        format!("{ISSUER}/../../{address}"),
        format!("{ISSUER}/"),
        format!("//{address}"),
    ] {
        let unsigned = mint_with(&one, &json!({"alg": "none"}), &claims_with(json!({ "iss": issuer })));
        service.refuses(&unsigned).await;
        service.refuses(&token_of(&issuer, &one)).await;
        let tenant = claims_with(json!({"iss": issuer, "tid": other.origin(), "kid": "unknown"}));
        service.refuses(&mint(&key("unknown"), &tenant)).await;
    }
    assert_eq!((server.asked().len(), other.asked().len()), (1, 0));
}

/// J09: addresses of keys in a token are not asked, whatever they are
#[tokio::test]
async fn a_tokens_header_steers_no_request() {
    let (server, other, one) = (Server::start().await, Server::start().await, key("one"));
    let forged = key("forged");
    server.answer("/jwks", set([one.jwk()]));
    other.answer("/jwks", set([forged.jwk()]));
    let service = Service::at(&server);
    service.accepts(&token(&one)).await;
    let inline = format!("data:application/json,{}", json!({"keys": [forged.jwk()]}));
    for address in [other.url("/jwks"), "file:///etc/passwd".to_owned(), inline] {
        for member in ["jku", "x5u"] {
            for kid in ["forged", "one"] {
                service.clock.advance(COOL_DOWN);
                let mut header = json!({"alg": "ES256", "kid": kid});
                header[member] = json!(address);
                service.refuses(&mint_with(&forged, &header, &good_claims())).await;
            }
        }
    }
    assert_eq!(other.asked().len(), 0);
    assert!(server.asked().iter().all(|path| path == "/jwks"));
}

/// J36, TOK-2: keys are the issuer's that publishes them, and nobody else's
#[tokio::test]
async fn two_issuers_share_no_keys() {
    let (one_server, two_server) = (Server::start().await, Server::start().await);
    let (one, two) = (key("same"), key("same"));
    one_server.answer("/jwks", set([one.jwk()]));
    two_server.answer("/jwks", set([two.jwk()]));
    let clock = clock();
    let keys = |server: &Server| keys_at(&server.url("/jwks"), &clock).build().unwrap();
    let issuers = [
        Issuer::new("https://one.example", [AUDIENCE], keys(&one_server)),
        Issuer::new("https://two.example", [AUDIENCE], keys(&two_server)),
    ];
    let verifier = JwtVerifier::new(issuers).unwrap().clock(clock.clone());
    let layer = portcullis::AuthenticateLayer::builder()
        .scheme(portcullis::authenticate::Bearer::new("api", verifier))
        .build()
        .unwrap();
    for (issuer, key, is_good) in [
        ("https://one.example", &one, true),
        ("https://two.example", &two, true),
        ("https://one.example", &two, false),
        ("https://two.example", &one, false),
    ] {
        let line = ("authorization", format!("Bearer {}", token_of(issuer, key)));
        let answer = support::stack::send(&layer, support::stack::get([line])).await;
        if is_good {
            answer.assert_accepted("alice");
        } else {
            answer.assert_refused(401, "invalid", &[("Bearer", Some("invalid_token"))]);
        }
    }
}

#[tokio::test]
async fn the_state_of_the_keys_can_be_seen() {
    let (server, one) = (Server::start().await, key("one"));
    server.answer("/jwks", set([one.jwk(), TestKey::new(Algorithm::HS256).named("secret").jwk()]));
    let clock = clock();
    let keys = keys_at(&server.url("/jwks?code=sesame"), &clock).build().unwrap();
    let state = keys.ready().await;
    assert_eq!(state.freshness(), KeysFreshness::Missing);
    assert!(state.last_error().unwrap().contains("status 404"), "{state:?}");
    assert!(!format!("{state:?} {keys:?}").contains("sesame"));
    assert_eq!((state.attempts(), state.is_fetching()), (1, false));
    assert_eq!(state.next_attempt(), clock.now().saturating_add(COOL_DOWN));
    assert_eq!(keys.ready().await.attempts(), 1, "the first attempt is over");

    let keys = keys_at(&server.url("/jwks"), &clock).build().unwrap();
    let state = keys.ready().await;
    assert_eq!(state.freshness(), KeysFreshness::Fresh);
    assert_eq!((state.last_error(), state.fetched_at()), (None, Some(clock.now())));
    assert_eq!(state.keys().collect::<Vec<_>>(), [(Some("one"), Algorithm::ES256)]);
    let skipped: Vec<_> = state.skipped().collect();
    assert!(skipped.len() == 1 && skipped[0].contains("\"secret\": a symmetric key"), "{skipped:?}");
}

/// J39, K12, K13
#[tokio::test]
async fn the_operator_is_told_of_every_change() {
    let (server, old, new) = (Server::start().await, key("old"), key("new"));
    server.answer("/jwks", set([old.jwk(), TestKey::new(Algorithm::HS256).named("secret").jwk()]));
    let log = Log::start();
    let service = Service::at(&server);
    service.accepts(&token(&old)).await;
    let text = log.text();
    assert!(text.contains("INFO portcullis: keys refreshed from=\"http://127.0.0.1:"), "{text}");
    assert!(text.contains("keys=1 fresh_for=600"), "{text}");
    assert!(text.contains("WARN portcullis: key skipped") && text.contains("a symmetric key"), "{text}");

    let log = Log::start();
    server.answer("/jwks", set([new.jwk(), TestKey::new(Algorithm::HS256).named("secret").jwk()]));
    service.refetch().await;
    let text = log.text();
    assert!(text.contains("INFO portcullis: key removed") && text.contains("kid=\"old\""), "{text}");
    assert!(!text.contains("key skipped"), "said once is enough: {text}");

    let log = Log::start();
    server.answer("/jwks", http(500, &[], "a body of secrets"));
    service.refetch().await;
    let text = log.text();
    assert!(text.contains("WARN portcullis: keys not refreshed") && text.contains("status 500"), "{text}");
    assert!(!text.contains("a body of secrets"), "{text}");

    let log = Log::start();
    let lonely = Service::with(ISSUER, keys_at(&server.url("/jwks"), &clock()).build().unwrap(), clock());
    lonely.is_unable(&token(&old), 30).await;
    assert!(log.text().contains("ERROR portcullis: keys not refreshed"));
}
