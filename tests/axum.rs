//! The extractors for axum: what each gives to a handler, and what the client gets where it has nothing to give.

#![cfg(feature = "axum")]
#![expect(clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use portcullis::authenticate::{Basic, Bearer};
use portcullis::axum::{Refused, Value};
use portcullis::credentials::{BasicCredentials, BearerToken};
use portcullis::response::{Rejection, Reply};
use portcullis::{AuthenticateLayer, Identity, Reason, RequireLayer, VerifyError};
use tower::ServiceExt;

/// The application's own value in these tests.
#[derive(Debug)]
struct Plan(&'static str);

/// Takes `Bearer alice`, who has a [`Plan`], and `Bearer bob`, who has no value at all.
fn layer() -> AuthenticateLayer {
    let tokens = async |token: BearerToken| match token.expose() {
        "alice" => Ok(Identity::assertion("shop", "alice").value(Plan("gold")).build()),
        "bob" => Ok(Identity::assertion("shop", "bob").build()),
        _ => Err(VerifyError::invalid()),
    };
    let passwords = async |_: BasicCredentials| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) };
    AuthenticateLayer::builder()
        .scheme(Bearer::new("shop", tokens))
        .scheme(Basic::new("shop", passwords))
        .allow_anonymous()
        .build()
        .unwrap()
}

const CHALLENGES: [&str; 2] = [r#"Bearer realm="shop""#, r#"Basic realm="shop", charset="UTF-8""#];

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
    rejection: Option<Rejection>,
}

impl Answer {
    fn challenges(&self) -> Vec<&str> {
        self.headers.get_all(WWW_AUTHENTICATE).iter().map(|value| value.to_str().unwrap()).collect()
    }

    fn reason(&self) -> Option<Reason> {
        self.rejection.as_ref().map(Rejection::reason)
    }
}

async fn ask(app: &Router, token: Option<&str>) -> Answer {
    let mut request = Request::get("/");
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (mut head, body) = response.into_parts();
    Answer {
        status: head.status,
        headers: head.headers,
        body: String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().into()).unwrap(),
        rejection: head.extensions.remove(),
    }
}

/// One route for each extractor, which counts how often its handler ran.
fn routes() -> (Arc<AtomicUsize>, [(&'static str, Router); 3]) {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = || {
        let runs = Arc::clone(&runs);
        move || runs.fetch_add(1, Ordering::Relaxed)
    };
    let (first, second, third) = (count(), count(), count());
    let identity = async move |identity: Identity| {
        first();
        identity.subject().to_owned()
    };
    let optional = async move |identity: Option<Identity>| {
        second();
        identity.map_or("nobody".to_owned(), |identity| identity.subject().to_owned())
    };
    let value = async move |Value(plan): Value<Plan>| {
        third();
        plan.0
    };
    let routes = [
        ("Identity", Router::new().route("/", get(identity))),
        ("Option<Identity>", Router::new().route("/", get(optional))),
        ("Value", Router::new().route("/", get(value))),
    ];
    (runs, routes)
}

#[tokio::test]
async fn a_known_caller_reaches_the_handler_through_every_extractor() {
    let (runs, routes) = routes();
    for ((name, route), expected) in routes.into_iter().zip(["alice", "alice", "gold"]) {
        let answer = ask(&route.layer(layer()), Some("alice")).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, expected), "{name}");
    }
    assert_eq!(runs.load(Ordering::Relaxed), 3);
}

/// HTTP-1
#[tokio::test]
async fn an_anonymous_caller_gets_401_with_the_challenges_of_the_layer() {
    let (runs, [identity, _, value]) = routes();
    for (name, route) in [identity, value] {
        let answer = ask(&route.layer(layer()), None).await;
        assert_eq!((answer.status, answer.reason()), (StatusCode::UNAUTHORIZED, Some(Reason::Missing)), "{name}");
        assert_eq!(answer.challenges(), CHALLENGES, "{name}");
        assert_eq!(answer.headers[CACHE_CONTROL], "no-store", "{name}");
    }
    assert_eq!(runs.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn an_anonymous_caller_is_none_where_the_identity_is_optional() {
    let (_, [_, (_, optional), _]) = routes();
    let answer = ask(&optional.layer(layer()), None).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "nobody"));
}

