//! Mode `proxy`: the request goes on to a server behind, without the credentials and with who is asking.

mod fields;
mod patience;
mod tunnel;

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use hyper::header::{ACCEPT, CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{HeaderMap, Request, Response, StatusCode, Uri, Version};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use portcullis::Identity;

pub(crate) use self::fields::Credentials;
use self::patience::{Silent, Watched};
use self::tunnel::Tunnel;
use crate::problem::Problem;
use crate::rare::Rare;

pub(crate) struct Proxy {
    client: Client<HttpConnector, Watched>,
    upstream: Authority,
    credentials: Credentials,
    /// Whether it is told who is asking.
    identity: bool,
    /// When it was last said that there was no answer.
    silence: Rare,
}

impl Proxy {
    pub(crate) fn new(upstream: Authority, credentials: Credentials, identity: bool) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let mut client = Client::builder(TokioExecutor::new());
        client.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE);
        Self {
            client: client.build(connector),
            upstream,
            credentials,
            identity,
            silence: Rare::new(Duration::from_secs(1)),
        }
    }

    /// Has the upstream answer. Bodies go both ways as they come.
    pub(crate) async fn answer(&self, mut request: Request<Body>) -> Response<Body> {
        let wish = wish(request.headers());
        let tunnel = Tunnel::wanted(&mut request);
        let (mut head, body) = request.into_parts();
        let identity = head.extensions.get::<Identity>().filter(|_| self.identity);
        match fields::towards_upstream(&head, &self.upstream, &self.credentials, identity, tunnel.as_ref()) {
            Ok(headers) => head.headers = headers,
            Err(problem) => return problem.answer(&wish),
        }
        // Of GET and HEAD the client that asks the upstream takes no body else.
        if !body.is_end_stream() && !head.headers.contains_key(CONTENT_LENGTH) {
            head.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        let credentials = self.credentials.clone();
        let body = Body::new(body.map_frame(move |frame| credentials.end_in(frame)));
        let (body, progress) = patience::watch(body);
        let mut outgoing = Request::new(body);
        *outgoing.method_mut() = head.method;
        *outgoing.uri_mut() = self.target(head.uri);
        *outgoing.version_mut() = Version::HTTP_11;
        *outgoing.headers_mut() = head.headers;
        let response = match progress.limit(self.client.request(outgoing)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if progress.is_broken() => {
                tracing::debug!(error = %causes(&error), "the body of a request cannot be read");
                return Problem::BODY_BROKEN.answer(&wish);
            }
            Ok(Err(error)) => {
                if let Some(unsaid) = self.silence.turn() {
                    tracing::warn!(error = %causes(&error), unsaid, "no answer from the upstream");
                }
                return Problem::UPSTREAM_UNREACHABLE.answer(&wish);
            }
            Err(Silent::Client) => return Problem::CLIENT_SLOW.answer(&wish),
            Err(Silent::Upstream) => {
                if let Some(unsaid) = self.silence.turn() {
                    tracing::warn!(unsaid, "the upstream was silent for too long");
                }
                return Problem::UPSTREAM_SLOW.answer(&wish);
            }
        };
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return fields::towards_client(response.map(Body::new));
        }
        match tunnel.and_then(|tunnel| tunnel.join(response)) {
            Some(response) => response,
            None => {
                if let Some(unsaid) = self.silence.turn() {
                    tracing::warn!(unsaid, "the upstream switches to a protocol that nobody asked for");
                }
                Problem::UPSTREAM_UNREACHABLE.answer(&wish)
            }
        }
    }

    /// The code by which a request with this head is refused, if it is.
    pub(crate) fn fault(head: &Parts) -> Option<&'static str> {
        fields::host(head).err().map(|problem| problem.code())
    }

    /// What is asked for, at the upstream, letter for letter.
    fn target(&self, asked: Uri) -> Uri {
        let mut parts = asked.into_parts();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.upstream.clone());
        parts.path_and_query.get_or_insert(PathAndQuery::from_static("/"));
        // All three are there.
        Uri::from_parts(parts).unwrap_or_default()
    }
}

/// What a refusal has to know of the request.
fn wish(headers: &HeaderMap) -> HeaderMap {
    headers.get_all(ACCEPT).iter().map(|value| (ACCEPT, value.clone())).collect()
}

/// An error and what it comes from, for the log.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// A machine that is gone does not say so.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Below the five seconds after which common servers hang up: a request on its way then would be lost.
const IDLE: Duration = Duration::from_secs(4);
