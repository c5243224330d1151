//! The shapes that answers are given in, refusals apart.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION, X_CONTENT_TYPE_OPTIONS};
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

fn with_status(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    not_stored(response)
}
