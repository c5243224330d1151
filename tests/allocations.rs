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

/// How often the second request with one token allocates, from the layer to the destruction of request and response.
fn allocations(verifier: JwtVerifier, token: &str) -> u64 {
    let inner = |request: Request<Body>| {
        assert!(request.extensions().get::<Identity>().is_some());
        ready(Ok::<_, Infallible>(Response::new(Body::new())))
    };
    let mut service = AuthenticateLayer::new(Bearer::new("orders", verifier)).unwrap().layer(service_fn(inner));
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

#[test]
fn a_token_that_was_seen_before_costs_at_most_four_allocations() {
    for algorithm in [Algorithm::HS256, Algorithm::RS256] {
        let key = TestKey::new(algorithm);
        let token = mint(&key, &good_claims());
        let verifier = verifier(issuer(key.key_set()));
        let count = allocations(verifier.clone(), &token);
        assert!(count <= 4, "{count}");
        let count = allocations(verifier.revocations(MemoryRevocations::new()), &token);
        assert!(count <= 4, "{count}, with a list of revocations");
    }
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
