//! The metadata of a resource, and how a request for it is answered.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, Response, StatusCode};

use super::builder::ProtectedResourceBuilder;
use super::layer::PublishLayer;
use super::service::MetadataService;

/// A protected resource and what it tells clients about itself (RFC 9728); the module's documentation shows where to use
/// it. A clone is two reference counts.
///
/// ```
/// use portcullis::resource::ProtectedResource;
///
/// let resource = ProtectedResource::builder("https://api.example/orders")
///     .authorization_server("https://id.example")
///     .build()?;
/// assert_eq!(resource.path(), "/.well-known/oauth-protected-resource/orders");
/// assert_eq!(resource.metadata_url(), "https://api.example/.well-known/oauth-protected-resource/orders");
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct ProtectedResource {
    parts: Arc<Parts>,
    /// The document, to be sent without copying.
    body: Bytes,
}

pub(super) struct Parts {
    pub(super) identifier: String,
    pub(super) metadata_url: String,
    /// Where in `metadata_url` its path begins.
    pub(super) path_at: usize,
    pub(super) challenge_scope: String,
    pub(super) json: String,
}

impl ProtectedResource {
    /// How long clients and caches may keep the document: an hour.
    pub const MAX_AGE: Duration = Duration::from_secs(60 * 60);

    /// Begins the description of the resource that clients know as `identifier`: the https URL that they type, in the one
    /// spelling that they would send back (lower case, no default port, no query, no fragment). Avoid a slash at its end;
    /// MCP clients leave it out.
    pub fn builder(identifier: impl Into<String>) -> ProtectedResourceBuilder {
        ProtectedResourceBuilder::new(identifier.into())
    }

    pub(super) fn new(parts: Parts) -> Self {
        let body = Bytes::copy_from_slice(parts.json.as_bytes());
        Self { parts: Arc::new(parts), body }
    }

    /// The resource identifier, as it was given: what a token for this resource has as its audience (RFC 8707).
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.parts.identifier
    }

    /// The path of the document: `/.well-known/oauth-protected-resource` before the path of the identifier, from which a
    /// lone slash was removed (RFC 9728 section 3.1).
    #[must_use]
    pub fn path(&self) -> &str {
        self.parts.metadata_url.get(self.parts.path_at..).unwrap_or_default()
    }

    /// The address of the document, as challenges name it. Made of the identifier, never of a request.
    #[must_use]
    pub fn metadata_url(&self) -> &str {
        &self.parts.metadata_url
    }

    /// The document (RFC 9728 section 2). What was not configured is left out.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.parts.json
    }

    /// The scopes that a 401 advises to ask for, with a space between them; empty for none.
    pub(crate) fn challenge_scope(&self) -> &str {
        &self.parts.challenge_scope
    }

    /// A layer that answers the document at [`path`](Self::path), and hands on everything else. It belongs outside the
    /// layers that ask for credentials.
    ///
    /// `GET` and `HEAD` are answered 200 with `Cache-Control: public, max-age=3600` ([`MAX_AGE`](Self::MAX_AGE)), `OPTIONS`
    /// 204, all with `Access-Control-Allow-Origin: *`, so that clients in browsers can read what is public anyway. Other
    /// methods are answered 405.
    #[must_use]
    pub fn layer(&self) -> PublishLayer {
        PublishLayer::new(self.clone())
    }

    /// The same answers as a service of its own, whatever the path, for a router's `route_service`.
    #[must_use]
    pub fn service(&self) -> MetadataService {
        MetadataService::new(self.clone())
    }

    /// What a request for the document is answered.
    pub(super) fn answer(&self, method: &Method) -> Response<Bytes> {
        let is_head = method == Method::HEAD;
        let mut response = Response::default();
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, const { HeaderValue::from_static("*") });
        if is_head || method == Method::GET {
            let body = &self.body;
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, const { HeaderValue::from_static("application/json") });
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            headers.insert(CACHE_CONTROL, const { HeaderValue::from_static("public, max-age=3600") });
            headers.insert(X_CONTENT_TYPE_OPTIONS, const { HeaderValue::from_static("nosniff") });
            if !is_head {
                *response.body_mut() = body.clone();
            }
        } else if method == Method::OPTIONS {
            *response.status_mut() = StatusCode::NO_CONTENT;
            let headers = response.headers_mut();
            headers.insert(ALLOW, METHODS);
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            // MCP clients send their protocol's version along, which makes a preflight of every request.
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, const { HeaderValue::from_static("*") });
            headers.insert(ACCESS_CONTROL_MAX_AGE, const { HeaderValue::from_static("3600") });
        } else {
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(ALLOW, METHODS);
        }
        response
    }
}

impl fmt::Debug for ProtectedResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProtectedResource").field(&self.parts.identifier).finish()
    }
}

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");
