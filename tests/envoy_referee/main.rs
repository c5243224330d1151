//! The same requests through Envoy's `jwt_authn` and through our layer, with settings as alike as the two allow. Where they
//! answer differently, `docs/envoy_referee.md` says why; this test holds that page to what happens, row by row.

#![cfg(all(feature = "aws-lc-rs", feature = "jwt"))]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and `json!` is not borrowed"
)]

#[path = "../support"]
mod support {
    pub(crate) mod envoy;
    pub(crate) mod keys;
    pub(crate) mod process;
    pub(crate) mod services;
    pub(crate) mod stack;
}

mod mint;
mod requests;

use std::collections::BTreeMap;
use std::time::Duration;

use http::Request;
use mint::{ALGORITHMS, AUDIENCE, Mint};
use portcullis::AuthenticateLayer;
use portcullis::authenticate::Bearer;
use portcullis::identity::jwt::{Issuer, JwtVerifier, KeySet};
use serde_json::json;
use support::envoy::Envoy;
use support::stack::send;

const PAGE: &str = include_str!("../../docs/envoy_referee.md");
const ISSUER: &str = "https://id.example";
/// Of both, in seconds; the most that we allow, so that no slow run comes near it.
const LEEWAY: u64 = 60;

/// Status by Envoy and by us, by the name of the request.
type Statuses = BTreeMap<String, (u16, u16)>;

#[tokio::test]
async fn we_answer_as_envoy_does_but_where_the_page_says_and_explains_otherwise() {
    let mint = Mint::new(ISSUER);
    let jwks = json!({"keys": mint.jwks()}).to_string();
    let provider = json!({
        "issuer": ISSUER,
        "audiences": [AUDIENCE],
        "local_jwks": {"inline_string": jwks},
        "from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}],
        "require_expiration": true,
        "clock_skew_seconds": LEEWAY,
    });
    let Some(envoy) = Envoy::start(&provider).await else { return };
    let keys = KeySet::from_jwks(jwks, &ALGORITHMS).unwrap();
    let issuer = Issuer::new(ISSUER, [AUDIENCE], keys).leeway(Duration::from_secs(LEEWAY));
    let verifier = JwtVerifier::new([issuer]).unwrap();
    let layer = AuthenticateLayer::builder().scheme(Bearer::new("orders", verifier)).build().unwrap();

    let (mut different, mut accepted, mut refused) = (Statuses::new(), 0, 0);
    for (name, header) in mint.requests() {
        let envoys = envoy.get(header.clone()).await.status();
        let mut request = Request::new(());
        *request.headers_mut() = header;
        let answer = send(&layer, request).await;
        assert_eq!(answer.seen.is_some(), answer.status == 200, "{name}");
        match (envoys.as_u16(), answer.status.as_u16()) {
            (200, 200) => accepted += 1,
            (one, other) if one == other => refused += 1,
            statuses => assert!(different.insert(name.clone(), statuses).is_none(), "{name} is there twice"),
        }
    }

    assert_eq!(different, table(), "left: as they answered, right: as the page says");
    let summary = format!(
        "Of {} requests, both accept {accepted} and both refuse {refused} with the same status; {} follow.",
        accepted + refused + different.len(),
        different.len()
    );
    assert!(PAGE.contains(&summary), "the page does not say: {summary}");
}

/// The rows of the page: `| request | Envoy | portcullis | why |`.
fn table() -> Statuses {
    let rows = PAGE.lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        let [name, envoys, ours, why] = cells[..] else { panic!("not four cells: {line}") };
        // The heads of the tables have no number there.
        let statuses = (envoys.parse().ok()?, ours.parse().ok()?);
        assert!(why.len() > 20 || why.starts_with("the same"), "not explained: {line}");
        Some((name.to_owned(), statuses))
    });
    let table: Statuses = rows.clone().collect();
    assert_eq!(table.len(), rows.count(), "a request is on the page twice");
    table
}
