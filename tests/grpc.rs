//! A refusal of gRPC is an answer of gRPC: code, words and details in the head, no body, whatever the protocol. Golden files show
//! them all; a tonic client, and that of gRPC-Web in Chromium, see the code and the words.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support {
    pub(crate) mod curl;
    pub(crate) mod greeter;
    pub(crate) mod process;
    pub(crate) mod services;
    pub(crate) mod stack;
    pub(crate) mod transcript;
}

#[expect(dead_code, reason = "`main` binds a fixed port and prints")]
#[path = "../examples/grpc.rs"]
mod example;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, Request};
use http_body::Body as _;
use http_body_util::Full;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use portcullis::permission::{Decision, all, by_path, max_age, policy, role, scope};
use portcullis::response::{Grpc, Rejection, Reply};
use portcullis::{AuthenticateLayer, Identity, Reason, RequireLayer};
use serde_json::{Value, json};
use support::curl::Shell;
use support::greeter::{GREET, GREET_THRICE, Greeter, greet, greet_thrice, hello, knows_alice};
use support::process::{Process, ask};
use support::services;
use support::stack::{ALL_PLAIN, Answer, Scripted, bearer, send};
use support::transcript::replay;
use tokio::net::{TcpListener, TcpStream};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use tonic_web::GrpcWebLayer;
use tower_http::cors::{Any, CorsLayer};

const PROTOCOLS: [(&str, &str); 3] = [
    ("grpc", "application/grpc"),
    ("grpc_web", "application/grpc-web+proto"),
    ("grpc_web_text", "application/grpc-web-text"),
];

fn call(content_type: &str, word: Option<&str>) -> Request<()> {
    let mut request = Request::post(GREET).header("content-type", content_type).header("te", "trailers");
    if let Some(word) = word {
        let (name, value) = bearer(word);
        request = request.header(name, value);
    }
    request.body(()).unwrap()
}

fn layer() -> AuthenticateLayer {
    Scripted::ready().schemes().grpc().build().unwrap()
}

/// A call that is refused for `reason`.
async fn provoke(reason: Reason, content_type: &str) -> Answer {
    let require = |requirement| (layer(), RequireLayer::new(requirement).unwrap());
    let alice = call(content_type, Some("alice"));
    match reason {
        Reason::Missing => send(&layer(), call(content_type, None)).await,
        Reason::Misconfigured => send(&layer(), call(content_type, Some("panic"))).await,
        Reason::Forbidden => send(&require(all([scope("write"), role("clerk")])), alice).await,
        Reason::Hidden => send(&require(policy(|_: &Identity, _: &Parts| Decision::Hide)), alice).await,
        Reason::StepUp => send(&require(max_age(Duration::from_secs(300))), alice).await,
        other => send(&layer(), call(content_type, Some(other.code()))).await,
    }
}

/// What a reviewer reads. The details are read by others' code, and so are code and message.
fn render(answer: &Answer) -> String {
    let mut text = format!("HTTP {}\n", answer.status.as_u16());
    let mut names: Vec<_> = answer.headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    for name in names.into_iter().filter(|name| *name != "grpc-status-details-bin") {
        for line in answer.lines(name) {
            writeln!(text, "{name}: {line}").unwrap();
        }
    }
    writeln!(text, "\nbody: {} bytes\n", answer.body.len()).unwrap();
    let status = Status::from_header_map(&answer.headers).unwrap();
    writeln!(text, "code: {:?}\nmessage: {}", status.code(), status.message()).unwrap();
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    writeln!(text, "reason: {} of {}", info.reason, info.domain).unwrap();
    let mut asked: Vec<_> = info.metadata.iter().collect();
    asked.sort_unstable();
    for (name, value) in asked {
        writeln!(text, "  {name}: {value}").unwrap();
    }
    if let Some(retry) = details.retry_info() {
        writeln!(text, "retry after: {:?}", retry.retry_delay.unwrap()).unwrap();
    }
    writeln!(text, "request: {}", details.request_info().unwrap().request_id).unwrap();
    text.replace(&answer.rejection.as_ref().unwrap().id().to_string(), "<id>")
}

