//! The same requests through Envoy's `jwt_authn` and through our layer, with settings as alike as the two allow. Where they
//! answer differently, `docs/envoy_referee.md` says why; this test holds that page to what happens, row by row.

#![cfg(all(feature = "aws-lc-rs", feature = "jwt", feature = "test-kit"))]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support"]
mod support {
    pub(crate) mod envoy;
    pub(crate) mod process;
    pub(crate) mod services;
    pub(crate) mod stack;
}

mod requests;

use std::collections::{BTreeMap, BTreeSet};

use http::Request;
use portcullis::AuthenticateLayer;
use portcullis::authenticate::Bearer;
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeySet};
use portcullis::test_kit::TestIssuer;
use requests::AUDIENCE;
use serde_json::json;
use support::envoy::Envoy;
use support::stack::send;

const PAGE: &str = include_str!("../../docs/envoy_referee.md");

/// All that have public keys.
const ALGORITHMS: [Algorithm; 10] = [
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::EdDSA,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
];

/// Status by Envoy and by us, by the name of the request.
type Statuses = BTreeMap<String, (u16, u16)>;

#[tokio::test]
async fn we_answer_as_envoy_does_but_where_the_page_says_and_explains_otherwise() {
    let issuer = TestIssuer::builder().algorithms(ALGORITHMS).start().await.unwrap();
    let provider = json!({
        "issuer": issuer.name(),
        "audiences": [AUDIENCE],
        "local_jwks": {"inline_string": issuer.jwks()},
        "from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}],
        "require_expiration": true,
        "clock_skew_seconds": Issuer::DEFAULT_LEEWAY.as_secs(),
    });
    let Some(envoy) = Envoy::start(&provider).await else { return };
    let keys = KeySet::from_jwks(issuer.jwks(), &ALGORITHMS).unwrap();
    let verifier = JwtVerifier::new([Issuer::new(issuer.name(), [AUDIENCE], keys)]).unwrap();
    let layer = AuthenticateLayer::builder().scheme(Bearer::new("orders", verifier)).build().unwrap();

    let (mut names, mut different) = (BTreeSet::new(), Statuses::new());
    for (name, header) in requests::all(&issuer) {
        let envoys = envoy.get(header.clone()).await.status();
        let mut request = Request::new(());
        *request.headers_mut() = header;
        let answer = send(&layer, request).await;
        assert_eq!(answer.seen.is_some(), answer.status == 200, "{name}");
        if envoys != answer.status {
            different.insert(name.clone(), (envoys.as_u16(), answer.status.as_u16()));
        }
        assert!(names.insert(name.clone()), "{name} is there twice");
    }

    assert_eq!(different, table(), "left: as they answered, right: as the page says");
    assert!(names.len() >= 400, "{} requests are fewer than the page says", names.len());
}

/// The rows of the page: `| requests | Envoy | portcullis | why |`, the names of the requests in backticks.
fn table() -> Statuses {
    let mut table = Statuses::new();
    for line in PAGE.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| requests ")) {
        let cells: Vec<_> = line.trim_matches(['|', ' ']).split(" | ").collect();
        let [names, envoys, ours, why] = cells[..] else { panic!("not four cells: {line}") };
        let statuses = (envoys.parse().unwrap(), ours.parse().unwrap());
        assert!(why.len() > 20, "not explained: {line}");
        for name in names.split('`').skip(1).step_by(2) {
            assert!(table.insert(name.to_owned(), statuses).is_none(), "{name} is on the page twice");
        }
    }
    table
}
