//! Around the layers of tower-http and inside of them: limits, timeouts, compression, CORS and the csrf layer do their work
//! in both orders, and no handler is reached by whom it should not be.

#![cfg(feature = "axum")]
#![expect(clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

mod support {
    pub(crate) mod shop;
}

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, COOKIE, HOST, ORIGIN, UPGRADE,
    WWW_AUTHENTICATE,
};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use portcullis::authenticate::{SameOrigin, Session};
use portcullis::credentials::SessionId;
use portcullis::response::Rejection;
use portcullis::{Identity, Reason};
use support::shop::{authenticate, require, schemes};
use tower::ServiceExt;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

/// The handler: counts its calls, and hangs where it is told to.
#[derive(Clone, Default)]
struct Handler {
    calls: Arc<AtomicUsize>,
}

impl Handler {
    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    fn router(&self) -> Router {
        let calls = Arc::clone(&self.calls);
        let handler = async move |request: Request<Body>| {
            calls.fetch_add(1, Ordering::Relaxed);
            if request.headers().contains_key("x-hang") {
                pending::<()>().await;
            }
            // Reads the body, as handlers do that limits are there for.
            match request.into_body().collect().await {
                Ok(_) => (StatusCode::OK, "a text that is long enough to be compressed"),
                Err(_) => (StatusCode::PAYLOAD_TOO_LARGE, ""),
            }
        };
        Router::new().route("/", any(handler))
    }
}

/// The handler behind authentication, with another layer outside of that or inside.
macro_rules! both_orders {
    ($handler:expr, $layer:expr) => {{
        let outside = $handler.router().layer(authenticate()).layer($layer);
        let inside = $handler.router().layer($layer).layer(authenticate());
        [("outside", outside), ("inside", inside)]
    }};
}

async fn send(app: &Router, method: Method, headers: &[(HeaderName, &str)], body: &'static str) -> Response<Body> {
    let mut request = Request::builder().method(method).uri("/");
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let body = if body.is_empty() { Body::empty() } else { Body::from(body) };
    app.clone().oneshot(request.body(body).unwrap()).await.unwrap()
}

async fn get_as(app: &Router, headers: &[(HeaderName, &str)]) -> Response<Body> {
    send(app, Method::GET, headers, "").await
}

const ALICE: (HeaderName, &str) = (AUTHORIZATION, "Bearer alice");

