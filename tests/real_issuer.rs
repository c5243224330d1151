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
use portcullis::identity::jwt::{Algorithm, Issuer, IssuerKeys, JwtVerifier, KeySet, Profile};
use portcullis::identity::revocation::{MemoryRevocations, Revocation, Revocations};
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
async fn issuer(oidc: &Oidc) -> Issuer {
    Issuer::new(oidc.name(), ["orders-api"], keys(oidc).await).profile(Profile::Rfc9068).logout_clients(["web"])
}

async fn keys(oidc: &Oidc) -> IssuerKeys {
    KeySet::from_jwks(oidc.get("/jwks").await, &ALGORITHMS).unwrap().into()
}

fn assert_invalid(answer: &Answer) {
    answer.assert_refused(401, "invalid", &[("Bearer", Some("invalid_token"))]);
}

#[tokio::test]
async fn tokens_of_every_algorithm_are_accepted_under_either_name_of_eddsa() {
    let Some(oidc) = Oidc::start().await else { return };
    let door = Door::new(issuer(&oidc).await);
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
async fn a_token_for_another_service_is_refused() {
    let Some(oidc) = Oidc::start().await else { return };
    let door = Door::new(issuer(&oidc).await);
    assert_invalid(&door.knock(&oidc.token("urn:billing-api:ES256", "orders:read").await).await);
    assert_invalid(&door.knock(&oidc.token("http://127.0.0.1:1/mcp", "orders:read").await).await);
}

#[tokio::test]
async fn id_tokens_and_refresh_tokens_are_refused_even_where_their_client_is_our_audience() {
    let Some(oidc) = Oidc::start().await else { return };
    let login = oidc.login("alice", "urn:orders-api:ES256", "orders:read").await;
    let keys = keys(&oidc).await;
    let door = Door::new(Issuer::new(oidc.name(), ["orders-api", "web"], keys).profile(Profile::Rfc9068));
    door.knock(&login.access_token).await.assert_accepted("alice");
    assert_invalid(&door.knock(&login.id_token).await);
    assert_invalid(&door.knock(&login.refresh_token).await);
}

#[tokio::test]
async fn a_token_that_was_revoked_by_its_id_is_refused_and_others_are_not() {
    let Some(oidc) = Oidc::start().await else { return };
    let door = Door::new(issuer(&oidc).await);
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
    let door = Door::new(issuer(&oidc).await);
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
    let door = Door::new(issuer(&oidc).await);
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
