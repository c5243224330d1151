//! The shapes that accepted requests are answered in.

use axum::body::Body;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::{Response, StatusCode, http::HeaderValue};
use serde::Serialize;

/// 200 with a JSON document that nobody may keep.
pub(crate) fn json(document: &impl Serialize) -> Response<Body> {
    // Names and numbers always serialise.
    let mut response = Response::new(Body::from(serde_json::to_string(document).unwrap_or_default() + "\n"));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// 204.
pub(crate) fn done() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
