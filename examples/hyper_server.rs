//! Without a framework: a tower service behind our layers, served by hyper over HTTP/1.1 and HTTP/2 on one port.
//!
//! ```text
//! cargo run --example hyper_server
//! ```
//!
//! It listens on 127.0.0.1, port 3000 unless `PORT` says otherwise, and prints two tokens, `$TOKEN` with the scope
//! `orders:read` and `$OTHER` without it. Of the answers, the headers that matter here:
//!
//! ```text
//! $ curl -i localhost:3000/
//! HTTP/1.1 401 Unauthorized
//! www-authenticate: Bearer realm="orders"
//!
//! $ curl -i --oauth2-bearer "$TOKEN" localhost:3000/
//! HTTP/1.1 200 OK
//!
//! three orders for carol, over HTTP/1.1
//!
//! $ curl -i --http2-prior-knowledge --oauth2-bearer "$TOKEN" localhost:3000/
//! HTTP/2 200
//!
//! three orders for carol, over HTTP/2.0
//!
//! $ curl -i --http2-prior-knowledge --oauth2-bearer "$OTHER" -H 'accept: text/plain' localhost:3000/
//! HTTP/2 403
//! www-authenticate: Bearer realm="orders", error="insufficient_scope", error_description="…", scope="orders:read"
//!
//! 403 Permission missing
//! …
//! scope: orders:read
//! …
//! ```

use std::convert::Infallible;
use std::error::Error;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use portcullis::authenticate::Bearer;
use portcullis::identity::token::TokenVerifier;
use portcullis::permission::scope;
use portcullis::{AuthenticateLayer, Identity, RequireLayer};
use tokio::net::TcpListener;
use tower::{ServiceBuilder, service_fn};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "says what to try")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let (token, other) = (fresh_token()?, fresh_token()?);
    println!("Listening on http://{}.", listener.local_addr()?);
    println!("Paste this, then try the lines at the top of examples/hyper_server.rs:\n\nTOKEN={token}\nOTHER={other}");
    serve(listener, &token, &other).await
}

/// Guards `orders` with tokens of Carol: `token` may read orders, `other` may not.
pub(crate) async fn serve(listener: TcpListener, token: &str, other: &str) -> Result<(), Box<dyn Error>> {
    let carol = || Identity::assertion("orders", "carol").authenticated_now();
    let tokens = TokenVerifier::new();
    tokens.insert(token, carol().scopes(["orders:read"]).build())?;
    tokens.insert(other, carol().build())?;

    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(Bearer::new("orders", tokens))?)
        .layer(RequireLayer::new(scope("orders:read"))?)
        .service(service_fn(orders));
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            // An error ends one connection, and the client knows of it.
            let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn orders(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    // Here always is one: the layers outside refuse everybody else.
    let whose = request.extensions().get::<Identity>().map_or("nobody", Identity::subject);
    Ok(Response::new(format!("three orders for {whose}, over {:?}\n", request.version())))
}

/// 256 random bits.
pub(crate) fn fresh_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}
