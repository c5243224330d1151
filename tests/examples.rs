//! What the examples promise: every transcript in their headers is replayed over a socket, and so are the lines that
//! the quickstart prints.

#![cfg(all(
    feature = "axum",
    feature = "bcrypt",
    feature = "html",
    feature = "htpasswd",
    feature = "jwt",
    any(feature = "aws-lc-rs", feature = "rust-crypto"),
    feature = "password",
    feature = "session",
    feature = "token"
))]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop where it fails, its helpers included"
)]

mod support {
    pub(crate) mod curl;
    pub(crate) mod transcript;
}

#[expect(dead_code, reason = "`main` binds a fixed port and prints")]
#[path = "../examples/corporate.rs"]
mod corporate;
#[expect(dead_code, reason = "`main` binds a fixed port and prints")]
#[path = "../examples/custom_verifier.rs"]
mod custom_verifier;
#[expect(dead_code, reason = "`main` binds a fixed port and prints")]
#[path = "../examples/existing_stack.rs"]
mod existing_stack;
#[expect(dead_code, reason = "`main` binds a fixed port and prints")]
#[path = "../examples/hyper_server.rs"]
mod hyper_server;
#[expect(dead_code, reason = "`main` binds a fixed port and prints")]
#[path = "../examples/password_store.rs"]
mod password_store;
#[expect(dead_code, reason = "`main` binds a fixed port and prints")]
#[path = "../examples/quickstart.rs"]
mod quickstart;
#[expect(dead_code, reason = "`main` binds a fixed port and prints")]
#[path = "../examples/streaming.rs"]
mod streaming;

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::Request;
use http_body_util::BodyExt;
use portcullis::authenticate::Bearer;
use portcullis::credentials::BearerToken;
use portcullis::{AuthenticateLayer, Identity, VerifyError};
use redb::Database;
use redb::backends::InMemoryBackend;
use support::curl::Shell;
use support::transcript::{read, replay};
use tokio::net::TcpListener;
use tower::ServiceExt;

/// The examples whose transcripts are replayed, `mcp_server` in `mcp.rs`, `forward_proxy`, `grpc` and `online_banking` in files of
/// their names; `gate` is a program with tests of its own.
const REPLAYED: [&str; 11] = [
    "corporate",
    "custom_verifier",
    "existing_stack",
    "forward_proxy",
    "grpc",
    "hyper_server",
    "mcp_server",
    "online_banking",
    "password_store",
    "quickstart",
    "streaming",
];

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn serve(app: Router) -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async { axum::serve(listener, app).await });
    address
}

#[tokio::test]
async fn the_quickstart_answers_as_its_header_shows() {
    let demo = quickstart::demo::Demo::new().unwrap();
    let mut shell = Shell::new(serve(quickstart::app(&demo).unwrap()).await);
    shell.set("PASSWORD", &demo.password);
    shell.set("TOKEN", demo.token().unwrap());
    shell.set("EXPIRED", demo.expired_token().unwrap());
    replay(include_str!("../examples/quickstart.rs"), &mut shell).await;
}

/// Types every line that is printed, and compares the status with what the line before promises. Gives back the statuses seen.
async fn try_all(printed: &str, address: SocketAddr) -> BTreeSet<u16> {
    let mut shell = Shell::new(address);
    let mut promised = None;
    let mut seen = BTreeSet::new();
    for line in printed.lines() {
        match line.split_once('=') {
            Some((name, value)) if name.bytes().all(|byte| byte.is_ascii_uppercase()) && !value.starts_with("$(") => {
                shell.set(name, value);
            }
            _ => match line.strip_prefix("# ") {
                Some(note) => promised = Some(note.split_once("  ").unwrap().0.parse::<u16>().unwrap()),
                // What stands before the first promise is prose.
                None => {
                    if let Some(status) = promised.take() {
                        let answer = shell.run(line).await;
                        assert_eq!(answer.status, status, "{line}\n{answer:?}");
                        seen.insert(status);
                    }
                }
            },
        }
    }
    seen
}

#[tokio::test]
async fn every_line_that_the_quickstart_prints_gets_the_status_that_it_promises() {
    let demo = quickstart::demo::Demo::new().unwrap();
    let address = serve(quickstart::app(&demo).unwrap()).await;
    let seen = try_all(&demo.what_to_try(address).unwrap(), address).await;
    assert_eq!(seen, BTreeSet::from([200, 204, 400, 401, 403, 503]), "what a newcomer should have seen");
}

#[tokio::test]
async fn the_streaming_service_answers_as_its_header_shows_and_each_printed_line_as_it_promises() {
    let demo = streaming::demo::Demo::new().unwrap();
    let address = serve(streaming::app(&demo).unwrap()).await;
    let mut shell = Shell::new(address);
    shell.set("BASIC", demo.basic().unwrap());
    shell.set("PREMIUM", demo.premium().unwrap());
    shell.set("EXPIRED", demo.expired().unwrap());
    replay(include_str!("../examples/streaming.rs"), &mut shell).await;

    let seen = try_all(&demo.what_to_try(address).unwrap(), address).await;
    assert_eq!(seen, BTreeSet::from([200, 401, 403, 404, 405]));
}

