//! Clients by others log in by Digest over a socket: curl, Chromium, and requests, httpx and aiohttp from Python. The file of users is
//! one that Apache's `htdigest` wrote, where that is installed.

#![cfg(all(feature = "axum", feature = "digest"))]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::routing::any;
use portcullis::authenticate::{Basic, Digest};
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::{BasicCredentials, DigestAlgorithm};
use portcullis::identity::digest_access::DigestUsers;
use portcullis::{AuthenticateLayer, Identity, VerifyError};
use support::services;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::process::Command;

mod support {
    pub(crate) mod services;
}

const NAME: &str = "Mufasa";
const PASSWORD: &str = "Circle of Life";

fn digest() -> Digest<DigestUsers> {
    let mut users = DigestUsers::new("api");
    users.insert(NAME, PASSWORD).unwrap();
    users.insert("Jäsøn Doe", "Secret, or not?").unwrap();
    Digest::new("api", users)
}

/// A server whose paths are guarded in different ways, each named after its way.
async fn serve() -> SocketAddr {
    let passwords = async |_: BasicCredentials| Err::<Identity, _>(VerifyError::invalid());
    let clock = ManualClock::at(UnixTime::from_secs(1_790_000_000));
    let moving = clock.clone();
    let alone = |scheme| AuthenticateLayer::new(scheme).unwrap();
    let both = [DigestAlgorithm::Sha256, DigestAlgorithm::Md5];
    let router = Router::new()
        .merge(guarded("/sha256", alone(digest())))
        .merge(guarded("/userhash", alone(digest().userhash(true))))
        .merge(guarded("/md5", alone(digest().algorithms([DigestAlgorithm::Md5]).allow_md5())))
        .merge(guarded("/both", alone(digest().algorithms(both).allow_md5())))
        .merge(guarded(
            "/basic",
            AuthenticateLayer::builder().scheme(digest()).scheme(Basic::new("api", passwords)).build().unwrap(),
        ))
        .merge(guarded("/stale", alone(digest().clock(moving).nonce_lifetime(Duration::from_secs(10)))).layer(
            from_fn(move |request: Request, next: Next| {
                // Every request but an immediate answer to a challenge comes with a nonce that is too old.
                let is_first = !request.headers().contains_key("authorization");
                if is_first {
                    clock.advance(Duration::from_secs(11));
                }
                let clock = clock.clone();
                async move {
                    let response = next.run(request).await;
                    if response.status() == 200 {
                        clock.advance(Duration::from_secs(11));
                    }
                    response
                }
            }),
        ));
    listen(router).await
}

fn guarded(path: &str, layer: AuthenticateLayer) -> Router {
    let who = async |identity: Identity| format!("{} by {}\n", identity.subject(), identity.scheme());
    Router::new().route(path, any(who)).layer(layer)
}

