//! Opaque tokens, which the issuer is asked about (RFC 7662, RFC 9701).

use std::time::Duration;

use portcullis::Secret;
use portcullis::clock::ManualClock;
use portcullis::identity::introspection::{
    AnswerCache, ClientAuth, IntrospectionBuilder, IntrospectionVerifier, SigningKey,
};
use portcullis::identity::jwt::{Algorithm, RemoteKeys};
use portcullis::identity::revocation::{Revocation, Revocations};
use serde_json::json;

use crate::support::keys::{TestKey, pem};
use crate::support::oidc::Oidc;
use crate::{Door, assert_invalid, assert_unavailable, client, clock, issuer, keys};

const QUESTIONS: &str = "/token/introspection";

fn basic(name: &str) -> ClientAuth {
    ClientAuth::basic(name, Secret::new(Oidc::secret(name)))
}

/// The provider's endpoint, asked by a client that proves itself by `auth`. What it says is remembered by `clock`.
fn introspection(oidc: &Oidc, auth: ClientAuth, clock: &ManualClock) -> IntrospectionBuilder {
    IntrospectionVerifier::builder(oidc.url(QUESTIONS), auth)
        .issuer(oidc.name())
        .audience(["orders-api"])
        .client(client())
        .clock(clock.clone())
}

/// A door that takes both kinds of token.
pub(crate) fn door(oidc: &Oidc, clock: &ManualClock) -> Door {
    let jwts_alone = Door::new(issuer(oidc, keys(oidc, clock)));
    jwts_alone.or_introspect(introspection(oidc, basic("gate-basic"), clock))
}

/// Adds a client that introspects with a key of its own.
async fn client_with_key(oidc: &Oidc, name: &str, answers_in: Option<&str>) -> ClientAuth {
    let key = TestKey::new(Algorithm::ES256).named("gate-1");
    let mut metadata = json!({
        "client_id": name,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [key.jwk()]},
        "grant_types": [], "response_types": [], "redirect_uris": [],
    });
    if let Some(algorithm) = answers_in {
        metadata["introspection_signed_response_alg"] = json!(algorithm);
    }
    oidc.client(metadata).await;
    let pem = Secret::new(pem("PRIVATE KEY", &key.pkcs8()));
    ClientAuth::private_key_jwt(name, SigningKey::from_pem(Algorithm::ES256, &pem).unwrap().named("gate-1"))
}

#[tokio::test]
async fn opaque_tokens_are_accepted_however_the_client_proves_itself_and_however_the_answer_comes() {
    let Some(oidc) = Oidc::start().await else { return };
    let post = |name| ClientAuth::post(name, Secret::new(Oidc::secret(name)));
    oidc.client(json!({"client_id": "gate-post", "introspection_signed_response_alg": "RS256"})).await;
    let in_json = [basic("gate-basic"), post("gate-post"), client_with_key(&oidc, "gate-key", None).await];
    let signed = [basic("gate-signed"), post("gate-post"), client_with_key(&oidc, "gate-key-2", Some("ES256")).await];
    let clock = clock();
    let in_json = in_json.map(|auth| introspection(&oidc, auth, &clock));
    let signed = signed.map(|auth| introspection(&oidc, auth, &clock).signed_answers(oidc.name(), keys(&oidc, &clock)));
    for (index, opaque) in in_json.into_iter().chain(signed).enumerate() {
        let door = Door::new(issuer(&oidc, keys(&oidc, &clock))).or_introspect(opaque);
        let token = oidc.token("urn:orders-api:opaque", "orders:read").await;
        let before = oidc.requests(QUESTIONS).await;
        for _ in 0..2 {
            let answer = door.knock(&token).await;
            answer.assert_accepted("service");
            let identity = answer.identity().unwrap();
            assert_eq!(identity.issuer(), oidc.name(), "{index}");
            assert!(identity.scopes().contains("orders:read") && identity.roles().contains("clerk"), "{index}");
        }
        assert_eq!(oidc.requests(QUESTIONS).await, before + 1, "{index}");
    }
}

