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

mod support {
    pub(crate) mod oidc;
    pub(crate) mod process;
    pub(crate) mod services;
    pub(crate) mod stack;
}

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use portcullis::AuthenticateLayer;
use portcullis::authenticate::Bearer;
use portcullis::clock::{Clock, ManualClock, SystemClock};
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeysFreshness, Profile, RemoteKeys};
use portcullis::identity::revocation::{MemoryRevocations, Revocation, Revocations};
use portcullis::outbound::Client;
use serde_json::json;
use support::oidc::Oidc;
use support::stack::{Answer, bearer, get, send};
use tokio::net::TcpListener;

const ALGORITHMS: [Algorithm; 6] =
    [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::ES384, Algorithm::ES512, Algorithm::EdDSA];

/// What stands in front of the service `orders-api`.
struct Door {
    layer: AuthenticateLayer,
    verifier: JwtVerifier,
    revocations: MemoryRevocations,
}

impl Door {
    fn new(issuer: Issuer) -> Self {
        let revocations = MemoryRevocations::new();
        let verifier = JwtVerifier::new([issuer]).unwrap().revocations(revocations.clone());
        let scheme = Bearer::new("orders", verifier.clone());
        let layer = AuthenticateLayer::builder().scheme(scheme).build().unwrap();
        Self { layer, verifier, revocations }
    }

    async fn knock(&self, token: &str) -> Answer {
        send(&self.layer, get([bearer(token)])).await
    }
}

/// The provider as the service knows it.
fn issuer(oidc: &Oidc) -> Issuer {
    known_by(oidc, keys(oidc, &ManualClock::at(SystemClock.now())))
}

fn known_by(oidc: &Oidc, keys: RemoteKeys) -> Issuer {
    Issuer::new(oidc.name(), ["orders-api"], keys).profile(Profile::Rfc9068).logout_clients(["web"])
}

/// The keys of the provider, found by its name; they age by `clock`.
fn keys(oidc: &Oidc, clock: &ManualClock) -> RemoteKeys {
    let client = Client::builder().danger_allow_http_loopback().build().unwrap();
    RemoteKeys::discover(oidc.name(), &ALGORITHMS).client(client).clock(clock.clone()).build().unwrap()
}

fn assert_invalid(answer: &Answer) {
    answer.assert_refused(401, "invalid", &[("Bearer", Some("invalid_token"))]);
}

#[tokio::test]
async fn tokens_of_every_algorithm_are_accepted_under_either_name_of_eddsa() {
    let Some(oidc) = Oidc::start().await else { return };
    let door = Door::new(issuer(&oidc));
    for algorithm in ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"] {
        let token = oidc.token(&format!("urn:orders-api:{algorithm}"), "orders:read orders:write").await;
        let answer = door.knock(&token).await;
        answer.assert_accepted("service");
        let identity = answer.identity().unwrap();
        assert_eq!(identity.issuer(), oidc.name(), "{algorithm}");
        assert!(identity.scopes().contains("orders:write") && identity.roles().contains("clerk"), "{algorithm}");
    }
}

#[tokio::test]
async fn after_a_rotation_with_overlap_old_and_new_tokens_are_accepted_at_the_price_of_one_fetch() {
    let Some(oidc) = Oidc::start().await else { return };
    let clock = ManualClock::at(SystemClock.now());
    let door = Door::new(known_by(&oidc, keys(&oidc, &clock)));
    let old = oidc.token("urn:orders-api:ES256", "orders:read").await;
    door.knock(&old).await.assert_accepted("service");
    assert_eq!(oidc.requests("/jwks").await, 1);

    oidc.rotate().await;
    clock.advance(RemoteKeys::DEFAULT_COOL_DOWN);
    let new = oidc.token("urn:orders-api:ES256", "orders:read").await;
    door.knock(&new).await.assert_accepted("service");
    door.knock(&old).await.assert_accepted("service");
    let unused = oidc.token("urn:orders-api:PS256", "orders:read").await;
    door.knock(&unused).await.assert_accepted("service");
    assert_eq!(oidc.requests("/jwks").await, 2);
}