/// For every reason and every protocol a file, `tests/snapshots/grpc__PROTOCOL_REASON.snap`
#[tokio::test]
async fn every_reason_has_its_answer_in_every_protocol() {
    for (name, content_type) in PROTOCOLS {
        for reason in Reason::ALL {
            let answer = provoke(reason, content_type).await;
            assert!(answer.seen.is_none(), "the service inside was called");
            let rejection = answer.rejection.as_ref().unwrap();
            assert_eq!(rejection.reason(), reason);
            assert_eq!(answer.lines("grpc-status"), [rejection.grpc_code().to_string()]);
            insta::assert_snapshot!(format!("{name}_{}", reason.code()), render(&answer));
        }
    }
}

/// Nothing else changes, neither for others nor where nobody asked
#[tokio::test]
async fn what_is_no_grpc_is_answered_as_ever_and_so_is_grpc_where_nobody_asked() {
    for content_type in ["application/json", "application/grpcweb", "text/plain"] {
        send(&layer(), call(content_type, None)).await.assert_refused(401, "missing", &ALL_PLAIN);
    }
    let get = Request::get(GREET).header("content-type", "application/grpc").body(()).unwrap();
    send(&layer(), get).await.assert_refused(401, "missing", &ALL_PLAIN);
    let silent = Scripted::ready().layer();
    send(&silent, call("application/grpc", None)).await.assert_refused(401, "missing", &ALL_PLAIN);
}

/// RFC 9110 section 11.7: a proxy's refusal is for whoever asked the proxy
#[tokio::test]
async fn a_proxy_answers_407_all_the_same() {
    let layer = knows_alice().proxy().grpc().build().unwrap();
    let answer = send(&layer, call("application/grpc", None)).await;
    assert_eq!((answer.status.as_u16(), answer.seen.is_some()), (407, false));
    assert!(answer.lines("grpc-status").is_empty());
}

#[tokio::test]
async fn a_hook_is_not_asked_about_grpc_but_can_tell_it_by_the_head() {
    let hook = |_: &Rejection, head: &Parts| Reply::new("text/plain", format!("{:?}", Grpc::of(head)));
    let builder = || Scripted::ready().schemes().respond_with(hook);
    let answer = send(&builder().build().unwrap(), call("application/grpc-web", None)).await;
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (401, &b"Some(Web)"[..]));

    let asked = builder().grpc().build().unwrap();
    let inside = RequireLayer::new(scope("write")).unwrap().respond_with(hook);
    for (word, code) in [(None, "16"), (Some("alice"), "7")] {
        let answer = send(&(asked.clone(), inside.clone()), call("application/grpc", word)).await;
        assert_eq!((answer.status.as_u16(), answer.lines("grpc-status"), answer.body.len()), (200, vec![code], 0));
    }
}

#[tokio::test]
async fn scripts_of_another_origin_may_read_the_code_and_the_words() {
    let layer = Scripted::ready().schemes().grpc().expose_to_scripts().build().unwrap();
    let mut request = call("application/grpc-web", None);
    request.headers_mut().insert("origin", "https://app.example".parse().unwrap());
    let answer = send(&layer, request).await;
    let exposed = "www-authenticate, retry-after, grpc-status, grpc-message, grpc-status-details-bin";
    assert_eq!(answer.lines("access-control-expose-headers"), [exposed]);
}

#[tokio::test]
async fn nothing_of_the_call_is_repeated() {
    let request = |word| {
        let mut request = call("application/grpc+marker-5b1f", Some(word));
        *request.uri_mut() = "/marker-5b1f.Service/marker-5b1f?marker-5b1f".parse().unwrap();
        request.headers_mut().insert("x-marker-5b1f", "marker-5b1f".parse().unwrap());
        request
    };
    let unlisted = RequireLayer::new(by_path([(GREET, scope("greet"))])).unwrap();
    for answer in [
        send(&(layer(), unlisted), request("marker-5b1f")).await,
        send(&knows_alice().grpc().build().unwrap(), request("marker-5b1f")).await,
    ] {
        assert!(answer.seen.is_none());
        assert!(!render(&answer).contains("marker-5b1f"), "{}", render(&answer));
    }
}

/// Names a requirement by a word outside ASCII, which the message has to carry.
const ROLE: &str = "Küchenchef 100 %";

