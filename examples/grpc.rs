//! gRPC with tonic: each method wants a scope of its own, browsers may call too (gRPC-Web), and a client shows what it sees when
//! it is refused.
//!
//! ```text
//! cargo run --example grpc
//! ```
//!
//! It listens on 127.0.0.1, port 3000 unless `PORT` says otherwise. The client calls first, and what it sees is printed; then the
//! server goes on, for clients of your own, and prints `$READ` and `$WRITE`, two tokens. A refusal is an answer of gRPC where
//! gRPC was spoken, and one of HTTP otherwise:
//!
//! ```text
//! $ curl -i --http2-prior-knowledge -X POST -H 'content-type: application/grpc' localhost:3000/shop.v1.Orders/List
//! HTTP/2 200
//! content-type: application/grpc
//! grpc-status: 16
//! grpc-message: Authentication required. Send credentials by one of the schemes that WWW-Authenticate names. (id: …)
//! www-authenticate: Bearer realm="orders"
//!
//! $ curl -i --http2-prior-knowledge -X POST -H 'content-type: application/grpc' --oauth2-bearer "$READ" localhost:3000/shop.v1.Orders/Place
//! HTTP/2 200
//! content-type: application/grpc
//! grpc-status: 7
//! grpc-message: Permission missing. We know who you are, and this needs …(scope: orders:write; id: …)
//! www-authenticate: Bearer realm="orders", error="insufficient_scope", …
//!
//! $ curl -i localhost:3000/shop.v1.Orders/List
//! HTTP/1.1 401 Unauthorized
//! content-type: application/problem+json
//! www-authenticate: Bearer realm="orders"
//! ```
//!
//! With grpcurl, which reads the description that the server was made of:
//!
//! ```text
//! grpcurl -plaintext -import-path examples/grpc -proto orders.proto -H "authorization: Bearer $READ" \
//!     localhost:3000 shop.v1.Orders/List
//! ```
//!
//! A service of your own has `tonic-prost-build` in its build script, which makes what lies here in `grpc/orders.rs`.

use std::error::Error;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::pin::Pin;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use portcullis::authenticate::Bearer;
use portcullis::identity::token::TokenVerifier;
use portcullis::permission::{by_path, scope};
use portcullis::{AuthenticateLayer, Identity, RequireLayer};
use tokio::net::TcpListener;
use tonic::codegen::tokio_stream::{Stream, iter};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};
use tonic_web::GrpcWebLayer;
use tower::ServiceBuilder;
use tower_http::cors::CorsLayer;

#[expect(unreachable_pub, unused_qualifications, clippy::allow_attributes, reason = "generated")]
#[path = "grpc/orders.rs"]
pub(crate) mod orders;

use orders::orders_client::OrdersClient;
use orders::orders_server::{Orders, OrdersServer};
use orders::{CancelRequest, ListReply, ListRequest, Order, PlaceRequest, WatchRequest};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "says what to try")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    let tokens = Tokens { read: fresh_token()?, write: fresh_token()? };
    let server = serve(listener, &tokens)?;
    let tour = async {
        println!("What a client sees:\n{}", tour(address, &tokens).await?);
        println!("Listening on http://{address}.");
        println!("Paste this, then try the lines at the top of examples/grpc.rs:\n");
        println!("READ={} WRITE={}", tokens.read, tokens.write);
        Ok::<_, Box<dyn Error>>(())
    };
    let (served, shown) = tokio::join!(server, tour);
    shown.and(served)
}

/// That of ann, who may read, and that of bea, who may write as well.
pub(crate) struct Tokens {
    pub(crate) read: String,
    pub(crate) write: String,
}

pub(crate) fn fresh_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// The server: a future that ends only in trouble.
pub(crate) fn serve(
    listener: TcpListener,
    tokens: &Tokens,
) -> Result<impl Future<Output = Result<(), Box<dyn Error>>> + use<>, Box<dyn Error>> {
    let known = TokenVerifier::new();
    let identity = |name: &str| Identity::assertion("orders", name).authenticated_now();
    known.insert(&tokens.read, identity("ann").scopes(["orders:read"]).build())?;
    known.insert(&tokens.write, identity("bea").scopes(["orders:read", "orders:write"]).build())?;

    let authenticate = AuthenticateLayer::builder().scheme(Bearer::new("orders", known)).grpc().build()?;
    // A method that nobody thought of is refused, as `Cancel` is here.
    let by_method = RequireLayer::new(by_path([
        ("/shop.v1.Orders/List", scope("orders:read")),
        ("/shop.v1.Orders/Place", scope("orders:write")),
        ("/shop.v1.Orders/Watch", scope("orders:read")),
    ]))?;
    let stack = ServiceBuilder::new()
        // Answers preflights, and lets scripts of the shop read why they were refused.
        .layer(cors())
        .layer(authenticate)
        .layer(by_method)
        // Inside or outside of us makes no difference. In here nobody translates for strangers.
        .layer(GrpcWebLayer::new());
    // gRPC-Web comes over HTTP/1.1, too.
    let server = Server::builder().accept_http1(true).layer(stack).add_service(OrdersServer::new(Shop));
    Ok(async move { Ok(server.serve_with_incoming(TcpIncoming::from(listener)).await?) })
}

