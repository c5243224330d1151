//! What the layer adds to a service: refusals, verdicts at hand, verdicts to wait for, permissions.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark stops by panicking; criterion's macros make public items"
)]

mod support;

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use http::StatusCode;
use portcullis::AuthenticateLayer;
use portcullis::authenticate::{ApiKeys, Bearer, Scheme};
use portcullis::credentials::ApiKey;
use portcullis::identity::api_key::{ApiKeyRecord, ApiKeyVerifier, MemoryApiKeys};
use portcullis::identity::jwt::Algorithm;
use support::case::{Case, print_allocations};
use support::ours;
use support::request::{Bare, Body, Head, head_case};
use support::token::Signed;
use tower::Layer;

fn cases() -> Vec<Case> {
    let mut cases = vec![ours::bare_tower(&Head::new())];
    cases.extend(ours::nothing_sent());
    cases.push(ours::garbage(&Signed::new(Algorithm::ES256)));
    cases.extend(ours::accepted());
    cases.extend(api_keys());
    cases.extend(ours::permission());
    cases
}

/// A key among a thousand, beside the opaque token that it is compared with.
fn api_keys() -> Vec<Case> {
    let keys = MemoryApiKeys::new();
    let mut last = None;
    for _ in 0..1000 {
        let key = ApiKey::generate("acme").unwrap();
        keys.insert(ApiKeyRecord::new(&key, "alice").with_scopes(["orders:read", "orders:write"])).unwrap();
        last = Some(key);
    }
    let key = last.unwrap();
    let verifier = ApiKeyVerifier::new("orders", ["acme"], keys).unwrap();
    let head = Head::bearer(key.expose());
    let case = |name: &str, scheme: Arc<dyn Scheme>| {
        let layer = AuthenticateLayer::new(scheme).unwrap();
        head_case(name, layer.layer(Bare::<Body>::new()), StatusCode::OK, &head)
    };
    let shared = ApiKeys::new("orders", verifier.clone()).also_bearer();
    vec![
        case("portcullis, API key as bearer token, 1000 live", Arc::new(Bearer::new("orders", verifier))),
        case("portcullis, API key told from bearer tokens, 1000 live", Arc::new(shared)),
    ]
}

fn bench(criterion: &mut Criterion) {
    let mut cases = cases();
    print_allocations(&mut cases);
    let mut group = criterion.benchmark_group("overhead");
    for case in &mut cases {
        group.bench_function(case.name.clone(), |bencher| bencher.iter_custom(|operations| case.time(operations)));
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
