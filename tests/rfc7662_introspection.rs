//! RFC 7662: what is asked about a token and how, and what is made of the answer.

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
    pub(crate) mod stack;
}

use std::time::Duration;

use portcullis::authenticate::Bearer;
use portcullis::clock::UnixTime;
use portcullis::identity::AuthTime;
use portcullis::identity::introspection::{ClientAuth, IntrospectionVerifier};
use portcullis::permission::scope;
use portcullis::{AuthenticateLayer, Reason, RequireLayer, Secret};
use serde_json::{Value, json};
use support::endpoint::{Endpoint, http, json as said};
use support::introspection::{
    AUDIENCE, ISSUER, NOW, SECRET, TOKEN, active, builder, builder_with, inactive, loopback, reason, request, secret,
    verifier, verify,
};
use support::stack::{bearer, get, send};
use tower::layer::util::Stack;

/// What comes of this answer, and the cause for the log.
async fn judged(answer: Value) -> Result<portcullis::Identity, (Reason, Option<&'static str>)> {
    let endpoint = Endpoint::saying(said(&answer)).await;
    verify(&verifier(&endpoint), TOKEN).await.map_err(|error| (error.reason(), error.cause()))
}

async fn refused(answer: Value) -> Option<Reason> {
    judged(answer).await.err().map(|(reason, _)| reason)
}

