//! Around a tonic server, where nobody asked for answers of gRPC (for those see `grpc.rs`): the same layers, unchanged. Calls that
//! are let in reach the service with their identity; others do not reach it, and get the answer over HTTP that anybody gets. A
//! client of gRPC makes its own code of the status as long as there is no body, which it would take for a message.

#![expect(clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

mod support {
    pub(crate) mod greeter;
}

use std::net::SocketAddr;

use bytes::Bytes;
use http::request::Parts;
use http_body_util::Empty;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use portcullis::RequireLayer;
use portcullis::permission::scope;
use portcullis::response::{Problem, Rejection, Reply, Respond};
use support::greeter::{GREET, Greeter, greet, hello, knows_alice};
use tokio::net::{TcpListener, TcpStream};
use tonic::Code;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

/// Serves `greeter` to `Bearer alice`, who may greet, and knows `Bearer bob`, who may not.
async fn serve(greeter: Greeter, respond: impl Respond) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder()
        .layer(knows_alice().respond_with(respond).build().unwrap())
        .layer(RequireLayer::new(scope("greet")).unwrap())
        .add_service(greeter)
        .serve_with_incoming(TcpIncoming::from(listener));
    tokio::spawn(server);
    address
}

fn no_body(_: &Rejection, _: &Parts) -> Reply {
    Reply::new("application/grpc", "")
}

#[tokio::test]
async fn a_call_that_is_let_in_reaches_the_service_with_its_identity() {
    let greeter = Greeter::default();
    let address = serve(greeter.clone(), Problem).await;
    assert_eq!(greet(address, hello(Some("alice"))).await.unwrap(), "hello, alice");
    assert_eq!(greeter.calls(), 1);
}

const REFUSED: [(Option<&str>, u16, Code, Option<&str>); 4] = [
    (None, 401, Code::Unauthenticated, Some(r#"Bearer realm="shop""#)),
    (Some("mallory"), 401, Code::Unauthenticated, Some(r#"Bearer realm="shop", error="invalid_token""#)),
    (Some("bob"), 403, Code::PermissionDenied, Some(r#"Bearer realm="shop", error="insufficient_scope""#)),
    (Some("down"), 503, Code::Unavailable, None),
];

fn assert_challenge(got: Option<&str>, expected: Option<&str>) {
    let same = got.zip(expected).map_or(got == expected, |(got, expected)| got.starts_with(expected));
    assert!(same, "{got:?}, not {expected:?}");
}

#[tokio::test]
async fn a_call_that_is_refused_does_not_reach_the_service_and_gets_the_usual_answer() {
    let greeter = Greeter::default();
    let address = serve(greeter.clone(), Problem).await;
    for (token, status, _, challenge) in REFUSED {
        let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        let mut request = http::Request::post(format!("http://{address}{GREET}"));
        request = request.header("content-type", "application/grpc").header("te", "trailers");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        assert_eq!(response.status(), status, "{token:?}");
        assert_challenge(response.headers().get("www-authenticate").map(|value| value.to_str().unwrap()), challenge);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
    assert_eq!(greeter.calls(), 0);
}

#[tokio::test]
async fn without_a_body_the_client_sees_the_code_that_fits() {
    let greeter = Greeter::default();
    let address = serve(greeter.clone(), no_body).await;
    for (token, _, code, challenge) in REFUSED {
        let status = greet(address, hello(token)).await.unwrap_err();
        assert_eq!(status.code(), code, "{token:?}");
        assert_challenge(status.metadata().get("www-authenticate").map(|value| value.to_str().unwrap()), challenge);
    }
    assert_eq!(greeter.calls(), 0);
}
