//! Logging out: on the server first, then in the browser, and by nobody else.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support {
    pub(crate) mod bank;
}

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::routing::get;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::identity::session::Sessions;
use portcullis::{AuthenticateLayer, Identity};
use support::bank::{self, BROWSER, FORM, GOOD, OURS, Switched, bank, bank_over, bank_with, cookie};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{Layer, ServiceExt, service_fn};

const CLEARED: &str = "__Host-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure";

/// S05
#[tokio::test]
async fn logging_out_ends_the_session_here_and_clears_the_cookie() {
    let bank = bank();
    let guarded = AuthenticateLayer::new(bank.scheme.clone())
        .unwrap()
        .layer(service_fn(async |_: Request<_>| Ok::<_, Infallible>(Response::new(String::new()))));
    let shown = bank.log_in(&[FORM], GOOD).await.cookie();
    for status in [200, 401, 401] {
        let fields = [("cookie", &*shown)];
        assert_eq!(bank::ask(guarded.clone(), "GET", "/", &fields, "").await.status, status);
        let answer = bank.log_out(&fields).await;
        assert_eq!((answer.status.as_u16(), answer.field("set-cookie")), (204, Some(CLEARED)));
        assert_eq!(answer.field("cache-control"), Some("no-store"));
        assert_eq!(answer.field("clear-site-data"), Some("\"cache\""), "the back button shows nothing");
    }
    assert_eq!(bank.count("alice").await, 0);
}

#[tokio::test]
async fn without_a_session_there_is_nothing_to_do_and_that_is_fine() {
    let bank = bank_with(|login| login.after_log_out("/goodbye"));
    for fields in [
        vec![],
        vec![("cookie", "__Host-session=short")],
        vec![("cookie", "other=1")],
        vec![("authorization", "@@")],
        vec![("authorization", "Session AAAA")],
    ] {
        assert_eq!(bank.log_out(&fields).await.status, 204, "{fields:?}");
    }
    let page = bank.log_out(&[BROWSER, OURS]).await;
    assert_eq!((page.status.as_u16(), page.field("location")), (303, Some("/goodbye")));
    assert_eq!(page.field("set-cookie"), Some(CLEARED));
}

#[tokio::test]
async fn a_header_speaks_for_the_client_and_the_cookie_beside_it_is_left_alone() {
    let bank = bank();
    let by_cookie = cookie(&bank.session_of("alice").await.unwrap());
    let by_header = format!("Session {}", bank.session_of("bob").await.unwrap().encode().expose());
    let answer = bank.log_out(&[("authorization", &by_header), ("cookie", &by_cookie)]).await;
    assert_eq!((answer.status.as_u16(), answer.field("set-cookie")), (204, None));
    assert_eq!(answer.field("clear-site-data"), None);
    assert_eq!((bank.count("bob").await, bank.count("alice").await), (0, 1));

    let other = [("authorization", "Basic YTpi"), ("cookie", &*by_cookie)];
    assert_eq!((bank.log_out(&other).await.field("set-cookie"), bank.count("alice").await), (None, 1));
}

#[tokio::test]
async fn while_the_store_is_down_the_client_keeps_its_cookie() {
    let (store, is_down) = Switched::new();
    let clock = ManualClock::at(UnixTime::from_secs(1_790_000_000));
    let sessions = Sessions::builder(store).clock(clock.clone()).build().unwrap();
    let bank = bank_over(sessions, clock, |login| login);
    let shown = bank.log_in(&[FORM], GOOD).await.cookie();
    is_down.store(true, Ordering::SeqCst);
    let answer = bank.log_out(&[("cookie", &shown)]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.field("retry-after"), answer.field("set-cookie")),
        (503, Some("5"), None)
    );
    is_down.store(false, Ordering::SeqCst);
    assert_eq!(bank.count("alice").await, 1);
    assert_eq!(bank.log_out(&[("cookie", &shown)]).await.status, 204);
    assert_eq!(bank.count("alice").await, 0);
}

/// S24
#[tokio::test]
async fn no_link_no_picture_and_no_other_site_logs_anybody_out() {
    let bank = bank();
    let shown = cookie(&bank.session_of("alice").await.unwrap());
    for method in ["GET", "HEAD", "DELETE"] {
        let fields = [("cookie", &*shown), OURS];
        let answer = bank::ask(bank.login.log_out(), method, "/logout", &fields, "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.field("allow"), answer.field("set-cookie")),
            (405, Some("POST"), None)
        );
    }
    for field in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let answer = bank.log_out(&[("cookie", &shown), field]).await;
        assert_eq!((answer.status.as_u16(), answer.field("set-cookie")), (403, None), "{field:?}");
    }
    assert_eq!(bank.count("alice").await, 1);
    // No browser since 2020 sends neither with a form; curl does, and has a cookie of its own.
    assert_eq!(bank.log_out(&[("cookie", &shown)]).await.status, 204);

    // A header is sent on purpose, wherever the page is from that sends it.
    let header = format!("Session {}", bank.session_of("alice").await.unwrap().encode().expose());
    let answer = bank.log_out(&[("authorization", &header), ("sec-fetch-site", "cross-site")]).await;
    assert_eq!((answer.status.as_u16(), bank.count("alice").await), (204, 0));
}