fn cors() -> CorsLayer {
    let shop = HeaderValue::from_static("https://shop.example");
    let sent = ["grpc-timeout", "x-grpc-web", "x-user-agent"].map(HeaderName::from_static);
    let read = ["grpc-status", "grpc-message", "grpc-status-details-bin"].map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(shop)
        .allow_headers([AUTHORIZATION, CONTENT_TYPE].into_iter().chain(sent).collect::<Vec<_>>())
        .expose_headers(read)
}

/// Sells chairs. Who calls is in the request, and may what it asks for.
#[derive(Clone)]
struct Shop;

#[tonic::async_trait]
impl Orders for Shop {
    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListReply>, Status> {
        let item = format!("a chair for {}", caller(&request)?.subject());
        Ok(Response::new(ListReply { orders: vec![Order { number: 1, item }] }))
    }

    async fn place(&self, request: Request<PlaceRequest>) -> Result<Response<Order>, Status> {
        let item = format!("{} for {}", request.get_ref().item, caller(&request)?.subject());
        Ok(Response::new(Order { number: 2, item }))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<Order, Status>> + Send>>;

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let name = caller(&request)?.subject().to_owned();
        let orders = (1..=3).map(move |number| Ok(Order { number, item: format!("a chair for {name}") }));
        Ok(Response::new(Box::pin(iter(orders))))
    }

    async fn cancel(&self, _: Request<CancelRequest>) -> Result<Response<Order>, Status> {
        Err(Status::internal("nobody gets here"))
    }
}

fn caller<T>(request: &Request<T>) -> Result<&Identity, Status> {
    request.extensions().get::<Identity>().ok_or(Status::internal("no layer of ours is around this"))
}

/// Calls the methods with and without tokens, and tells what came.
pub(crate) async fn tour(address: SocketAddr, tokens: &Tokens) -> Result<String, Box<dyn Error>> {
    let channel = Endpoint::try_from(format!("http://{address}"))?.connect().await?;
    let mut told = String::new();
    for (who, token) in
        [("nobody", None), ("a stranger", Some("x")), ("ann", Some(&*tokens.read)), ("bea", Some(&*tokens.write))]
    {
        let mut client = client(channel.clone(), token)?;
        writeln!(told, "\n{who}")?;
        let listed = client.list(ListRequest {}).await;
        writeln!(told, "  List    {}", outcome(listed, |reply| format!("{} order", reply.orders.len())))?;
        let placed = client.place(PlaceRequest { item: "a table".to_owned() }).await;
        writeln!(told, "  Place   {}", outcome(placed, |order| order.item))?;
        let cancelled = client.cancel(CancelRequest { number: 1 }).await;
        writeln!(told, "  Cancel  {}", outcome(cancelled, |order| order.item))?;
        match client.watch(WatchRequest {}).await {
            Ok(orders) => {
                let mut orders = orders.into_inner();
                while let Some(order) = orders.message().await? {
                    writeln!(told, "  Watch   OK: {}", order.item)?;
                }
            }
            Err(status) => writeln!(told, "  Watch   {:?}: {}", status.code(), status.message())?,
        }
    }
    Ok(told)
}

type Client = OrdersClient<tonic::service::interceptor::InterceptedService<Channel, SendToken>>;

fn client(channel: Channel, token: Option<&str>) -> Result<Client, Box<dyn Error>> {
    let authorization = token.map(|token| format!("Bearer {token}").parse()).transpose()?;
    Ok(OrdersClient::with_interceptor(channel, SendToken { authorization }))
}

/// Adds the token to each call.
struct SendToken {
    authorization: Option<tonic::metadata::AsciiMetadataValue>,
}

impl tonic::service::Interceptor for SendToken {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(authorization) = &self.authorization {
            request.metadata_mut().insert("authorization", authorization.clone());
        }
        Ok(request)
    }
}

fn outcome<T>(result: Result<Response<T>, Status>, tell: impl FnOnce(T) -> String) -> String {
    match result {
        Ok(response) => format!("OK: {}", tell(response.into_inner())),
        Err(status) => format!("{:?}: {}", status.code(), status.message()),
    }
}