#[tokio::test]
async fn compression_keeps_status_and_challenge_in_either_order() {
    let handler = Handler::default();
    for (order, app) in both_orders!(handler, CompressionLayer::new()) {
        let gzip = (ACCEPT_ENCODING, "gzip");
        let accepted = get_as(&app, &[ALICE, gzip.clone()]).await;
        assert_eq!(accepted.status(), StatusCode::OK, "{order}");
        assert_eq!(accepted.headers()[CONTENT_ENCODING], "gzip", "{order}");
        let refused = get_as(&app, &[gzip]).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{order}");
        assert_eq!(refused.headers()[WWW_AUTHENTICATE], r#"Bearer realm="shop""#, "{order}");
        assert_eq!(refused.headers().contains_key(CONTENT_ENCODING), order == "outside");
    }
    assert_eq!(handler.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_ends_a_handler_that_hangs_in_either_order() {
    let handler = Handler::default();
    let timeout = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(10));
    for (order, app) in both_orders!(handler, timeout) {
        let hang = (HeaderName::from_static("x-hang"), "");
        assert_eq!(get_as(&app, &[ALICE, hang]).await.status(), StatusCode::GATEWAY_TIMEOUT, "{order}");
        assert_eq!(get_as(&app, &[]).await.status(), StatusCode::UNAUTHORIZED, "{order}");
    }
    assert_eq!(handler.calls(), 2);
}

/// X-3
#[tokio::test(start_paused = true)]
async fn a_timeout_outside_ends_a_verifier_that_hangs() {
    let handler = Handler::default();
    let timeout = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(10));
    let [(_, outside), _] = both_orders!(handler, timeout);
    let hangs = (AUTHORIZATION, "Bearer hangs");
    assert_eq!(get_as(&outside, &[hangs]).await.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(handler.calls(), 0);
}

#[tokio::test]
async fn a_limit_of_the_body_holds_in_either_order_and_inside_it_does_not_come_before_the_401() {
    let handler = Handler::default();
    let long = "longer than is allowed";
    for (order, app) in both_orders!(handler, RequestBodyLimitLayer::new(8)) {
        let length = (CONTENT_LENGTH, "22");
        let accepted = send(&app, Method::POST, &[ALICE, length.clone()], long).await;
        assert_eq!(accepted.status(), StatusCode::PAYLOAD_TOO_LARGE, "{order}, announced");
        let chunked = send(&app, Method::POST, &[ALICE], long).await;
        assert_eq!(chunked.status(), StatusCode::PAYLOAD_TOO_LARGE, "{order}, found out while reading");
        let short = send(&app, Method::POST, &[ALICE], "short").await;
        assert_eq!(short.status(), StatusCode::OK, "{order}");
        let stranger = send(&app, Method::POST, &[length], long).await;
        let expected = if order == "inside" { StatusCode::UNAUTHORIZED } else { StatusCode::PAYLOAD_TOO_LARGE };
        assert_eq!(stranger.status(), expected, "{order}");
    }
    assert_eq!(handler.calls(), 4, "not for what was announced as too long, nor for the stranger");
}

fn cors() -> CorsLayer {
    CorsLayer::new().allow_origin(HeaderValue::from_static("https://shop.example")).allow_headers([AUTHORIZATION])
}

const FROM_SHOP: (HeaderName, &str) = (ORIGIN, "https://shop.example");
const WANTS_GET: (HeaderName, &str) = (ACCESS_CONTROL_REQUEST_METHOD, "GET");

#[tokio::test]
async fn with_cors_outside_a_preflight_is_answered_there_and_a_refusal_can_be_read_by_scripts() {
    let handler = Handler::default();
    let [(_, app), _] = both_orders!(handler, cors());
    let preflight = send(&app, Method::OPTIONS, &[FROM_SHOP, WANTS_GET], "").await;
    assert_eq!(preflight.status(), StatusCode::OK);
    assert_eq!(preflight.headers()[ACCESS_CONTROL_ALLOW_HEADERS], "authorization");
    // tower-http takes every OPTIONS for a preflight; none of them gets any further.
    assert_eq!(send(&app, Method::OPTIONS, &[], "").await.status(), StatusCode::OK);
    let refused = get_as(&app, &[FROM_SHOP]).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(refused.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "https://shop.example");
    assert_eq!(handler.calls(), 0);
    assert_eq!(get_as(&app, &[FROM_SHOP, ALICE]).await.status(), StatusCode::OK);
}

/// HTTP-27
#[tokio::test]
async fn with_cors_inside_a_preflight_passes_only_where_that_is_allowed_and_never_to_the_handler() {
    let handler = Handler::default();
    let [_, (_, strict)] = both_orders!(handler, cors());
    assert_eq!(send(&strict, Method::OPTIONS, &[FROM_SHOP, WANTS_GET], "").await.status(), StatusCode::UNAUTHORIZED);

    let allowed = handler.router().layer(cors()).layer(schemes().allow_cors_preflight().build().unwrap());
    let preflight = send(&allowed, Method::OPTIONS, &[FROM_SHOP, WANTS_GET], "").await;
    assert_eq!(preflight.status(), StatusCode::OK);
    assert_eq!(preflight.headers()[ACCESS_CONTROL_ALLOW_HEADERS], "authorization");
    assert_eq!(handler.calls(), 0);
}

/// HTTP-28
#[tokio::test]
async fn what_is_exposed_to_scripts_stays_so_beside_cors_in_both_orders() {
    let handler = Handler::default();
    let ours = || schemes().expose_to_scripts().allow_cors_preflight().build().unwrap();
    let named = || cors().expose_headers([CONTENT_ENCODING]);
    let apps = [
        // What is exposed of a refusal, and of an answer to somebody who is known.
        (handler.router().layer(ours()).layer(cors()), "www-authenticate, retry-after", None),
        (handler.router().layer(ours()).layer(named()), "content-encoding", Some("content-encoding")),
        (handler.router().layer(cors()).layer(ours()), "www-authenticate, retry-after", None),
        (handler.router().layer(named()).layer(ours()), "www-authenticate, retry-after", Some("content-encoding")),
    ];
    for (index, (app, of_refusal, of_accepted)) in apps.into_iter().enumerate() {
        let exposed = |answer: &Response<Body>| {
            let mut lines = answer.headers().get_all(ACCESS_CONTROL_EXPOSE_HEADERS).iter();
            let line = lines.next().map(|line| line.to_str().unwrap().to_owned());
            assert!(lines.next().is_none(), "{index}: one line");
            line
        };
        let refused = get_as(&app, &[FROM_SHOP]).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{index}");
        assert_eq!(exposed(&refused).as_deref(), Some(of_refusal), "{index}");
        assert_eq!(refused.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), index < 2, "{index}");
        assert_eq!(exposed(&get_as(&app, &[FROM_SHOP, ALICE]).await).as_deref(), of_accepted, "{index}");
        let preflight = send(&app, Method::OPTIONS, &[FROM_SHOP, WANTS_GET], "").await;
        assert_eq!((preflight.status(), exposed(&preflight)), (StatusCode::OK, None), "{index}");
    }
}

/// HTTP-27, R08
#[tokio::test]
async fn what_only_resembles_a_preflight_stays_guarded() {
    let handler = Handler::default();
    let app = handler.router().layer(cors()).layer(schemes().allow_cors_preflight().build().unwrap());
    let options = |headers: &'static [(HeaderName, &'static str)]| (Method::OPTIONS, headers);
    for (method, headers) in [
        options(&[]),
        options(&[FROM_SHOP]),
        options(&[WANTS_GET]),
        (Method::GET, &[FROM_SHOP, WANTS_GET]),
        (Method::POST, &[FROM_SHOP, WANTS_GET]),
    ] {
        let refused = send(&app, method.clone(), headers, "").await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{method} {headers:?}");
        assert_eq!(refused.headers()[WWW_AUTHENTICATE], r#"Bearer realm="shop""#, "{method} {headers:?}");
    }
    assert_eq!(handler.calls(), 0);
}