async fn listen() -> (TcpIncoming, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (TcpIncoming::from(listener), address)
}

async fn serve(greeter: Greeter) -> SocketAddr {
    let (incoming, address) = listen().await;
    let may = by_path([(GREET, scope("greet")), (GREET_THRICE, scope("greet")), ("/test.Greeter/Cook", role(ROLE))]);
    let server = Server::builder()
        .layer(knows_alice().grpc().build().unwrap())
        .layer(RequireLayer::new(may).unwrap())
        .add_service(greeter)
        .serve_with_incoming(incoming);
    tokio::spawn(server);
    address
}

const REFUSED: [(Option<&str>, Code, &str, &str); 4] = [
    (None, Code::Unauthenticated, "Authentication required", "MISSING"),
    (Some("mallory"), Code::Unauthenticated, "Credentials not accepted", "INVALID"),
    (Some("bob"), Code::PermissionDenied, "scope: greet", "FORBIDDEN"),
    (Some("down"), Code::Unavailable, "Keep your credentials", "UNAVAILABLE"),
];

#[tokio::test]
async fn a_tonic_client_sees_the_code_and_the_words_for_single_answers_and_streams() {
    let greeter = Greeter::default();
    let address = serve(greeter.clone()).await;
    for (token, code, message, reason) in REFUSED {
        for answer in [greet(address, hello(token)).await, greet_thrice(address, hello(token)).await] {
            let status = answer.unwrap_err();
            assert_eq!(status.code(), code, "{status:?}");
            assert!(status.message().contains(message), "{status:?}");
            let details = status.get_error_details();
            assert_eq!(details.error_info().unwrap().reason, reason);
            assert!(status.message().contains(&details.request_info().unwrap().request_id), "{status:?}");
            let challenge = status.metadata().get("www-authenticate").map(|value| value.to_str().unwrap());
            assert_eq!(challenge.is_some_and(|challenge| challenge.starts_with("Bearer ")), code != Code::Unavailable);
            let pushback = status.metadata().get("grpc-retry-pushback-ms").map(|value| value.to_str().unwrap());
            assert_eq!(pushback, Some("5000").filter(|_| code == Code::Unavailable));
        }
    }
    assert_eq!(greeter.calls(), 0);
    assert_eq!(greet(address, hello(Some("alice"))).await.unwrap(), "hello, alice");
    let thrice = greet_thrice(address, hello(Some("alice"))).await.unwrap();
    assert_eq!(thrice, "1: hello, alice\n2: hello, alice\n3: hello, alice\n");
    assert_eq!(greeter.calls(), 2);
}

#[tokio::test]
async fn words_outside_ascii_arrive_as_they_are() {
    let address = serve(Greeter::default()).await;
    let path = http::uri::PathAndQuery::from_static("/test.Greeter/Cook");
    let mut client = support::greeter::connect(address).await;
    let status = client.unary(hello(Some("alice")), path, support::greeter::Text).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(status.message().contains(&format!("(roles: {ROLE}; id: ")), "{status:?}");
    assert_eq!(status.get_error_details().error_info().unwrap().metadata["roles"], ROLE);
}

#[tokio::test]
async fn a_refusal_is_none_of_the_deadline_and_a_verifier_that_hangs_is_ended_by_it() {
    let greeter = Greeter::default();
    let address = serve(greeter.clone()).await;
    let mut request = hello(None);
    request.set_timeout(Duration::from_secs(60));
    assert_eq!(greet(address, request).await.unwrap_err().code(), Code::Unauthenticated);
    let mut request = hello(Some("hangs"));
    request.set_timeout(Duration::from_millis(50));
    let status = greet(address, request).await.unwrap_err();
    assert!(matches!(status.code(), Code::Cancelled | Code::DeadlineExceeded), "{status:?}");
    assert_eq!(greeter.calls(), 0);
}

/// "Trailers-Only": one block of fields, which ends the stream
#[tokio::test]
async fn on_the_wire_the_answer_ends_with_its_head() {
    let address = serve(Greeter::default()).await;
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let request = Request::post(format!("http://{address}{GREET}")).header("content-type", "application/grpc");
    let response = sender.send_request(request.body(Full::new(Bytes::new())).unwrap()).await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["grpc-status"].to_str().unwrap()), (200, "16"));
    assert!(response.body().is_end_stream(), "no frame of data follows");
    assert!(!response.headers().contains_key("content-length"));
}

