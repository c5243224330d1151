//! What is refused for another reason than who is asking.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, VARY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::challenges::SECRETS;
use super::respond::{Reply, Respond};
use crate::observe::DecisionId;

/// A refusal that has nothing to do with who is asking: no such method, too large, nothing at the address.
///
/// Servers answer these themselves. With this they look like the refusals of a layer, down to the problem document, the plain
/// text, and the page where [`Respond`] makes one:
///
/// ```
/// use http::header::ALLOW;
/// use http::{HeaderMap, HeaderValue, StatusCode};
/// use portcullis::response::{OwnRefusal, Problem};
///
/// let refusal = OwnRefusal::new(
///     StatusCode::METHOD_NOT_ALLOWED,
///     "method_not_allowed",
///     "Method not allowed",
///     "Use one of the methods that Allow names.",
/// )
/// .header(ALLOW, HeaderValue::from_static("GET, HEAD"));
/// let response = refusal.answer(&Problem, &HeaderMap::new());
/// assert_eq!(response.status(), 405);
/// assert_eq!(response.headers()["content-type"], "application/problem+json");
/// ```
#[derive(Clone, Debug)]
pub struct OwnRefusal {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: &'static str,
    id: DecisionId,
    headers: HeaderMap,
}

impl OwnRefusal {
    /// A refusal of its own id. `code` is for programs: lower case and underscores; `title` is short, and `detail` says what
    /// to do next. Nothing here is taken from the request.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, title: &'static str, detail: &'static str) -> Self {
        Self { status, code, title, detail, id: DecisionId::next(), headers: HeaderMap::new() }
    }

    /// Adds a header to the answer, such as `Allow`. Default: none.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// A stable name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The short text of the answer.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        self.title
    }

    /// What the client is told to do next.
    #[must_use]
    pub const fn detail(&self) -> &'static str {
        self.detail
    }

    /// A name for this one refusal, for the log and for a client to quote to support.
    #[must_use]
    pub const fn id(&self) -> DecisionId {
        self.id
    }

    /// The answer to a request with these `headers`: status, body, and what no cache may do. `respond` does not see the fields
    /// that credentials come in. Of the answer to a `HEAD` request the server leaves out the body, as hyper does.
    pub fn answer(&self, respond: &(impl Respond + ?Sized), headers: &HeaderMap) -> Response<Bytes> {
        let Reply { headers: mut told, body } = match headers.keys().any(|name| SECRETS.contains(name)) {
            true => respond.respond_to_own(self, &without_secrets(headers)),
            false => respond.respond_to_own(self, headers),
        };
        told.extend(self.headers.clone());
        told.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        told.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        told.append(VARY, HeaderValue::from_static("accept"));
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = told;
        response
    }
}

fn without_secrets(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for secret in SECRETS {
        headers.remove(secret);
    }
    headers
}
