//! RFC 6750 section 3: what a client with a bearer token, or without, is answered.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]
#![cfg(feature = "token")]

mod support {
    pub(crate) mod stack;
}

use std::convert::Infallible;
use std::time::Duration;

use http::{Request, Response};
use portcullis::authenticate::Bearer;
use portcullis::clock::{Clock, ManualClock, UnixTime};
use portcullis::credentials::BearerToken;
use portcullis::identity::token::TokenVerifier;
use portcullis::permission::{all, scope};
use portcullis::{AuthenticateLayer, Identity, RequireLayer};
use support::stack::{BEARER, Scripted, bare, basic, bearer, get, send};
use tower::{Layer, ServiceExt, service_fn};

fn layer(verifier: &Scripted) -> AuthenticateLayer {
    AuthenticateLayer::new(Bearer::new("api", verifier.clone())).unwrap()
}

/// A layer whose every token has these scopes.
fn with_scopes(scopes: &'static [&'static str]) -> AuthenticateLayer {
    let identity = Identity::assertion("test", "ann").scopes(scopes).build();
    let verifier = move |_: BearerToken| std::future::ready(Ok(identity.clone()));
    AuthenticateLayer::new(Bearer::new("api", verifier)).unwrap()
}

/// BEARER-2, BEARER-3, CHOICE-1
#[tokio::test]
async fn without_a_token_the_challenge_has_a_realm_and_no_error() {
    let verifier = Scripted::ready();
    for request in [bare(), get([basic("ann")]), get([("authorization", "DPoP ann")])] {
        let answer = send(&layer(&verifier), request).await;
        answer.assert_refused(401, "missing", &[("Bearer", None)]);
        assert_eq!(answer.lines("www-authenticate"), [BEARER]);
    }
    assert_eq!(verifier.calls(), 0);
}

/// BEARER-4: `error` says why, in one text for all causes of a kind
#[tokio::test]
async fn a_refused_token_is_answered_invalid_token() {
    for verifier in [Scripted::ready(), Scripted::waiting()] {
        for (word, description) in [("invalid", "The token is not accepted"), ("expired", "The token has expired")] {
            let answer = send(&layer(&verifier), get([bearer(word)])).await;
            answer.assert_refused(401, word, &[("Bearer", Some("invalid_token"))]);
            let challenge = answer.challenges().remove(0);
            assert_eq!((challenge.get("realm"), challenge.get("error_description")), (Some("api"), Some(description)));
            assert_eq!(challenge.parameters.len(), 3, "BEARER-8: each parameter once");
        }
    }
}

/// BEARER-5, BEARER-18, J41
#[tokio::test]
async fn a_token_that_cannot_be_read_is_answered_invalid_request() {
    let verifier = Scripted::ready();
    for value in ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer \"a\"", "bearer =", "BEARER a\u{e9}"] {
        let answer = send(&layer(&verifier), get([("authorization", value)])).await;
        answer.assert_refused(400, "malformed", &[("Bearer", Some("invalid_request"))]);
    }
    let answer = send(&layer(&verifier), get([bearer("a"), bearer("a")])).await;
    answer.assert_refused(400, "ambiguous", &[("Bearer", Some("invalid_request"))]);
    assert_eq!(verifier.calls(), 0);
}

/// J26: the limit is configurable, inclusive, and comes before any work
#[tokio::test]
async fn a_token_over_the_limit_is_answered_invalid_request() {
    let verifier = Scripted::ready();
    let layer = AuthenticateLayer::new(Bearer::new("api", verifier.clone()).max_length(8)).unwrap();
    send(&layer, get([bearer("abcdefgh")])).await.assert_accepted("abcdefgh");
    let answer = send(&layer, get([bearer("abcdefghi")])).await;
    answer.assert_refused(400, "malformed", &[("Bearer", Some("invalid_request"))]);
    assert_eq!(verifier.calls(), 1);
}