#[tokio::test]
async fn after_a_rotation_without_overlap_a_remembered_old_token_is_dead_as_soon_as_a_new_one_was_seen() {
    let Some(oidc) = Oidc::start().await else { return };
    let clock = ManualClock::at(SystemClock.now());
    let door = Door::new(known_by(&oidc, keys(&oidc, &clock)));
    let old = oidc.token("urn:orders-api:RS256", "orders:read").await;
    for _ in 0..2 {
        door.knock(&old).await.assert_accepted("service");
    }
    assert_eq!(door.verifier.remembered(), 1);

    oidc.rotate_dropping_the_old().await;
    clock.advance(RemoteKeys::DEFAULT_COOL_DOWN);
    let new = oidc.token("urn:orders-api:RS256", "orders:read").await;
    door.knock(&new).await.assert_accepted("service");
    assert_invalid(&door.knock(&old).await);
}

#[tokio::test]
async fn in_the_cool_down_the_first_token_under_a_new_key_is_refused_and_after_it_accepted() {
    let Some(oidc) = Oidc::start().await else { return };
    let clock = ManualClock::at(SystemClock.now());
    let door = Door::new(known_by(&oidc, keys(&oidc, &clock)));
    door.knock(&oidc.token("urn:orders-api:ES384", "orders:read").await).await.assert_accepted("service");

    oidc.rotate_dropping_the_old().await;
    let new = oidc.token("urn:orders-api:ES384", "orders:read").await;
    for _ in 0..10 {
        assert_invalid(&door.knock(&new).await);
    }
    assert_eq!(oidc.requests("/jwks").await, 1);
    clock.advance(RemoteKeys::DEFAULT_COOL_DOWN);
    door.knock(&new).await.assert_accepted("service");
}

#[tokio::test]
async fn a_service_that_starts_before_its_issuer_cannot_tell_and_then_can() {
    let Some(oidc) = Oidc::start().await else { return };
    let token = oidc.token("urn:orders-api:EdDSA", "orders:read").await;
    oidc.stop().await;
    let clock = ManualClock::at(SystemClock.now());
    let keys = keys(&oidc, &clock);
    let door = Door::new(known_by(&oidc, keys.clone()));

    let answer = door.knock(&token).await;
    answer.assert_refused(503, "unavailable", &[]);
    assert_eq!(answer.lines("retry-after").len(), 1);
    assert_eq!(keys.state().freshness(), KeysFreshness::Missing);

    oidc.resume().await;
    clock.advance(RemoteKeys::DEFAULT_COOL_DOWN);
    door.knock(&token).await.assert_accepted("service");
    assert_eq!(keys.state().freshness(), KeysFreshness::Fresh);
}

#[tokio::test]
async fn a_token_for_another_service_is_refused() {
    let Some(oidc) = Oidc::start().await else { return };
    let door = Door::new(issuer(&oidc));
    assert_invalid(&door.knock(&oidc.token("urn:billing-api:ES256", "orders:read").await).await);
    assert_invalid(&door.knock(&oidc.token("http://127.0.0.1:1/mcp", "orders:read").await).await);
}

#[tokio::test]
async fn id_tokens_and_refresh_tokens_are_refused_even_where_their_client_is_our_audience() {
    let Some(oidc) = Oidc::start().await else { return };
    let login = oidc.login("alice", "urn:orders-api:ES256", "orders:read").await;
    let keys = keys(&oidc, &ManualClock::at(SystemClock.now()));
    let door = Door::new(Issuer::new(oidc.name(), ["orders-api", "web"], keys).profile(Profile::Rfc9068));
    door.knock(&login.access_token).await.assert_accepted("alice");
    assert_invalid(&door.knock(&login.id_token).await);
    assert_invalid(&door.knock(&login.refresh_token).await);
}

#[tokio::test]
async fn a_token_that_was_revoked_by_its_id_is_refused_and_others_are_not() {
    let Some(oidc) = Oidc::start().await else { return };
    let door = Door::new(issuer(&oidc));
    let token = oidc.token("urn:orders-api:EdDSA", "orders:read").await;
    let other = oidc.token("urn:orders-api:EdDSA", "orders:read").await;
    let answer = door.knock(&token).await;
    answer.assert_accepted("service");

    let id = answer.identity().unwrap().credential_id().unwrap();
    door.revocations.revoke(Revocation::token_id(&oidc.name(), id)).await.unwrap();
    assert_invalid(&door.knock(&token).await);
    door.knock(&other).await.assert_accepted("service");
}

