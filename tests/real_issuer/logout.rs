//! Log-outs that the issuer tells of (OpenID Connect Back-Channel Logout 1.0).

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use portcullis::identity::jwt::{JwtVerifier, RemoteKeys};
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::oidc::Oidc;
use crate::{Door, assert_invalid, clock, introspection, issuer, keys};

#[tokio::test]
async fn a_log_out_ends_the_tokens_of_its_session_and_no_others() {
    let Some(oidc) = Oidc::start().await else { return };
    let door = Door::new(issuer(&oidc, keys(&oidc, &clock())));
    let target = receive_logouts(door.jwts.clone()).await;
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
    let door = Door::new(issuer(&oidc, keys(&oidc, &clock())));
    let target = receive_logouts(door.jwts.clone()).await;
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
async fn a_log_out_ends_opaque_tokens_of_its_session_though_the_issuers_word_on_them_is_remembered() {
    let Some(oidc) = Oidc::start().await else { return };
    let door = introspection::door(&oidc, &clock());
    let target = receive_logouts(door.jwts.clone()).await;
    oidc.client(json!({
        "client_id": "web",
        "backchannel_logout_uri": format!("http://{target}/"),
        "backchannel_logout_session_required": true,
    }))
    .await;
    let phone = oidc.login("alice", "urn:orders-api:opaque", "orders:read").await;
    let laptop = oidc.login("alice", "urn:orders-api:opaque", "orders:read").await;
    for login in [&phone, &laptop] {
        door.knock(&login.access_token).await.assert_accepted("alice");
    }

    oidc.log_out(&phone).await;
    assert_invalid(&door.knock(&phone.access_token).await);
    door.knock(&laptop.access_token).await.assert_accepted("alice");
}

#[tokio::test]
async fn a_log_out_whose_token_is_the_first_under_a_new_key_is_believed() {
    let Some(oidc) = Oidc::start().await else { return };
    let clock = clock();
    let door = Door::new(issuer(&oidc, keys(&oidc, &clock)));
    let target = receive_logouts(door.jwts.clone()).await;
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