async fn listen(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn run(command: &mut Command) -> Output {
    let output = command.kill_on_drop(true).output();
    tokio::time::timeout(Duration::from_secs(60), output).await.unwrap().unwrap()
}

/// What each of the two requests of one call of curl got: the body if it was let in, and the status.
async fn curl(program: &PathBuf, address: SocketAddr, path: &str, options: &[&str]) -> Vec<String> {
    let url = format!("http://{address}{path}");
    let mut command = Command::new(program);
    command.args(["--silent", "--noproxy", "*", "--max-time", "20", "--write-out", "%{http_code}\n"]);
    let output = run(command.args(options).args([&url, &url])).await;
    let text = String::from_utf8(output.stdout).unwrap();
    let answers = text.split_inclusive("00\n");
    answers.map(|answer| answer.trim_end().replace('\n', " ")).collect()
}

#[tokio::test]
async fn curl_logs_in_and_goes_on_with_its_nonce() {
    let Some(program) = services::program("curl") else { return };
    let address = serve().await;
    let accepted = ["Mufasa by Digest 200", "Mufasa by Digest 200"];
    let login = ["--user", "Mufasa:Circle of Life"];
    for path in ["/sha256", "/sha256?x=1&y=%20", "/userhash", "/md5", "/both", "/basic", "/stale"] {
        for options in
            [&["--digest"][..], &["--anyauth"], &["--digest", "--data", "a=b"], &["--digest", "-X", "DELETE"]]
        {
            assert_eq!(
                curl(&program, address, path, &[&login, options].concat()).await,
                accepted,
                "{path} {options:?}"
            );
        }
    }
    let wrong = ["--digest", "--user", "Mufasa:circle of life"];
    let refused = curl(&program, address, "/sha256", &wrong).await.concat();
    assert!(refused.ends_with("401") && !refused.contains("by Digest"), "{refused}");
    let beyond_ascii = ["--digest", "--user", "Jäsøn Doe:Secret, or not?"];
    assert_eq!(curl(&program, address, "/sha256", &beyond_ascii).await, ["Jäsøn Doe by Digest 200"; 2]);
}

#[tokio::test]
async fn three_clients_of_python_log_in() {
    let Some(python) = services::python() else { return };
    let address = serve().await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/digest_login.py");
    let paths = ["/sha256", "/sha256?x=1", "/userhash", "/md5", "/both", "/basic", "/stale"];
    let output = run(Command::new(python).arg(script).arg(format!("http://{address}")).args(paths)).await;
    let expected: Vec<_> = paths
        .iter()
        .flat_map(|path| ["requests", "httpx", "aiohttp"].map(|client| format!("{client} {path} 200 200 401")))
        .collect();
    let answered = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(answered.lines().collect::<Vec<_>>(), expected, "{errors}");
}

/// The browser takes name and password from the address, as it else takes them from its dialog, and prefers Digest to Basic.
#[tokio::test]
async fn chromium_logs_in() {
    let Some(program) = services::program("chromium") else { return };
    let address = serve().await;
    let profile = tempfile::tempdir().unwrap();
    let show = async |path: &str, user: &str, password: &str| {
        let mut command = Command::new(&program);
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--no-proxy-server", "--disable-dev-shm-usage"]);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        command.args(["--dump-dom", &format!("http://{user}:{password}@{address}{path}")]);
        let output = run(&mut command).await;
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for path in ["/sha256", "/both", "/basic?x=1", "/stale"] {
        let (page, errors) = show(path, NAME, "Circle%20of%20Life").await;
        assert!(page.contains("Mufasa by Digest"), "{path}: {page} {errors}");
    }
    let (page, errors) = show("/sha256", "J%C3%A4s%C3%B8n%20Doe", "Secret%2C%20or%20not%3F").await;
    assert!(page.contains(" by Digest"), "{page} {errors}");
    let (page, errors) = show("/sha256", NAME, "circle%20of%20life").await;
    assert!(!page.contains(" by Digest") && errors.contains("ERR_INVALID_AUTH_CREDENTIALS"), "{page} {errors}");
}

#[tokio::test]
async fn a_file_written_by_apaches_htdigest_lets_its_users_in() {
    let (Some(htdigest), Some(program)) = (services::program("htdigest"), services::program("curl")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.htdigest");
    let mut child = Command::new(htdigest)
        .arg("-c")
        .args([file.as_os_str(), "api".as_ref(), NAME.as_ref()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(format!("{PASSWORD}\n{PASSWORD}\n").as_bytes()).await.unwrap();
    drop(stdin);
    assert!(child.wait().await.unwrap().success());

    let users = DigestUsers::from_htdigest("api", &fs::read_to_string(&file).unwrap()).unwrap();
    let scheme = Digest::new("api", users).algorithms([DigestAlgorithm::Md5]).allow_md5();
    let address = listen(guarded("/", AuthenticateLayer::new(scheme).unwrap())).await;
    let login = ["--digest", "--user", "Mufasa:Circle of Life"];
    assert_eq!(curl(&program, address, "/", &login).await, ["Mufasa by Digest 200"; 2]);
}
