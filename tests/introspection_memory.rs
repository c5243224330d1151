//! Asking an issuer about tokens in production: what is remembered and for how long, how often it is asked, and what is
//! answered while it is down.

#![cfg(feature = "introspection")]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and `json!` is not borrowed"
)]

mod support {
    pub(crate) mod endpoint;
    pub(crate) mod introspection;
    #[cfg(feature = "tracing")]
    pub(crate) mod log;
    pub(crate) mod stack;
}

use std::time::Duration;

use portcullis::clock::UnixTime;
use portcullis::credentials::BearerToken;
use portcullis::identity::introspection::{AnswerCache, ClientAuth, IntrospectionVerifier};
use portcullis::identity::revocation::{MemoryRevocations, Revocation, Revocations};
use portcullis::{Reason, Verifier};
use serde_json::json;
use support::endpoint::{Endpoint, Said, http, json as said};
use support::introspection::{
    AUDIENCE, ISSUER, NOW, SECRET, TOKEN, active, builder, clock, inactive, reason, request, secret, verifier, verify,
};
#[cfg(feature = "tracing")]
use support::log::Log;
use tokio::task::JoinSet;

const SECOND: Duration = Duration::from_secs(1);

/// INTRO-3, INTRO-7: an active token is asked about once a minute
#[tokio::test]
async fn that_a_token_is_active_is_remembered_for_a_minute() {
    let endpoint = Endpoint::saying(said(&active(json!({})))).await;
    let clock = clock();
    let verifier = builder(&endpoint).clock(clock.clone()).build().unwrap();
    for (passes, asked) in [(0, 1), (30, 1), (29, 1), (1, 2), (59, 2), (1, 3)] {
        clock.advance(SECOND * passes);
        assert_eq!(reason(&verifier, TOKEN).await, None);
        assert_eq!(endpoint.count(), asked);
    }
}

/// INTRO-7: a token that is not active keeps nobody away from the issuer for long
#[tokio::test]
async fn that_a_token_is_refused_is_remembered_for_ten_seconds() {
    for answer in [inactive(), active(json!({"aud": "billing-api"})), active(json!({"exp": NOW - 100}))] {
        let endpoint = Endpoint::saying(said(&answer)).await;
        let clock = clock();
        let verifier = builder(&endpoint).clock(clock.clone()).build().unwrap();
        for (passes, asked) in [(0, 1), (0, 1), (9, 1), (1, 2)] {
            clock.advance(SECOND * passes);
            assert_ne!(reason(&verifier, TOKEN).await, None);
            assert_eq!(endpoint.count(), asked, "{answer}");
        }
        clock.advance(SECOND * 10);
        endpoint.say(said(&active(json!({}))));
        assert_eq!(reason(&verifier, TOKEN).await, None, "a token may become active");
    }
}

/// INTRO-3: exp in 1 s, remembered for 60 s: the third second is refused
#[tokio::test]
async fn nothing_is_believed_beyond_the_end_of_a_token() {
    let endpoint = Endpoint::saying(said(&active(json!({"exp": NOW + 1})))).await;
    let clock = clock();
    let verifier = builder(&endpoint).clock(clock.clone()).leeway(Duration::ZERO).build().unwrap();
    assert_eq!(reason(&verifier, TOKEN).await, None);
    clock.advance(SECOND);
    let answer = request(&verifier, TOKEN).await;
    answer.assert_refused(401, "expired", &[("Bearer", Some("invalid_token"))]);
    assert_eq!(endpoint.count(), 2, "the issuer may have moved its end");
    clock.advance(SECOND * 11);
    endpoint.say(said(&active(json!({"exp": NOW + 100}))));
    assert_eq!(reason(&verifier, TOKEN).await, None);
}

/// INTRO-4: what is remembered is judged by the time of each use
#[tokio::test]
async fn the_times_of_a_remembered_token_are_judged_on_every_use() {
    let endpoint = Endpoint::saying(said(&active(json!({"nbf": NOW + 5})))).await;
    let clock = clock();
    let verifier = builder(&endpoint).clock(clock.clone()).leeway(Duration::ZERO).build().unwrap();
    assert_eq!(reason(&verifier, TOKEN).await, Some(Reason::Invalid));
    clock.advance(SECOND * 5);
    assert_eq!(reason(&verifier, TOKEN).await, None);
    clock.set_wall(UnixTime::from_secs(NOW));
    assert_eq!(reason(&verifier, TOKEN).await, Some(Reason::Invalid));
    assert_eq!(endpoint.count(), 1);
}

