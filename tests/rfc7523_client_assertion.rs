//! RFC 7523: the JWT by which this service proves to an issuer who is asking.

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
    pub(crate) mod keys;
    pub(crate) mod stack;
}

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::Secret;
use portcullis::identity::introspection::{ClientAuth, IntrospectionVerifier, SigningKey};
use portcullis::identity::jwt::Algorithm;
use serde_json::{Value, json};
use support::endpoint::{Endpoint, json as said};
use support::introspection::{AUDIENCE, ISSUER, NOW, active, builder_with, clock, loopback, verify};
use support::keys::{TestKey, pem};

const ALGORITHMS: [Algorithm; 10] = [
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::EdDSA,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

fn private_pem(key: &TestKey) -> Secret<String> {
    Secret::new(pem("PRIVATE KEY", &key.pkcs8()))
}

fn signing_key(key: &TestKey) -> SigningKey {
    SigningKey::from_pem(key.algorithm, &private_pem(key)).unwrap()
}

fn part(jwt: &str, index: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

async fn endpoint() -> Endpoint {
    Endpoint::saying(said(&active(json!({})))).await
}

/// ASSERT-1, ASSERT-2, sections 2.2 and 3, with every algorithm that has a public key
#[tokio::test]
async fn the_client_signs_who_it_is() {
    for algorithm in ALGORITHMS {
        let endpoint = endpoint().await;
        let key = TestKey::new(algorithm).named("2026-10");
        let auth = ClientAuth::private_key_jwt("gate", signing_key(&key).named("2026-10"));
        verify(&builder_with(&endpoint, auth).build().unwrap(), "token").await.unwrap();
        let asked = endpoint.only();
        assert!(asked.field("authorization").is_empty());
        let names: Vec<_> = asked.form().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["token", "token_type_hint", "client_assertion_type", "client_assertion"]);
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        assert_eq!(asked.member("client_assertion_type").as_deref(), Some(kind));
        let assertion = asked.member("client_assertion").unwrap();
        assert_eq!(part(&assertion, 0), json!({"alg": algorithm.name(), "kid": "2026-10", "typ": "JWT"}));
        key.key_set().verify_jws(&assertion).unwrap();
        let mut claims = part(&assertion, 1);
        assert!(claims["jti"].as_str().unwrap().len() >= 22);
        claims["jti"] = Value::Null;
        let expected = json!({"iss": "gate", "sub": "gate", "aud": ISSUER, "iat": NOW, "exp": NOW + 60, "jti": null});
        assert_eq!(claims, expected);
    }
}

/// ASSERT-3, section 3, item 7: each is used once
#[tokio::test]
async fn each_question_has_an_assertion_of_its_own() {
    let endpoint = endpoint().await;
    let key = TestKey::new(Algorithm::ES256);
    let auth = ClientAuth::private_key_jwt("gate", signing_key(&key));
    let verifier = builder_with(&endpoint, auth).build().unwrap();
    for token in ["one", "two", "three"] {
        verify(&verifier, token).await.unwrap();
    }
    let assertions: Vec<_> = endpoint.asked().iter().map(|asked| asked.member("client_assertion").unwrap()).collect();
    let ids: HashSet<_> = assertions.iter().map(|jwt| part(jwt, 1)["jti"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(part(&assertions[0], 0).get("kid"), None);
}

/// ASSERT-4, section 3, item 3: the issuer's name where it is known, since no other issuer takes that for its own
#[tokio::test]
async fn an_assertion_is_for_the_issuer_or_for_whom_it_was_told() {
    let endpoint = endpoint().await;
    let key = TestKey::new(Algorithm::EdDSA);
    let auth = || ClientAuth::private_key_jwt("gate", signing_key(&key));
    let unnamed = |auth| {
        IntrospectionVerifier::builder(endpoint.url(), auth).audience([AUDIENCE]).client(loopback()).clock(clock())
    };
    let token_endpoint = "https://id.example/token";
    for (builder, audience) in [
        (builder_with(&endpoint, auth()), ISSUER.to_owned()),
        (unnamed(auth()), endpoint.url()),
        (unnamed(auth().assertion_audience(token_endpoint)), token_endpoint.to_owned()),
        (builder_with(&endpoint, auth().assertion_audience(token_endpoint)), token_endpoint.to_owned()),
    ] {
        drop(verify(&builder.build().unwrap(), "token").await);
        let assertion = endpoint.asked().pop().unwrap().member("client_assertion").unwrap();
        assert_eq!(part(&assertion, 1)["aud"], json!(audience));
    }
}

/// D15
#[test]
fn a_key_that_cannot_serve_is_told_apart_when_it_is_read() {
    let ec = TestKey::new(Algorithm::ES256);
    let ed = TestKey::new(Algorithm::EdDSA);
    let as_pem = |label: &str| Secret::new(pem(label, &ec.pkcs8()));
    for (algorithm, text, problem) in [
        (Algorithm::ES384, private_pem(&ec), "curve"),
        (Algorithm::RS256, private_pem(&ec), "RSA"),
        (Algorithm::ES256, private_pem(&ed), "curve"),
        (Algorithm::EdDSA, private_pem(&ec), "Ed25519"),
        (Algorithm::HS256, private_pem(&ec), "HMAC"),
        (Algorithm::ES256, as_pem("EC PRIVATE KEY"), "pkcs8 -topk8 -nocrypt"),
        (Algorithm::RS256, as_pem("RSA PRIVATE KEY"), "pkcs8 -topk8 -nocrypt"),
        (Algorithm::ES256, as_pem("ENCRYPTED PRIVATE KEY"), "encrypted"),
        (Algorithm::ES256, Secret::new(ec.pem()), "private half"),
        (Algorithm::ES256, Secret::new(pem("PRIVATE KEY", b"nonsense")), "PEM"),
        (Algorithm::ES256, Secret::new("sesame".to_owned()), "PEM"),
        (Algorithm::ES256, Secret::new(String::new()), "PEM"),
    ] {
        let error = SigningKey::from_pem(algorithm, &text).unwrap_err();
        assert_eq!(error.faults()[0].setting(), "signing key");
        assert!(error.to_string().contains(problem), "{error}");
        assert!(!error.to_string().contains("sesame"));
    }
    let printed = format!("{:?} {:?}", signing_key(&ec), ClientAuth::private_key_jwt("gate", signing_key(&ec)));
    assert!(!printed.contains("pair"), "{printed}");
}
