//! Failed log-ins: how many there may be, who is kept out and who is not, and where a client is taken to come from.

#![expect(clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use portcullis::authenticate::Basic;
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::{BasicCredentials, ClientAddress, TrustedProxies};
use portcullis::identity::password::{HashPool, PasswordVerifier, User, Users};
use portcullis::identity::throttle::Throttle;
use portcullis::{AuthenticateLayer, Identity, Reason, Verifier, VerifyError};
use tokio::sync::Barrier;
use tower::{Layer, ServiceExt, service_fn};

/// argon2id of `wonderland`, cheap on purpose.
const ALICE: &str = "$argon2id$v=19$m=64,t=1,p=1$YWxpY2Ugc2FsdCBpcyBsb25n$62cZOQ5fMMOTpU/yq6NDWMLYYH7AjAckwv1NZFjkRLc";

fn alice() -> PasswordVerifier {
    let mut users = Users::new();
    users.insert("alice", User::new(ALICE).unwrap()).unwrap();
    PasswordVerifier::new("staff", users)
}

fn client(address: &str) -> ClientAddress {
    ClientAddress::new(address.parse().unwrap())
}

fn from(address: &str, name: &str, password: &str) -> BasicCredentials {
    BasicCredentials::new(name, password).unwrap().from_client(Some(client(address)))
}

/// Compares without hashing, and counts how often.
#[derive(Clone, Default)]
struct Counting {
    comparisons: Arc<AtomicUsize>,
}

impl Verifier<BasicCredentials> for Counting {
    async fn verify(&self, credentials: BasicCredentials) -> Result<Identity, VerifyError> {
        self.comparisons.fetch_add(1, Ordering::SeqCst);
        // Others get their turn in between, as they do while a password is hashed.
        tokio::task::yield_now().await;
        match credentials.expose_password() {
            "right" => Ok(Identity::assertion("staff", credentials.username()).build()),
            "down" => Err(VerifyError::unavailable("the store is down")),
            _ => Err(VerifyError::invalid()),
        }
    }
}

impl Counting {
    fn take(&self) -> usize {
        self.comparisons.swap(0, Ordering::SeqCst)
    }
}

async fn reason(verifier: &impl Verifier<BasicCredentials>, credentials: BasicCredentials) -> Option<Reason> {
    verifier.verify(credentials).await.err().map(|error| error.reason())
}

fn at_limit(attempts: u32) -> (Throttle, ManualClock) {
    let clock = ManualClock::at(UnixTime::from_secs(1_000));
    (Throttle::builder().attempts(attempts).clock(clock.clone()).build().unwrap(), clock)
}

/// B21
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_guesses_at_one_instant_five_are_compared() {
    let (throttle, _) = at_limit(5);
    let counting = Counting::default();
    let verifier = throttle.around(counting.clone());
    let start = Arc::new(Barrier::new(200));
    let guesses: Vec<_> = (0..200)
        .map(|number: u32| {
            let (verifier, start) = (verifier.clone(), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                let address = format!("10.0.{}.{}", number / 100, number % 100);
                verifier.verify(from(&address, "alice", &format!("guess {number}"))).await.unwrap_err()
            })
        })
        .collect();
    let mut refused = 0;
    for guess in guesses {
        let error = guess.await.unwrap();
        match error.reason() {
            Reason::Invalid => {}
            Reason::Throttled => {
                assert!(error.retry_after().unwrap() > Duration::from_secs(59));
                refused += 1;
            }
            other => unreachable!("{other:?}"),
        }
    }
    assert_eq!((counting.take(), refused), (5, 195));
    assert_eq!(reason(&verifier, from("10.0.9.9", "alice", "right")).await, Some(Reason::Throttled));
    assert_eq!(counting.take(), 0, "a right password is not compared either");
}