#[tokio::test]
async fn nothing_is_remembered_where_that_is_turned_off() {
    let endpoint = Endpoint::saying(said(&active(json!({})))).await;
    let off = builder(&endpoint).cache(AnswerCache::off()).build().unwrap();
    let never_active = builder(&endpoint).cache(AnswerCache::new().active_for(Duration::ZERO)).build().unwrap();
    for (verifier, asked) in [(off, [1, 2]), (never_active, [3, 4])] {
        for asked in asked {
            assert_eq!(reason(&verifier, TOKEN).await, None);
            assert_eq!((endpoint.count(), verifier.remembered()), (asked, 0));
        }
    }
    endpoint.say(said(&inactive()));
    let never_inactive = builder(&endpoint).cache(AnswerCache::new().inactive_for(Duration::ZERO)).build().unwrap();
    for asked in [5, 6] {
        assert_eq!(reason(&never_inactive, TOKEN).await, Some(Reason::Invalid));
        assert_eq!(endpoint.count(), asked);
    }
}

/// D2: a remembered verdict costs no boxed future, and a token that nobody asked about has no verdict yet
#[tokio::test]
async fn a_remembered_verdict_is_at_hand_at_once() {
    let endpoint = Endpoint::saying(said(&active(json!({})))).await;
    let verifier = verifier(&endpoint);
    let token = |text: &str| BearerToken::new(text).unwrap();
    assert!(verifier.verify_now(&token(TOKEN)).is_none());
    assert_eq!(endpoint.count(), 0);
    verify(&verifier, TOKEN).await.unwrap();
    assert_eq!(verifier.clone().verify_now(&token(TOKEN)).unwrap().unwrap().subject(), "alice");
    let known = token(TOKEN);
    let cost = allocation_counter::measure(|| drop(verifier.verify_now(&known)));
    assert_eq!(cost.count_total, 0);
    assert!(verifier.verify_now(&token("2YotnFZFEjr1zCsicMWpAa")).is_none());
    endpoint.say(said(&inactive()));
    assert!(verify(&verifier, "another").await.is_err());
    assert_eq!(verifier.verify_now(&token("another")).unwrap().unwrap_err().reason(), Reason::Invalid);
}

