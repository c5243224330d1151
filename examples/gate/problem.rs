//! Refusals that are the server's own: of what is no credential and no permission. They look like those of the crate.

use axum::body::Body;
use hyper::header::{ALLOW, RETRY_AFTER};
use hyper::{HeaderMap, Response, StatusCode, http::HeaderValue};
use portcullis::response::OwnRefusal;

use crate::page::page;

/// One kind of refusal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: &'static str,
}

impl Problem {
    pub(crate) const BODY_BROKEN: Self = Self {
        status: StatusCode::BAD_REQUEST,
        code: "body_broken",
        title: "Body cannot be read",
        detail: "The body is not as the request announces it, or ended early. Check its length or its chunks, and send it again.",
    };
    pub(crate) const CLIENT_SLOW: Self = Self {
        status: StatusCode::REQUEST_TIMEOUT,
        code: "body_too_slow",
        title: "Body did not arrive",
        detail: "The request announces a body of which nothing came for 30 seconds. Send it again, without pauses.",
    };
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
    pub(crate) const UNCLEAR_HOST: Self = Self {
        status: StatusCode::BAD_REQUEST,
        code: "unclear_host",
        title: "Host cannot be read",
        detail: "Name one host in one Host field, without a user.",
    };
    pub(crate) const UNCLEAR_METHOD: Self = Self {
        status: StatusCode::BAD_REQUEST,
        code: "unclear_method",
        title: "Method cannot be read",
        detail: "Write the method in capitals, as GET and POST; none is longer than 32 letters.",
    };
    pub(crate) const UNCLEAR_PATH: Self = Self {
        status: StatusCode::BAD_REQUEST,
        code: "unclear_path",
        title: "Path cannot be read",
        detail: "Write the path without empty or dotted segments, backslashes, semicolons, and encoded slashes or control characters, \
                 and check its escapes.",
    };
    pub(crate) const UNCLEAR_QUESTION: Self = Self {
        status: StatusCode::BAD_REQUEST,
        code: "unclear_question",
        title: "Question cannot be read",
        detail: "The proxy has to tell method and target of the original request, each once, in X-Forwarded-Method and X-Forwarded-Uri \
                 or in X-Original-Method and X-Original-URI; a client sends none of them. A proxy on another machine is believed \
                 where trusted_proxies names it.",
    };
    pub(crate) const UNREADABLE_ORDER: Self = Self {
        status: StatusCode::BAD_REQUEST,
        code: "unreadable",
        title: "Revocation cannot be read",
        detail: "Send JSON with issuer and one of jti, sid and subject, each of them text.",
    };
    pub(crate) const UPSTREAM_SLOW: Self = Self {
        status: StatusCode::GATEWAY_TIMEOUT,
        code: "upstream_slow",
        title: "No answer in time",
        detail: "The server behind this one has not answered for 30 seconds; it may have done what was asked. This is our fault, \
                 and not yours.",
    };
    pub(crate) const UPSTREAM_UNREACHABLE: Self = Self {
        status: StatusCode::BAD_GATEWAY,
        code: "upstream_unreachable",
        title: "No answer",
        detail: "The server behind this one cannot be reached, or its answer cannot be read. This is our fault, and not yours; \
                 try again later.",
    };

    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    /// The answer, in the representation that `headers` of the request prefer.
    pub(crate) fn answer(&self, headers: &HeaderMap) -> Response<Body> {
        let Self { status, code, title, detail } = *self;
        let mut refusal = OwnRefusal::new(status, code, title, detail);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            refusal = refusal.header(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        tracing::debug!(id = %refusal.id(), status = status.as_u16(), reason = code, "refused");
        refusal.answer(&page(), headers).map(Body::from)
    }
}

/// 405 that says which methods there are.
pub(crate) fn method_not_allowed(headers: &HeaderMap, allowed: &'static str) -> Response<Body> {
    let mut response = Problem::METHOD.answer(headers);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}