#[tokio::test]
async fn two_sessions_at_once_are_told_apart_by_nobody() {
    let bank = bank();
    let shown = cookie(&bank.session_of("alice").await.unwrap());
    let twice = format!("{shown}; {shown}");
    assert_eq!(bank.log_out(&[("cookie", &twice)]).await.status, 400);
    assert_eq!(bank.count("alice").await, 1);
}

#[tokio::test]
async fn a_session_that_was_just_given_another_id_ends_all_the_same() {
    let bank = bank();
    let first = bank.session_of("alice").await.unwrap();
    bank.sessions.rotate(&first).await.unwrap().unwrap();
    assert_eq!(bank.log_out(&[("cookie", &cookie(&first))]).await.status, 204);
    assert_eq!(bank.count("alice").await, 0);
}

/// All of it in an axum router, over a socket.
#[tokio::test]
async fn a_browser_logs_in_looks_around_and_logs_out() {
    let bank = bank_with(|login| login.home("/account"));
    let layer = AuthenticateLayer::new(bank.scheme.clone()).unwrap();
    let app = Router::new()
        .route("/account", get(async |identity: Identity| format!("hello, {}", identity.subject())))
        .layer(layer)
        .route("/login", get("the page").post_service(bank.login.log_in()))
        .route_service("/logout", bank.login.log_out())
        .nest_service("/session", bank.login.manage());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let browser = "Accept: text/html\r\nSec-Fetch-Site: same-origin";
    assert!(talk(address, "GET /login", "", "").await.ends_with("the page"));
    let answer = talk(address, "POST /login", &format!("{browser}\r\n{FORM_LINE}"), GOOD).await;
    assert!(answer.starts_with("HTTP/1.1 303 ") && answer.contains("location: /account\r\n"), "{answer}");
    let shown = cookie_line(&answer);
    assert!(talk(address, "GET /account", &shown, "").await.ends_with("hello, alice"));
    let list = talk(address, "GET /session/sessions", &shown, "").await;
    assert!(list.contains(r#""current":true"#), "{list}");
    let answer = talk(address, "POST /logout", &format!("{browser}\r\n{shown}"), "").await;
    assert!(answer.starts_with("HTTP/1.1 303 ") && answer.contains("__Host-session=; Max-Age=0"), "{answer}");
    assert!(talk(address, "GET /account", &shown, "").await.starts_with("HTTP/1.1 401 "));
    server.abort();
}

/// The same without any framework: hyper calls the services.
#[tokio::test]
async fn hyper_alone_serves_it_too() {
    let bank = bank();
    let login = bank.login.clone();
    let app = service_fn(move |request: Request<Incoming>| {
        let login = login.clone();
        async move {
            match request.uri().path() {
                "/login" => login.log_in().oneshot(request).await,
                "/logout" => login.log_out().oneshot(request).await,
                _ => login.manage().below("/session").oneshot(request).await,
            }
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = TowerToHyperService::new(app.clone());
            http1::Builder::new().serve_connection(TokioIo::new(socket), service).await.unwrap();
        }
    });
    let answer = talk(address, "POST /login", FORM_LINE, GOOD).await;
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    let shown = cookie_line(&answer);
    assert!(talk(address, "GET /session/sessions", &shown, "").await.contains(r#""current":true"#));
    assert!(talk(address, "POST /logout", &shown, "").await.starts_with("HTTP/1.1 204 "));
    assert!(talk(address, "GET /session/sessions", &shown, "").await.starts_with("HTTP/1.1 401 "));
    server.abort();
}

const FORM_LINE: &str = "Content-Type: application/x-www-form-urlencoded";

async fn talk(address: SocketAddr, what: &str, fields: &str, body: &str) -> String {
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let (length, gap) = (body.len(), if fields.is_empty() { "" } else { "\r\n" });
    let head = format!("{what} HTTP/1.1\r\nHost: bank.example\r\nConnection: close\r\nContent-Length: {length}");
    socket.write_all(format!("{head}{gap}{fields}\r\n\r\n{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

/// The `Cookie` line by which the client that got `answer` shows its session.
fn cookie_line(answer: &str) -> String {
    let (_, rest) = answer.split_once("set-cookie: ").unwrap();
    format!("Cookie: {}", rest.split(';').next().unwrap())
}
