//! What a refused person sees in Chromium (`tests/node/refusal_pages.mjs`): every page by day, by night and on a phone, without a fault
//! that axe-core finds and without a request for anything else. Pictures are left in `target/screenshots/refusals`.

#![cfg(all(feature = "axum", feature = "html", feature = "login"))]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support {
    pub(crate) mod services;
}

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Html;
use axum::routing::get;
use http::header::ALLOW;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use portcullis::authenticate::{Attempt, Scheme, Session};
use portcullis::credentials::BasicCredentials;
use portcullis::identity::session::{MemoryStore, Sessions};
use portcullis::login::Login;
use portcullis::permission::{Decision, all, max_age, policy, role, scope};
use portcullis::response::{Challenge, OwnRefusal, Page, PageTexts};
use portcullis::{AuthenticateLayer, Identity, RequireLayer, VerifyError};
use support::services;
use tokio::net::TcpListener;
use tokio::process::Command;

/// Judges by the path: a browser that goes to a page can send little else. Its challenge makes no browser ask for a password.
struct ByPath;

impl Scheme for ByPath {
    fn challenge(&self) -> Challenge {
        Challenge::session("shop")
    }

    fn authenticate(&self, head: &Parts) -> Attempt {
        let verdict = match head.uri.path() {
            "/not_logged_in" => return Attempt::NotPresented,
            "/session_over" => Err(VerifyError::expired()),
            "/logged_out" => Err(VerifyError::invalid()),
            "/too_many_attempts" => Err(VerifyError::throttled(Duration::from_secs(90))),
            "/out_of_order" => Err(VerifyError::unavailable("the store is down")),
            "/from_another_site" => Err(VerifyError::cross_site()),
            "/unreadable" => Err(VerifyError::ambiguous()),
            _ => Ok(Identity::assertion("shop", "ann").scopes(["orders:read"]).build().into()),
        };
        Attempt::Ready(verdict)
    }
}

fn page() -> Page {
    Page::builder()
        .application("Orders & Invoices")
        .support("the help desk")
        .support_link("mailto:help@example.com")
        .log_in("/form")
        .languages([PageTexts::english(), PageTexts::german()])
        .build()
        .unwrap()
}

fn app() -> Router {
    let require = |requirement| RequireLayer::new(requirement).unwrap();
    let within = get(async || "inside");
    let members = Router::new()
        .route("/not_permitted", within.clone().layer(require(all([scope("orders:write"), role("accountant")]))))
        .route("/confirm", within.clone().layer(require(max_age(Duration::from_secs(300)))))
        .route("/not_found", within.clone().layer(require(policy(|_: &Identity, _: &Parts| Decision::Hide))))
        .fallback(within)
        .layer(AuthenticateLayer::builder().scheme(ByPath).respond_with(page()).build().unwrap());
    let forgotten = get(async || "inside").layer(require(scope("orders:read")).respond_with(page()));
    let log_in = Login::builder(
        &Session::new("shop", Sessions::new(MemoryStore::new())),
        async |_: BasicCredentials| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) },
    );
    let log_in = log_in.respond_with(page()).build().unwrap().log_in();
    Router::new()
        .route("/form", get(async || Html(FORM)))
        .route_service("/login", log_in)
        .route("/broken", forgotten)
        .route("/gone", get(async |headers: HeaderMap| gone(&headers).map(axum::body::Body::from)))
        .merge(members)
}

fn gone(headers: &HeaderMap) -> http::Response<bytes::Bytes> {
    let refusal = OwnRefusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "Method not allowed",
        "Use another method.",
    );
    refusal.header(ALLOW, HeaderValue::from_static("POST")).answer(&page(), headers)
}

const FORM: &str = "<!doctype html><link rel=icon href=data:,><title>Log in</title><form method=post action=/login><input name=username value=ann>\
                    <input name=password value=guess><button>Log in</button></form>";

/// Serves, and notes the paths that are asked for.
async fn listen() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&asked);
    let app = app().layer(axum::middleware::map_request(move |request: Request| {
        note.lock().unwrap().push(request.uri().path().to_owned());
        async { request }
    }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });
    (address, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_readable_for_all_and_needs_nothing_but_itself() {
    let (Some(node), Some(chromium)) = (services::node(), services::program("chromium")) else { return };
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots/refusals");
    fs::create_dir_all(&pictures).unwrap();
    let (address, asked) = listen().await;
    let settings = serde_json::json!({
        "chromium": chromium,
        "bank": format!("http://{address}"),
        "pictures": pictures,
    });
    let mut command = Command::new(node);
    command.arg(services::node_folder().join("refusal_pages.mjs")).args(["pages", &settings.to_string()]);
    let output = tokio::time::timeout(Duration::from_secs(180), command.kill_on_drop(true).output()).await;
    let output = output.expect("it takes too long").unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{errors}");
    // The script says what it went to; nobody asked for anything else, not even for an icon.
    let went: Vec<String> = serde_json::from_str(&said).unwrap();
    assert_eq!(*asked.lock().unwrap(), went);
}
