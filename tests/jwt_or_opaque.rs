//! Two kinds of bearer token in one scheme: JWTs are judged here, the others by their issuer.

#![cfg(feature = "introspection")]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and `json!` is not borrowed"
)]

mod support {
    pub(crate) mod endpoint;
    pub(crate) mod introspection;
    pub(crate) mod jwt;
    pub(crate) mod keys;
    pub(crate) mod stack;
}

use portcullis::identity::introspection::JwtOrOpaque;
use portcullis::identity::jwt::Algorithm;
use serde_json::json;
use support::endpoint::{Endpoint, http, json as said};
use support::introspection::{NOW, TOKEN, active, inactive, request, verifier};
use support::jwt::{claims_with, good_claims, issuer, mint, mint_with};
use support::keys::{TestKey, base64url};

fn both(endpoint: &Endpoint, key: &TestKey) -> JwtOrOpaque {
    support::jwt::verifier(issuer(key.key_set())).or_introspect(verifier(endpoint))
}

#[tokio::test]
async fn a_jwt_is_judged_here_and_any_other_token_by_its_issuer() {
    let key = TestKey::new(Algorithm::ES256);
    let endpoint = Endpoint::saying(said(&active(json!({"sub": "bob"})))).await;
    let verifier = both(&endpoint, &key);
    for _ in 0..2 {
        request(&verifier, &mint(&key, &good_claims())).await.assert_accepted("alice");
        assert_eq!(endpoint.count(), 0);
    }
    // RFC 7516 section 7.1: the header of a token that is encrypted, for its issuer alone to read, says how.
    let encrypted = format!("{}.a2V5.aXY.Y2lwaGVy.dGFn", base64url(br#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#));
    for opaque in [TOKEN, "mF_9.B5f-4.1JqM", "a.b.c", "..", "e30.e30", "a.b.c.d.e", &encrypted] {
        let before = endpoint.count();
        request(&verifier, opaque).await.assert_accepted("bob");
        assert_eq!(endpoint.count(), before + 1, "{opaque}");
    }
    endpoint.say(said(&inactive()));
    let answer = request(&verifier, "another").await;
    answer.assert_refused(401, "invalid", &[("Bearer", Some("invalid_token"))]);
    endpoint.say(http(500, &[], ""));
    request(&verifier, "a-third").await.assert_refused(503, "unavailable", &[]);
}

/// J40: an issuer that is asked about a forgery, and is more lenient than we are, must not overrule us
#[tokio::test]
async fn a_jwt_that_is_refused_is_never_sent_on() {
    let key = TestKey::new(Algorithm::ES256);
    let stranger = TestKey::new(Algorithm::ES256);
    let endpoint = Endpoint::saying(said(&active(json!({})))).await;
    let verifier = both(&endpoint, &key);
    let good = mint(&key, &good_claims());
    let (head, signature) = good.rsplit_once('.').unwrap();
    let unsigned = format!("{}.{}.", base64url(br#"{"alg":"none"}"#), base64url(good_claims().to_string().as_bytes()));
    for forged in [
        mint(&stranger, &good_claims()),
        mint(&key, &claims_with(json!({"aud": "billing-api"}))),
        mint(&key, &claims_with(json!({"exp": NOW - 100}))),
        mint_with(&key, &json!({"alg": "ES256", "crit": ["x"]}), &good_claims()),
        unsigned,
        format!("{head}."),
        format!("{head}.{signature}="),
        format!("{head}.~{signature}"),
        // A reader that takes the first three parts for all there are would find it good.
        format!("{good}."),
        format!("{good}.x"),
        format!("{good}.x.y"),
        format!("{good}.x.y.z"),
        format!("{}..", base64url(b"{}")),
        format!("{}.e30.e30", base64url(b" \n{\"alg\": \"ES256\", \"alg\": \"none\"}")),
    ] {
        let answer = request(&verifier, &forged).await;
        assert_eq!(answer.status, 401, "{forged}");
        assert!(answer.seen.is_none());
        assert_eq!(endpoint.count(), 0, "{forged}");
    }
}
