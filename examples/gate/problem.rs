//! Refusals that are the server's own: of what is no credential and no permission. They look like those of the crate.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS};
use hyper::{HeaderMap, Response, StatusCode, http::HeaderValue};
use serde::Serialize;

use crate::accept;

/// One kind of refusal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: &'static str,
}

impl Problem {
    pub(crate) const CROSS_SITE: Self = Self {
        status: StatusCode::FORBIDDEN,
        code: "cross_site",
        title: "Request from another site",
        detail: "The request came from another site, or does not say from where. Open the application itself and repeat the action \
                 there; a program sends its session in the Authorization field.",
    };
    pub(crate) const METHOD: Self = Self {
        status: StatusCode::METHOD_NOT_ALLOWED,
        code: "method_not_allowed",
        title: "Method not allowed",
        detail: "Use one of the methods that Allow names.",
    };
    pub(crate) const MISDIRECTED: Self = Self {
        status: StatusCode::MISDIRECTED_REQUEST,
        code: "misdirected",
        title: "Not for this server",
        detail: "Ask for localhost, 127.0.0.1 or [::1].",
    };
    pub(crate) const NOT_FOUND: Self = Self {
        status: StatusCode::NOT_FOUND,
        code: "not_found",
        title: "Not found",
        detail: "There is nothing at this address.",
    };
    pub(crate) const NOT_REVOKED: Self = Self {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "unavailable",
        title: "Not revoked",
        detail: "The list of revocations is full, and the tokens live on. The log says how many there are.",
    };
    pub(crate) const SESSIONS_LEFT: Self = Self {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "unavailable",
        title: "Not revoked whole",
        detail: "Tokens are revoked and passwords forgotten, but the store of sessions does not answer: sessions may live on. \
                 Repeat this when Retry-After has passed.",
    };
    pub(crate) const TUNNEL: Self = Self {
        status: StatusCode::BAD_REQUEST,
        code: "tunnel",
        title: "No tunnel here",
        detail: "CONNECT asks for a tunnel, and this server is no proxy. Use the method that the resource has.",
    };
    pub(crate) const UNCLEAR_PATH: Self = Self {
        status: StatusCode::BAD_REQUEST,
        code: "unclear_path",
        title: "Path cannot be read",
        detail: "Write the path without empty or dotted segments, backslashes, semicolons, and encoded slashes or NULs, \
                 and check its escapes.",
    };
    pub(crate) const UNREADABLE_ORDER: Self = Self {
        status: StatusCode::BAD_REQUEST,
        code: "unreadable",
        title: "Revocation cannot be read",
        detail: "Send JSON with issuer and one of jti, sid and subject, each of them text.",
    };

    /// The answer, in the representation that `headers` of the request prefer.
    pub(crate) fn answer(&self, headers: &HeaderMap) -> Response<Body> {
        let Self { status, code, title, detail } = *self;
        let id = format!("{:016x}", next_id());
        let (media_type, body) = if accept::prefers_text(headers) {
            ("text/plain; charset=utf-8", format!("{} {title}\n{detail}\nid: {id}\n", status.as_str()))
        } else {
            // As the crate has it: a missing page is of no type of its own, so that a hidden one looks the same.
            let kind = match status {
                StatusCode::NOT_FOUND => String::from("about:blank"),
                _ => format!("urn:portcullis:problem:{code}"),
            };
            let members = Members { kind, title, status: status.as_u16(), code, detail, id: &id };
            ("application/problem+json", serde_json::to_string(&members).unwrap_or_default() + "\n")
        };
        tracing::debug!(id, status = status.as_u16(), reason = code, "refused");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(VARY, HeaderValue::from_static("accept"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// The members of a problem document (RFC 9457), in the crate's order.
#[derive(Serialize)]
struct Members<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    id: &'a str,
}

/// 405 that says which methods there are.
pub(crate) fn method_not_allowed(headers: &HeaderMap, allowed: &'static str) -> Response<Body> {
    let mut response = Problem::METHOD.answer(headers);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// Unique in this process, and tells nothing of how many there were.
fn next_id() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static KEY: OnceLock<RandomState> = OnceLock::new();
    KEY.get_or_init(RandomState::new).hash_one(COUNT.fetch_add(1, Ordering::Relaxed))
}
