//! A tonic service whose messages are texts, in place of generated code; whom it knows; and a tonic client that calls it.

#![allow(dead_code, reason = "each test file uses a part")]

use std::convert::Infallible;
use std::future::{Future, pending};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::{Buf, BufMut};
use http::uri::PathAndQuery;
use portcullis::authenticate::{AuthenticateBuilder, Bearer};
use portcullis::credentials::BearerToken;
use portcullis::{AuthenticateLayer, Identity, VerifyError};
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::tokio_stream::iter;
use tonic::server::NamedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};
use tower::{Service, service_fn};

/// Texts as messages.
#[derive(Default)]
pub(crate) struct Text;

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

/// Greets callers by the name that our layer found out, and counts them: once, or in a stream of three.
#[derive(Clone, Default)]
pub(crate) struct Greeter {
    calls: Arc<AtomicUsize>,
}

pub(crate) const GREET: &str = "/test.Greeter/Greet";
pub(crate) const GREET_THRICE: &str = "/test.Greeter/GreetThrice";

impl Greeter {
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
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
        let greet = service_fn(async |request: Request<String>| greeting(&request).map(Response::new));
        let greet_thrice = service_fn(async |request: Request<String>| {
            let greeting = greeting(&request)?;
            Ok(Response::new(iter([1, 2, 3].map(move |number| Ok(format!("{number}: {greeting}\n"))))))
        });
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(Text);
            Ok(match request.uri().path() {
                GREET => grpc.unary(greet, request).await,
                GREET_THRICE => grpc.server_streaming(greet_thrice, request).await,
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

fn greeting(request: &Request<String>) -> Result<String, Status> {
    let identity = request.extensions().get::<Identity>().ok_or(Status::internal("no identity"))?;
    Ok(format!("{}, {}", request.get_ref(), identity.subject()))
}

/// A layer in the making that knows `Bearer alice`, who may greet, `Bearer bob`, who may not, and two that nobody can judge.
pub(crate) fn knows_alice() -> AuthenticateBuilder {
    let tokens = async |token: BearerToken| match token.expose() {
        "alice" => Ok(Identity::assertion("shop", "alice").scopes(["greet"]).build()),
        "bob" => Ok(Identity::assertion("shop", "bob").build()),
        "down" => Err(VerifyError::unavailable("no database")),
        "hangs" => pending().await,
        _ => Err(VerifyError::invalid()),
    };
    AuthenticateLayer::builder().scheme(Bearer::new("shop", tokens))
}

pub(crate) async fn connect(address: SocketAddr) -> tonic::client::Grpc<Channel> {
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    client
}

pub(crate) fn hello(token: Option<&str>) -> Request<String> {
    let mut request = Request::new("hello".to_owned());
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    request
}

pub(crate) async fn greet(address: SocketAddr, request: Request<String>) -> Result<String, Status> {
    let path = PathAndQuery::from_static(GREET);
    connect(address).await.unary(request, path, Text).await.map(Response::into_inner)
}

/// All three, joined.
pub(crate) async fn greet_thrice(address: SocketAddr, request: Request<String>) -> Result<String, Status> {
    let path = PathAndQuery::from_static(GREET_THRICE);
    let mut stream = connect(address).await.server_streaming(request, path, Text).await?.into_inner();
    let mut greetings = String::new();
    while let Some(greeting) = stream.message().await? {
        greetings += &greeting;
    }
    Ok(greetings)
}