#[tokio::test]
async fn a_log_out_ends_the_tokens_of_its_session_and_no_others() {
    let Some(oidc) = Oidc::start().await else { return };
    let door = Door::new(issuer(&oidc));
    let target = receive_logouts(door.verifier.clone()).await;
    oidc.client(json!({
        "client_id": "web",
        "backchannel_logout_uri": format!("http://{target}/"),
        "backchannel_logout_session_required": true,
    }))
    .await;
    let phone = oidc.login("alice", "urn:orders-api:RS256", "orders:read").await;
    let laptop = oidc.login("alice", "urn:orders-api:RS256", "orders:read").await;
    for login in [&phone, &laptop] {
        door.knock(&login.access_token).await.assert_accepted("alice");
    }

    oidc.log_out(&phone).await;
    assert_invalid(&door.knock(&phone.access_token).await);
    door.knock(&laptop.access_token).await.assert_accepted("alice");
}

#[tokio::test]
async fn a_log_out_that_names_no_session_ends_all_tokens_of_its_subject_and_of_nobody_else() {
    let Some(oidc) = Oidc::start().await else { return };
    let door = Door::new(issuer(&oidc));
    let target = receive_logouts(door.verifier.clone()).await;
    let metadata = json!({"client_id": "web", "backchannel_logout_uri": format!("http://{target}/")});
    oidc.client(metadata).await;
    let phone = oidc.login("alice", "urn:orders-api:ES512", "orders:read").await;
    let laptop = oidc.login("alice", "urn:orders-api:RS256", "orders:read").await;
    let bob = oidc.login("bob", "urn:orders-api:RS256", "orders:read").await;
    for (login, subject) in [(&phone, "alice"), (&laptop, "alice"), (&bob, "bob")] {
        door.knock(&login.access_token).await.assert_accepted(subject);
    }

    oidc.log_out(&phone).await;
    assert_invalid(&door.knock(&phone.access_token).await);
    assert_invalid(&door.knock(&laptop.access_token).await);
    door.knock(&bob.access_token).await.assert_accepted("bob");
}

#[tokio::test]
async fn a_log_out_whose_token_is_the_first_under_a_new_key_is_believed() {
    let Some(oidc) = Oidc::start().await else { return };
    let clock = ManualClock::at(SystemClock.now());
    let door = Door::new(known_by(&oidc, keys(&oidc, &clock)));
    let target = receive_logouts(door.verifier.clone()).await;
    let metadata = json!({"client_id": "web", "backchannel_logout_uri": format!("http://{target}/")});
    oidc.client(metadata).await;
    let login = oidc.login("alice", "urn:orders-api:RS256", "orders:read").await;
    door.knock(&login.access_token).await.assert_accepted("alice");

    oidc.rotate().await;
    clock.advance(RemoteKeys::DEFAULT_COOL_DOWN);
    oidc.log_out(&login).await;
    assert_invalid(&door.knock(&login.access_token).await);
}

/// Where the provider posts its logout tokens to: what a service with a back-channel logout has to write.
async fn receive_logouts(verifier: JwtVerifier) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = move |request: Request<Incoming>| {
        let verifier = verifier.clone();
        async move {
            let form = request.into_body().collect().await?.to_bytes();
            let form = std::str::from_utf8(&form).unwrap();
            // A JWT is made of characters that a form leaves as they are.
            let token = form.strip_prefix("logout_token=").unwrap();
            let status = match verifier.back_channel_logout(token).await {
                Ok(_) => 200,
                Err(error) => {
                    eprintln!("the logout token was refused: {error}");
                    400
                }
            };
            Ok::<_, hyper::Error>(Response::builder().status(status).body(Full::<Bytes>::default()).unwrap())
        }
    };
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer.clone())));
        }
    });
    address
}