#[tokio::test]
async fn one_person_is_the_same_identity_by_jwt_and_by_opaque_token() {
    let Some(oidc) = Oidc::start().await else { return };
    let door = door(&oidc, &clock());
    let jwt = oidc.login("alice", "urn:orders-api:ES256", "orders:read").await;
    let opaque = oidc.login("alice", "urn:orders-api:opaque", "orders:read").await;
    let jwt = door.knock(&jwt.access_token).await;
    let opaque = door.knock(&opaque.access_token).await;
    assert_eq!(jwt.identity().unwrap(), opaque.identity().unwrap());
}

#[tokio::test]
async fn active_tokens_that_are_not_access_tokens_for_us_are_refused() {
    let Some(oidc) = Oidc::start().await else { return };
    let door = door(&oidc, &clock());
    let login = oidc.login("alice", "urn:orders-api:opaque", "orders:read").await;
    door.knock(&login.access_token).await.assert_accepted("alice");
    assert_invalid(&door.knock(&login.refresh_token).await);
    assert_invalid(&door.knock(&login.id_token).await);
    assert_invalid(&door.knock(&oidc.token("urn:billing-api:opaque", "orders:read").await).await);
    assert_invalid(&door.knock("not-a-token-of-anybody").await);
}

#[tokio::test]
async fn a_token_that_the_issuer_revoked_is_refused_once_its_word_is_no_longer_remembered() {
    let Some(oidc) = Oidc::start().await else { return };
    let clock = clock();
    let door = door(&oidc, &clock);
    let token = oidc.token("urn:orders-api:opaque", "orders:read").await;
    door.knock(&token).await.assert_accepted("service");

    oidc.revoke(&token).await;
    clock.advance(AnswerCache::DEFAULT_ACTIVE_FOR - Duration::from_secs(1));
    door.knock(&token).await.assert_accepted("service");
    clock.advance(Duration::from_secs(1));
    assert_invalid(&door.knock(&token).await);
}

#[tokio::test]
async fn a_token_that_we_revoked_is_refused_at_once() {
    let Some(oidc) = Oidc::start().await else { return };
    let door = door(&oidc, &clock());
    let token = oidc.token("urn:orders-api:opaque", "orders:read").await;
    door.knock(&token).await.assert_accepted("service");

    door.revocations.revoke(Revocation::token(&token)).await.unwrap();
    assert_invalid(&door.knock(&token).await);
}

#[tokio::test]
async fn while_the_issuer_is_away_its_word_is_remembered_and_other_tokens_are_not_judged() {
    let Some(oidc) = Oidc::start().await else { return };
    let door = door(&oidc, &clock());
    let known = oidc.token("urn:orders-api:opaque", "orders:read").await;
    let unknown = oidc.token("urn:orders-api:opaque", "orders:read").await;
    door.knock(&known).await.assert_accepted("service");

    oidc.stop().await;
    door.knock(&known).await.assert_accepted("service");
    assert_unavailable(&door.knock(&unknown).await);
    oidc.resume().await;
    door.knock(&unknown).await.assert_accepted("service");
}

#[tokio::test]
async fn that_the_issuer_does_not_believe_us_is_not_held_against_the_caller() {
    let Some(oidc) = Oidc::start().await else { return };
    let clock = clock();
    let wrong = ClientAuth::basic("gate-basic", Secret::new("a secret of last year".to_owned()));
    let door = Door::new(issuer(&oidc, keys(&oidc, &clock))).or_introspect(introspection(&oidc, wrong, &clock));
    assert_unavailable(&door.knock(&oidc.token("urn:orders-api:opaque", "orders:read").await).await);
}

#[tokio::test]
async fn a_signed_answer_under_a_new_key_is_believed() {
    let Some(oidc) = Oidc::start().await else { return };
    let clock = clock();
    let keys = keys(&oidc, &clock);
    let opaque = introspection(&oidc, basic("gate-signed"), &clock).signed_answers(oidc.name(), keys.clone());
    let door = Door::new(issuer(&oidc, keys)).or_introspect(opaque);
    door.knock(&oidc.token("urn:orders-api:opaque", "orders:read").await).await.assert_accepted("service");

    oidc.rotate_dropping_the_old().await;
    clock.advance(RemoteKeys::DEFAULT_COOL_DOWN);
    door.knock(&oidc.token("urn:orders-api:opaque", "orders:read").await).await.assert_accepted("service");
}