/// INTRO-1, section 2.1
#[tokio::test]
async fn the_question_is_a_post_with_the_token_in_a_form() {
    let endpoint = Endpoint::saying(said(&active(json!({})))).await;
    request(&verifier(&endpoint), TOKEN).await.assert_accepted("alice");
    let asked = endpoint.only();
    assert!(asked.head.starts_with("POST /introspect HTTP/1.1\r\n"));
    assert_eq!(asked.field("content-type"), ["application/x-www-form-urlencoded"]);
    assert_eq!(asked.field("accept"), ["application/json"]);
    let form = [("token", TOKEN), ("token_type_hint", "access_token")];
    assert_eq!(asked.form(), form.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

/// INTRO-6, section 4: the token is in the body alone, and cannot add a member to it
#[tokio::test]
async fn a_token_arrives_whole_whatever_is_in_it() {
    let endpoint = Endpoint::saying(said(&active(json!({})))).await;
    for token in ["a&b=c", "a+b c%26", "é\r\n\0\u{10ffff}", "a&token=b", "/?#[]@!$'()*,;=~-._"] {
        assert!(verifier(&endpoint).verify_token(token).await.is_ok());
        let asked = endpoint.asked().pop().unwrap();
        assert_eq!(asked.form().len(), 2, "{token:?}");
        assert_eq!(asked.member("token").as_deref(), Some(token));
        assert!(!asked.head.contains(token));
    }
}

/// INTRO-1; RFC 6749 section 2.3.1: the name and the secret are form-encoded before they become Basic
#[tokio::test]
async fn the_client_shows_its_name_and_secret_as_basic() {
    let endpoint = Endpoint::saying(said(&active(json!({})))).await;
    for (id, secret, pair) in [
        ("gate", SECRET, format!("gate:{SECRET}")),
        ("https://api.example/:1", "a b%é:", "https%3A%2F%2Fapi.example%2F%3A1:a+b%25%C3%A9%3A".to_owned()),
    ] {
        let auth = ClientAuth::basic(id, Secret::new(secret.to_owned()));
        verify(&builder_with(&endpoint, auth).build().unwrap(), TOKEN).await.unwrap();
        let asked = endpoint.asked().pop().unwrap();
        let (name, value) = support::stack::basic("");
        assert_eq!((name, value.split(' ').next()), ("authorization", Some("Basic")));
        assert_eq!(asked.field("authorization"), [format!("Basic {}", base64(&pair))]);
        assert_eq!(asked.form().len(), 2);
    }
}

/// INTRO-1, section 2.1
#[tokio::test]
async fn the_client_shows_its_name_and_secret_in_the_form() {
    let endpoint = Endpoint::saying(said(&active(json!({})))).await;
    let auth = ClientAuth::post("gate", Secret::new("a&b=c".to_owned()));
    verify(&builder_with(&endpoint, auth).build().unwrap(), TOKEN).await.unwrap();
    let asked = endpoint.only();
    assert!(asked.field("authorization").is_empty());
    assert_eq!(asked.member("client_id").as_deref(), Some("gate"));
    assert_eq!(asked.member("client_secret").as_deref(), Some("a&b=c"));
    assert_eq!(asked.form().len(), 4);
}

fn base64(text: &str) -> String {
    use base64::prelude::{BASE64_STANDARD, Engine};
    BASE64_STANDARD.encode(text)
}

/// STEP-6, section 2.2
#[tokio::test]
async fn what_the_issuer_says_becomes_the_identity() {
    #[derive(serde::Deserialize)]
    struct Extra {
        tenant: u64,
    }

    let endpoint = Endpoint::saying(said(&active(json!({
        "scope": "orders:read orders:write", "realm_access": {"roles": ["clerk", "boss"]}, "acr": "phr", "amr": ["hwk"],
        "auth_time": NOW - 60, "tenant": 7, "username": "alice@example", "extension_field": [{"a": null}],
    }))))
    .await;
    let verifier = builder(&endpoint).roles_claim("realm_access.roles").claims::<Extra>().build().unwrap();
    let identity = verify(&verifier, TOKEN).await.unwrap();
    assert_eq!((identity.issuer(), identity.subject()), (ISSUER, "alice"));
    assert_eq!(identity.credential_id(), Some("token-1"));
    assert_eq!(identity.scopes().iter().collect::<Vec<_>>(), ["orders:read", "orders:write"]);
    assert_eq!(identity.roles().iter().collect::<Vec<_>>(), ["clerk", "boss"]);
    assert_eq!((identity.acr(), identity.amr().contains("hwk")), (Some("phr"), true));
    assert_eq!(identity.auth_time(), AuthTime::At(UnixTime::from_secs(NOW - 60)));
    assert_eq!(identity.expires_at(), Some(UnixTime::from_secs(NOW + 300)));
    assert_eq!(identity.get::<Extra>().map(|extra| extra.tenant), Some(7));
}

/// Section 2.2: a client that acts for itself has no `sub` at some issuers
#[tokio::test]
async fn a_token_is_about_its_subject_or_else_its_client() {
    assert_eq!(judged(active(json!({"sub": null}))).await.unwrap().subject(), "web");
    assert_eq!(judged(active(json!({"client_id": null}))).await.unwrap().subject(), "alice");
    for nobody in [json!({"sub": null, "client_id": null}), json!({"sub": ""}), json!({"sub": "alice\0"})] {
        assert_eq!(refused(active(nobody)).await, Some(Reason::Invalid));
    }
}

/// Section 2.2: all members but `active` are optional, and so are they here, but for whom it is about and for whom it is
#[tokio::test]
async fn an_answer_may_say_little() {
    let identity = judged(json!({"active": true, "sub": "alice", "aud": [AUDIENCE]})).await.unwrap();
    assert_eq!((identity.issuer(), identity.subject(), identity.expires_at()), (ISSUER, "alice", None));
    assert!(identity.scopes().is_empty() && identity.roles().is_empty() && identity.credential_id().is_none());
}

/// INTRO-2, section 2.2
#[tokio::test]
async fn a_token_that_is_not_active_is_refused_with_a_challenge() {
    for answer in [inactive(), active(json!({"active": false}))] {
        let endpoint = Endpoint::saying(said(&answer)).await;
        request(&verifier(&endpoint), TOKEN).await.assert_refused(401, "invalid", &[("Bearer", Some("invalid_token"))]);
    }
}

/// INTRO-2, J40: an answer that cannot be understood is no verdict
#[tokio::test]
async fn only_true_and_false_are_verdicts() {
    for body in [
        r#"{"active": "true"}"#,
        r#"{"active": "false"}"#,
        r#"{"active": 1}"#,
        r#"{"active": 0}"#,
        r#"{"active": null}"#,
        r#"{"active": [true]}"#,
        r#"{"active": {"active": true}}"#,
        r#"{"Active": true, "sub": "alice", "aud": "orders-api"}"#,
        r#"{"sub": "alice", "aud": "orders-api"}"#,
        r#"{}"#,
        r#"[{"active": true}]"#,
        r#"true"#,
        r#""active""#,
        r#"null"#,
        r#""#,
        r#"{"active": true"#,
        r#"{"active": true} {"active": false}"#,
        r#"{"active": false} trailing"#,
        "{\"active\": true, \"sub\": \"\u{0}\"}",
    ] {
        let endpoint = Endpoint::saying(http(200, &["Content-Type: application/json"], body)).await;
        let verifier = verifier(&endpoint);
        let answer = request(&verifier, TOKEN).await;
        answer.assert_refused(503, "unavailable", &[]);
        assert_eq!(answer.lines("retry-after"), ["5"], "{body}");
        assert_eq!(verifier.remembered(), 0, "{body}");
    }
}

/// J22: two readers must not see two answers
#[tokio::test]
async fn an_answer_that_names_a_member_twice_is_no_verdict() {
    for body in [
        r#"{"active": false, "active": true, "sub": "alice", "aud": "orders-api"}"#,
        r#"{"active": true, "sub": "alice", "aud": "orders-api", "sub": "bob"}"#,
        r#"{"active": true, "sub": "alice", "aud": "orders-api", "\u0073ub": "bob"}"#,
        r#"{"active": true, "sub": "alice", "aud": "orders-api", "x": {"y": 1, "y": 2}}"#,
        r#"{"active": false, "x": [{"y": 1, "y": 2}]}"#,
    ] {
        let endpoint = Endpoint::saying(http(200, &["Content-Type: application/json"], body)).await;
        request(&verifier(&endpoint), TOKEN).await.assert_refused(503, "unavailable", &[]);
    }
}

/// INTRO-4: a member of another type than the standard's cannot be judged
#[tokio::test]
async fn an_answer_with_a_member_of_another_type_is_no_verdict() {
    for changes in [
        json!({"sub": 7}),
        json!({"client_id": ["web"]}),
        json!({"iss": {}}),
        json!({"exp": "1790000300"}),
        json!({"exp": -1}),
        json!({"exp": 1e300}),
        json!({"nbf": true}),
        json!({"iat": []}),
        json!({"jti": 1}),
        json!({"aud": 7}),
        json!({"aud": ["orders-api", 7]}),
        json!({"token_type": ["Bearer"]}),
        json!({"acr": 1}),
        json!({"auth_time": "now"}),
        json!({"scope": ["orders:read"]}),
        json!({"scope": 7}),
        json!({"roles": "boss"}),
    ] {
        assert_eq!(refused(active(changes.clone())).await, Some(Reason::Unavailable), "{changes}");
    }
}

/// INTRO-4, RI-1, TOK-5, J40, section 4: a token for another resource is not for us
#[tokio::test]
async fn a_token_for_another_audience_is_refused() {
    for theirs in [json!("billing-api"), json!(["billing-api", "mail"]), json!([]), json!(""), json!("orders-api/")] {
        assert_eq!(refused(active(json!({"aud": theirs}))).await, Some(Reason::Invalid), "{theirs}");
    }
    assert_eq!(refused(active(json!({"aud": ["billing-api", AUDIENCE]}))).await, None);
}

/// INTRO-4: what does not say whom it is for may be for anybody
#[tokio::test]
async fn a_token_without_an_audience_is_refused_unless_that_is_allowed() {
    let endpoint = Endpoint::saying(said(&active(json!({"aud": null})))).await;
    assert_eq!(reason(&verifier(&endpoint), TOKEN).await, Some(Reason::Invalid));
    assert_eq!(reason(&builder(&endpoint).allow_missing_audience().build().unwrap(), TOKEN).await, None);
    // An audience that is there counts all the same.
    endpoint.say(said(&active(json!({"aud": "billing-api"}))));
    let lenient = builder(&endpoint).allow_missing_audience().build().unwrap();
    assert_eq!(reason(&lenient, TOKEN).await, Some(Reason::Invalid));
}

/// INTRO-4
#[tokio::test]
async fn a_token_of_another_issuer_is_refused() {
    for theirs in ["https://other.example", "https://id.example/", "https://ID.example", ""] {
        assert_eq!(refused(active(json!({"iss": theirs}))).await, Some(Reason::Invalid), "{theirs}");
    }
    assert_eq!(judged(active(json!({"iss": null}))).await.unwrap().issuer(), ISSUER);
}

/// One endpoint must not speak for the subjects of another issuer
#[tokio::test]
async fn an_issuer_that_was_not_named_is_believed_about_its_own_host_alone() {
    let endpoint = Endpoint::saying(said(&active(json!({"iss": null})))).await;
    let port = endpoint.address.port();
    let unnamed = || {
        IntrospectionVerifier::builder(endpoint.url(), ClientAuth::basic("gate", secret()))
            .audience([AUDIENCE])
            .client(loopback())
            .clock(support::introspection::clock())
            .build()
            .unwrap()
    };
    assert_eq!(verify(&unnamed(), TOKEN).await.unwrap().issuer(), endpoint.origin());
    let realm = format!("{}/realms/one", endpoint.origin());
    endpoint.say(said(&active(json!({"iss": realm}))));
    assert_eq!(verify(&unnamed(), TOKEN).await.unwrap().issuer(), realm);
    for theirs in [
        ISSUER.to_owned(),
        format!("http://127.0.0.1:{}", port ^ 1),
        format!("http://user@127.0.0.1:{port}"),
        format!("127.0.0.1:{port}"),
        String::new(),
    ] {
        endpoint.say(said(&active(json!({"iss": theirs}))));
        assert_eq!(reason(&unnamed(), TOKEN).await, Some(Reason::Invalid), "{theirs}");
    }
}

/// INTRO-4, J40: the issuer's word that a token is active does not move its times
#[tokio::test]
async fn an_active_token_is_held_to_its_own_times() {
    for (changes, expected) in [
        (json!({"exp": NOW - 31}), Some(Reason::Expired)),
        (json!({"exp": NOW - 30}), Some(Reason::Expired)),
        (json!({"exp": NOW - 29}), None),
        (json!({"nbf": NOW + 31}), Some(Reason::Invalid)),
        (json!({"nbf": NOW + 30}), None),
        (json!({"iat": NOW + 31}), Some(Reason::Invalid)),
        (json!({"auth_time": NOW + 31}), Some(Reason::Invalid)),
        (json!({"exp": null}), None),
        (json!({"exp": 0}), Some(Reason::Expired)),
    ] {
        assert_eq!(refused(active(changes.clone())).await, expected, "{changes}");
    }
    let endpoint = Endpoint::saying(said(&active(json!({"exp": NOW - 5})))).await;
    let strict = builder(&endpoint).leeway(Duration::ZERO).build().unwrap();
    let answer = request(&strict, TOKEN).await;
    answer.assert_refused(401, "expired", &[("Bearer", Some("invalid_token"))]);
}

/// INTRO-8, DPOP-16, MTLS-5: a bound token is no bearer token, whoever sends it
#[tokio::test]
async fn a_token_that_is_bound_to_a_key_is_refused() {
    for changes in [
        json!({"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}),
        json!({"cnf": {"x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"}}),
        json!({"cnf": {}}),
        json!({"token_type": "DPoP"}),
        json!({"token_type": "N_A"}),
        json!({"token_type": ""}),
    ] {
        let endpoint = Endpoint::saying(said(&active(changes.clone()))).await;
        let answer = request(&verifier(&endpoint), TOKEN).await;
        answer.assert_refused(401, "invalid", &[("Bearer", Some("invalid_token"))]);
    }
    // RFC 6749 section 5.1: the value is compared without case.
    for kind in [json!("bearer"), json!("BEARER"), Value::Null] {
        assert_eq!(refused(active(json!({"token_type": kind}))).await, None, "{kind}");
    }
}

/// Section 2.1: an endpoint knows all kinds of tokens, whatever is hinted at
#[tokio::test]
async fn an_active_token_of_another_kind_is_refused() {
    for changes in [
        json!({"token_use": "refresh_token"}),
        json!({"token_use": "id"}),
        json!({"token_type": "refresh_token"}),
        json!({"nonce": "n-0S6_WzA2Mj"}),
        json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}),
        json!({"events": {}}),
    ] {
        assert_eq!(refused(active(changes.clone())).await, Some(Reason::Invalid), "{changes}");
    }
    assert_eq!(refused(active(json!({"token_use": "access_token"}))).await, None);
}

/// INTRO-4: too little scope is 403, as with any other token
#[tokio::test]
async fn a_token_with_too_little_scope_is_forbidden() {
    let endpoint = Endpoint::saying(said(&active(json!({"scope": "orders:read"})))).await;
    let authenticate = AuthenticateLayer::new(Bearer::new("api", verifier(&endpoint))).unwrap();
    for (needed, status) in [("orders:read", 200), ("orders:write", 403)] {
        let layer = Stack::new(RequireLayer::new(scope(needed)).unwrap(), authenticate.clone());
        let answer = send(&layer, get([bearer(TOKEN)])).await;
        assert_eq!(answer.status, status);
        if status == 403 {
            answer.assert_refused(403, "forbidden", &[("Bearer", Some("insufficient_scope"))]);
        }
    }
}

/// An answer that the application cannot read is a refusal of this token, as with JWTs
#[tokio::test]
async fn a_token_without_what_the_application_needs_is_refused() {
    #[derive(serde::Deserialize)]
    struct Extra {
        #[expect(dead_code, reason = "that it is there is the point")]
        tenant: u64,
    }

    let endpoint = Endpoint::saying(said(&active(json!({})))).await;
    let verifier = builder(&endpoint).claims::<Extra>().build().unwrap();
    assert_eq!(reason(&verifier, TOKEN).await, Some(Reason::Invalid));
}

/// J33, K01, D15: all faults of a configuration at once
#[test]
fn the_faults_of_a_configuration_are_all_found_when_it_is_built() {
    let faults = |error: portcullis::ConfigError| {
        error.faults().iter().map(|fault| fault.setting().to_owned()).collect::<Vec<_>>()
    };
    let auth = ClientAuth::basic("", Secret::new(String::new())).assertion_audience("https://id.example");
    let error = IntrospectionVerifier::builder("http://id.example/introspect", auth)
        .issuer("")
        .signed_answers("", keys())
        .leeway(Duration::from_secs(61))
        .roles_claim(".roles")
        .scopes_claim("")
        .deadline(Duration::ZERO)
        .max_bytes(0)
        .max_requests(0)
        .build()
        .unwrap_err();
    assert_eq!(
        faults(error),
        [
            "client_id",
            "client_secret",
            "assertion_audience",
            "audience",
            "leeway",
            "scopes_claim",
            "roles_claim",
            "issuer",
            "signed_answers",
            "deadline",
            "max_bytes",
            "max_requests",
            "endpoint",
        ]
    );
    // No endpoint of this machine, and none without TLS, unless that was asked for.
    for endpoint in
        ["https://127.0.0.1/introspect", "http://127.0.0.1/introspect", "id.example", "https://a@id.example/"]
    {
        let builder = IntrospectionVerifier::builder(endpoint, ClientAuth::basic("gate", secret()));
        assert_eq!(faults(builder.audience([AUDIENCE]).build().unwrap_err()), ["endpoint"], "{endpoint}");
    }
    let builder = IntrospectionVerifier::builder("https://id.example/", ClientAuth::basic("gate", secret()));
    assert_eq!(faults(builder.audience([""]).build().unwrap_err()), ["audience"]);
    let builder =
        IntrospectionVerifier::builder("https://gate:hunter2@id.example/", ClientAuth::basic("gate", secret()));
    let error = builder.audience([""]).build().unwrap_err().to_string();
    assert!(!error.contains("hunter2"), "{error}");
}

fn keys() -> portcullis::identity::jwt::KeySet {
    let secret = Secret::new((1..=32).collect());
    portcullis::identity::jwt::KeySet::hmac(portcullis::identity::jwt::Algorithm::HS256, secret).unwrap()
}

/// D16
#[tokio::test]
async fn nothing_that_is_printed_shows_a_secret_or_a_token() {
    let endpoint = Endpoint::saying(said(&active(json!({})))).await;
    for auth in [ClientAuth::basic("gate", secret()), ClientAuth::post("gate", secret())] {
        let mut printed = format!("{auth:?}");
        let builder = builder_with(&endpoint, auth);
        printed += &format!("{builder:?}");
        let verifier = builder.build().unwrap();
        verify(&verifier, TOKEN).await.unwrap();
        printed += &format!("{verifier:?}");
        endpoint.say(http(500, &[], ""));
        let error = verify(&verifier, "2YotnFZFEjr1zCsicMWpBB").await.unwrap_err();
        printed += &format!("{error:?} {error} {}", std::error::Error::source(&error).unwrap());
        endpoint.say(said(&active(json!({}))));
        for secret in [SECRET, TOKEN, "2YotnFZFEjr1zCsicMWpBB", &base64(&format!("gate:{SECRET}"))] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}
