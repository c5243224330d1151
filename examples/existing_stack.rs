//! Into a stack that is already there: trace, timeout, CORS, compression, a limit on concurrency and one on body size.
//!
//! ```text
//! cargo run --example existing_stack
//! ```
//!
//! It listens on 127.0.0.1, port 3000 unless `PORT` says otherwise, and prints `$TOKEN`. `/orders` has CORS outside of
//! authentication, as recommended; `/reports` has it inside. Of the answers, the headers that matter here:
//!
//! ```text
//! $ curl -i -H 'origin: https://shop.example' localhost:3000/orders
//! HTTP/1.1 401 Unauthorized
//! access-control-allow-origin: https://shop.example
//! www-authenticate: Bearer realm="orders"
//!
//! $ curl -i -X OPTIONS -H 'origin: https://shop.example' \
//!     -H 'access-control-request-method: GET' localhost:3000/orders
//! HTTP/1.1 200 OK
//! access-control-allow-headers: authorization
//!
//! $ curl -i -X OPTIONS -H 'origin: https://shop.example' \
//!     -H 'access-control-request-method: GET' localhost:3000/reports
//! HTTP/1.1 200 OK
//! access-control-allow-headers: authorization
//!
//! $ curl -i -X OPTIONS localhost:3000/reports
//! HTTP/1.1 401 Unauthorized
//! www-authenticate: Bearer realm="orders"
//!
//! $ curl -i --compressed --oauth2-bearer "$TOKEN" localhost:3000/orders
//! HTTP/1.1 200 OK
//! content-encoding: gzip
//!
//! $ curl -i --oauth2-bearer "$TOKEN" -d 'a chair, and another chair' localhost:3000/orders
//! HTTP/1.1 413 Payload Too Large
//!
//! $ curl -i -d 'a chair, and another chair' localhost:3000/orders
//! HTTP/1.1 401 Unauthorized
//! www-authenticate: Bearer realm="orders"
//! ```

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use portcullis::authenticate::{AuthenticateBuilder, Bearer};
use portcullis::identity::token::TokenVerifier;
use portcullis::response::Rejection;
use portcullis::{AuthenticateLayer, Identity};
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "says what to try")]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter("info").init();
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    let token = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    println!("Listening on http://{}.", listener.local_addr()?);
    println!("Paste this, then try the lines at the top of examples/existing_stack.rs:\n\nTOKEN={token}");
    Ok(axum::serve(listener, app(&token)?).await?)
}

/// In bytes; this short so that the transcript can show it.
const MAX_ORDER: usize = 16;

pub(crate) fn app(token: &str) -> Result<Router, Box<dyn Error>> {
    let tokens = TokenVerifier::new();
    tokens.insert(token, Identity::assertion("orders", "carol").authenticated_now().build())?;
    let authenticate = || AuthenticateLayer::builder().scheme(Bearer::new("orders", tokens.clone()));
    Ok(recommended(&authenticate)?.merge(cors_inside(&authenticate)?))
}

/// From the outside in, each where it is for a reason.
fn recommended(authenticate: &dyn Fn() -> AuthenticateBuilder) -> Result<Router, Box<dyn Error>> {
    let stack = ServiceBuilder::new()
        // Sees every request and every answer; a refusal travels in the extensions of its response. To log header
        // fields here, mark the secret ones first: we do so for what is inside of us.
        .layer(TraceLayer::new_for_http().on_response(log))
        // Covers the verifier as well as the handler: whichever hangs, the client gets an answer.
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(10)))
        // Answers preflights, which never carry credentials, and lets scripts read our 401 and its challenges.
        .layer(cors())
        // Needs whole answers, ours among them; outside or inside makes no difference to us.
        .layer(CompressionLayer::new())
        .layer(authenticate().build()?)
        // Only who was let in holds a place. Further out, strangers and slow verifiers could take them all.
        .layer(GlobalConcurrencyLimitLayer::new(100))
        // We never read a body. A stranger's is refused unread with the 401, however long it is.
        .layer(RequestBodyLimitLayer::new(MAX_ORDER));
    Ok(Router::new().route("/orders", get(orders).post(order)).layer(stack))
}

/// Where CORS must stay inside (one policy for each route, say), preflights have to be let through to it. Nothing
/// else is: an `OPTIONS` that is no preflight is refused like any other request. The price: scripts of other origins
/// cannot read a refusal, since it is made before CORS can allow that.
fn cors_inside(authenticate: &dyn Fn() -> AuthenticateBuilder) -> Result<Router, Box<dyn Error>> {
    let stack = ServiceBuilder::new().layer(authenticate().allow_cors_preflight().build()?).layer(cors());
    Ok(Router::new().route("/reports", get(orders)).layer(stack))
}

fn cors() -> CorsLayer {
    let shop = HeaderValue::from_static("https://shop.example");
    CorsLayer::new().allow_origin(shop).allow_headers([AUTHORIZATION]).expose_headers([WWW_AUTHENTICATE])
}

fn log<B>(response: &Response<B>, latency: Duration, _: &Span) {
    let (status, rejection) = (response.status(), response.extensions().get::<Rejection>());
    tracing::info!(%status, ?latency, rejection = rejection.map(tracing::field::display));
}

async fn orders(identity: Identity) -> String {
    format!("{} has these orders: three chairs, a table, a lamp\n", identity.subject())
}

async fn order(_: Identity, order: String) -> String {
    format!("ordered: {order}\n")
}
