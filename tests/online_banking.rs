//! The bank of `examples/online_banking.rs`: its transcript over a socket, and what people and other sites can do to it in Chromium
//! (`tests/node/online_banking.mjs`); and each store that it can be opened over. Pictures of all pages are left in `target/screenshots/online_banking`.

#![cfg(all(
    feature = "axum",
    feature = "login",
    feature = "password",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite"
))]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support {
    pub(crate) mod curl;
    pub(crate) mod postgres;
    pub(crate) mod redis;
    pub(crate) mod services;
    pub(crate) mod transcript;
}

#[expect(dead_code, reason = "`main` binds a fixed port and prints")]
#[path = "../examples/online_banking.rs"]
mod online_banking;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path as Segment, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use online_banking::CUSTOMERS;
use online_banking::books::Books;
use portcullis::clock::{ManualClock, UnixTime};
use rusqlite::Connection;
use support::curl::Shell;
use support::postgres::Postgres;
use support::redis::Redis;
use support::services;
use support::transcript::replay;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;

/// The bank, and what a test may do behind its back.
struct Bank {
    address: SocketAddr,
    control: SocketAddr,
    _folder: TempDir,
}

#[derive(Clone)]
struct Control {
    clock: ManualClock,
    books: Books,
    database: Arc<Mutex<Connection>>,
}

impl Bank {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sessions.db");
        let clock = ManualClock::at(NOW);
        let books = Books::new(NOW);
        let address = open(&format!("sqlite:{}", file.display()), &clock, &books).await;

        let database = Arc::new(Mutex::new(Connection::open(file).unwrap()));
        let (listener, control) = listen().await;
        let behind = behind(Control { clock, books, database });
        tokio::spawn(async { axum::serve(listener, behind).await });
        Self { address, control, _folder: folder }
    }
}

const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

/// Opens the bank over a store that is named as on the command line.
async fn open(store: &str, clock: &ManualClock, books: &Books) -> SocketAddr {
    let sessions = online_banking::store::open(store).await.unwrap();
    let app = online_banking::app(sessions, books.clone(), Arc::new(clock.clone())).unwrap();
    let (listener, address) = listen().await;
    tokio::spawn(async { axum::serve(listener, app).await });
    address
}

fn behind(control: Control) -> Router {
    Router::new()
        .route(
            "/later/{seconds}",
            post(async |State(control): State<Control>, Segment(seconds): Segment<u64>| {
                control.clock.advance(Duration::from_secs(seconds));
            }),
        )
        .route(
            "/books",
            get(async |State(control): State<Control>| {
                let balances = ["alice", "bob"].map(|name| (name, control.books.balance(name)));
                Json(BTreeMap::from(balances))
            }),
        )
        // While another program writes, the bank cannot.
        .route("/hold", post(async |control: State<Control>| control.0.execute("BEGIN IMMEDIATE")))
        .route("/release", post(async |control: State<Control>| control.0.execute("ROLLBACK")))
        .with_state(control)
}

impl Control {
    fn execute(&self, statement: &str) {
        self.database.lock().unwrap().execute_batch(statement).unwrap();
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Has Chromium play a scene of the script.
async fn play(scene: &str) {
    let (Some(node), Some(chromium)) = (services::node(), services::program("chromium")) else { return };
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots/online_banking");
    fs::create_dir_all(&pictures).unwrap();
    let bank = Bank::start().await;
    let passwords = CUSTOMERS.map(|customer| (customer.name, customer.password));
    let settings = serde_json::json!({
        "chromium": chromium,
        "bank": format!("http://{}", bank.address),
        "control": format!("http://{}", bank.control),
        "passwords": BTreeMap::from(passwords),
        "pictures": pictures,
    });
    let mut command = Command::new(node);
    command.arg(services::node_folder().join("online_banking.mjs")).args([scene, &settings.to_string()]);
    let output = tokio::time::timeout(Duration::from_secs(180), command.kill_on_drop(true).output()).await;
    let output = output.unwrap_or_else(|_| panic!("{scene} takes too long")).unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.ends_with("done\n"), "{scene}: {said}{errors}");
}

#[tokio::test]
async fn the_bank_answers_as_its_header_shows() {
    let bank = Bank::start().await;
    let mut shell = Shell::new(bank.address);
    replay(include_str!("../examples/online_banking.rs"), &mut shell).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_outlives_the_bank_unless_it_is_kept_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut stores = vec![("memory".to_owned(), 401), (format!("sqlite:{}/sessions.db", folder.path().display()), 200)];
    let (redis, postgres) = (Redis::start(), Postgres::start());
    stores.extend(redis.as_ref().map(|redis| (redis.url(), 200)));
    stores.extend(postgres.as_ref().map(|postgres| (postgres.url(), 200)));
    let (clock, books) = (ManualClock::at(NOW), Books::new(NOW));
    for (store, status) in stores {
        let mut first = Shell::new(open(&store, &clock, &books).await);
        let mut second = Shell::new(open(&store, &clock, &books).await);
        let [alice, _] = CUSTOMERS;
        let log_in = format!("curl -i -d username={} -d password={} localhost:3000/login", alice.name, alice.password);
        let answer = first.run(&log_in).await;
        let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap();
        let answer = second.run(&format!("curl -i -b {cookie} localhost:3000/account")).await;
        assert_eq!(answer.status, status, "{store}");
    }
    for unknown in ["", "file", "mysql://localhost/bank"] {
        let error = online_banking::store::open(unknown).await.err().unwrap();
        assert!(error.to_string().starts_with("usage: "), "{unknown}: {error}");
    }
}

#[tokio::test]
async fn who_logs_in_gets_to_the_page_they_asked_for_and_who_mistypes_types_less_again() {
    play("logging_in").await;
}

#[tokio::test]
async fn no_script_reads_the_cookie_and_nothing_private_is_kept() {
    play("the_cookie").await;
}

#[tokio::test]
async fn who_was_away_for_half_an_hour_logs_in_again_and_goes_on() {
    play("being_away").await;
}

#[tokio::test]
async fn who_stays_logged_in_does_so_for_thirty_days() {
    play("staying_logged_in").await;
}

#[tokio::test]
async fn money_is_sent_only_after_a_fresh_log_in() {
    play("sending_money").await;
}

#[tokio::test]
async fn the_back_button_shows_nothing_private_after_the_log_out() {
    play("logging_out").await;
}

#[tokio::test]
async fn a_second_browser_is_logged_out_from_the_first() {
    play("logging_out_from_afar").await;
}

#[tokio::test]
async fn another_site_can_link_here_and_can_do_nothing_else() {
    play("other_sites").await;
}

#[tokio::test]
async fn after_three_wrong_passwords_the_page_says_how_long_to_wait() {
    play("guessing").await;
}

#[tokio::test]
async fn an_id_that_was_planted_or_replaced_opens_nothing() {
    play("planted_ids").await;
}

#[tokio::test]
async fn while_the_database_is_held_people_are_told_to_come_back() {
    play("an_outage").await;
}