#[tokio::test]
async fn a_preflight_that_no_cors_layer_takes_is_nobody_further_in() {
    let handler = Handler::default();
    let app = handler.router().layer(require()).layer(schemes().allow_cors_preflight().build().unwrap());
    let preflight = send(&app, Method::OPTIONS, &[FROM_SHOP, WANTS_GET], "").await;
    assert_eq!(preflight.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(handler.calls(), 0);
}

/// The handler behind a layer that takes tokens and sessions, with the `csrf` layer of tower-http outside of that or inside.
fn beside_csrf(handler: &Handler, rule: &SameOrigin, csrf: &CsrfLayer) -> [(&'static str, Router); 2] {
    let sessions = async |_: SessionId| Ok(Identity::assertion("shop", "alice").build());
    let ours = || schemes().scheme(Session::new("shop", sessions).same_origin(rule.clone())).build().unwrap();
    let outside = handler.router().layer(ours()).layer(csrf.clone());
    let inside = handler.router().layer(csrf.clone()).layer(ours());
    [("outside", outside), ("inside", inside)]
}

const COOKIE_OF_ALICE: (HeaderName, &str) = (COOKIE, "__Host-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
const SHOP: (HeaderName, &str) = (HOST, "shop.example");
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// S21: `docs/cross_site.md` says which of the two serves when
#[tokio::test]
async fn the_csrf_layer_and_the_same_origin_rule_refuse_what_either_refuses_in_both_orders() {
    use Refuses::{Asks, Csrf, Nobody, Ours};
    let handler = Handler::default();
    let csrf = CsrfLayer::new().add_trusted_origin("https://pay.example").unwrap();
    let rule = SameOrigin::default().allow_origin("https://pay.example");
    let websocket = (UPGRADE, "websocket");
    let from = |origin| (ORIGIN, origin);
    let cases = [
        // Credentials, what the browser says, and who refuses with the csrf layer outside and inside.
        (Some(COOKIE_OF_ALICE), vec![(SITE, "same-origin")], [Nobody, Nobody]),
        (Some(COOKIE_OF_ALICE), vec![FROM_SHOP], [Nobody, Nobody]),
        (Some(COOKIE_OF_ALICE), vec![from("https://pay.example"), (SITE, "cross-site")], [Nobody, Nobody]),
        (Some(COOKIE_OF_ALICE), vec![(SITE, "cross-site")], [Csrf, Ours]),
        (Some(COOKIE_OF_ALICE), vec![from("https://evil.example")], [Csrf, Ours]),
        // The csrf layer takes the twin over HTTP for ours, and whoever says nothing for a program.
        (Some(COOKIE_OF_ALICE), vec![from("http://shop.example")], [Ours, Ours]),
        (Some(COOKIE_OF_ALICE), vec![], [Ours, Ours]),
        // It knows nothing of credentials.
        (Some(ALICE), vec![(SITE, "cross-site"), from("https://app.example")], [Csrf, Csrf]),
        (Some(ALICE), vec![], [Nobody, Nobody]),
        (None, vec![(SITE, "cross-site")], [Csrf, Asks]),
        (None, vec![(SITE, "same-origin")], [Asks, Asks]),
    ];
    for (credentials, said, expected) in cases {
        for ((order, app), expected) in beside_csrf(&handler, &rule, &csrf).into_iter().zip(expected) {
            let lines: Vec<_> = [SHOP].into_iter().chain(credentials.clone()).chain(said.clone()).collect();
            let answer = send(&app, Method::POST, &lines, "").await;
            assert_eq!(Refuses::of(&answer), expected, "{order}: {lines:?}");
        }
    }
    let passed = handler.calls();
    assert_eq!(passed, 8, "no handler ran for what was refused");
    for (order, app) in beside_csrf(&handler, &rule, &csrf) {
        let handshake = [SHOP, COOKIE_OF_ALICE, websocket.clone(), (SITE, "cross-site")];
        assert_eq!(
            Refuses::of(&send(&app, Method::GET, &handshake, "").await),
            Ours,
            "{order}: it reads, says tower-http"
        );
    }
    assert_eq!(handler.calls(), passed);
}

#[derive(Debug, PartialEq)]
enum Refuses {
    Csrf,
    Nobody,
    Ours,
    Asks,
}

impl Refuses {
    fn of(answer: &Response<Body>) -> Self {
        let ours = answer.extensions().get::<Rejection>().map(Rejection::reason);
        match (answer.status(), ours, answer.extensions().get::<ProtectionError>()) {
            (StatusCode::OK, None, None) => Self::Nobody,
            (StatusCode::FORBIDDEN, None, Some(_)) => Self::Csrf,
            (StatusCode::FORBIDDEN, Some(Reason::CrossSite), None) => Self::Ours,
            (StatusCode::UNAUTHORIZED, Some(Reason::Missing), None) => Self::Asks,
            other => unreachable!("{other:?}"),
        }
    }
}