#[tokio::test]
async fn a_method_that_is_not_listed_is_refused_and_so_is_another_spelling_of_one_that_is() {
    let may = RequireLayer::new(by_path([(GREET, scope("read")), ("/test.Greeter/Close", scope("write"))])).unwrap();
    let stack = (layer(), may);
    for (path, expected) in [
        (GREET, None),
        ("/test.Greeter/Greet?x=1", None),
        ("/test.Greeter/Close", Some("scope: write")),
        ("/test.Greeter/Open", Some("Permission missing")),
        ("/test.Greeter/greet", Some("Permission missing")),
        ("/test.Greeter/Greet/", Some("Permission missing")),
        ("//test.Greeter/Greet", Some("Permission missing")),
        ("/test.Greeter/%47reet", Some("Permission missing")),
        ("/test.Greeter/./Greet", Some("Permission missing")),
    ] {
        let mut request = call("application/grpc", Some("alice"));
        *request.uri_mut() = path.parse().unwrap();
        let answer = send(&stack, request).await;
        assert_eq!(answer.seen.is_some(), expected.is_none(), "{path}");
        if let Some(expected) = expected {
            let status = Status::from_header_map(&answer.headers).unwrap();
            assert_eq!(status.code(), Code::PermissionDenied, "{path}");
            assert!(status.message().contains(expected), "{path}: {status:?}");
        }
    }
    let anonymous = send(&stack, call("application/grpc", None)).await;
    assert_eq!(anonymous.lines("grpc-status"), ["16"]);
}

