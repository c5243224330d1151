//! Around a tonic server: the same layers, unchanged. Calls that are let in reach the service with their identity;
//! others do not reach it, and get the answer over HTTP that anybody gets. A client of gRPC makes its own code of the
//! status as long as there is no body, which it would take for a message.

#![expect(clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes};
use http::request::Parts;
use http::uri::PathAndQuery;
use http_body_util::Empty;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use portcullis::authenticate::Bearer;
use portcullis::credentials::BearerToken;
use portcullis::permission::scope;
use portcullis::response::{Problem, Rejection, Reply, Respond};
use portcullis::{AuthenticateLayer, Identity, RequireLayer, VerifyError};
use tokio::net::{TcpListener, TcpStream};
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::NamedService;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tonic::{Code, Request, Response, Status};
use tower::{Service, service_fn};

/// Texts as messages, in place of generated code.
#[derive(Default)]
struct Text;

impl Codec for Text {
    type Encode = String;
    type Decode = String;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Text {
    type Item = String;
    type Error = Status;

    fn encode(&mut self, item: String, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_slice(item.as_bytes());
        Ok(())
    }
}

impl Decoder for Text {
    type Item = String;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<String>, Status> {
        let bytes = from.copy_to_bytes(from.remaining());
        String::from_utf8(bytes.into()).map(Some).map_err(|_| Status::internal("not a text"))
    }
}

/// Greets callers by the name that our layer found out, and counts them.
#[derive(Clone, Default)]
struct Greeter {
    calls: Arc<AtomicUsize>,
}

impl NamedService for Greeter {
    const NAME: &'static str = "test.Greeter";
}

impl Service<http::Request<Body>> for Greeter {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let greet = service_fn(async |request: Request<String>| {
            let identity = request.extensions().get::<Identity>().ok_or(Status::internal("no identity"))?;
            Ok(Response::new(format!("{}, {}", request.get_ref(), identity.subject())))
        });
        Box::pin(async move { Ok(tonic::server::Grpc::new(Text).unary(greet, request).await) })
    }
}

/// Serves `greeter` to `Bearer alice`, who may greet, and knows `Bearer bob`, who may not.
async fn serve(greeter: Greeter, respond: impl Respond) -> SocketAddr {
    let tokens = async |token: BearerToken| match token.expose() {
        "alice" => Ok(Identity::assertion("shop", "alice").scopes(["greet"]).build()),
        "bob" => Ok(Identity::assertion("shop", "bob").build()),
        "down" => Err(VerifyError::unavailable("no database")),
        _ => Err(VerifyError::invalid()),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let layer = AuthenticateLayer::builder().scheme(Bearer::new("shop", tokens));
    let server = Server::builder()
        .layer(layer.respond_with(respond).build().unwrap())
        .layer(RequireLayer::new(scope("greet")).unwrap())
        .add_service(greeter)
        .serve_with_incoming(TcpIncoming::from(listener));
    tokio::spawn(server);
    address
}

async fn call(address: SocketAddr, authorization: Option<&str>) -> Result<String, Status> {
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let mut request = Request::new("hello".to_owned());
    if let Some(authorization) = authorization {
        request.metadata_mut().insert("authorization", authorization.parse().unwrap());
    }
    let path = PathAndQuery::from_static("/test.Greeter/Greet");
    client.unary(request, path, Text).await.map(Response::into_inner)
}

fn no_body(_: &Rejection, _: &Parts) -> Reply {
    Reply::new("application/grpc", "")
}

#[tokio::test]
async fn a_call_that_is_let_in_reaches_the_service_with_its_identity() {
    let greeter = Greeter::default();
    let address = serve(greeter.clone(), Problem).await;
    assert_eq!(call(address, Some("Bearer alice")).await.unwrap(), "hello, alice");
    assert_eq!(greeter.calls.load(Ordering::Relaxed), 1);
}

const REFUSED: [(Option<&str>, u16, Code, Option<&str>); 4] = [
    (None, 401, Code::Unauthenticated, Some(r#"Bearer realm="shop""#)),
    (Some("Bearer mallory"), 401, Code::Unauthenticated, Some(r#"Bearer realm="shop", error="invalid_token""#)),
    (Some("Bearer bob"), 403, Code::PermissionDenied, Some(r#"Bearer realm="shop", error="insufficient_scope""#)),
    (Some("Bearer down"), 503, Code::Unavailable, None),
];

fn assert_challenge(got: Option<&str>, expected: Option<&str>) {
    let same = got.zip(expected).map_or(got == expected, |(got, expected)| got.starts_with(expected));
    assert!(same, "{got:?}, not {expected:?}");
}

#[tokio::test]
async fn a_call_that_is_refused_does_not_reach_the_service_and_gets_the_usual_answer() {
    let greeter = Greeter::default();
    let address = serve(greeter.clone(), Problem).await;
    for (authorization, status, _, challenge) in REFUSED {
        let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        let mut request = http::Request::post(format!("http://{address}/test.Greeter/Greet"));
        request = request.header("content-type", "application/grpc").header("te", "trailers");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let response = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        assert_eq!(response.status(), status, "{authorization:?}");
        assert_challenge(response.headers().get("www-authenticate").map(|value| value.to_str().unwrap()), challenge);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
    assert_eq!(greeter.calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn without_a_body_the_client_sees_the_code_that_fits() {
    let greeter = Greeter::default();
    let address = serve(greeter.clone(), no_body).await;
    for (authorization, _, code, challenge) in REFUSED {
        let status = call(address, authorization).await.unwrap_err();
        assert_eq!(status.code(), code, "{authorization:?}");
        assert_challenge(status.metadata().get("www-authenticate").map(|value| value.to_str().unwrap()), challenge);
    }
    assert_eq!(greeter.calls.load(Ordering::Relaxed), 0);
}
