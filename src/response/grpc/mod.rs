//! Refusals that clients of gRPC understand: the code and the words of the table, and no body.
//!
//! An answer of this kind is called trailers-only: what gRPC sends behind a message stands in the head, since there is no
//! message (section "Responses" of the protocol over HTTP/2). The status of HTTP is 200, which says that gRPC was spoken.

mod details;
mod message;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::rejection::Rejection;
use super::respond::Reply;

/// The protocols of gRPC, which a client names in `Content-Type`.
///
/// Where [`AuthenticateBuilder::grpc`](crate::authenticate::AuthenticateBuilder::grpc) is on, refusals of such requests are
/// answered in kind and no [`Respond`](super::Respond) hook is asked. Where it is not, a hook can tell by this who is asking:
///
/// ```
/// use http::request::Parts;
/// use portcullis::response::{Grpc, Problem, Rejection, Reply, Respond};
///
/// /// Clients of gRPC take a body for a message; without one they make their own code of the status.
/// fn hook(rejection: &Rejection, head: &Parts) -> Reply {
///     match Grpc::of(head) {
///         Some(_) => Reply::new("application/grpc", ""),
///         None => Problem.respond(rejection, head),
///     }
/// }
/// # fn accepts(_: impl Respond) {}
/// # accepts(hook);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Grpc {
    /// gRPC over HTTP/2: `application/grpc`, with a suffix or without.
    Native,
    /// gRPC-Web, for browsers: `application/grpc-web`, with a suffix or without.
    Web,
    /// gRPC-Web in base64: `application/grpc-web-text`, with a suffix or without.
    WebText,
}

impl Grpc {
    /// Which of them a request speaks; `None` where it is none of gRPC. A call of gRPC is always a `POST`.
    #[must_use]
    pub fn of(head: &Parts) -> Option<Self> {
        if head.method != Method::POST {
            return None;
        }
        let value = head.headers.get(CONTENT_TYPE)?.as_bytes();
        let media = value.split(|byte| matches!(byte, b';' | b'+')).next()?.trim_ascii();
        [Self::Native, Self::Web, Self::WebText]
            .into_iter()
            .find(|protocol| media.eq_ignore_ascii_case(protocol.media_type().as_bytes()))
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Native => "application/grpc",
            Self::Web => "application/grpc-web",
            Self::WebText => "application/grpc-web-text",
        }
    }

    fn reply(self, rejection: &Rejection) -> Reply {
        // Room for these and for what every refusal carries.
        let mut headers = HeaderMap::with_capacity(12);
        let message = message::message(rejection);
        let details = details::details(rejection, &message);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type()));
        headers.insert(STATUS, HeaderValue::from(rejection.grpc_code()));
        // Neither can fail: what is not plain ASCII was encoded.
        if let Ok(message) = HeaderValue::try_from(message::percent_encoded(&message)) {
            headers.insert(MESSAGE, message);
        }
        if let Ok(details) = HeaderValue::try_from(details) {
            headers.insert(DETAILS, details);
        }
        if let Some(delay) = rejection.retry_after() {
            headers.insert(PUSHBACK, HeaderValue::from(i32::try_from(delay.as_millis()).unwrap_or(i32::MAX)));
        }
        Reply { headers, body: Bytes::new() }
    }
}

/// Whether refusals of gRPC are answered in kind. Not unless it is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grpcs {
    answered: bool,
}

impl Grpcs {
    pub(crate) const AS_OTHERS: Self = Self { answered: false };
    pub(crate) const ANSWERED: Self = Self { answered: true };

    /// The answer to a request that speaks gRPC. A proxy's is for whoever asked the proxy, and stays 407.
    pub(in crate::response) fn answer(self, rejection: &Rejection, head: &Parts) -> Option<(StatusCode, Reply)> {
        let is_theirs = self.answered && !rejection.circumstances().proxy;
        let protocol = Grpc::of(head).filter(|_| is_theirs)?;
        Some((StatusCode::OK, protocol.reply(rejection)))
    }
}

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
/// How long a client with a policy of retries waits before the next one (gRFC A6).
const PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");

#[cfg(test)]
mod tests {
    use super::Grpc;
    use http::Request;

    fn of(method: &str, content_type: &str) -> Option<Grpc> {
        let request = Request::builder().method(method).header("content-type", content_type).body(()).unwrap();
        Grpc::of(&request.into_parts().0)
    }

    #[test]
    fn a_call_of_grpc_is_known_by_its_media_type_and_nothing_else_is() {
        for (content_type, protocol) in [
            ("application/grpc", Grpc::Native),
            ("application/grpc+proto", Grpc::Native),
            ("Application/GRPC+json;charset=utf-8", Grpc::Native),
            ("application/grpc ; x=y", Grpc::Native),
            ("application/grpc-web", Grpc::Web),
            ("application/grpc-web+proto", Grpc::Web),
            ("application/grpc-web-text", Grpc::WebText),
            ("application/grpc-web-text+proto", Grpc::WebText),
        ] {
            assert_eq!(of("POST", content_type), Some(protocol), "{content_type}");
            assert_eq!(of("GET", content_type), None, "{content_type}");
        }
        for other in [
            "",
            "application/json",
            "application/grpcweb",
            "application/grpc-webs",
            "x-application/grpc",
            "text/plain; a=application/grpc",
        ] {
            assert_eq!(of("POST", other), None, "{other}");
        }
    }
}
