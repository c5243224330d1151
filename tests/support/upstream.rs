//! A server behind a proxy, which answers each request with what it got of it.

#![allow(dead_code, reason = "each test file uses a part")]

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Of a refusal by the upstream.
pub(crate) const OWN_CHALLENGES: [&str; 2] = ["Bearer realm=\"upstream\"", "Basic realm=\"upstream\""];

/// It stops with this, and has a thread of its own: tests may block.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    seen: Arc<AtomicUsize>,
    runtime: Option<Runtime>,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        // Not `block_on`, which a test that is itself run by a runtime may not call.
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&seen);
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let counted = Arc::clone(&counted);
                let service = service_fn(move |request| {
                    counted.fetch_add(1, Ordering::SeqCst);
                    answer(request)
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades());
            }
        });
        Self { address, seen, runtime: Some(runtime) }
    }

    /// How many requests have come so far.
    pub(crate) fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// 200 with method, target, fields in their order, body and trailers; at `/own-401`, a refusal of its own. Whoever wants
/// another protocol gets back there what they send.
async fn answer(mut request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    if let Some(protocol) = request.headers().get("upgrade").cloned() {
        let upgraded = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let (mut from, mut to) = tokio::io::split(TokioIo::new(upgraded.await.unwrap()));
            tokio::io::copy(&mut from, &mut to).await
        });
        let response = Response::builder().status(101).header("connection", "upgrade").header("upgrade", protocol);
        return Ok(response.body(Full::default()).unwrap());
    }
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap();
    let fields = |headers: &http::HeaderMap| -> Value {
        headers.iter().map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())])).collect()
    };
    let told = json!({
        "method": head.method.as_str(),
        "target": head.uri.to_string(),
        "version": format!("{:?}", head.version),
        "fields": fields(&head.headers),
        "trailers": body.trailers().map(fields),
        "body": String::from_utf8_lossy(&body.to_bytes()),
    });
    let response = Response::builder().header("content-type", "application/json");
    let response = match head.uri.path() {
        "/own-401" => response
            .status(401)
            .header("www-authenticate", OWN_CHALLENGES[0])
            .header("www-authenticate", OWN_CHALLENGES[1]),
        _ => response,
    };
    Ok(response.body(Full::from(told.to_string())).unwrap())
}

/// All values of a field that the upstream got, by its exact name in small letters.
pub(crate) fn all<'a>(told: &'a Value, name: &str) -> Vec<&'a str> {
    let fields = told["fields"].as_array().unwrap_or_else(|| panic!("not from the upstream: {told}"));
    fields.iter().filter(|field| field[0] == name).map(|field| field[1].as_str().unwrap()).collect()
}

/// The names of all fields that look like those which tell who is asking, `X_AUTH-Subject` included.
pub(crate) fn identity_names(told: &Value) -> Vec<String> {
    let fields = told["fields"].as_array().unwrap_or_else(|| panic!("not from the upstream: {told}"));
    let names = fields.iter().map(|field| field[0].as_str().unwrap().to_owned());
    let mut names: Vec<_> = names.filter(|name| name.replace(['_', '.'], "-").starts_with("x-auth-")).collect();
    names.sort_unstable();
    names
}
