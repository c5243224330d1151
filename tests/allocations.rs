//! What a request allocates where everything about it is known already.

#![cfg(all(feature = "jwt", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
#![allow(
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and `json!` is not borrowed"
)]

mod support {
    pub(crate) mod jwt;
    pub(crate) mod keys;
}

use std::convert::Infallible;
use std::future::ready;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Empty;
use portcullis::authenticate::Bearer;
use portcullis::identity::jwt::{Algorithm, JwtVerifier};
use portcullis::identity::revocation::MemoryRevocations;
use portcullis::{AuthenticateLayer, Identity};
use support::jwt::{good_claims, issuer, mint, verifier};
use support::keys::TestKey;
use tower::{Layer, Service, service_fn};

type Body = Empty<Bytes>;

/// How often the second request with one token allocates more than it does without the layer, from its arrival to the
/// destruction of request and response.
fn allocations(verifier: JwtVerifier, token: &str, respond: fn() -> Response<Body>) -> u64 {
    let bare = service_fn(move |_: Request<Body>| ready(Ok::<_, Infallible>(respond())));
    let inner = service_fn(move |request: Request<Body>| {
        assert!(request.extensions().get::<Identity>().is_some());
        ready(Ok::<_, Infallible>(respond()))
    });
    let guarded = AuthenticateLayer::new(Bearer::new("orders", verifier)).unwrap().layer(inner);
    counted(guarded, token) - counted(bare, token)
}

fn counted<B>(
    mut service: impl Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    token: &str,
) -> u64 {
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    let mut counts = [0; 2];
    for count in &mut counts {
        let request = Request::builder().header("authorization", value.clone()).body(Body::new()).unwrap();
        *count = allocation_counter::measure(|| {
            let mut context = Context::from_waker(Waker::noop());
            let answer = pin!(service.call(request)).poll(&mut context);
            assert!(matches!(answer, Poll::Ready(Ok(response)) if response.status() == StatusCode::OK));
        })
        .count_total;
    }
    counts[1]
}

fn with_a_type() -> Response<Body> {
    let mut response = Response::new(Body::new());
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

#[test]
fn a_token_that_was_seen_before_costs_at_most_four_allocations() {
    for algorithm in [Algorithm::HS256, Algorithm::RS256] {
        let key = TestKey::new(algorithm);
        let token = mint(&key, &good_claims());
        let verifier = verifier(issuer(key.key_set()));
        let count = allocations(verifier.clone(), &token, with_a_type);
        assert!(count <= 4, "{count}");
        let count = allocations(verifier.clone().revocations(MemoryRevocations::new()), &token, with_a_type);
        assert!(count <= 4, "{count}, with a list of revocations");
        // Where no header is there, what caches are told makes room for some.
        let count = allocations(verifier, &token, || Response::new(Body::new()));
        assert!(count <= 4 + 2, "{count}, without any header");
    }
}

#[cfg(feature = "metrics")]
#[test]
fn counting_allocates_nothing() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let key = TestKey::new(Algorithm::HS256);
    let token = mint(&key, &good_claims());
    let count = metrics::with_local_recorder(&recorder, || {
        let verifier = verifier(issuer(key.key_set()));
        allocations(verifier, &token, with_a_type)
    });
    assert!(count <= 4, "{count}");
    assert!(recorder.handle().render().contains("result=\"hit\"} 1"), "{}", recorder.handle().render());
}

#[test]
fn recognising_a_token_allocates_nothing() {
    let key = TestKey::new(Algorithm::HS256);
    let token = mint(&key, &good_claims());
    let verifier = verifier(issuer(key.key_set()));
    let first = verifier.verify_token(&token).unwrap();
    let info = allocation_counter::measure(|| assert!(verifier.verify_token(&token).unwrap() == first));
    assert_eq!(info.count_total, 0);
}
