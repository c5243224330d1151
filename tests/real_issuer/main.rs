//! Against a real OpenID provider, npm `oidc-provider`: its tokens of every kind are accepted or refused as they must be,
//! through the rotation of its keys, revocations and log-outs. `tests/node/issuer.mjs` says how it is set up.

#![cfg(all(feature = "aws-lc-rs", feature = "jwks", feature = "introspection"))]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and `json!` is not borrowed"
)]

#[path = "../support"]
mod support {
    pub(crate) mod keys;
    pub(crate) mod oidc;
    pub(crate) mod process;
    pub(crate) mod services;
    pub(crate) mod stack;
}

mod introspection;
mod logout;
mod rotation;
mod tokens;

use std::time::Duration;

use portcullis::AuthenticateLayer;
use portcullis::authenticate::Bearer;
use portcullis::clock::{Clock, ManualClock, SystemClock};
use portcullis::credentials::BearerToken;
use portcullis::identity::Verifier;
use portcullis::identity::introspection::IntrospectionBuilder;
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, Profile, RemoteKeys};
use portcullis::identity::revocation::MemoryRevocations;
use portcullis::outbound::Client;
use support::oidc::Oidc;
use support::stack::{Answer, bearer, get, send};

/// `Ed25519` is the other name of EdDSA.
const ALGORITHMS: [Algorithm; 6] =
    [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::ES384, Algorithm::ES512, Algorithm::EdDSA];

/// What stands in front of the service `orders-api`.
struct Door {
    layer: AuthenticateLayer,
    jwts: JwtVerifier,
    revocations: MemoryRevocations,
}

impl Door {
    /// For JWTs alone.
    fn new(issuer: Issuer) -> Self {
        let revocations = MemoryRevocations::new();
        let jwts = JwtVerifier::new([issuer]).unwrap().revocations(revocations.clone());
        Self { layer: layer(jwts.clone()), jwts, revocations }
    }

    /// For opaque tokens too, which `opaque` is asked about.
    fn or_introspect(self, opaque: IntrospectionBuilder) -> Self {
        let opaque = opaque.revocations(self.revocations.clone()).build().unwrap();
        Self { layer: layer(self.jwts.clone().or_introspect(opaque)), ..self }
    }

    async fn knock(&self, token: &str) -> Answer {
        send(&self.layer, get([bearer(token)])).await
    }
}

fn layer(verifier: impl Verifier<BearerToken>) -> AuthenticateLayer {
    AuthenticateLayer::builder().scheme(Bearer::new("orders", verifier)).build().unwrap()
}

/// The provider as the service knows it.
fn issuer(oidc: &Oidc, keys: RemoteKeys) -> Issuer {
    Issuer::new(oidc.name(), ["orders-api"], keys).profile(Profile::Rfc9068).logout_clients(["web"])
}

/// The keys of the provider, found by its name. They age by `clock`; tokens are judged by the machine's, as they are issued.
fn keys(oidc: &Oidc, clock: &ManualClock) -> RemoteKeys {
    RemoteKeys::discover(oidc.name(), &ALGORITHMS).client(client()).clock(clock.clone()).build().unwrap()
}

/// Everything here is on this machine.
fn client() -> Client {
    Client::builder().danger_allow_http_loopback().build().unwrap()
}

/// Ahead of the issuer's clock by so much that no token is from the future, however slow the test.
fn clock() -> ManualClock {
    ManualClock::at(SystemClock.now().saturating_add(Duration::from_secs(120)))
}

fn assert_invalid(answer: &Answer) {
    answer.assert_refused(401, "invalid", &[("Bearer", Some("invalid_token"))]);
}

/// We cannot tell, and the caller keeps the token.
fn assert_unavailable(answer: &Answer) {
    answer.assert_refused(503, "unavailable", &[]);
    assert_eq!(answer.lines("retry-after").len(), 1);
}