/// What its header says of a route that is forgotten.
#[tokio::test]
async fn the_streaming_service_does_not_start_with_a_route_that_says_nothing() {
    let tokens = async |_: BearerToken| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) };
    let layer = AuthenticateLayer::new(Bearer::new("streaming", tokens)).unwrap();
    let forgotten = streaming::routes().route("/films/{film}/trailer", get("a trailer"));
    assert!(forgotten.table().to_string().contains("GET  /films/{film}/trailer  NOT SAID\n"));
    let error = forgotten.build(&layer).unwrap_err();
    assert!(include_str!("../examples/streaming.rs").contains(&format!("//! Error: {error:?}\n")), "{error:?}");
}

/// A film is on its way before it is made to its end.
#[tokio::test]
async fn the_streaming_service_sends_a_film_part_by_part() {
    let demo = streaming::demo::Demo::new().unwrap();
    let app = streaming::app(&demo).unwrap();
    let request =
        Request::get("/films/nosferatu/sd").header("authorization", format!("Bearer {}", demo.basic().unwrap()));
    let mut body = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().into_body();
    for part in 1..=10 {
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(frame, format!("Nosferatu in sd, part {part} of 10\n"));
    }
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn hyper_alone_answers_as_its_header_shows() {
    let (listener, address) = listen().await;
    let (token, other) = (hyper_server::fresh_token().unwrap(), hyper_server::fresh_token().unwrap());
    let mut shell = Shell::new(address);
    shell.set("TOKEN", &token);
    shell.set("OTHER", &other);
    tokio::spawn(async move { hyper_server::serve(listener, &token, &other).await.map_err(|error| error.to_string()) });
    replay(include_str!("../examples/hyper_server.rs"), &mut shell).await;
}

#[tokio::test]
async fn the_existing_stack_answers_as_its_header_shows() {
    let token = "kJ3vX9qLw2rT8mZs5bYc";
    let mut shell = Shell::new(serve(existing_stack::app(token).unwrap()).await);
    shell.set("TOKEN", token);
    replay(include_str!("../examples/existing_stack.rs"), &mut shell).await;
}

#[tokio::test]
async fn the_custom_verifier_answers_as_its_header_shows() {
    let accounts = || {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        custom_verifier::Accounts::new(database)
    };
    let (good, broken) = (accounts(), accounts());
    let key = good.issue(&custom_verifier::Account { name: "acme".into(), plan: "gold".into() }).unwrap();
    let mut shell = Shell::new(serve(custom_verifier::app(good, broken).unwrap()).await);
    shell.set("KEY", key);
    replay(include_str!("../examples/custom_verifier.rs"), &mut shell).await;
}

#[tokio::test]
async fn the_password_store_answers_as_its_header_shows_and_replaces_the_old_hash() {
    let staff = || password_store::Staff::new(rusqlite::Connection::open_in_memory().unwrap());
    let (good, broken) = (staff(), staff());
    let password = good.found().unwrap();
    let mut shell = Shell::new(serve(password_store::app(good.clone(), broken).unwrap()).await);
    shell.set("PASSWORD", password);
    replay(include_str!("../examples/password_store.rs"), &mut shell).await;

    let stored = || -> String {
        let query = "SELECT hash FROM staff WHERE name = 'bob'";
        good.with(|connection| connection.query_row(query, [], |row| row.get(0))).unwrap()
    };
    // It is made after the answer, on another thread.
    for _ in 0..3_000 {
        if stored().starts_with("$argon2id$") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(stored().starts_with("$argon2id$"));
    let answer = shell.run("curl -i -u \"bob:bob's secret\" localhost:3000/hello").await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn the_intranet_answers_as_its_header_shows_and_a_change_of_its_file_counts() {
    let folder = tempfile::tempdir().unwrap();
    let users = folder.path().join("users.htpasswd");
    fs::copy(corporate::USERS, &users).unwrap();
    let (listener, address) = listen().await;
    let app = corporate::app(&users).unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });
    let mut shell = Shell::new(address);
    replay(include_str!("../examples/corporate.rs"), &mut shell).await;

    // Who asks for no page gets what programs read.
    let answer = shell.run("curl -i -u 'bob:battery staple' -H 'accept: application/json' localhost:3000/hr").await;
    assert_eq!(answer.status, 403, "{answer:?}");
    let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((problem["code"].as_str(), problem["roles"][0].as_str()), (Some("forbidden"), Some("hr")));

    // bob gets the password that alice has. The file is watched by another thread.
    let of_alice =
        fs::read_to_string(&users).unwrap().lines().find_map(|line| line.strip_prefix("alice:").map(String::from));
    fs::write(&users, format!("bob:{}\n", of_alice.unwrap())).unwrap();
    let home = "curl -i -u 'bob:battery staple' localhost:3000/";
    for _ in 0..3_000 {
        if shell.run(home).await.status != 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(shell.run(home).await.status, 401);
    assert_eq!(shell.run("curl -i -u 'bob:correct horse' localhost:3000/").await.status, 200);
}

#[test]
fn every_example_has_a_run_line_and_a_transcript_and_a_line_in_the_readme() {
    let readme = fs::read_to_string("examples/README.md").unwrap();
    let mut found = Vec::new();
    for entry in fs::read_dir("examples").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_example = path.extension().is_some_and(|extension| extension == "rs");
        if is_example || path.join("main.rs").exists() {
            assert!(readme.contains(&format!("--example {name}")), "{name} is not in examples/README.md");
        }
        if is_example {
            let source = fs::read_to_string(&path).unwrap();
            assert!(source.contains(&format!("//! cargo run --example {name}\n")), "{name} does not say how to run it");
            assert!(!read(&source).is_empty(), "{name} has no transcript");
            found.push(name);
        }
    }
    found.sort();
    assert_eq!(found, REPLAYED);
}
