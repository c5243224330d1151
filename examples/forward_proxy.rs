//! A forward proxy that asks who is asking: tunnels for `CONNECT`, plain requests in absolute form, Digest and Basic.
//!
//! ```text
//! cargo run --example forward_proxy
//! ```
//!
//! It listens on 127.0.0.1, port 3128 unless `PORT` says otherwise; its one user is `alice`, with the password `correct horse`.
//! The credentials end at the proxy: the server behind it sees no `Proxy-Authorization`, and an `Authorization` that is meant
//! for it goes through untouched.
//!
//! ```text
//! $ curl -i -x localhost:3128 http://www.example.org/
//! HTTP/1.1 407 Proxy Authentication Required
//! proxy-authenticate: Digest realm="way out", …
//! proxy-authenticate: Basic realm="way out", charset="UTF-8"
//!
//! $ curl -i -x localhost:3128 --proxy-user 'alice:correct horse' --proxy-digest http://www.example.org/
//! HTTP/1.1 407 Proxy Authentication Required
//! HTTP/1.1 200 OK
//! proxy-authentication-info: rspauth="…", qop=auth, nc=00000001, cnonce="…"
//!
//! $ curl -i -x localhost:3128 --proxy-user 'alice:correct horse' --proxytunnel http://www.example.org/
//! HTTP/1.1 200 OK
//! HTTP/1.1 200 OK
//! ```

use std::convert::Infallible;
use std::error::Error;

use bytes::Bytes;
use http::header::{CONNECTION, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use portcullis::AuthenticateLayer;
use portcullis::authenticate::{Basic, Digest};
use portcullis::identity::digest_access::DigestUsers;
use portcullis::identity::password::{PasswordVerifier, User, Users, hash_password};
use tokio::net::{TcpListener, TcpStream};
use tower::{Layer, service_fn};

type Body = BoxBody<Bytes, hyper::Error>;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "says what to try")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::var("PORT").map_or(Ok(3128), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("A proxy at http://{}. Try the lines at the top of examples/forward_proxy.rs.", listener.local_addr()?);
    serve(listener, "alice", "correct horse").await
}

/// A proxy for this user.
pub(crate) async fn serve(listener: TcpListener, name: &str, password: &str) -> Result<(), Box<dyn Error>> {
    let mut digests = DigestUsers::new(REALM);
    digests.insert(name, password)?;
    let mut passwords = Users::new();
    passwords.insert(name, User::new(&hash_password(password)?)?)?;
    let layer = AuthenticateLayer::builder()
        .proxy()
        .scheme(Digest::new(REALM, digests))
        .scheme(Basic::new(REALM, PasswordVerifier::new(REALM, passwords)))
        .build()?;
    let service = layer.layer(service_fn(forward));
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            // An error ends one connection, and the client knows of it.
            let _ = server::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
        });
    }
}

/// Called for those who are let in, and for nobody else.
async fn forward(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let forwarded = match *request.method() {
        Method::CONNECT => tunnel(request).await,
        _ => pass_on(request).await,
    };
    Ok(forwarded.unwrap_or_else(|status| {
        let mut response = Response::new(empty());
        *response.status_mut() = status;
        response
    }))
}

/// Opens a connection for the client and carries bytes to and fro.
async fn tunnel(request: Request<Incoming>) -> Result<Response<Body>, StatusCode> {
    let mut far = connect(request.uri(), 443).await?;
    tokio::spawn(async move {
        if let Ok(near) = hyper::upgrade::on(request).await {
            // It ends when either side does; whose fault that is nobody here needs to know.
            let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(near), &mut far).await;
        }
    });
    Ok(Response::new(empty()))
}

/// Sends a request in absolute form to the server that it names.
async fn pass_on(mut request: Request<Incoming>) -> Result<Response<Body>, StatusCode> {
    if request.uri().scheme_str() != Some("http") {
        return Err(StatusCode::BAD_REQUEST);
    }
    let stream = connect(request.uri(), 80).await?;
    let (mut sender, connection) =
        client::handshake(TokioIo::new(stream)).await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    tokio::spawn(connection);
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).parse();
    *request.uri_mut() = path.map_err(|_| StatusCode::BAD_REQUEST)?;
    *request.version_mut() = Version::HTTP_11;
    strip(request.headers_mut());
    let mut response = sender.send_request(request).await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    strip(response.headers_mut());
    Ok(response.map(BodyExt::boxed))
}

/// Takes out what is said from one connection to the next and no further (RFC 9110 section 7.6.1).
fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

/// Anywhere: a proxy that strangers can reach needs a list of the hosts and ports that it may connect to.
async fn connect(uri: &Uri, port: u16) -> Result<TcpStream, StatusCode> {
    let host = uri.host().ok_or(StatusCode::BAD_REQUEST)?.trim_matches(['[', ']']);
    TcpStream::connect((host, uri.port_u16().unwrap_or(port))).await.map_err(|_| StatusCode::BAD_GATEWAY)
}

fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed()
}

const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

const REALM: &str = "way out";
