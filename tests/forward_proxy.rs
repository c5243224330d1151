//! `examples/forward_proxy.rs` between curl and a server: its transcript is replayed, and more.

#![cfg(all(feature = "axum", feature = "digest", feature = "password"))]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support {
    pub(crate) mod curl;
    pub(crate) mod services;
    pub(crate) mod transcript;
}

#[expect(dead_code, reason = "`main` binds a fixed port and prints")]
#[path = "../examples/forward_proxy.rs"]
mod forward_proxy;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use http::{HeaderMap, Uri};
use support::{services, transcript};
use tokio::net::TcpListener;
use tokio::process::Command;

/// A server, a proxy, and what the server was asked.
struct Stage {
    curl: PathBuf,
    origin: SocketAddr,
    proxy: SocketAddr,
    asked: Arc<Mutex<Vec<(Uri, HeaderMap)>>>,
}

impl Stage {
    async fn set() -> Option<Self> {
        let curl = services::program("curl")?;
        let asked: Arc<Mutex<Vec<_>>> = Arc::default();
        let heard = Arc::clone(&asked);
        let router = Router::new().fallback(async move |request: Request| {
            let (head, _) = request.into_parts();
            heard.lock().unwrap().push((head.uri, head.headers));
            "from the server"
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = listener.local_addr().unwrap();
        tokio::spawn(async move { forward_proxy::serve(listener, "alice", "correct horse").await.unwrap() });
        Some(Self { curl, origin, proxy, asked })
    }

    /// What curl shows, all headers included.
    async fn curl(&self, options: &[&str]) -> String {
        let mut command = Command::new(&self.curl);
        command.args(["--silent", "--include", "--noproxy", "", "--max-time", "20", "--proxy"]);
        command.arg(format!("http://{}", self.proxy)).args(options).arg(format!("http://{}/a?b=c", self.origin));
        shown(command).await
    }

    /// The requests that have come through since this was asked last.
    fn asked(&self) -> Vec<(Uri, HeaderMap)> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

async fn shown(mut command: Command) -> String {
    let output = command.kill_on_drop(true).output();
    let output = tokio::time::timeout(Duration::from_secs(60), output).await.unwrap().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Of the answers shown, the status lines.
fn statuses(shown: &str) -> Vec<&str> {
    shown.lines().filter(|line| line.starts_with("HTTP/")).map(|line| &line[9..12]).collect()
}

const SCHEMES: [&[&str]; 3] = [&[], &["--proxy-digest"], &["--proxy-anyauth"]];

#[tokio::test]
async fn the_right_user_gets_out_by_each_scheme_through_tunnels_and_without() {
    let Some(stage) = Stage::set().await else { return };
    for scheme in SCHEMES {
        for way in [&[][..], &["--proxytunnel"], &["--data", "x=y"]] {
            let login = ["--proxy-user", "alice:correct horse", "--user", "origin:secret"];
            let shown = stage.curl(&[&login, scheme, way].concat()).await;
            assert!(shown.ends_with("from the server"), "{scheme:?} {way:?}: {shown}");
            let (uri, headers) = stage.asked().pop().unwrap();
            assert_eq!(uri, "/a?b=c");
            assert!(headers.keys().all(|name| !name.as_str().starts_with("proxy-")), "{headers:?}");
            // What is meant for the server arrives.
            assert_eq!(headers["authorization"], "Basic b3JpZ2luOnNlY3JldA==");
            assert!(!shown.to_lowercase().contains("www-authenticate"), "{shown}");
        }
    }
}

#[tokio::test]
async fn nobody_else_gets_out() {
    let Some(stage) = Stage::set().await else { return };
    for scheme in SCHEMES {
        for way in [&[][..], &["--proxytunnel"]] {
            for user in [
                &[][..],
                &["--proxy-user", "alice:wrong"],
                &["--proxy-user", "bob:correct horse"],
                &["--user", "alice:correct horse"],
            ] {
                let shown = stage.curl(&[user, scheme, way].concat()).await;
                assert!(statuses(&shown).iter().all(|status| *status == "407"), "{scheme:?} {way:?} {user:?}: {shown}");
                assert!(!statuses(&shown).is_empty());
                assert!(shown.contains("proxy-authenticate: Digest realm=\"way out\", qop=\"auth\""), "{shown}");
                assert!(shown.contains("proxy-authenticate: Basic realm=\"way out\", charset=\"UTF-8\""), "{shown}");
                assert!(!shown.to_lowercase().contains("www-authenticate"), "{shown}");
            }
        }
    }
    assert!(stage.asked().is_empty(), "the server was asked");
}

#[tokio::test]
async fn the_example_answers_as_its_header_shows() {
    let Some(stage) = Stage::set().await else { return };
    let steps = transcript::read(include_str!("../examples/forward_proxy.rs"));
    assert_eq!(steps.len(), 3);
    for step in steps {
        let line = step.line.replace("localhost:3128", &stage.proxy.to_string());
        let line = line.replace("www.example.org", &stage.origin.to_string());
        let mut command = Command::new("sh");
        command.args(["-c", &line]);
        let shown = shown(command).await;
        let mut lines = shown.lines();
        for expected in step.expected.iter().filter(|line| !line.is_empty()) {
            let found = lines.any(|line| is_like(line.trim_end(), expected));
            assert!(found, "{expected} is not shown, or not in this order, by {line}: {shown}");
        }
    }
}

/// `…` stands for any text.
fn is_like(line: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap()) else { return false };
    let parts: Vec<_> = parts.collect();
    for part in &parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty() || parts.last().is_some_and(|last| last.is_empty())
}
