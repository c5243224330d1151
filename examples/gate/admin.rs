//! The port for operators: on loopback only, and without authentication.

use axum::body::Body;
use hyper::{Method, Request, Response};

use crate::gate::Gate;
use crate::problem::{self, Problem};
use crate::reply::json;

pub(crate) fn answer(gate: &Gate, request: &Request<Body>) -> Response<Body> {
    let told = match request.uri().path() {
        "/healthz" => serde_json::json!({"status": "ok"}),
        "/counters" => gate.counters.to_json(),
        _ => return Problem::NOT_FOUND.answer(request.headers()),
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return problem::method_not_allowed(request.headers(), "GET, HEAD");
    }
    json(&told)
}
