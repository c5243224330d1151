//! The shapes that answers are given in, refusals apart.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, LOCATION, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

use super::settings::not_stored;

/// 204.
pub(super) fn done() -> Response<Bytes> {
    with_status(StatusCode::NO_CONTENT)
}

/// 303.
pub(super) fn see_other(path: HeaderValue) -> Response<Bytes> {
    let mut response = with_status(StatusCode::SEE_OTHER);
    response.headers_mut().insert(LOCATION, path);
    response
}

/// 200 with a JSON document.
pub(super) fn json(document: &impl Serialize) -> Response<Bytes> {
    // Texts and numbers always serialise.
    let mut response = with_status(StatusCode::OK);
    *response.body_mut() = (serde_json::to_string(document).unwrap_or_default() + "\n").into();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// 405.
pub(super) fn method_not_allowed(allowed: &'static str) -> Response<Bytes> {
    let detail = "Use one of the methods that Allow names.";
    let mut response = problem(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed", detail);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// 413.
pub(super) fn too_large() -> Response<Bytes> {
    let detail = "Send the fields of a log-in and nothing else: 64 KiB at most.";
    problem(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "Too large", detail)
}

fn problem(status: StatusCode, code: &str, title: &str, detail: &str) -> Response<Bytes> {
    let kind = format!("urn:portcullis:problem:{code}");
    let mut response = json(&Problem { kind: &kind, title, status: status.as_u16(), code, detail });
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

#[derive(Serialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
}

fn with_status(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    not_stored(response)
}