/// BEARER-6, BEARER-14, BEARER-15, MCP-10: a token in the query or the body is not looked at, and the body stays unread
#[tokio::test]
async fn a_token_in_the_query_or_the_body_counts_for_nothing() {
    let verifier = Scripted::ready();
    let request = Request::get("/?access_token=ann").body(()).unwrap();
    send(&layer(&verifier), request).await.assert_refused(401, "missing", &[("Bearer", None)]);

    let form = |authorization: Option<&str>| {
        let request = Request::post("/?access_token=bob").header("content-type", "application/x-www-form-urlencoded");
        let request = authorization.into_iter().fold(request, |request, value| request.header("authorization", value));
        request.body("access_token=bob".to_owned()).unwrap()
    };
    let echo = service_fn(async |request: Request<String>| {
        let subject = request.extensions().get::<Identity>().unwrap().subject().to_owned();
        Ok::<_, Infallible>(Response::new(format!("{subject} {}", request.into_body())))
    });
    let service = layer(&verifier).layer(echo);
    let refused = service.clone().oneshot(form(None)).await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["www-authenticate"]), (401, &BEARER.parse().unwrap()));
    let accepted = service.oneshot(form(Some("Bearer ann"))).await.unwrap();
    assert_eq!(accepted.status(), 200);
    let body = http_body_util::BodyExt::collect(accepted.into_body()).await.unwrap().to_bytes();
    assert_eq!(body, "ann access_token=bob");
    assert_eq!(verifier.calls(), 1);
}

/// BEARER-7
#[tokio::test]
async fn too_little_scope_is_403_and_says_which_scopes_are_missing() {
    let lacking =
        (with_scopes(&["read"]), RequireLayer::new(all([scope("read"), scope("write"), scope("admin")])).unwrap());
    let answer = send(&lacking, get([bearer("x")])).await;
    answer.assert_refused(403, "forbidden", &[("Bearer", Some("insufficient_scope"))]);
    assert_eq!(answer.challenges()[0].get("scope"), Some("write admin"));
    assert_eq!(answer.json()["scope"], "write admin");
}

/// BEARER-12
#[tokio::test]
async fn scopes_are_compared_whole_and_with_case_in_any_order() {
    let require = RequireLayer::new(scope("read")).unwrap();
    for scopes in [&["read"][..], &["write", "read"], &["read", "write"]] {
        send(&(with_scopes(scopes), require.clone()), get([bearer("x")])).await.assert_accepted("ann");
    }
    for scopes in [
        &["Read"][..],
        &["reader"],
        &["read:all"],
        &["rea", "d"],
        &["READ"],
        &["read,write"],
        &["read write"],
        &["*"],
        &[],
    ] {
        let answer = send(&(with_scopes(scopes), require.clone()), get([bearer("x")])).await;
        answer.assert_refused(403, "forbidden", &[("Bearer", Some("insufficient_scope"))]);
    }
}

/// BEARER-16
#[tokio::test]
async fn expiry_is_judged_with_each_request() {
    let clock = ManualClock::at(UnixTime::from_secs(1_000));
    let end = clock.now().saturating_add(Duration::from_secs(60));
    let tokens = TokenVerifier::new().clock(clock.clone());
    let token = "kJ3vX9qLw2rT8mZs5bYc";
    tokens.insert(token, Identity::assertion("api", "ci").expires_at(end).build()).unwrap();
    let layer = AuthenticateLayer::new(Bearer::new("api", tokens.clone())).unwrap();
    send(&layer, get([bearer(token)])).await.assert_accepted("ci");
    clock.advance(Duration::from_secs(60));
    send(&layer, get([bearer(token)])).await.assert_refused(401, "expired", &[("Bearer", Some("invalid_token"))]);
    tokens.remove(token);
    send(&layer, get([bearer(token)])).await.assert_refused(401, "invalid", &[("Bearer", Some("invalid_token"))]);
}

/// PROB-3, BEARER-10: no byte of the request comes back
#[tokio::test]
async fn a_refusal_repeats_nothing_of_the_request() {
    const ODD: &str = "zebra-5150";
    for word in [format!("{ODD}\",error=\"x"), format!("{ODD}<b>"), format!("{ODD} {ODD}"), format!("Foo-{ODD}")] {
        let request = Request::get(format!("/{ODD}?{ODD}"))
            .header("authorization", format!("Bearer {word}"))
            .header("accept", format!("text/{ODD}"))
            .header("host", ODD)
            .body(());
        let verifier = async |_: BearerToken| Err::<Identity, _>(portcullis::VerifyError::invalid());
        let layer = AuthenticateLayer::new(Bearer::new("api", verifier)).unwrap();
        let answer = send(&layer, request.unwrap()).await;
        assert!(answer.status.is_client_error() && answer.seen.is_none());
        assert!(!format!("{:?}{:?}", answer.headers, answer.body).contains(ODD));
    }
}
