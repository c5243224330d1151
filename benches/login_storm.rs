//! What others feel while two hundred clients guess passwords: the slowest hundredth of the answers of a public route and of
//! a route for bearer tokens, first with nobody guessing, then under the storm; and whether the owner still gets in.
//!
//! `cargo bench --bench login_storm` prints one table. Two hundred log-ins with wrong passwords are under way at any time: as
//! browsers and well-made clients do them, which come back when `Retry-After` says, and as a tool does them, 50 ms after each
//! answer whatever it says. Both run in the same process and take their share of its two threads, so the times under the storm
//! are upper bounds, and those of the tool are above all its own. The storm takes the memory of one hash for each thread of
//! the pool, 19 MiB with the defaults, however many guess.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark stops by panicking and reports by printing")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use base64::prelude::{BASE64_STANDARD, Engine};
use http::StatusCode;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use portcullis::authenticate::{Basic, Bearer};
use portcullis::credentials::TrustedProxies;
use portcullis::identity::password::{PasswordVerifier, User, Users, hash_password};
use portcullis::identity::throttle::Throttle;
use portcullis::identity::token::TokenVerifier;
use portcullis::{AuthenticateLayer, Identity};
use tokio::sync::watch;

const GUESSERS: usize = 200;
const PROBES: usize = 2_000;
const TOKEN: &str = "kJ3vX9qLw2rT8mZs5bYc";

type Browser = Client<HttpConnector, Empty<bytes::Bytes>>;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!("| storm | public p99 | bearer p99 | guesses: 401 / 429 / 503 | owner |\n|---|---:|---:|---:|---|");
    for (throttled, patient) in [(false, true), (true, true), (false, false), (true, false)] {
        runtime.block_on(storm(throttled, patient));
    }
}

async fn storm(throttled: bool, patient: bool) {
    let address = serve(throttled).await;
    let browser: Browser = Client::builder(TokioExecutor::new()).build_http();
    let calm = probe(&browser, address).await;
    println!("| none | {:?} | {:?} | | |", calm.0, calm.1);

    let (over, ended) = watch::channel(false);
    let answers: Arc<[AtomicUsize; 3]> = Arc::default();
    let guessers: Vec<_> = (0..GUESSERS)
        .map(|number| tokio::spawn(guess(address, number, patient, ended.clone(), Arc::clone(&answers))))
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let stormy = probe(&browser, address).await;
    let (owner, _) = ask(&browser, address, "/staff", &basic("correct horse")).await;
    over.send_replace(true);
    for guesser in guessers {
        guesser.await.unwrap();
    }
    let [wrong, throttle, full] = [0, 1, 2].map(|place| answers[place].load(Ordering::Relaxed));
    let name = format!(
        "{} {}",
        if patient { "clients that wait," } else { "tool that does not," },
        if throttled { "throttled" } else { "pool alone" }
    );
    println!("| {name} | {:?} | {:?} | {wrong} / {throttle} / {full} | {owner} |", stormy.0, stormy.1);
}

/// Guesses until it is over.
async fn guess(
    address: SocketAddr,
    number: usize,
    patient: bool,
    mut ended: watch::Receiver<bool>,
    answers: Arc<[AtomicUsize; 3]>,
) {
    let browser: Browser = Client::builder(TokioExecutor::new()).build_http();
    for round in 0.. {
        if *ended.borrow() {
            return;
        }
        let (status, told) = ask(&browser, address, "/staff", &basic(&format!("guess {number} {round}"))).await;
        let place = [401, 429, 503].iter().position(|&known| status == known).unwrap();
        answers[place].fetch_add(1, Ordering::Relaxed);
        let wait = told.filter(|_| patient).unwrap_or(Duration::from_millis(50));
        let _ = tokio::time::timeout(wait, ended.wait_for(|over| *over)).await;
    }
}

async fn serve(throttled: bool) -> SocketAddr {
    let mut users = Users::new();
    users.insert("alice", User::new(&hash_password("correct horse").unwrap()).unwrap()).unwrap();
    let passwords = PasswordVerifier::new("staff", users);
    let throttle = Throttle::default();
    let basic = if throttled {
        AuthenticateLayer::new(Basic::new("staff", throttle.around(passwords)))
    } else {
        AuthenticateLayer::new(Basic::new("staff", passwords))
    };
    let tokens = TokenVerifier::new();
    tokens.insert(TOKEN, Identity::assertion("orders", "ci").build()).unwrap();
    let bearer = AuthenticateLayer::new(Bearer::new("orders", tokens)).unwrap();
    let app = Router::new()
        .route("/public", get("public"))
        .route("/orders", get("orders").layer(bearer))
        .route("/staff", get("staff").layer(basic.unwrap()))
        .layer(from_fn(client));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    address
}

async fn client(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request, next: Next) -> Response {
    let client = TrustedProxies::none().client(peer.ip(), request.headers());
    request.extensions_mut().insert(client);
    next.run(request).await
}

fn basic(password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("alice:{password}")))
}

async fn probe(browser: &Browser, address: SocketAddr) -> (Duration, Duration) {
    let bearer = format!("Bearer {TOKEN}");
    let (mut public, mut orders) = (Vec::new(), Vec::new());
    for _ in 0..PROBES {
        for (path, times) in [("/public", &mut public), ("/orders", &mut orders)] {
            let started = now();
            assert_eq!(ask(browser, address, path, &bearer).await.0, 200);
            times.push(started.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let p99 = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() * 99 / 100]
    };
    (p99(&mut public), p99(&mut orders))
}

/// The status, and when to come back.
async fn ask(
    browser: &Browser,
    address: SocketAddr,
    path: &str,
    authorization: &str,
) -> (StatusCode, Option<Duration>) {
    let request = http::Request::get(format!("http://{address}{path}")).header("authorization", authorization);
    let response = browser.request(request.body(Empty::new()).unwrap()).await.unwrap();
    let status = response.status();
    let told = response.headers().get("retry-after").map(|seconds| seconds.to_str().unwrap().parse().unwrap());
    response.into_body().collect().await.unwrap();
    (status, told.map(Duration::from_secs))
}

#[expect(clippy::disallowed_methods, reason = "measuring is reading the clock")]
fn now() -> Instant {
    Instant::now()
}