/// X-5
#[tokio::test]
async fn wrong_credentials_are_refused_where_the_identity_is_optional_too() {
    let (runs, [_, (_, optional), _]) = routes();
    let answer = ask(&optional.layer(layer()), Some("mallory")).await;
    assert_eq!((answer.status, answer.reason()), (StatusCode::UNAUTHORIZED, Some(Reason::Invalid)));
    assert_eq!(answer.challenges().len(), 2);
    assert_eq!(runs.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn without_the_layer_every_extractor_answers_500_and_says_what_is_missing() {
    let (runs, routes) = routes();
    for (name, route) in routes {
        for token in [None, Some("alice")] {
            let answer = ask(&route, token).await;
            let expected = (StatusCode::INTERNAL_SERVER_ERROR, Some(Reason::Misconfigured));
            assert_eq!((answer.status, answer.reason()), expected, "{name}");
            assert!(answer.body.contains("No AuthenticateLayer is around this"), "{name}: {}", answer.body);
            assert_eq!(answer.challenges(), [""; 0], "{name}");
        }
    }
    assert_eq!(runs.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_value_of_another_type_or_none_is_500_and_the_client_is_not_told_why() {
    let handler = async |_: Value<String>| "reached";
    let other_type = ask(&Router::new().route("/", get(handler)).layer(layer()), Some("alice")).await;
    let (_, [_, _, (_, value)]) = routes();
    let no_value = ask(&value.layer(layer()), Some("bob")).await;
    for answer in [other_type, no_value] {
        assert_eq!((answer.status, answer.reason()), (StatusCode::INTERNAL_SERVER_ERROR, Some(Reason::Misconfigured)));
        assert_eq!(answer.challenges(), [""; 0]);
        assert!(!answer.body.contains("value"), "{}", answer.body);
        let cause = answer.rejection.unwrap().cause().unwrap();
        assert!(cause.contains("no value of the type"), "{cause}");
    }
}

#[tokio::test]
async fn a_401_of_the_handler_and_its_own_challenge_pass_through() {
    let handler = async || (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Other realm=\"inner\"")], "by the handler");
    let app = Router::new()
        .route("/", get(handler).layer(RequireLayer::new(portcullis::permission::authenticated()).unwrap()))
        .layer(layer());
    let answer = ask(&app, Some("alice")).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::UNAUTHORIZED, "by the handler"));
    assert_eq!(answer.challenges(), ["Other realm=\"inner\""]);
    assert_eq!(answer.headers[CACHE_CONTROL], "private");
    assert!(answer.rejection.is_none());
}

/// A handler that verifies something by itself and always fails.
fn log_in(error: VerifyError) -> Router {
    Router::new().route("/", get(async move |head: Parts| Refused::new(error.clone(), &head).into_response()))
}

#[tokio::test]
async fn a_log_in_that_fails_is_answered_as_the_layer_would() {
    let wrong = ask(&log_in(VerifyError::invalid().because("wrong password")).layer(layer()), None).await;
    assert_eq!((wrong.status, wrong.reason()), (StatusCode::UNAUTHORIZED, Some(Reason::Invalid)));
    assert_eq!(wrong.challenges(), CHALLENGES);
    assert_eq!(wrong.rejection.as_ref().unwrap().cause(), Some("wrong password"));
    assert!(!wrong.body.contains("wrong password"), "{}", wrong.body);

    for token in [None, Some("alice")] {
        let down = VerifyError::unavailable("no database").with_retry_after(Duration::from_secs(7));
        let answer = ask(&log_in(down).layer(layer()), token).await;
        assert_eq!((answer.status, answer.reason()), (StatusCode::SERVICE_UNAVAILABLE, Some(Reason::Unavailable)));
        assert_eq!(answer.headers[RETRY_AFTER], "7");
        assert_eq!(answer.challenges(), [""; 0]);
    }
}

#[tokio::test]
async fn a_log_in_outside_of_any_layer_is_500_and_says_what_is_missing() {
    let answer = ask(&log_in(VerifyError::invalid()), None).await;
    assert_eq!((answer.status, answer.reason()), (StatusCode::INTERNAL_SERVER_ERROR, Some(Reason::Misconfigured)));
    assert!(answer.body.contains("No AuthenticateLayer is around this"), "{}", answer.body);
}

fn house_style(rejection: &Rejection, _: &Parts) -> Reply {
    Reply::new("text/plain", format!("house style: {}", rejection.reason()))
}

#[tokio::test]
async fn the_extractors_speak_with_the_voice_of_the_layer() {
    let nobody = async |_: BearerToken| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) };
    let layer =
        AuthenticateLayer::builder().scheme(Bearer::new("shop", nobody)).allow_anonymous().respond_with(house_style);
    let layer = layer.build().unwrap();
    let (_, [(_, identity), _, (_, value)]) = routes();
    for (route, body) in [
        (identity, "house style: missing"),
        (value, "house style: missing"),
        (log_in(VerifyError::invalid()), "house style: invalid"),
    ] {
        let answer = ask(&route.layer(layer.clone()), None).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::UNAUTHORIZED, body));
        assert_eq!(answer.challenges(), [r#"Bearer realm="shop""#]);
    }
}

#[tokio::test]
async fn a_missing_value_is_told_with_the_voice_of_the_layer_too() {
    let bob = async |_: BearerToken| Ok(Identity::assertion("shop", "bob").build());
    let layer =
        AuthenticateLayer::builder().scheme(Bearer::new("shop", bob)).respond_with(house_style).build().unwrap();
    let (_, [_, _, (_, value)]) = routes();
    let answer = ask(&value.layer(layer), Some("bob")).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (StatusCode::INTERNAL_SERVER_ERROR, "house style: misconfigured")
    );
}
