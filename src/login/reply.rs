//! The shapes that answers are given in, refusals apart.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, LOCATION, VARY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde::Serialize;

use super::settings::not_stored;
use crate::observe::DecisionId;
use crate::response::{Representation, representation};

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
pub(super) fn method_not_allowed(allowed: &'static str, request: &HeaderMap) -> Response<Bytes> {
    let told = Problem {
        code: "method_not_allowed",
        title: "Method not allowed",
        detail: "Use one of the methods that Allow names.",
    };
    let mut response = told.answer(StatusCode::METHOD_NOT_ALLOWED, request);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// 413.
pub(super) fn too_large(request: &HeaderMap) -> Response<Bytes> {
    let told = Problem {
        code: "too_large",
        title: "Too large",
        detail: "Send the fields of a log-in and nothing else: 64 KiB at most.",
    };
    told.answer(StatusCode::PAYLOAD_TOO_LARGE, request)
}

/// What is refused for another reason than who is asking. It looks as a refusal of the table does.
struct Problem {
    code: &'static str,
    title: &'static str,
    detail: &'static str,
}

impl Problem {
    fn answer(&self, status: StatusCode, request: &HeaderMap) -> Response<Bytes> {
        let Self { code, title, detail } = *self;
        let id = DecisionId::next().to_string();
        let (media_type, body) = match representation(request) {
            Representation::Problem => {
                let kind = format!("urn:portcullis:problem:{code}");
                let document = Document { kind, title, status: status.as_u16(), code, detail, id };
                ("application/problem+json", serde_json::to_string(&document).unwrap_or_default() + "\n")
            }
            Representation::Text => {
                ("text/plain; charset=utf-8", format!("{} {title}\n{detail}\nid: {id}\n", status.as_str()))
            }
        };
        let mut response = with_status(status);
        *response.body_mut() = body.into();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(VARY, HeaderValue::from_static("accept"));
        response
    }
}

#[derive(Serialize)]
struct Document {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'static str,
    id: String,
}

fn with_status(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    not_stored(response)
}