#[test]
fn faults_of_a_list_of_methods_are_told_all_at_once() {
    let faulty =
        by_path([("a.B/C", scope("x")), ("/a.B/D", scope("a b")), ("/a.B/E", scope("x")), ("/a.B/E", scope("y"))]);
    let told = RequireLayer::new(faulty).unwrap_err().to_string();
    for part in ["\"a.B/C\" is no path", "\"a b\" is no OAuth scope", "\"/a.B/E\" is listed twice"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(RequireLayer::new(by_path::<&str>([])).unwrap_err().to_string().contains("list at least one"));
    // Only one of them is asked of a request, so together they may be longer than a challenge.
    let many = (0..100).map(|number| (format!("/a.B/M{number}"), scope(format!("a-long-name-of-a-scope:{number}"))));
    assert!(RequireLayer::new(by_path(many)).is_ok());
}

/// The same service twice: our layers outside of the one that translates gRPC-Web, and inside of it.
async fn serve_web(greeter: &Greeter) -> [(&'static str, SocketAddr); 2] {
    let cors = || {
        let read = ["grpc-status", "grpc-message", "grpc-status-details-bin"].map(HeaderName::from_static);
        let sent = ["authorization", "content-type", "x-grpc-web", "x-user-agent"].map(HeaderName::from_static);
        CorsLayer::new().allow_origin(Any).allow_headers(sent).expose_headers(read)
    };
    let authenticate = || knows_alice().grpc().build().unwrap();
    let require = || RequireLayer::new(scope("greet")).unwrap();
    let (incoming, outside) = listen().await;
    let server = Server::builder().accept_http1(true).layer(cors()).layer(authenticate()).layer(require());
    let server = server.layer(GrpcWebLayer::new()).add_service(greeter.clone());
    tokio::spawn(server.serve_with_incoming(incoming));
    let (incoming, inside) = listen().await;
    let server = Server::builder().accept_http1(true).layer(cors()).layer(GrpcWebLayer::new());
    let server = server.layer(authenticate()).layer(require()).add_service(greeter.clone());
    tokio::spawn(server.serve_with_incoming(incoming));
    [("outside", outside), ("inside", inside)]
}

#[tokio::test]
async fn grpc_web_is_answered_on_both_sides_of_the_layer_that_translates_it() {
    let greeter = Greeter::default();
    for (side, address) in serve_web(&greeter).await {
        for content_type in ["application/grpc-web", "application/grpc-web-text"] {
            for (token, code, message, _) in REFUSED {
                let mut request =
                    Request::post(GREET).header("content-type", content_type).header("accept", content_type);
                if let Some(token) = token {
                    request = request.header("authorization", format!("Bearer {token}"));
                }
                let answer = ask(address, request.body(Full::new(Bytes::new())).unwrap()).await.unwrap();
                assert_eq!(answer.status(), 200, "{side} {content_type} {token:?}");
                assert!(
                    answer.headers()["content-type"].to_str().unwrap().starts_with(content_type),
                    "{side}: {answer:?}"
                );
                let status = Status::from_header_map(answer.headers()).unwrap();
                assert_eq!(status.code(), code, "{side} {content_type} {token:?}");
                assert!(status.message().contains(message), "{status:?}");
            }
        }
    }
    assert_eq!(greeter.calls(), 0);
}

#[tokio::test]
async fn the_client_of_grpc_web_sees_code_and_words_in_a_browser_on_a_page_of_another_origin() {
    let (Some(node), Some(chromium)) = (services::node(), services::program("chromium")) else { return };
    let greeter = Greeter::default();
    let servers =
        serve_web(&greeter).await.map(|(side, address)| (side.to_owned(), format!("http://{address}").into()));
    let settings = json!({
        "chromium": chromium,
        "servers": Value::Object(servers.into_iter().collect()),
        "tokens": { "nobody": null, "mallory": "mallory", "bob": "bob", "down": "down", "alice": "alice" },
        "paths": { "unary": GREET, "streaming": GREET_THRICE },
    });
    let script = services::node_folder().join("grpc_web.mjs");
    let mut client = Process::start(Command::new(node).arg(script).arg(settings.to_string()));
    let seen: Vec<Value> = serde_json::from_str(&client.line().await).unwrap();
    // Two sides, two formats, two kinds of calls, five callers.
    assert_eq!(seen.len(), 2 * 2 * 2 * 5);
    for came in seen {
        let name = came["name"].as_str().unwrap();
        let token = Some(name).filter(|name| *name != "nobody");
        match REFUSED.into_iter().find(|(other, ..)| *other == token) {
            Some((_, code, message, _)) => {
                assert_eq!(came["code"], code as i32, "{came}");
                assert!(came["message"].as_str().unwrap().contains(message), "{came}");
            }
            None if came["kind"] == "unary" => assert_eq!(came["reply"], "hello, alice", "{came}"),
            None => assert!(came["reply"].as_str().unwrap().ends_with("3: hello, alice\n"), "{came}"),
        }
    }
    assert_eq!(greeter.calls(), 8);
}

#[tokio::test]
async fn the_example_answers_as_its_header_shows_and_its_client_sees_why() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tokens = example::Tokens { read: example::fresh_token().unwrap(), write: example::fresh_token().unwrap() };
    let server = example::serve(listener, &tokens).unwrap();
    tokio::spawn(async move { server.await.map_err(|error| error.to_string()) });
    let tour = example::tour(address, &tokens).await.unwrap();
    let lines: Vec<_> = tour.lines().map(|line| line.split(" (").next().unwrap()).collect();
    for (who, list, place, cancel) in [
        ("nobody", "Unauthenticated: Authentication", "Unauthenticated: Auth", "Unauthenticated: Auth"),
        ("a stranger", "Unauthenticated: Credentials not", "Unauthenticated: Cred", "Unauthenticated: Cred"),
        ("ann", "OK: 1 order", "PermissionDenied: Permission missing", "PermissionDenied: "),
        ("bea", "OK: 1 order", "OK: a table for bea", "PermissionDenied: "),
    ] {
        let start = lines.iter().position(|line| *line == who).unwrap();
        for (line, expected) in lines[start + 1..].iter().zip([list, place, cancel]) {
            assert!(line.contains(expected), "{who}: {line}\n{tour}");
        }
    }
    assert!(tour.contains("Watch   OK: a chair for bea"), "{tour}");

    let mut shell = Shell::new(address);
    shell.set("READ", &tokens.read);
    replay(include_str!("../examples/grpc.rs"), &mut shell).await;
}
