//! How the two middlewares treat the service inside them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support {
    pub(crate) mod stack;
}

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::error::Error;
use std::future::{Pending, pending, poll_fn, ready};
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Empty};
use portcullis::authenticate::Bearer;
use portcullis::credentials::BearerToken;
use portcullis::permission::{Decision, Policy, authenticated, policy, scope};
use portcullis::response::Rejection;
use portcullis::{AuthenticateLayer, Identity, RequireLayer, VerifyError};
use support::stack::{ALL_PLAIN, Scripted, bare, basic, bearer, cookie, get, send, session};
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::timeout;
use tower::limit::ConcurrencyLimit;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_test::mock::{Handle, Mock, pair};

type MockPair = (Mock<Request<()>, Response<String>>, Handle<Request<()>, Response<String>>);

const LONG: Duration = Duration::from_secs(3600);

fn both() -> [Scripted; 2] {
    [Scripted::ready(), Scripted::waiting()]
}

/// A policy that allows after it has waited.
struct Slow;

impl Policy for Slow {
    async fn decide(&self, _: &Identity, _: &Parts) -> Result<Decision, Box<dyn Error + Send + Sync>> {
        yield_now().await;
        Ok(Decision::Allow)
    }
}

fn bearer_layer(verifier: impl portcullis::Verifier<BearerToken>) -> AuthenticateLayer {
    AuthenticateLayer::new(Bearer::new("api", verifier)).unwrap()
}

/// A verifier that waits for a permit of `gate`, then accepts all tokens but `bad`.
fn gated(gate: &Arc<Semaphore>) -> AuthenticateLayer {
    let gate = Arc::clone(gate);
    bearer_layer(move |token: BearerToken| {
        let gate = Arc::clone(&gate);
        async move {
            gate.acquire().await.unwrap().forget();
            match token.expose() {
                "bad" => Err(VerifyError::invalid()),
                name => Ok(Identity::assertion("test", name).build()),
            }
        }
    })
}

async fn echo(request: Request<()>) -> Result<Response<String>, Infallible> {
    let subject = request.extensions().get::<Identity>().map(|identity| identity.subject().to_owned());
    Ok(Response::new(subject.unwrap_or_default()))
}

/// The mock panics when it is called without having been polled ready
#[tokio::test]
async fn the_instance_that_is_called_was_polled_ready() {
    for verifier in both() {
        let layers = [RequireLayer::new(scope("read")).unwrap(), RequireLayer::new(policy(Slow)).unwrap()];
        for require in layers {
            let (mock, mut handle): MockPair = pair();
            let service = (verifier.layer(), require).layer(mock);
            let answer = tokio::spawn(service.oneshot(get([bearer("ann")])));
            let (request, respond) = handle.next_request().await.unwrap();
            assert_eq!(request.extensions().get::<Identity>().map(Identity::subject), Some("ann"));
            respond.send_response(Response::new("inner".to_owned()));
            assert_eq!(answer.await.unwrap().unwrap().status(), 200);
        }
    }
}

/// After acceptance a clone is driven to readiness: the call waits until the inner service has room again
#[tokio::test]
async fn after_a_slow_verdict_the_call_waits_for_readiness() {
    let (mock, mut handle): MockPair = pair();
    handle.allow(1);
    let mut service = Scripted::waiting().layer().layer(mock);
    let mut answer = pin!(service.ready().await.unwrap().call(get([bearer("ann")])));
    handle.allow(0);
    for _ in 0..5 {
        assert!(poll_once(answer.as_mut()).await.is_none());
        yield_now().await;
    }
    assert!(handle.poll_request().is_pending(), "called without readiness");
    handle.allow(1);
    assert!(poll_once(answer.as_mut()).await.is_none());
    let (_, respond) = handle.next_request().await.unwrap();
    respond.send_response(Response::new(String::new()));
    assert_eq!(answer.await.unwrap().status(), 200);
}

