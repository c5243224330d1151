//! How long a connection is kept that asks for nothing; in simulated time, on the module that serves it.

#[path = "../../examples/gate/connection.rs"]
mod connection;

use std::time::Duration;

use axum::body::Body;
use hyper::Response;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

const PREFACE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &str = "\0\0\0\x04\0\0\0\0\0";

/// The other end of a connection that is being served.
fn open() -> DuplexStream {
    let (client, server) = tokio::io::duplex(1 << 20);
    tokio::spawn(async {
        let connections = GracefulShutdown::new();
        connection::serve(server, |_| async { Response::new(Body::from("here")) }, connections.watcher()).await;
    });
    client
}

/// What the server says after `sent`, and after how many seconds it ends the connection.
async fn until_ended(client: &mut DuplexStream, sent: &str) -> (String, u64) {
    client.write_all(sent.as_bytes()).await.unwrap();
    let (begun, mut said) = (Instant::now(), Vec::new());
    let ended = tokio::time::timeout(Duration::from_secs(3600), client.read_to_end(&mut said)).await;
    assert!(ended.is_ok(), "still open: {sent:?}");
    (String::from_utf8_lossy(&said).into_owned(), begun.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_nothing_in_time_is_hung_up_on() {
    let half_of_headers = format!("{PREFACE}{SETTINGS}\0\0\x01\x01\x01\0\0\0\x01\u{2}");
    for sent in [
        "",
        "G",
        "PRI * HTTP/2.0\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n",
        PREFACE,
        &format!("{PREFACE}{SETTINGS}"),
        &half_of_headers,
    ] {
        assert_eq!(until_ended(&mut open(), sent).await.1, 30, "{sent:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_in_time_is_answered_and_may_ask_again() {
    let mut client = open();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(29)).await;
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"here") {
            answer.push(client.read_u8().await.unwrap());
        }
    }
    assert_eq!(until_ended(&mut client, "").await.1, 30);
}

#[tokio::test(start_paused = true)]
async fn a_head_may_be_long_but_not_longer_than_64_kib() {
    for (length, status) in [(40 << 10, "HTTP/1.1 200"), (70 << 10, "HTTP/1.1 431")] {
        let head = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\nConnection: close\r\n\r\n", "x".repeat(length));
        assert!(until_ended(&mut open(), &head).await.0.starts_with(status), "{length}");
    }
}
