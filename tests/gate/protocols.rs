//! HTTP/1.1 and HTTP/2 on one port, HEAD, preflights, and bodies that nobody reads.

use std::io::Write;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::support::gate::{Gate, connect, read_answer};
use super::{RULES, alice, basic, folder, start};

/// Sends requests over one connection of HTTP/2 that begins without asking.
async fn over_http2(gate: &Gate, requests: Vec<Request<Empty<Bytes>>>) -> Vec<Response<Bytes>> {
    let stream = tokio::net::TcpStream::connect(gate.address).await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut answers = Vec::new();
    for request in requests {
        let (head, body) = sender.send_request(request).await.unwrap().into_parts();
        answers.push(Response::from_parts(head, body.collect().await.unwrap().to_bytes()));
    }
    drop(sender);
    connection.await.unwrap().unwrap();
    answers
}

fn request(gate: &Gate, method: Method, path: &str, field: &str) -> Request<Empty<Bytes>> {
    let request = Request::builder().method(method).uri(format!("http://{}{path}", gate.address));
    let request = match field.split_once(": ") {
        Some((name, value)) => request.header(name, value),
        None => request,
    };
    request.body(Empty::new()).unwrap()
}

#[tokio::test]
async fn http2_with_prior_knowledge_gets_the_same_answers() {
    let gate = start();
    let cases = [
        (Method::GET, "/public/x", String::new()),
        (Method::GET, "/me", String::new()),
        (Method::GET, "/me", alice()),
        (Method::GET, "/me", basic("alice", "wrong")),
        (Method::GET, "/me", String::from("Authorization: Bearer a b")),
        (Method::GET, "/me", format!("Authorization: Bearer {}", "a".repeat(16 * 1024))),
        (Method::GET, "/me", format!("Authorization: Bearer {}", "a".repeat(16 * 1024 + 1))),
        (Method::GET, "/nothing", alice()),
        (Method::GET, "/public/%2e%2e/me", alice()),
        (Method::GET, "/me;x", alice()),
        (Method::POST, "/logout", String::from("Origin: https://evil.example")),
        (Method::HEAD, "/me", alice()),
        (Method::HEAD, "/me", String::new()),
    ];
    let requests = cases.iter().map(|(method, path, field)| request(&gate, method.clone(), path, field)).collect();
    for ((method, path, field), new) in cases.iter().zip(over_http2(&gate, requests).await) {
        let fields: Vec<_> = [field.as_str()].into_iter().filter(|field| !field.is_empty()).collect();
        let old = gate.ask(method.as_str(), path, &fields);
        assert_eq!(new.status().as_u16(), old.status, "{method} {path} {field}");
        let challenges: Vec<_> =
            new.headers().get_all("www-authenticate").iter().map(|line| line.to_str().unwrap()).collect();
        assert_eq!(challenges, old.all("www-authenticate"));
        assert_eq!(new.body().is_empty(), *method == Method::HEAD);
        assert_eq!(old.body.is_empty(), *method == Method::HEAD);
    }
    assert!(!gate.log().contains(alice().rsplit(' ').next().unwrap()), "no credential in the log of either");
}

#[tokio::test]
async fn nobody_gets_a_tunnel() {
    let gate = start();
    for target in ["/public/x", "/me", "http://x/public/x", "example.org:443", "*"] {
        let answer = gate.send(&format!("CONNECT {target} HTTP/1.1\r\nHost: x\r\n{}", alice()), "");
        assert_eq!((answer.status, answer.problem().as_str()), (400, "tunnel"), "{target}");
    }
    let connect = Request::connect("example.org:443").body(Empty::new()).unwrap();
    let answers = over_http2(&gate, vec![connect]).await;
    assert_eq!(answers[0].status(), 400);
    assert_eq!(answers[0].headers()["content-type"], "application/problem+json");
    assert_eq!(gate.all_runs(), 0);
}

#[test]
fn head_is_get_without_the_body() {
    let gate = start();
    for (path, status) in [("/me", 200), ("/orders", 403), ("/session/sessions", 401), ("//", 400)] {
        let (head, get) = (gate.ask("HEAD", path, &[&alice()]), gate.get(path, &[&alice()]));
        assert_eq!((head.status, get.status), (status, status), "{path}");
        assert!(head.body.is_empty() && head.field("content-length").is_some());
        assert_eq!(head.field("content-type"), get.field("content-type"));
    }
}

#[test]
fn a_refused_body_is_not_taken_for_the_next_request() {
    let gate = start();
    let body = "GET /public/smuggled HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000);
    let mut stream = connect(gate.address);
    let head = format!("POST /me HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    // The server may have closed already, which is as good.
    drop(stream.write_all(b"GET /me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    let answer = read_answer(stream);
    assert_eq!(answer.status, 401);
    assert_eq!(gate.runs("/public/*"), 0);
}

#[test]
fn a_message_with_two_lengths_is_one_request_or_none() {
    let gate = start();
    let inner = "GET /public/smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    for lengths in [
        format!("Content-Length: {}\r\nContent-Length: 0", inner.len()),
        format!("Content-Length: {}\r\nTransfer-Encoding: chunked", inner.len() + 5),
        String::from("Transfer-Encoding: xchunked"),
        String::from("Transfer-Encoding: chunked, identity"),
        String::from("Content-Length: +0"),
    ] {
        let mut stream = connect(gate.address);
        let message = format!("POST /me HTTP/1.1\r\nHost: x\r\n{lengths}\r\n\r\n0\r\n\r\n{inner}");
        stream.write_all(message.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut text = Vec::new();
        drop(std::io::Read::read_to_end(&mut stream, &mut text));
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with("HTTP/1.1 4") || text.is_empty(), "{lengths}: {text}");
    }
    assert_eq!(gate.runs("/public/*"), 0);
}

#[test]
fn an_upgrade_to_http2_is_not_followed() {
    let gate = start();
    let fields = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"];
    assert_eq!(gate.get("/public/x", &fields).status, 200);
    assert_eq!(gate.get("/me", &fields).status, 401);
}

#[test]
fn preflights_are_answered_only_where_that_is_configured() {
    let marks = ["Origin: https://app.example", "Access-Control-Request-Method: POST"];
    let guarded = start();
    assert_eq!(guarded.ask("OPTIONS", "/me", &marks).status, 401);

    let gate = Gate::start(folder(RULES));
    gate.folder.write("gate.toml", format!("cors_preflight = true\n{}{RULES}", super::SCHEMES));
    assert!(gate.reload());
    assert_eq!(gate.ask("OPTIONS", "/me", &marks).status, 204);
    assert_eq!(gate.ask("OPTIONS", "/login", &marks).status, 204);
    assert_eq!(gate.ask("OPTIONS", "/me", &marks[..1]).status, 401, "no preflight");
    assert_eq!(gate.ask("OPTIONS", "/me", &marks[1..]).status, 401, "no preflight");
    assert_eq!(gate.ask("GET", "/me", &marks).status, 401);
    assert_eq!(gate.ask("OPTIONS", "//me", &marks).status, 400);
    assert_eq!(gate.all_runs(), 0);
}
