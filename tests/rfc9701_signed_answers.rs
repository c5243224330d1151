//! RFC 9701: answers about tokens that are JWTs signed by the issuer.

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

use portcullis::Reason;
use portcullis::identity::introspection::IntrospectionVerifier;
use portcullis::identity::jwt::{Algorithm, JwtVerifier};
use serde_json::{Value, json};
use support::endpoint::{Endpoint, Said, http, json as said};
use support::introspection::{AUDIENCE, ISSUER, NOW, TOKEN, active, builder, inactive, reason, request, verify};
use support::jwt::{mint_raw, mint_with};
use support::keys::TestKey;

const TYPE: &str = "Content-Type: application/token-introspection+jwt; charset=utf-8";

fn verifier(endpoint: &Endpoint, key: &TestKey) -> IntrospectionVerifier {
    builder(endpoint).signed_answers(ISSUER, key.key_set()).build().unwrap()
}

fn header(key: &TestKey) -> Value {
    json!({"alg": key.algorithm.name(), "kid": key.key_id, "typ": "token-introspection+jwt"})
}

/// Section 5: the claims of a signed answer, some replaced, those that are `null` here taken out.
fn claims(answer: Value, changes: Value) -> Value {
    let mut claims = json!({"iss": ISSUER, "aud": "gate", "iat": NOW, "token_introspection": answer});
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn signed(key: &TestKey, claims: &Value) -> Said {
    http(200, &[TYPE], mint_with(key, &header(key), claims))
}

fn key() -> TestKey {
    TestKey::new(Algorithm::ES256).named("2026-10")
}

/// JINTRO-1, sections 4 and 5
#[tokio::test]
async fn a_signed_answer_is_asked_for_and_believed() {
    for algorithm in [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA] {
        let key = TestKey::new(algorithm).named("2026-10");
        let answer = active(json!({"realm_access": {"roles": ["clerk"]}}));
        let endpoint = Endpoint::saying(signed(&key, &claims(answer, json!({})))).await;
        let verifier = builder(&endpoint)
            .signed_answers(ISSUER, key.key_set())
            .roles_claim("realm_access.roles")
            .claims::<Value>()
            .build()
            .unwrap();
        let identity = verify(&verifier, TOKEN).await.unwrap();
        assert_eq!((identity.issuer(), identity.subject()), (ISSUER, "alice"));
        assert!(identity.scopes().contains("orders:read") && identity.roles().contains("clerk"));
        assert_eq!(identity.get::<Value>().unwrap()["jti"], "token-1");
        assert_eq!(endpoint.only().field("accept"), ["application/token-introspection+jwt"]);
    }
}

#[tokio::test]
async fn a_signed_answer_may_say_that_a_token_is_not_active() {
    let key = key();
    for answer in [inactive(), active(json!({"aud": "billing-api"})), active(json!({"cnf": {"jkt": "x"}}))] {
        let endpoint = Endpoint::saying(signed(&key, &claims(answer, json!({})))).await;
        let answer = request(&verifier(&endpoint, &key), TOKEN).await;
        answer.assert_refused(401, "invalid", &[("Bearer", Some("invalid_token"))]);
    }
}

/// JINTRO-1: an answer that is not signed is not believed, though it says what we like
#[tokio::test]
async fn an_answer_of_another_type_is_no_verdict() {
    let key = key();
    let jwt = mint_with(&key, &header(&key), &claims(active(json!({})), json!({})));
    for answer in [
        said(&active(json!({}))),
        http(200, &["Content-Type: application/jwt"], &jwt),
        http(200, &["Content-Type: application/json"], &jwt),
        http(200, &[TYPE], active(json!({})).to_string()),
        http(200, &[TYPE], ""),
        http(200, &[TYPE], [0xff]),
        http(200, &[TYPE], format!("{jwt}\n")),
    ] {
        let endpoint = Endpoint::saying(answer).await;
        request(&verifier(&endpoint, &key), TOKEN).await.assert_refused(503, "unavailable", &[]);
    }
}

/// JINTRO-1, section 5: other JWTs of the same issuer are no answers
#[tokio::test]
async fn a_jwt_with_another_typ_is_no_verdict() {
    let key = key();
    let claims = claims(active(json!({})), json!({}));
    for typ in [json!("JWT"), json!("at+jwt"), json!("introspection+jwt"), json!(""), Value::Null] {
        let mut header = header(&key);
        header["typ"] = typ.clone();
        if typ.is_null() {
            header.as_object_mut().unwrap().remove("typ");
        }
        let endpoint = Endpoint::saying(http(200, &[TYPE], mint_with(&key, &header, &claims))).await;
        assert_eq!(reason(&verifier(&endpoint, &key), TOKEN).await, Some(Reason::Unavailable), "{typ}");
    }
    let mut header = header(&key);
    header["typ"] = json!("application/token-introspection+jwt");
    let endpoint = Endpoint::saying(http(200, &[TYPE], mint_with(&key, &header, &claims))).await;
    assert_eq!(reason(&verifier(&endpoint, &key), TOKEN).await, None);
}

/// JINTRO-2, section 5
#[tokio::test]
async fn a_signed_answer_must_be_by_the_issuer_for_us_and_of_now() {
    let key = key();
    for (changes, expected) in [
        (json!({"iss": "https://other.example"}), Some(Reason::Unavailable)),
        (json!({"iss": null}), Some(Reason::Unavailable)),
        (json!({"aud": "another-client"}), Some(Reason::Unavailable)),
        (json!({"aud": ["another-client"]}), Some(Reason::Unavailable)),
        (json!({"aud": null}), Some(Reason::Unavailable)),
        (json!({"aud": ["another-client", "gate"]}), None),
        (json!({"aud": AUDIENCE}), None),
        (json!({"iat": null}), Some(Reason::Unavailable)),
        (json!({"iat": NOW + 31}), Some(Reason::Unavailable)),
        (json!({"exp": NOW - 31}), Some(Reason::Unavailable)),
        (json!({"exp": NOW + 60}), None),
        (json!({"nbf": NOW + 31}), Some(Reason::Unavailable)),
    ] {
        let endpoint = Endpoint::saying(signed(&key, &claims(active(json!({})), changes.clone()))).await;
        let verifier = verifier(&endpoint, &key);
        assert_eq!(reason(&verifier, TOKEN).await, expected, "{changes}");
        assert_eq!(verifier.remembered(), usize::from(expected.is_none()));
    }
}

/// JINTRO-2
#[tokio::test]
async fn an_answer_whose_signature_does_not_hold_is_no_verdict() {
    let key = key();
    let stranger = TestKey::new(Algorithm::ES256).named("2026-10");
    let claims = claims(active(json!({})), json!({}));
    let none = json!({"alg": "none", "typ": "token-introspection+jwt"});
    let unsigned = mint_with(&key, &none, &claims);
    let honest = mint_with(&key, &header(&key), &claims);
    let (head, _) = honest.rsplit_once('.').unwrap();
    let other = mint_with(
        &TestKey::new(Algorithm::ES384).named("2026-10"),
        &json!({"alg": "ES384", "kid": "2026-10", "typ": "token-introspection+jwt"}),
        &claims,
    );
    for jwt in [
        mint_with(&stranger, &header(&key), &claims),
        unsigned.rsplit_once('.').unwrap().0.to_owned() + ".",
        unsigned,
        format!("{head}."),
        head.to_owned(),
        other,
        mint_with(&key, &json!({"alg": "ES256", "kid": "2026-11", "typ": "token-introspection+jwt"}), &claims),
    ] {
        let endpoint = Endpoint::saying(http(200, &[TYPE], &jwt)).await;
        let verifier = verifier(&endpoint, &key);
        request(&verifier, TOKEN).await.assert_refused(503, "unavailable", &[]);
        assert_eq!(verifier.remembered(), 0);
    }
}

/// JINTRO-2, section 5: what is said of the token stands in a member of its own
#[tokio::test]
async fn claims_beside_the_answer_say_nothing_of_the_token() {
    let key = key();
    for answer in [Value::Null, json!("active"), json!([active(json!({}))]), json!({}), json!(true)] {
        let mut claims = claims(answer.clone(), json!({"active": true, "sub": "mallory", "aud": [AUDIENCE, "gate"]}));
        if answer.is_null() {
            claims.as_object_mut().unwrap().remove("token_introspection");
        }
        let endpoint = Endpoint::saying(signed(&key, &claims)).await;
        assert_eq!(reason(&verifier(&endpoint, &key), TOKEN).await, Some(Reason::Unavailable), "{answer}");
    }
    let endpoint = Endpoint::saying(signed(&key, &claims(active(json!({})), json!({"sub": "mallory"})))).await;
    assert_eq!(verify(&verifier(&endpoint, &key), TOKEN).await.unwrap().subject(), "alice");
    let twice = r#"{"active":true,"sub":"alice","aud":"orders-api"},"token_introspection":{"active":true}"#;
    let payload = format!(r#"{{"iss":"{ISSUER}","aud":"gate","iat":{NOW},"token_introspection":{twice}}}"#);
    let inside = r#"{"active":false,"active":true,"sub":"alice","aud":"orders-api"}"#;
    let inside = format!(r#"{{"iss":"{ISSUER}","aud":"gate","iat":{NOW},"token_introspection":{inside}}}"#);
    for payload in [payload, inside] {
        let jwt = mint_raw(&key, header(&key).to_string(), payload);
        let endpoint = Endpoint::saying(http(200, &[TYPE], jwt)).await;
        assert_eq!(reason(&verifier(&endpoint, &key), TOKEN).await, Some(Reason::Unavailable));
    }
}

/// JINTRO-3, section 8.1: what an issuer says of a token is signed by the same keys, and no token
#[tokio::test]
async fn a_signed_answer_is_no_access_token() {
    let key = key();
    let verifier: JwtVerifier = support::jwt::verifier(support::jwt::issuer(key.key_set()));
    let plain = claims(active(json!({})), json!({"aud": AUDIENCE}));
    // Not even with what such an answer should not have.
    let tempting = claims(active(json!({})), json!({"aud": AUDIENCE, "sub": "alice", "exp": NOW + 300}));
    for claims in [plain, tempting] {
        let answer = request(&verifier, &mint_with(&key, &header(&key), &claims)).await;
        answer.assert_refused(401, "invalid", &[("Bearer", Some("invalid_token"))]);
    }
}
