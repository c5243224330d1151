//! The hook that chooses the body of a refusal.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, PROXY_AUTHENTICATE, RETRY_AFTER, TRANSFER_ENCODING, VARY,
    WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue, request::Parts};

use super::own_refusal::OwnRefusal;
use super::problem::Problem;
use super::rejection::Rejection;

/// Chooses what a refusal says.
///
/// The status, the challenges, `Retry-After`, `Cache-Control` and `Vary` are not the hook's to choose: they are added to
/// whatever it returns. The request head it sees has lost its `Authorization`, `Proxy-Authorization` and `Cookie` fields,
/// and all others that a scheme reads, so no hook can repeat a credential.
///
/// A closure will do:
///
/// ```
/// use http::request::Parts;
/// use portcullis::response::{Rejection, Reply, Respond};
///
/// fn hook(rejection: &Rejection, _head: &Parts) -> Reply {
///     Reply::new("text/plain", format!("no: {} (ask us about {})", rejection.reason(), rejection.id()))
/// }
/// fn accepts(_: impl Respond) {}
/// accepts(hook);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer refusals",
    note = "implement `Respond`, or pass a function `fn(&Rejection, &http::request::Parts) -> Reply`"
)]
pub trait Respond: Send + Sync + 'static {
    /// The body of the answer and any extra headers.
    fn respond(&self, rejection: &Rejection, head: &Parts) -> Reply;

    /// The same for a refusal that has nothing to do with who is asking, such as the 405 and 413 of the log-in services;
    /// `headers` are those of the request, without the fields that credentials come in. Default: as
    /// [`Problem`](super::Problem) answers.
    fn respond_to_own(&self, refusal: &OwnRefusal, headers: &HeaderMap) -> Reply {
        Problem.respond_to_own(refusal, headers)
    }
}

impl<F> Respond for F
where
    F: Fn(&Rejection, &Parts) -> Reply + Send + Sync + 'static,
{
    fn respond(&self, rejection: &Rejection, head: &Parts) -> Reply {
        self(rejection, head)
    }
}

/// A body with its type, and extra headers.
///
/// ```
/// use http::HeaderValue;
/// use http::header::CONTENT_LANGUAGE;
/// use portcullis::response::Reply;
///
/// let reply = Reply::new("text/plain", "Zutritt verweigert").header(CONTENT_LANGUAGE, HeaderValue::from_static("de"));
/// ```
#[derive(Clone, Debug)]
pub struct Reply {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// A body of the media type `content_type`.
    pub fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        // Room for all headers of a refusal, so that the map is allocated once.
        let mut headers = HeaderMap::with_capacity(6);
        if let Ok(value) = HeaderValue::from_str(content_type) {
            headers.insert(CONTENT_TYPE, value);
        }
        Self { headers, body: body.into() }
    }

    /// As [`new`](Self::new), with a header value that was checked at compile time.
    pub(crate) fn ready(content_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::with_capacity(6);
        headers.insert(CONTENT_TYPE, content_type);
        Self { headers, body: body.into() }
    }

    /// Adds a header; one that a refusal owns (see [`Respond`]) is not taken.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        let owned =
            [WWW_AUTHENTICATE, PROXY_AUTHENTICATE, RETRY_AFTER, CACHE_CONTROL, VARY, CONTENT_LENGTH, TRANSFER_ENCODING];
        if !owned.contains(&name) {
            self.headers.append(name, value);
        }
        self
    }

    /// Says that the answer is another for another value of this field of the request, as `Accept-Language`: its name is added
    /// to `Vary`. Default: the fields that credentials come in, and `Accept`.
    #[must_use]
    pub fn varies_by(mut self, field: HeaderName) -> Self {
        self.headers.append(VARY, field.into());
        self
    }
}
