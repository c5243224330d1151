//! The port for operators: on loopback only, and without authentication.

use std::net::IpAddr;

use axum::body::Body;
use hyper::header::HOST;
use hyper::http::uri::Authority;
use hyper::{Method, Request, Response};
use portcullis::authenticate::SameOrigin;

use crate::gate::Gate;
use crate::metrics;
use crate::problem::{self, Problem};
use crate::reply::json;
use crate::revocations;

pub(crate) async fn answer(gate: &Gate, request: Request<Body>) -> Response<Body> {
    if !is_local(&request) {
        return Problem::MISDIRECTED.answer(request.headers());
    }
    let told = match request.uri().path() {
        "/healthz" => serde_json::json!({"status": "ok"}),
        "/counters" => gate.counters.to_json(),
        "/keys" => gate.describe_keys(),
        "/metrics" => return read(&request, metrics::answer),
        "/refusals" => gate.kept.refusals.to_json(),
        "/revocations" => return change(gate, request).await,
        _ => return Problem::NOT_FOUND.answer(request.headers()),
    };
    read(&request, || json(&told))
}

/// What is there to be read.
fn read<B>(request: &Request<B>, answer: impl FnOnce() -> Response<Body>) -> Response<Body> {
    match *request.method() {
        Method::GET | Method::HEAD => answer(),
        _ => problem::method_not_allowed(request.headers(), "GET, HEAD"),
    }
}

/// What changes something is asked for by programs. A page in a browser of this machine can send a form here too, by
/// accident of where the port is; it says so itself, and is refused.
async fn change(gate: &Gate, request: Request<Body>) -> Response<Body> {
    if *request.method() != Method::POST {
        return problem::method_not_allowed(request.headers(), "POST");
    }
    let (head, body) = request.into_parts();
    if SameOrigin::default().allow_missing_origin().check(&head).is_err() {
        return Problem::CROSS_SITE.answer(&head.headers);
    }
    revocations::revoke(gate, &head, body).await
}

/// Whether the client means this machine. A page whose name was pointed at loopback (DNS rebinding) is let through by
/// browsers, and still asks by that name.
fn is_local<B>(request: &Request<B>) -> bool {
    let authority = asked_host(request).and_then(|host| host.parse::<Authority>().ok());
    authority.is_some_and(|authority| {
        let host = authority.host();
        let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

/// The host as the client named it: `:authority` in HTTP/2, the one `Host` field in HTTP/1.1.
fn asked_host<B>(request: &Request<B>) -> Option<&str> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.as_str());
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    }
}
