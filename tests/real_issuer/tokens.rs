//! What the issuer gives out, and what of it is an access token for this service.

use portcullis::identity::jwt::{Issuer, Profile};
use portcullis::identity::revocation::{Revocation, Revocations};

use crate::support::oidc::Oidc;
use crate::{Door, assert_invalid, clock, issuer, keys};

#[tokio::test]
async fn tokens_of_every_algorithm_are_accepted_under_either_name_of_eddsa() {
    let Some(oidc) = Oidc::start().await else { return };
    let door = Door::new(issuer(&oidc, keys(&oidc, &clock())));
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
    let door = Door::new(issuer(&oidc, keys(&oidc, &clock())));
    assert_invalid(&door.knock(&oidc.token("urn:billing-api:ES256", "orders:read").await).await);
    assert_invalid(&door.knock(&oidc.token("http://127.0.0.1:1/mcp", "orders:read").await).await);
}

#[tokio::test]
async fn id_tokens_and_refresh_tokens_are_refused_even_where_their_client_is_our_audience() {
    let Some(oidc) = Oidc::start().await else { return };
    let login = oidc.login("alice", "urn:orders-api:ES256", "orders:read").await;
    let keys = keys(&oidc, &clock());
    let door = Door::new(Issuer::new(oidc.name(), ["orders-api", "web"], keys).profile(Profile::Rfc9068));
    door.knock(&login.access_token).await.assert_accepted("alice");
    assert_invalid(&door.knock(&login.id_token).await);
    assert_invalid(&door.knock(&login.refresh_token).await);
}

#[tokio::test]
async fn a_token_that_was_revoked_by_its_id_is_refused_and_others_are_not() {
    let Some(oidc) = Oidc::start().await else { return };
    let door = Door::new(issuer(&oidc, keys(&oidc, &clock())));
    let token = oidc.token("urn:orders-api:EdDSA", "orders:read").await;
    let other = oidc.token("urn:orders-api:EdDSA", "orders:read").await;
    let answer = door.knock(&token).await;
    answer.assert_accepted("service");

    let id = answer.identity().unwrap().credential_id().unwrap();
    door.revocations.revoke(Revocation::token_id(&oidc.name(), id)).await.unwrap();
    assert_invalid(&door.knock(&token).await);
    door.knock(&other).await.assert_accepted("service");
}
