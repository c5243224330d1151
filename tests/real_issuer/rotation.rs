//! Keys that change, and an issuer that is not there.

use portcullis::identity::jwt::{KeysFreshness, RemoteKeys};

use crate::support::oidc::Oidc;
use crate::{Door, assert_invalid, assert_unavailable, clock, issuer, keys};

#[tokio::test]
async fn after_a_rotation_with_overlap_old_and_new_tokens_are_accepted_at_the_price_of_one_fetch() {
    let Some(oidc) = Oidc::start().await else { return };
    let clock = clock();
    let door = Door::new(issuer(&oidc, keys(&oidc, &clock)));
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
    let clock = clock();
    let door = Door::new(issuer(&oidc, keys(&oidc, &clock)));
    let old = oidc.token("urn:orders-api:RS256", "orders:read").await;
    for _ in 0..2 {
        door.knock(&old).await.assert_accepted("service");
    }
    assert_eq!(door.jwts.remembered(), 1);

    oidc.rotate_dropping_the_old().await;
    clock.advance(RemoteKeys::DEFAULT_COOL_DOWN);
    let new = oidc.token("urn:orders-api:RS256", "orders:read").await;
    door.knock(&new).await.assert_accepted("service");
    assert_invalid(&door.knock(&old).await);
}

#[tokio::test]
async fn in_the_cool_down_the_first_token_under_a_new_key_is_refused_and_after_it_accepted() {
    let Some(oidc) = Oidc::start().await else { return };
    let clock = clock();
    let door = Door::new(issuer(&oidc, keys(&oidc, &clock)));
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
    let clock = clock();
    let keys = keys(&oidc, &clock);
    let door = Door::new(issuer(&oidc, keys.clone()));

    assert_unavailable(&door.knock(&token).await);
    assert_eq!(keys.state().freshness(), KeysFreshness::Missing);

    oidc.resume().await;
    clock.advance(RemoteKeys::DEFAULT_COOL_DOWN);
    door.knock(&token).await.assert_accepted("service");
    assert_eq!(keys.state().freshness(), KeysFreshness::Fresh);
}