async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|cx| {
        Poll::Ready(match future.as_mut().poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

/// Its `call` waits for the verdict, and not just the future that `call` returns
#[tokio::test]
async fn an_inner_service_that_acts_when_called_does_nothing_before_acceptance() {
    let calls = Arc::new(AtomicUsize::new(0));
    let acts = {
        let calls = Arc::clone(&calls);
        service_fn(move |_: Request<()>| {
            calls.fetch_add(1, Ordering::Relaxed);
            ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
        })
    };
    let gate = Arc::new(Semaphore::new(0));
    let mut service = gated(&gate).layer(acts);
    for (word, status, called) in [("bad", 401, 0), ("ann", 200, 1)] {
        let mut answer = pin!(service.ready().await.unwrap().call(get([bearer(word)])));
        assert!(poll_once(answer.as_mut()).await.is_none());
        assert_eq!(calls.load(Ordering::Relaxed), 0, "called before the verdict");
        gate.add_permits(1);
        assert_eq!(answer.await.unwrap().status(), status);
        assert_eq!(calls.load(Ordering::Relaxed), called);
    }
}

/// An inner service with room for two, under a hundred slow refusals
#[tokio::test(start_paused = true)]
async fn slow_refusals_hold_none_of_the_inner_capacity() {
    let gate = Arc::new(Semaphore::new(0));
    let slow = {
        let gate = Arc::clone(&gate);
        bearer_layer(move |token: BearerToken| {
            let gate = Arc::clone(&gate);
            async move {
                if token.expose() == "slow" {
                    gate.acquire().await.unwrap().forget();
                    return Err(VerifyError::invalid());
                }
                yield_now().await;
                Ok(Identity::assertion("test", token.expose()).build())
            }
        })
    };
    let service = slow.layer(ConcurrencyLimit::new(service_fn(echo), 2));
    let refusals: Vec<_> = (0..100).map(|_| tokio::spawn(service.clone().oneshot(get([bearer("slow")])))).collect();
    for _ in 0..200 {
        yield_now().await;
    }
    for _ in 0..20 {
        let accepted = timeout(LONG, service.clone().oneshot(get([bearer("ann")]))).await;
        assert_eq!(accepted.expect("starved by slow refusals").unwrap().status(), 200);
    }
    assert!(refusals.iter().all(|task| !task.is_finished()));
    gate.add_permits(100);
    for refusal in refusals {
        assert_eq!(refusal.await.unwrap().unwrap().status(), 401);
    }
}

/// A caller that keeps the service between calls, as `Buffer` does, must not hold what its own request waits for
#[tokio::test(start_paused = true)]
async fn a_slow_verdict_does_not_wait_for_capacity_that_the_service_itself_keeps() {
    for require in [RequireLayer::new(authenticated()).unwrap(), RequireLayer::new(policy(Slow)).unwrap()] {
        for verifier in both() {
            let mut service = (verifier.layer(), require.clone()).layer(ConcurrencyLimit::new(service_fn(echo), 1));
            for _ in 0..3 {
                let answer = service.ready().await.unwrap().call(get([bearer("ann")]));
                assert_eq!(timeout(LONG, answer).await.expect("deadlock").unwrap().status(), 200);
            }
            let buffered = tower::buffer::Buffer::new(service, 8);
            for _ in 0..3 {
                let answer = buffered.clone().oneshot(get([bearer("ann")]));
                assert_eq!(timeout(LONG, answer).await.expect("deadlock").unwrap().status(), 200);
            }
        }
    }
}

/// a request that is given up, at any point, leaves nothing behind
#[tokio::test(start_paused = true)]
async fn a_dropped_future_leaves_nothing_behind() {
    let calls = Arc::new(AtomicUsize::new(0));
    let inner = {
        let calls = Arc::clone(&calls);
        service_fn(move |request: Request<()>| {
            calls.fetch_add(1, Ordering::Relaxed);
            async move {
                yield_now().await;
                if request.headers().contains_key("x-hang") {
                    pending::<()>().await;
                }
                Ok::<_, Infallible>(Response::new(String::new()))
            }
        })
    };
    let limit = Arc::new(Semaphore::new(1));
    let limited = ConcurrencyLimit::with_semaphore(inner, Arc::clone(&limit));
    let service = Scripted::waiting().layer().layer(limited);

    // While the verdict is awaited, while the inner service has no room, while the inner service runs.
    for polls in 0..6 {
        for (room, line) in [(true, ("x-hang", "1".to_owned())), (false, ("x-calm", "1".to_owned()))] {
            let taken = (!room).then(|| Arc::clone(&limit).try_acquire_owned().unwrap());
            let mut clone = service.clone();
            let call = async move { clone.ready().await.unwrap().call(get([bearer("ann"), line])).await };
            let mut answer = Box::pin(call);
            for _ in 0..polls {
                assert!(poll_once(answer.as_mut()).await.is_none());
            }
            let before = calls.load(Ordering::Relaxed);
            drop((answer, taken));
            yield_now().await;
            assert_eq!(calls.load(Ordering::Relaxed), before, "called after the client went away");
            assert_eq!(limit.available_permits(), 1, "capacity lost after {polls} polls");
        }
    }
    assert!(calls.load(Ordering::Relaxed) > 0, "some were dropped inside the inner service");
    let answer = timeout(LONG, service.oneshot(get([bearer("ann")]))).await.unwrap().unwrap();
    assert_eq!(answer.status(), 200);
}

/// a verifier's future is dropped with its request
#[tokio::test]
async fn a_verdict_nobody_waits_for_any_more_is_dropped() {
    let alive = Arc::new(());
    let layer = {
        let alive = Arc::clone(&alive);
        bearer_layer(move |_: BearerToken| {
            let held = Arc::clone(&alive);
            async move {
                pending::<()>().await;
                drop(held);
                Err(VerifyError::invalid())
            }
        })
    };
    let idle = Arc::strong_count(&alive);
    let mut answer = Box::pin(layer.layer(service_fn(echo)).oneshot(get([bearer("ann")])));
    assert!(poll_once(answer.as_mut()).await.is_none());
    assert_eq!(Arc::strong_count(&alive), idle + 1);
    drop((answer, layer));
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[derive(Debug, Eq, PartialEq)]
struct Broken(&'static str);

/// Inner errors pass through untouched
#[tokio::test]
async fn an_error_of_the_inner_service_comes_out_as_it_is() {
    async fn broken(_: Request<()>) -> Result<Response<String>, Broken> {
        Err(Broken("inside"))
    }
    for verifier in both() {
        let service = (verifier.layer(), RequireLayer::new(authenticated()).unwrap()).layer(service_fn(broken));
        let error = service.clone().oneshot(get([bearer("ann")])).await.unwrap_err();
        assert_eq!(error, Broken("inside"));
        assert_eq!(service.oneshot(bare()).await.unwrap().status(), 401, "a refusal is a response and no error");
    }
}

/// Never ready: an error each time it is asked, or after so many times.
#[derive(Clone)]
struct FailsToReady {
    after: usize,
    asked: Arc<AtomicUsize>,
}

impl Service<Request<()>> for FailsToReady {
    type Response = Response<String>;
    type Error = Broken;
    type Future = Pending<Result<Response<String>, Broken>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(if asked < self.after { Ok(()) } else { Err(Broken("not ready")) })
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        panic!("called though it was never ready")
    }
}

#[tokio::test]
async fn an_inner_service_that_cannot_get_ready_says_so_before_and_after_a_slow_verdict() {
    for (after, verifier) in [(0, Scripted::ready()), (1, Scripted::waiting())] {
        let service = verifier.layer().layer(FailsToReady { after, asked: Arc::default() });
        assert_eq!(service.oneshot(get([bearer("ann")])).await.unwrap_err(), Broken("not ready"));
    }
}

/// What the middlewares must not ask for: `Clone`, `Default`, `Send` or `Debug` of a body, `Send` of a service.
struct Plain(Rc<str>);

/// Inner services need `Clone` and nothing else; nothing is asked of the bodies
#[tokio::test]
async fn bodies_and_services_that_are_neither_clone_nor_send_will_do() {
    for verifier in both() {
        let own = Rc::new(Mutex::new(0));
        let counted = Rc::clone(&own);
        let inner = service_fn(move |request: Request<Plain>| {
            *counted.lock().unwrap() += 1;
            ready(Ok::<_, Rc<str>>(Response::new(request.into_body())))
        });
        let service = (verifier.layer(), RequireLayer::new(policy(Slow)).unwrap()).layer(inner);
        let request = |word: &str| get([bearer(word)]).map(|()| Plain("body".into()));
        assert_eq!(service.clone().oneshot(request("ann")).await.unwrap().status(), 200);
        assert_eq!(service.oneshot(request("invalid")).await.unwrap().status(), 401);
        assert_eq!(*own.lock().unwrap(), 1);
        assert_eq!(&*Plain("body".into()).0, "body");
    }
}

#[tokio::test]
async fn an_inner_401_and_its_challenge_pass_through() {
    async fn inner(_: Request<()>) -> Result<Response<String>, Infallible> {
        let mut response = Response::new("mine".to_owned());
        *response.status_mut() = http::StatusCode::UNAUTHORIZED;
        response.headers_mut().insert("www-authenticate", HeaderValue::from_static("Mine realm=\"m\""));
        Ok(response)
    }
    for verifier in both() {
        let service = (verifier.layer(), RequireLayer::new(authenticated()).unwrap()).layer(service_fn(inner));
        let response = service.oneshot(get([bearer("ann")])).await.unwrap();
        assert_eq!(response.status(), 401);
        let names: BTreeSet<_> = response.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, BTreeSet::from(["cache-control", "vary", "www-authenticate"]));
        assert_eq!(response.headers().get_all("www-authenticate").iter().collect::<Vec<_>>(), ["Mine realm=\"m\""]);
        assert!(response.extensions().get::<Rejection>().is_none());
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "mine");
    }
}

///
#[tokio::test]
async fn a_verifier_that_panics_is_500_and_the_next_request_is_served() {
    for verifier in both() {
        for layer in [verifier.layer(), verifier.schemes().allow_anonymous().build().unwrap()] {
            for line in [bearer("panic"), basic("panic"), session("panic"), cookie("panic")] {
                send(&layer, get([line])).await.assert_refused(500, "misconfigured", &[]);
                send(&layer, get([bearer("ann")])).await.assert_accepted("ann");
            }
        }
    }
}

/// HTTP-19: the inner service still sees the credentials, flagged as sensitive
#[tokio::test]
async fn the_inner_service_sees_the_credentials_flagged_sensitive() {
    for verifier in both() {
        let optional = verifier.schemes().allow_anonymous().allow_cors_preflight().build().unwrap();
        let mut preflight =
            get([bearer("ann"), ("origin", "https://a".into()), ("access-control-request-method", "GET".into())]);
        *preflight.method_mut() = http::Method::OPTIONS;
        let other = ("proxy-authorization", "Basic abc".to_owned());
        for (layer, request, name) in [
            (verifier.layer(), get([bearer("ann"), cookie("bob"), cookie("bob"), other]), "authorization"),
            (verifier.layer(), get([cookie("ann")]), "cookie"),
            (optional.clone(), get([("authorization", "Foo x".to_owned())]), "authorization"),
            (optional, preflight, "authorization"),
        ] {
            let sent = request.headers().clone();
            let answer = send(&layer, request).await;
            let seen = answer.seen.expect("accepted").headers;
            assert_eq!(seen, sent, "no value is changed, lost or added");
            assert!(seen.contains_key(name));
            for (name, value) in &seen {
                let is_secret = ["authorization", "cookie", "proxy-authorization"].contains(&name.as_str());
                assert_eq!(value.is_sensitive(), is_secret, "{name}");
            }
        }
    }
}

///
#[tokio::test]
async fn an_identity_that_was_planted_outside_never_reaches_the_inner_service() {
    let forged = || Identity::assertion("test", "root").scopes(["read"]).build();
    for verifier in both() {
        let optional = verifier.schemes().allow_anonymous().allow_cors_preflight().build().unwrap();
        let planted = |mut request: Request<()>| {
            request.extensions_mut().insert(forged());
            request
        };
        send(&verifier.layer(), planted(bare())).await.assert_refused(401, "missing", &ALL_PLAIN);
        send(&optional, planted(bare())).await.assert_anonymous();
        send(&optional, planted(get([cookie("invalid")]))).await.assert_anonymous();
        send(&optional, planted(get([bearer("ann")]))).await.assert_accepted("ann");
        let mut preflight = get([("origin", "https://a"), ("access-control-request-method", "GET")]);
        *preflight.method_mut() = http::Method::OPTIONS;
        send(&optional, planted(preflight)).await.assert_anonymous();
        let guarded = (optional, RequireLayer::new(scope("read")).unwrap());
        send(&guarded, planted(bare())).await.assert_refused(401, "missing", &ALL_PLAIN);
    }
}

/// The verdict is that of all guards
#[tokio::test]
async fn stacked_layers_must_all_agree_and_an_inner_anonymous_wipes_no_identity() {
    for verifier in both() {
        let by_session = || {
            let scheme = portcullis::authenticate::Session::new("shop", verifier.clone());
            AuthenticateLayer::builder().scheme(scheme)
        };
        let by_bearer = || AuthenticateLayer::builder().scheme(Bearer::new("api", verifier.clone()));
        let required = by_bearer().build().unwrap();

        let inner_optional = (required.clone(), by_session().allow_anonymous().build().unwrap());
        send(&inner_optional, get([bearer("ann")])).await.assert_accepted("ann");
        send(&inner_optional, bare()).await.assert_refused(401, "missing", &[("Bearer", None)]);

        let outer_optional = (by_session().allow_anonymous().build().unwrap(), required.clone());
        send(&outer_optional, get([cookie("bob")])).await.assert_refused(401, "missing", &[("Bearer", None)]);
        send(&outer_optional, get([bearer("ann")])).await.assert_accepted("ann");

        let twice = (required.clone(), by_bearer().build().unwrap());
        send(&twice, get([bearer("ann")])).await.assert_accepted("ann");
        send(&twice, get([bearer("invalid")])).await.assert_refused(
            401,
            "invalid",
            &[("Bearer", Some("invalid_token"))],
        );

        let disjoint = (required, by_session().build().unwrap());
        send(&disjoint, get([bearer("ann")])).await.assert_refused(401, "missing", &[("Session", None)]);
    }
}

/// HTTP-27
#[tokio::test]
async fn a_cors_preflight_passes_only_when_the_switch_is_on_and_nothing_else_passes_for_one() {
    let verifier = Scripted::ready();
    let (off, on) = (verifier.layer(), verifier.schemes().allow_cors_preflight().build().unwrap());
    let origin = ("origin", "https://app.example");
    let wants = ("access-control-request-method", "DELETE");
    let ask = |method: &str, lines: &[(&str, &str)]| {
        let mut request = get(lines.iter().copied());
        *request.method_mut() = method.parse().unwrap();
        request
    };
    send(&on, ask("OPTIONS", &[origin, wants])).await.assert_anonymous();
    send(&off, ask("OPTIONS", &[origin, wants])).await.assert_refused(401, "missing", &ALL_PLAIN);
    for (method, lines) in [
        ("OPTIONS", &[][..]),
        ("OPTIONS", &[origin]),
        ("OPTIONS", &[wants]),
        ("GET", &[origin, wants]),
        ("POST", &[origin, wants]),
        ("options", &[origin, wants]),
    ] {
        send(&on, ask(method, lines)).await.assert_refused(401, "missing", &ALL_PLAIN);
    }
    let guarded = (on, RequireLayer::new(authenticated()).unwrap());
    send(&guarded, ask("OPTIONS", &[origin, wants])).await.assert_refused(401, "missing", &ALL_PLAIN);
}

/// Every answer is its own caller's, with cancelled requests in between
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_identity_ever_reaches_the_request_of_another() {
    const USERS: usize = 50;
    const REQUESTS: usize = 5_000;
    let verifier = async |token: BearerToken| {
        let name = token.expose();
        for _ in 0..name.len() % 3 {
            yield_now().await;
        }
        Ok(Identity::assertion("test", name).value(name.to_owned()).build())
    };
    async fn inner(request: Request<()>) -> Result<Response<String>, Infallible> {
        yield_now().await;
        let identity = request.extensions().get::<Identity>().unwrap();
        assert_eq!(identity.get::<String>().unwrap(), identity.subject());
        Ok(Response::new(identity.subject().to_owned()))
    }
    let service = bearer_layer(verifier).layer(ConcurrencyLimit::new(service_fn(inner), 8));
    let round = async {
        let mut tasks = HashMap::new();
        for number in 0..REQUESTS {
            let name = format!("user{}", number * 7 % USERS);
            let task = tokio::spawn(service.clone().oneshot(get([bearer(&name)])));
            if number % 11 == 0 {
                task.abort();
            } else {
                tasks.insert(number, (name, task));
            }
        }
        for (name, task) in tasks.into_values() {
            let body = task.await.unwrap().unwrap().into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body, name);
        }
    };
    timeout(Duration::from_secs(60), round).await.expect("5000 requests within a minute");
}
