//! Mode `proxy`: bodies and upgraded connections pass as they come, and an upstream that does not answer is ours to answer for.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;

use super::alice;
use super::proxied_fields::proxy_folder;
use super::support::gate::{Answer, Gate, connect, now, read_answer, wait_until};
use super::support::upstream::{Upstream, all};

/// A gate before an upstream that the test plays itself.
fn played() -> (TcpListener, Gate) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let gate = Gate::start(proxy_folder(&listener.local_addr().unwrap().to_string(), ""));
    (listener, gate)
}

/// Reads until `end` has come, and returns all of it.
fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(end.as_bytes()) {
        let length = stream.read(&mut byte).unwrap();
        assert!(length > 0, "ended before {end:?}: {}", String::from_utf8_lossy(&text));
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

/// What the next client asks of this upstream: the connection, and the head.
fn accept(listener: &TcpListener) -> (TcpStream, String) {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    let head = read_until(&mut stream, "\r\n\r\n");
    (stream, head)
}

fn head(gate: &Gate, first: &str, fields: &str) -> String {
    format!("{first} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", gate.address)
}

#[test]
fn a_chunk_is_answered_before_the_next_is_sent() {
    let (listener, gate) = played();
    let mut client = connect(gate.address);
    client.write_all(head(&gate, "POST /open/x", "Transfer-Encoding: chunked\r\n").as_bytes()).unwrap();
    client.write_all(b"3\r\none\r\n").unwrap();
    let (mut upstream, _) = accept(&listener);
    assert_eq!(read_until(&mut upstream, "one\r\n"), "3\r\none\r\n");
    upstream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nONE\r\n").unwrap();
    assert!(read_until(&mut client, "ONE\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
    for (sent, answered) in [("two", "TWO"), ("six", "SIX")] {
        client.write_all(format!("3\r\n{sent}\r\n").as_bytes()).unwrap();
        read_until(&mut upstream, &format!("{sent}\r\n"));
        upstream.write_all(format!("3\r\n{answered}\r\n").as_bytes()).unwrap();
        read_until(&mut client, &format!("{answered}\r\n"));
    }
    // Where the answer breaks off, it does not look whole.
    drop(upstream);
    let mut rest = Vec::new();
    drop(client.read_to_end(&mut rest));
    assert!(!rest.ends_with(b"0\r\n\r\n"), "{rest:?}");
}

#[test]
fn an_upgraded_connection_passes_both_ways() {
    let (listener, gate) = played();
    let wish =
        format!("{}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n", alice());
    let mut client = connect(gate.address);
    client.write_all(head(&gate, "GET /me", &wish).as_bytes()).unwrap();
    let (mut upstream, asked) = accept(&listener);
    for line in
        ["connection: upgrade\r\n", "upgrade: websocket\r\n", "sec-websocket-key: a\r\n", "x-auth-subject: alice\r\n"]
    {
        assert!(asked.contains(line), "{line}: {asked}");
    }
    assert!(!asked.contains("authorization"), "{asked}");
    let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Accept: b\r\n\r\n";
    upstream.write_all(format!("{switch}hello").as_bytes()).unwrap();
    let switched = read_until(&mut client, "hello");
    assert!(switched.starts_with("HTTP/1.1 101 "), "{switched}");
    for line in ["connection: upgrade\r\n", "upgrade: WebSocket\r\n", "sec-websocket-accept: b\r\n"] {
        assert!(switched.contains(line), "{line}: {switched}");
    }
    for (sent, answered) in [("ping", "pong"), ("\0bytes\u{1}", "more")] {
        client.write_all(sent.as_bytes()).unwrap();
        assert_eq!(read_until(&mut upstream, sent), sent);
        upstream.write_all(answered.as_bytes()).unwrap();
        assert_eq!(read_until(&mut client, answered), answered);
    }
    drop(client);
    assert_eq!(upstream.read(&mut [0]).unwrap(), 0, "an end is passed on too");
}

#[test]
fn an_open_tunnel_keeps_gate_from_nothing() {
    let upstream = Upstream::start();
    let mut gate = Gate::start(proxy_folder(&upstream.address.to_string(), ""));
    let mut client = connect(gate.address);
    let wish = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    client.write_all(head(&gate, "GET /open/x", wish).as_bytes()).unwrap();
    assert!(read_until(&mut client, "\r\n\r\n").starts_with("HTTP/1.1 101 "));
    assert!(gate.reload());
    client.write_all(b"still there").unwrap();
    read_until(&mut client, "still there");
    gate.signal("TERM");
    wait_until("the end", || gate.has_ended().is_some());
    assert!(gate.has_ended().unwrap().success());
}

#[test]
fn nobody_upgrades_without_being_let_in_nor_to_a_protocol_that_holds_requests() {
    let (listener, gate) = played();
    let wish = ["Connection: upgrade, http2-settings", "HTTP2-Settings: AAMAAABk"];
    assert_eq!(gate.get("/me", &[wish[0], wish[1], "Upgrade: websocket"]).status, 401);
    for protocol in ["h2c", "H2C", "HTTP/2.0", "TLS/1.2, http/1.1"] {
        let mut client = connect(gate.address);
        let fields = format!("{}\r\n{}\r\nUpgrade: {protocol}\r\n", wish[0], wish[1]);
        client.write_all(head(&gate, "GET /open/x", &fields).as_bytes()).unwrap();
        let (mut upstream, asked) = accept(&listener);
        assert!(!asked.contains("upgrade") && !asked.contains("http2-settings"), "{asked}");
        // Even where the upstream would.
        upstream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n").unwrap();
        assert!(read_until(&mut client, "\r\n").contains(" 502 "));
    }
}

#[test]
fn an_upstream_that_cannot_be_reached_or_understood_is_502() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let gate = Gate::start(proxy_folder(&closed.to_string(), ""));
    is_502(&gate.get("/me", &[&alice()]), &gate);
    assert_eq!(gate.get("/me", &[]).status, 401, "who is refused learns nothing of it");
    let text = gate.get("/open/x", &["Accept: text/plain"]);
    assert_eq!(text.status, 502);
    assert!(text.body.starts_with("502 No answer\n"), "{}", text.body);

    let (listener, gate) = played();
    for said in ["", "HTTP/1.1 2", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"] {
        thread::scope(|scope| {
            let asked = scope.spawn(|| gate.get("/open/x", &[]));
            let (mut upstream, _) = accept(&listener);
            upstream.write_all(said.as_bytes()).unwrap();
            drop(upstream);
            is_502(&asked.join().unwrap(), &gate);
        });
    }
}

#[test]
fn a_body_arrives_whatever_the_method_and_with_or_without_a_length() {
    let upstream = Upstream::start();
    let gate = Gate::start(proxy_folder(&upstream.address.to_string(), ""));
    for method in ["GET", "POST", "DELETE", "OPTIONS"] {
        for (fields, body) in [
            ("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
            ("Content-Length: 5\r\nConnection: content-length\r\n", "hello"),
            ("Content-Length: 5\r\n", "hello"),
        ] {
            let mut client = connect(gate.address);
            let fields = format!("{fields}Connection: close\r\n");
            client.write_all(head(&gate, &format!("{method} /open/x"), &fields).as_bytes()).unwrap();
            client.write_all(body.as_bytes()).unwrap();
            let answer = read_answer(client);
            assert_eq!((answer.status, &answer.json()["body"]), (200, &"hello".into()), "{method} {fields}");
        }
        let told = gate.ask(method, "/open/x", &[]).json();
        assert!(all(&told, "transfer-encoding").is_empty(), "where there is no body none is announced: {told}");
    }
}

#[test]
fn a_body_that_cannot_be_read_is_the_clients_fault() {
    let (listener, gate) = played();
    let mut client = connect(gate.address);
    let fields = "Transfer-Encoding: chunked\r\nConnection: close\r\n";
    client.write_all(head(&gate, "POST /open/x", fields).as_bytes()).unwrap();
    client.write_all(b"3\r\none\r\n").unwrap();
    let (mut upstream, _) = accept(&listener);
    read_until(&mut upstream, "one\r\n");
    client.write_all(b"no length\r\n").unwrap();
    let answer = read_answer(client);
    assert_eq!((answer.status, &*answer.problem()), (400, "body_broken"));
    assert!(!gate.log().contains(" WARN "), "{}", gate.log());
}

#[test]
fn an_upstream_that_is_down_does_not_fill_the_log() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let gate = Gate::start(proxy_folder(&closed.to_string(), ""));
    let begun = now();
    for _ in 0..100 {
        assert_eq!(gate.get("/open/x", &[]).status, 502);
    }
    let lines = gate.log().matches("no answer from the upstream").count();
    assert!((1..=usize::try_from(begun.elapsed().as_secs()).unwrap() + 2).contains(&lines), "{lines}");
}

fn is_502(answer: &Answer, gate: &Gate) {
    assert_eq!((answer.status, &*answer.problem()), (502, "upstream_unreachable"), "{}", gate.log());
}

#[test]
fn a_body_is_asked_for_only_when_the_request_is_let_in() {
    let (listener, gate) = played();
    let expecting = "Expect: 100-continue\r\nContent-Length: 4\r\n";
    let mut refused = connect(gate.address);
    refused.write_all(head(&gate, "POST /me", expecting).as_bytes()).unwrap();
    assert!(read_until(&mut refused, "\r\n").contains(" 401 "));

    let mut client = connect(gate.address);
    client.write_all(head(&gate, "POST /open/x", expecting).as_bytes()).unwrap();
    assert_eq!(read_until(&mut client, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"body").unwrap();
    let (mut upstream, asked) = accept(&listener);
    assert!(!asked.contains("expect") && asked.contains("content-length: 4\r\n"), "{asked}");
    read_until(&mut upstream, "body");
    upstream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    assert!(read_until(&mut client, "\r\n\r\n").starts_with("HTTP/1.1 204 "));
}

#[test]
fn the_answer_to_head_says_what_the_upstream_said_of_get() {
    let (listener, gate) = played();
    for (line, expected) in [("Content-Length: 1234\r\n", Some("1234")), ("", None)] {
        thread::scope(|scope| {
            let asked = scope.spawn(|| gate.ask("HEAD", "/open/x", &[]));
            let (mut upstream, head) = accept(&listener);
            assert!(head.starts_with("HEAD /open/x "));
            upstream.write_all(format!("HTTP/1.1 200 OK\r\n{line}Connection: close\r\n\r\n").as_bytes()).unwrap();
            let answer = asked.join().unwrap();
            assert_eq!((answer.status, answer.field("content-length"), &*answer.body), (200, expected, ""));
        });
    }
}

#[test]
fn trailers_pass_but_for_what_only_the_gate_says() {
    let (listener, gate) = played();
    let mut client = connect(gate.address);
    let fields = "Transfer-Encoding: chunked\r\nTE: trailers\r\nTrailer: X-Sum, X-Auth-Subject, Authorization\r\n";
    client.write_all(head(&gate, "POST /open/x", fields).as_bytes()).unwrap();
    client.write_all(b"2\r\nhi\r\n0\r\nX-Sum: 7\r\nX-Auth-Subject: root\r\nAuthorization: Basic YTpi\r\n\r\n").unwrap();
    let (mut upstream, asked) = accept(&listener);
    assert!(asked.contains("te: trailers\r\n") && asked.contains("connection: te\r\n"), "{asked}");
    let body = read_until(&mut upstream, "\r\n\r\n");
    assert_eq!(body, "2\r\nhi\r\n0\r\nx-sum: 7\r\n\r\n");
    upstream
        .write_all(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nho\r\n0\r\nX-Sum: 8\r\n\r\n",
        )
        .unwrap();
    let answer = read_until(&mut client, "x-sum: 8\r\n\r\n");
    assert!(answer.contains("trailer: X-Sum\r\n"), "{answer}");
}

#[test]
fn an_answer_keeps_its_own_fields_and_loses_those_of_its_connection() {
    let (listener, gate) = played();
    thread::scope(|scope| {
        let asked = scope.spawn(|| gate.get("/me", &[&alice()]));
        let (mut upstream, _) = accept(&listener);
        let fields = "Connection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nVary: origin\r\n";
        upstream.write_all(format!("HTTP/1.0 200 OK\r\n{fields}\r\nuntil the end").as_bytes()).unwrap();
        drop(upstream);
        let answer = asked.join().unwrap();
        assert_eq!(answer.all("set-cookie"), ["a=b", "c=d"]);
        assert!(answer.field("x-hop").is_none() && answer.field("keep-alive").is_none());
        assert!(answer.all("vary").join(", ").contains("origin"), "{answer:?}");
        assert!(answer.all("vary").join(", ").contains("authorization"), "as the layers add: {answer:?}");
        assert!(answer.body.contains("until the end"), "{answer:?}");
    });
}

#[tokio::test]
async fn requests_of_http2_go_on_in_http1() {
    let upstream = Upstream::start();
    let gate = Gate::start(proxy_folder(&upstream.address.to_string(), ""));
    let told = ask_over_http2(gate.address).await;
    assert_eq!(told["version"], "HTTP/1.1");
    assert_eq!(told["target"], "/me?x=1");
    assert_eq!(all(&told, "cookie"), ["a=b; c=d"], "one line in HTTP/1.1 (RFC 9113 section 8.2.3)");
    assert_eq!(all(&told, "host"), ["orders.example"]);
    assert_eq!(all(&told, "x-auth-subject"), ["alice"]);
    assert_eq!(all(&told, "via"), ["2 gate"]);
}

async fn ask_over_http2(address: SocketAddr) -> Value {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let (_, credentials) = alice().split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
    let request = Request::get("http://orders.example/me?x=1").header("authorization", credentials);
    let request = request.header("cookie", "a=b").header("cookie", "c=d").body(Empty::<Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

#[test]
fn a_request_that_gate_reads_in_another_way_than_the_upstream_does_not_go_on() {
    let (_listener, gate) = played();
    for fields in
        ["Content-Length: 4\r\nContent-Length: 5", "Transfer-Encoding: gzip", "Transfer-Encoding: chunked, gzip"]
    {
        let mut client = connect(gate.address);
        client.write_all(head(&gate, "POST /open/x", &format!("{fields}\r\n")).as_bytes()).unwrap();
        assert_eq!(read_answer(client).status, 400, "{fields}");
    }
}