/// INTRO-7: made-up tokens fill no memory, and push no real one out
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn made_up_tokens_leave_memory_flat_and_real_ones_in_it() {
    const MADE_UP: usize = 3_000;
    const ENTRIES: usize = 100;

    let endpoint = Endpoint::start(|asked| match asked.body.starts_with("token=real") {
        true => said(&active(json!({}))),
        false => said(&inactive()),
    })
    .await;
    let verifier = builder(&endpoint).cache(AnswerCache::new().entries(ENTRIES)).build().unwrap();
    assert_eq!(reason(&verifier, "real").await, None);
    let mut tasks = JoinSet::new();
    for first in 0..32 {
        let verifier = verifier.clone();
        tasks.spawn(async move {
            for number in (first..MADE_UP).step_by(32) {
                assert_eq!(reason(&verifier, &format!("made-up-{number}")).await, Some(Reason::Invalid));
                assert!(verifier.remembered() <= ENTRIES + 1);
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let asked = endpoint.count();
    assert_eq!(reason(&verifier, "real").await, None);
    assert_eq!(endpoint.count(), asked, "it is still remembered");
}

/// INTRO-9
#[tokio::test]
async fn a_hundred_uses_of_one_token_at_once_are_one_question() {
    let endpoint = Endpoint::saying(said(&active(json!({})))).await;
    let verifier = verifier(&endpoint);
    endpoint.hold();
    let mut uses = JoinSet::new();
    for _ in 0..100 {
        let verifier = verifier.clone();
        uses.spawn(async move { request(&verifier, TOKEN).await });
    }
    endpoint.until_asked(1).await;
    endpoint.release();
    while let Some(answer) = uses.join_next().await {
        answer.unwrap().assert_accepted("alice");
    }
    assert_eq!(endpoint.count(), 1);
}

/// INTRO-9, D13: whoever asked first may go away
#[tokio::test]
async fn a_first_waiter_who_leaves_harms_nobody() {
    let endpoint = Endpoint::saying(said(&active(json!({})))).await;
    let verifier = verifier(&endpoint);
    endpoint.hold();
    let ask = || {
        tokio::spawn({
            let verifier = verifier.clone();
            async move { reason(&verifier, TOKEN).await }
        })
    };
    let first = ask();
    endpoint.until_asked(1).await;
    let second = ask();
    tokio::task::yield_now().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    endpoint.release();
    assert_eq!(second.await.unwrap(), None);
    assert_eq!(endpoint.count(), 1);

    // Not even if nobody waits any more: the next use finds the answer.
    endpoint.hold();
    let only = tokio::spawn({
        let verifier = verifier.clone();
        async move { reason(&verifier, "other").await }
    });
    endpoint.until_asked(2).await;
    only.abort();
    assert!(only.await.unwrap_err().is_cancelled());
    endpoint.release();
    assert_eq!(reason(&verifier, "other").await, None);
    assert_eq!(endpoint.count(), 2);
}

/// D13: nor does the runtime in which somebody asked first
#[test]
fn a_question_whose_runtime_ends_leaves_nobody_waiting() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (asking, staying) = (runtime(), runtime());
    let endpoint = staying.block_on(Endpoint::saying(said(&active(json!({})))));
    let verifier = verifier(&endpoint);
    endpoint.hold();
    let ask = || {
        let verifier = verifier.clone();
        async move { reason(&verifier, TOKEN).await }
    };
    drop(asking.spawn(ask()));
    staying.block_on(endpoint.until_asked(1));
    let joined = staying.spawn(ask());
    staying.block_on(async { tokio::task::yield_now().await });
    drop(asking);
    assert_eq!(staying.block_on(joined).unwrap(), Some(Reason::Unavailable));
    endpoint.release();
    assert_eq!(staying.block_on(ask()), None);
}

/// Nothing that a request can bring about panics
#[test]
fn outside_a_runtime_a_question_is_an_outage() {
    use std::future::Future;
    use std::task::{Context, Poll, Waker};

    let auth = ClientAuth::basic("gate", secret());
    let verifier = IntrospectionVerifier::builder("https://id.example/introspect", auth);
    let verifier = verifier.audience([AUDIENCE]).build().unwrap();
    for _ in 0..2 {
        let mut verdict = std::pin::pin!(verifier.verify_token(TOKEN));
        match verdict.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Err(error)) => assert_eq!(error.reason(), Reason::Unavailable),
            other => panic!("{other:?}"),
        }
    }
}

/// No load of ours lands on an issuer without bound: one question more than may be is 503 at once
#[tokio::test]
async fn questions_under_way_are_bounded() {
    let endpoint = Endpoint::saying(said(&active(json!({})))).await;
    let verifier = builder(&endpoint).max_requests(2).build().unwrap();
    endpoint.hold();
    let ask = |token: &'static str| {
        let verifier = verifier.clone();
        tokio::spawn(async move { reason(&verifier, token).await })
    };
    let under_way = [ask("one"), ask("two")];
    endpoint.until_asked(2).await;
    let joined = ask("one");
    let answer = request(&verifier, "three").await;
    answer.assert_refused(503, "unavailable", &[]);
    assert_eq!(answer.lines("retry-after"), ["5"]);
    endpoint.release();
    for one in under_way.into_iter().chain([joined]) {
        assert_eq!(one.await.unwrap(), None);
    }
    assert_eq!(reason(&verifier, "three").await, None);
    assert_eq!(endpoint.count(), 3);
}

