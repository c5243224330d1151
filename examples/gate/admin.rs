//! The port for operators: on loopback only, and without authentication.

use std::net::IpAddr;

use axum::body::Body;
use hyper::http::uri::Authority;
use hyper::{Method, Request, Response};

use crate::gate::Gate;
use crate::origin::{self, asked_host};
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
        "/revocations" => return change(gate, request).await,
        _ => return Problem::NOT_FOUND.answer(request.headers()),
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return problem::method_not_allowed(request.headers(), "GET, HEAD");
    }
    json(&told)
}

/// What changes something is asked for by programs. A page in a browser of this machine can send a form here too, by
/// accident of where the port is; it says so itself, and is refused.
async fn change(gate: &Gate, request: Request<Body>) -> Response<Body> {
    if *request.method() != Method::POST {
        return problem::method_not_allowed(request.headers(), "POST");
    }
    if !origin::is_ours(&request) {
        return Problem::CROSS_SITE.answer(request.headers());
    }
    let (head, body) = request.into_parts();
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