#[tokio::test]
async fn those_who_wait_for_others_go_on_when_these_were_right() {
    let (throttle, _) = at_limit(3);
    let verifier = throttle.around(Counting::default());
    let log_ins: Vec<_> = (0..32)
        .map(|_| {
            let verifier = verifier.clone();
            tokio::spawn(async move { verifier.verify(from("192.0.2.1", "alice", "right")).await })
        })
        .collect();
    for log_in in log_ins {
        assert!(log_in.await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn an_outage_is_no_failure_and_neither_is_who_left_before_the_verdict() {
    let (throttle, _) = at_limit(2);
    let verifier = throttle.around(Counting::default());
    for _ in 0..10 {
        assert_eq!(reason(&verifier, from("192.0.2.1", "alice", "down")).await, Some(Reason::Unavailable));
        let left = pin!(verifier.verify(from("192.0.2.1", "alice", "guess")));
        assert!(left.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert_eq!(reason(&verifier, from("192.0.2.1", "alice", "right")).await, None);
}

#[tokio::test]
async fn success_forgives_nothing() {
    let (throttle, _) = at_limit(3);
    let verifier = throttle.around(Counting::default());
    for _ in 0..3 {
        assert_eq!(reason(&verifier, from("192.0.2.1", "alice", "right")).await, None);
        assert_eq!(reason(&verifier, from("198.51.100.6", "alice", "guess")).await, Some(Reason::Invalid));
    }
    assert_eq!(reason(&verifier, from("198.51.100.6", "alice", "guess")).await, Some(Reason::Throttled));
}

/// B22
#[tokio::test]
async fn an_attack_on_an_account_does_not_lock_its_owner_out() {
    let (throttle, clock) = at_limit(10);
    let verifier = throttle.around(alice().clock(clock.clone()));
    // She was there before, from home.
    assert_eq!(reason(&verifier, from("192.0.2.1", "alice", "wonderland")).await, None);
    for number in 0..1_000 {
        reason(&verifier, from("198.51.100.66", "alice", &format!("guess {number}"))).await.unwrap();
    }
    for _ in 0..5 {
        assert_eq!(reason(&verifier, from("192.0.2.1", "alice", "wonderland")).await, None, "home is known");
    }
    // From a new place, right and wrong look alike.
    let away = |password| verifier.verify(from("203.0.113.5", "alice", password));
    let (right, wrong) = (away("wonderland").await.unwrap_err(), away("wonderlane").await.unwrap_err());
    assert_eq!((right.reason(), right.retry_after()), (wrong.reason(), wrong.retry_after()));
    assert_eq!((right.to_string(), right.reason()), (wrong.to_string(), Reason::Throttled));
    // And are told apart when the time has passed: nothing is locked for good.
    clock.advance(right.retry_after().unwrap());
    assert!(away("wonderland").await.is_ok());
}

/// What is remembered is no place to guess at: not from elsewhere, and from there only as often as a client may fail
#[tokio::test]
async fn what_is_remembered_of_a_locked_account_cannot_be_guessed_at() {
    let (throttle, clock) = at_limit(10);
    let verifier = throttle.around(alice().clock(clock.clone()));
    assert_eq!(reason(&verifier, from("192.0.2.1", "alice", "wonderland")).await, None);
    for number in 0..10 {
        reason(&verifier, from("198.51.100.66", "alice", &format!("guess {number}"))).await.unwrap();
    }
    assert_eq!(reason(&verifier, from("198.51.100.66", "alice", "wonderland")).await, Some(Reason::Throttled));
    for number in 0..100 {
        reason(&verifier, from("192.0.2.1", "alice", &format!("guess {number}"))).await.unwrap();
    }
    let right = from("192.0.2.1", "alice", "wonderland");
    assert!(verifier.verify_now(&right).is_none());
    assert_eq!(reason(&verifier, right).await, Some(Reason::Throttled));
}

/// Nor by hanging up when the answer does not come at once.
#[tokio::test]
async fn what_is_remembered_cannot_be_guessed_at_by_those_who_leave_before_the_verdict() {
    let (throttle, clock) = at_limit(10);
    let pool = HashPool::default();
    let verifier = throttle.around(alice().pool(pool.clone()).clock(clock.clone()));
    assert_eq!(reason(&verifier, from("192.0.2.1", "alice", "wonderland")).await, None);
    // Nothing is compared for now, so that all of them leave in time.
    let (free, held) = mpsc::channel::<()>();
    let mut busy = pin!(pool.run(move || held.recv().is_err()));
    assert!(busy.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    for number in 0..100 {
        let left = pin!(verifier.verify(from("192.0.2.1", "alice", &format!("guess {number}"))));
        assert!(left.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert!(verifier.verify_now(&from("192.0.2.1", "alice", "wonderland")).is_none());
    assert_eq!(reason(&verifier, from("192.0.2.1", "alice", "wonderland")).await, Some(Reason::Throttled));
    drop(free);
    assert!(busy.await.unwrap());
    // It is the network's own fault, and nobody else's.
    assert_eq!(reason(&verifier, from("203.0.113.5", "alice", "wonderland")).await, None);
}

/// The same while they wait for others.
#[tokio::test]
async fn whoever_leaves_the_queue_of_an_account_is_charged_too() {
    let (throttle, _) = at_limit(2);
    let verifier = throttle.around(Counting::default());
    let permits = [throttle.guard("alice", None).await.unwrap(), throttle.guard("alice", None).await.unwrap()];
    for _ in 0..20 {
        let left = pin!(verifier.verify(from("192.0.2.1", "alice", "guess")));
        assert!(left.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    for permit in permits {
        permit.succeeded().await;
    }
    assert_eq!(reason(&verifier, from("192.0.2.1", "alice", "right")).await, Some(Reason::Throttled));
    assert_eq!(reason(&verifier, from("203.0.113.5", "alice", "right")).await, None);
}

/// B24
#[tokio::test]
async fn the_names_of_one_account_have_one_count() {
    let (throttle, _) = at_limit(3);
    let verifier = throttle.around(Counting::default());
    for name in ["alice", "ALICE", " alice "] {
        assert_eq!(reason(&verifier, from("192.0.2.1", name, "guess")).await, Some(Reason::Invalid));
    }
    for name in ["alice", "Alice", "alice\u{a0}"] {
        assert_eq!(reason(&verifier, from("192.0.2.2", name, "guess")).await, Some(Reason::Throttled), "{name}");
    }

    let builder = Throttle::builder().attempts(1);
    let by_mail = builder.canonical(|name| name.split('@').next().unwrap_or_default().to_owned()).build().unwrap();
    let verifier = by_mail.around(Counting::default());
    assert_eq!(reason(&verifier, from("192.0.2.1", "alice@shop.example", "guess")).await, Some(Reason::Invalid));
    assert_eq!(reason(&verifier, from("192.0.2.1", "alice", "guess")).await, Some(Reason::Throttled));
}

/// B24
#[tokio::test]
async fn a_million_names_take_a_bounded_room() {
    let clock = ManualClock::at(UnixTime::from_secs(1_000));
    let builder = Throttle::builder().attempts(5).attempts_per_client(u32::MAX).capacity(4_096).clock(clock);
    let throttle = builder.build().unwrap();
    for _ in 0..5 {
        throttle.guard("alice", None).await.unwrap().failed().await;
    }
    let full = async |from: u32, to: u32| {
        for number in from..to {
            throttle.guard(&format!("name {number}"), None).await.unwrap().failed().await;
        }
    };
    full(0, 10_000).await;
    let kept = format!("{throttle:?}");
    assert!(kept.contains("accounts: 4096"), "{kept}");
    full(10_000, 100_000).await;
    assert_eq!(format!("{throttle:?}"), kept);
    assert_eq!(throttle.guard("alice", None).await.unwrap_err().reason(), Reason::Throttled);
}

#[tokio::test]
async fn a_client_may_fail_ten_times_as_often_over_all_accounts() {
    let (throttle, clock) = at_limit(2);
    let verifier = throttle.around(Counting::default());
    for number in 0..20 {
        let guess = from("2001:db8:1:2::7", &format!("user {number}"), "guess");
        assert_eq!(reason(&verifier, guess).await, Some(Reason::Invalid));
    }
    let neighbour = from("2001:db8:1:2:aaaa::1", "somebody", "right");
    assert_eq!(reason(&verifier, neighbour).await, Some(Reason::Throttled), "one /64 is one client");
    assert_eq!(reason(&verifier, from("2001:db8:1:3::7", "somebody", "right")).await, None);
    clock.advance(Duration::from_secs(60));
    assert_eq!(reason(&verifier, from("2001:db8:1:2::7", "somebody", "right")).await, None);
}

async fn answer(
    layer: &AuthenticateLayer,
    client: Option<ClientAddress>,
    password: &str,
) -> (StatusCode, HeaderMap, String) {
    use base64::Engine;
    let inner = service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(String::from("inside"))));
    let value = base64::prelude::BASE64_STANDARD.encode(format!("alice:{password}"));
    let mut request = Request::new(String::new());
    request.headers_mut().insert("authorization", HeaderValue::from_str(&format!("Basic {value}")).unwrap());
    if let Some(client) = client {
        request.extensions_mut().insert(client);
    }
    let (head, body) = layer.layer(inner).oneshot(request).await.unwrap().into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    (head.status, head.headers, body)
}

#[tokio::test]
async fn too_many_failures_are_answered_429_with_the_time_to_wait_and_no_challenge() {
    let (throttle, clock) = at_limit(2);
    let layer = AuthenticateLayer::new(Basic::new("staff", throttle.around(alice()))).unwrap();
    let (home, away) = (Some(client("192.0.2.1")), Some(client("198.51.100.66")));
    assert_eq!(answer(&layer, home, "wonderland").await.0, 200);
    for _ in 0..2 {
        let (status, headers, _) = answer(&layer, away, "guess").await;
        assert_eq!(status, 401);
        assert!(headers.contains_key("www-authenticate"));
    }
    let (status, headers, body) = answer(&layer, away, "guess").await;
    assert_eq!(status, 429);
    assert_eq!(headers["retry-after"], "60");
    assert!(!headers.contains_key("www-authenticate") && body.contains("\"retry_after\":60"), "{body}");
    let (same_status, same_headers, _) = answer(&layer, away, "wonderland").await;
    assert_eq!((same_status, &same_headers["retry-after"]), (status, &headers["retry-after"]));
    assert_eq!(answer(&layer, home, "wonderland").await, answer(&layer, home, "wonderland").await);
    assert_eq!(answer(&layer, home, "wonderland").await.0, 200);
    clock.advance(Duration::from_secs(60));
    assert_eq!(answer(&layer, away, "wonderland").await.0, 200);
}

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&str, &str)| {
        (HeaderName::try_from(*name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    fields.iter().map(field).collect()
}

/// B23
#[test]
fn a_stranger_is_whom_the_connection_comes_from_whatever_the_fields_say() {
    let proxies = TrustedProxies::new(["10.0.0.0/8", "2001:db8:7::/48"]).unwrap();
    for fields in [
        &[("x-forwarded-for", "203.0.113.9")][..],
        &[("forwarded", "for=203.0.113.9")],
        &[("x-real-ip", "203.0.113.9")],
        &[("x-forwarded-for", "a")],
        &[("x-forwarded-for", "10.0.0.1, 10.0.0.2")],
        &[("x-forwarded-for", "1.1.1.1"), ("forwarded", "for=1.1.1.1")],
    ] {
        for peer in ["198.51.100.4", "::ffff:198.51.100.4"] {
            assert_eq!(proxies.client(peer.parse().unwrap(), &headers(fields)), client("198.51.100.4"), "{fields:?}");
            assert_eq!(TrustedProxies::none().client(peer.parse().unwrap(), &headers(fields)), client("198.51.100.4"));
        }
    }
}

/// B23, RFC 7239
#[test]
fn a_trusted_proxy_is_believed_up_to_the_first_hop_that_is_not_one() {
    let proxies = TrustedProxies::new(["10.0.0.0/8", "2001:db8:7::/48", "192.0.2.1"]).unwrap();
    let chain = "1.1.1.1, 2.2.2.2, 3.3.3.3, 4.4.4.4, 5.5.5.5, 6.6.6.6, 7.7.7.7, 8.8.8.8, 203.0.113.9, 10.1.1.1";
    for (fields, expected) in [
        (&[("x-forwarded-for", "203.0.113.9")][..], "203.0.113.9"),
        (&[("x-forwarded-for", chain)], "203.0.113.9"),
        (&[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.9, 10.9.9.9")], "203.0.113.9"),
        (&[("x-forwarded-for", "203.0.113.9:4711, [2001:db8:7::1]:80, 192.0.2.1")], "203.0.113.9"),
        (&[("x-forwarded-for", "::ffff:203.0.113.9, ::ffff:10.0.0.7")], "203.0.113.9"),
        (&[("x-forwarded-for", "2001:db8:1:2::9")], "2001:db8:1:2::9"),
        (&[("forwarded", "for=192.0.2.43, FOR=\"[2001:db8:1::17]:4711\";proto=https;by=10.0.0.1")], "2001:db8:1::17"),
        (&[("forwarded", "for=1.1.1.1;host=\"a,b;for=2.2.2.2\", for=203.0.113.9")], "203.0.113.9"),
        (&[("forwarded", "for=203.0.113.9"), ("x-forwarded-for", "203.0.113.9")], "203.0.113.9"),
        (&[("x-forwarded-for", "10.3.3.3, 10.2.2.2")], "10.3.3.3"),
        (&[], "10.0.0.1"),
        // What cannot be read, is hidden or contradicts itself counts for the last proxy that is known.
        (&[("x-forwarded-for", "a")], "10.0.0.1"),
        (&[("x-forwarded-for", "")], "10.0.0.1"),
        (&[("x-forwarded-for", "1.1.1.1, a, 10.2.2.2")], "10.2.2.2"),
        (&[("x-forwarded-for", "1.1.1.1, a, 203.0.113.9")], "203.0.113.9"),
        (&[("forwarded", "for=_hidden")], "10.0.0.1"),
        (&[("forwarded", "for=unknown, for=10.2.2.2")], "10.2.2.2"),
        (&[("forwarded", "for=1.1.1.1;for=2.2.2.2")], "10.0.0.1"),
        (&[("forwarded", "for=\"1.1.1.1, for=2.2.2.2")], "10.0.0.1"),
        (&[("forwarded", "proto=https")], "10.0.0.1"),
        (&[("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=1.1.1.1")], "10.0.0.1"),
        (&[("x-forwarded-for", "\u{e9}")], "10.0.0.1"),
    ] {
        for peer in ["10.0.0.1", "::ffff:10.0.0.1"] {
            assert_eq!(proxies.client(peer.parse().unwrap(), &headers(fields)), client(expected), "{fields:?}");
        }
    }
}

/// B23
#[tokio::test]
async fn no_forged_field_gives_a_guess_a_count_of_its_own() {
    let proxies = TrustedProxies::new(["10.0.0.0/8"]).unwrap();
    let (throttle, _) = at_limit(2);
    let verifier = throttle.around(Counting::default());
    let mut verdicts = Vec::new();
    for number in 0..40 {
        // What the proxy adds stands last.
        let forged = format!("198.18.0.{number}, a, 203.0.113.9");
        let client = proxies.client("10.0.0.1".parse().unwrap(), &headers(&[("x-forwarded-for", &forged)]));
        let guess = BasicCredentials::new(&format!("user {number}"), "guess").unwrap().from_client(Some(client));
        verdicts.push(reason(&verifier, guess).await.unwrap());
    }
    assert_eq!(verdicts.iter().filter(|&&verdict| verdict == Reason::Invalid).count(), 20);
}

#[test]
fn networks_that_make_no_sense_or_trust_everybody_are_faults() {
    for (network, problem) in [
        ("0.0.0.0/0", "every address"),
        ("::/0", "every address"),
        ("10.0.0.1/8", "behind its prefix"),
        ("10.0.0.0/33", "no network"),
        ("10.0.0.0/+8", "no network"),
        ("10.0.0.0/", "no network"),
        ("10.0.0", "no network"),
        ("proxy.internal", "no network"),
    ] {
        let error = TrustedProxies::new([network]).unwrap_err();
        assert!(error.to_string().contains(problem), "{network}: {error}");
    }
    assert_eq!(TrustedProxies::new(["a", "b", "::1"]).unwrap_err().faults().len(), 2);
}

#[test]
fn a_throttle_that_would_let_nobody_in_or_count_nothing_is_not_built() {
    let error = Throttle::builder().attempts(0).window(Duration::ZERO).capacity(0).build().unwrap_err();
    assert_eq!(error.faults().len(), 3);
    assert!(Throttle::builder().attempts(10).attempts_per_client(9).build().is_err());
}