/// INTRO-5, J40, K02, K05, K19: whatever goes wrong is ours or the issuer's fault, and never the token's
#[tokio::test]
async fn every_fault_of_the_issuer_is_an_outage_and_none_is_remembered() {
    let good = active(json!({})).to_string();
    let plain = |status| http(status, &["Content-Type: application/json"], &good);
    let typed = |kind: &str| http(200, &[&format!("Content-Type: {kind}")], &good);
    let declared = |length: usize| {
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n").into_bytes()
    };
    let chunked = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let chunk = format!("{:x}\r\n{}\r\n", 4096, " ".repeat(4096)).into_bytes();
    let Said::Bytes(whole) = said(&active(json!({}))) else { unreachable!() };
    let faults = [
        ("500", plain(500)),
        ("502", plain(502)),
        ("503", plain(503)),
        ("429", plain(429)),
        ("404", plain(404)),
        ("400", plain(400)),
        ("401 for ourselves", plain(401)),
        ("403 for ourselves", plain(403)),
        ("201", plain(201)),
        ("204", http(204, &[], "")),
        ("a redirect", http(302, &[&format!("Location: http://127.0.0.1:1/{SECRET}")], "")),
        ("a redirect that repeats the question", http(307, &["Location: /introspect"], "")),
        ("HTML", http(200, &["Content-Type: text/html"], "<html>active</html>")),
        ("JSON that says it is HTML", typed("text/html")),
        ("JSON that says it is text", typed("text/plain")),
        ("JSON of another kind", typed("application/problem+json")),
        ("a signed answer that nobody asked for", typed("application/token-introspection+jwt")),
        ("no type", http(200, &[], &good)),
        ("HTML that says it is JSON", http(200, &["Content-Type: application/json"], "<html>active</html>")),
        ("compressed", http(200, &["Content-Type: application/json", "Content-Encoding: gzip"], &good)),
        ("too large", http(200, &["Content-Type: application/json"], format!("{good}{}", " ".repeat(64 * 1024)))),
        ("too large by its own word", Said::Last(declared(1 << 30))),
        ("endless", Said::Endless(chunked, chunk)),
        ("endless before its body", Said::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-Field: value\r\n".to_vec())),
        ("broken off", Said::Last([declared(good.len() + 1), good.clone().into_bytes()].concat())),
        ("broken off before its body", Said::Last(Vec::new())),
        ("not HTTP", Said::Last(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec())),
        ("dripping", Said::Drip(whole, Duration::from_millis(20))),
        ("silent", Said::Silence),
    ];
    let endpoint = Endpoint::saying(Said::Silence).await;
    let verifier = builder(&endpoint).deadline(Duration::from_millis(400)).build().unwrap();
    for (fault, answer) in faults {
        endpoint.say(answer);
        let answer = request(&verifier, TOKEN).await;
        answer.assert_refused(503, "unavailable", &[]);
        assert_eq!(answer.lines("retry-after"), ["5"], "{fault}");
        assert_eq!(verifier.remembered(), 0, "{fault}");
        let source = answer
            .rejection
            .as_ref()
            .and_then(|rejection| std::error::Error::source(rejection))
            .map(ToString::to_string);
        assert!(source.is_some_and(|text| text.contains("127.0.0.1") && !text.contains(SECRET)), "{fault}");
    }
    // K19: accepted at once when it is well again.
    endpoint.say(said(&active(json!({}))));
    request(&verifier, TOKEN).await.assert_accepted("alice");
}

/// K19: nothing of an outage is left when it is over
#[tokio::test]
async fn an_issuer_that_is_down_at_first_is_believed_when_it_is_up() {
    let endpoint = Endpoint::saying(said(&active(json!({})))).await;
    let address = endpoint.address;
    let verifier = builder(&endpoint).build().unwrap();
    drop(endpoint);
    tokio::task::yield_now().await;
    for _ in 0..3 {
        request(&verifier, TOKEN).await.assert_refused(503, "unavailable", &[]);
    }
    let _endpoint = Endpoint::listen(address, |_| said(&active(json!({})))).await;
    request(&verifier, TOKEN).await.assert_accepted("alice");
}

/// K19: while the issuer is down, what is remembered is still good, and what has to be asked is 503
#[tokio::test]
async fn an_outage_changes_nothing_for_tokens_that_are_remembered() {
    let endpoint = Endpoint::saying(said(&active(json!({})))).await;
    let clock = clock();
    let verifier = builder(&endpoint).clock(clock.clone()).build().unwrap();
    assert_eq!(reason(&verifier, TOKEN).await, None);
    endpoint.say(http(500, &[], ""));
    assert_eq!(reason(&verifier, "other").await, Some(Reason::Unavailable));
    assert_eq!(reason(&verifier, TOKEN).await, None);
    clock.advance(SECOND * 60);
    assert_eq!(reason(&verifier, TOKEN).await, Some(Reason::Unavailable));
}

/// A connection that the issuer closed meanwhile is no outage
#[tokio::test]
async fn a_kept_connection_that_is_gone_is_replaced() {
    let endpoint = Endpoint::saying(said(&active(json!({})))).await;
    let verifier = builder(&endpoint).cache(AnswerCache::off()).build().unwrap();
    assert_eq!(reason(&verifier, TOKEN).await, None);
    let Said::Bytes(answer) = said(&active(json!({}))) else { unreachable!() };
    let first = std::sync::atomic::AtomicBool::new(true);
    endpoint.script(move |_| {
        let is_first = first.swap(false, std::sync::atomic::Ordering::Relaxed);
        if is_first { Said::Last(Vec::new()) } else { Said::Bytes(answer.clone()) }
    });
    assert_eq!(reason(&verifier, TOKEN).await, None);
    assert_eq!(endpoint.count(), 3);
}

/// INTRO-5: the operator learns what the client is not told, once for all who wait; and no token and no secret
#[cfg(feature = "tracing")]
#[tokio::test]
async fn the_operator_is_told_why_a_question_failed() {
    for (answer, told) in [
        (
            http(401, &["WWW-Authenticate: Basic"], "who?"),
            "does not accept this service's own credentials (status 401)",
        ),
        (http(200, &["Content-Type: text/html"], "<html>"), "the answer is of the type \"text/html\""),
        (said(&json!({"active": "true"})), "the answer cannot be used: `active` is neither true nor false"),
        (http(302, &[], ""), "the answer is a redirect (status 302)"),
    ] {
        let endpoint = Endpoint::saying(answer).await;
        let verifier = verifier(&endpoint);
        endpoint.hold();
        let log = Log::start();
        let (one, other) = tokio::join!(reason(&verifier, TOKEN), async {
            endpoint.until_asked(1).await;
            endpoint.release();
            reason(&verifier, TOKEN).await
        });
        assert_eq!((one, other), (Some(Reason::Unavailable), Some(Reason::Unavailable)));
        let events = log.text();
        let failed: Vec<_> = events.lines().filter(|line| line.contains("a token could not be introspected")).collect();
        assert_eq!(failed.len(), endpoint.count(), "{events}");
        assert!(failed[0].contains("ERROR portcullis: a token could not be introspected"), "{events}");
        assert!(failed[0].contains(told) && failed[0].contains(&endpoint.url()), "{events}");
        assert!(!events.contains(TOKEN) && !events.contains(SECRET), "{events}");
    }
}

/// A list of our own ends a token whatever its issuer says, at once
#[tokio::test]
async fn a_revoked_token_is_refused_on_its_next_use() {
    let endpoint = Endpoint::saying(said(&active(json!({"sid": "session-1"})))).await;
    for revocation in [
        Revocation::token(TOKEN),
        Revocation::token_id(ISSUER, "token-1"),
        Revocation::session_id(ISSUER, "session-1"),
        Revocation::subject(ISSUER, "alice"),
    ] {
        let list = MemoryRevocations::builder().clock(clock()).build().unwrap();
        let verifier = builder(&endpoint).revocations(list.clone()).build().unwrap();
        assert_eq!(reason(&verifier, TOKEN).await, None);
        let before = endpoint.count();
        list.revoke(revocation).await.unwrap();
        let answer = request(&verifier, TOKEN).await;
        answer.assert_refused(401, "invalid", &[("Bearer", Some("invalid_token"))]);
        assert_eq!(endpoint.count(), before, "there is nothing to ask");
    }
}
