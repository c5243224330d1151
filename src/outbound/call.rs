//! One call: a request, and an answer that is whole, small and JSON, or an error.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{
    ACCEPT, AGE, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, USER_AGENT,
};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use super::address::Address;
use super::client::Client;
use super::error::{CallError, chain, shown};
use crate::clock::within;
use crate::secret::Secret;

/// The limits of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// For all of it: name, connection, TLS, head and body.
    pub(crate) deadline: Duration,
    /// For the body.
    pub(crate) max_bytes: usize,
    /// The media types that the answer may have, in lower case.
    pub(crate) accept: &'static [&'static str],
}

/// An answer with status 200, of an accepted media type, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) body: Bytes,
    /// All lines of `Cache-Control`, with a comma between.
    pub(crate) cache_control: Option<Box<str>>,
    /// How long the answer lay in caches on the way, in seconds.
    pub(crate) age: Option<u64>,
}

impl Client {
    /// Fetches a document.
    pub(crate) async fn get(&self, address: &Address, call: Call) -> Result<Reply, CallError> {
        self.send(Method::GET, address, None, Request::new(Full::default()), call).await
    }

    pub(super) async fn send(
        &self,
        method: Method,
        address: &Address,
        authorization: Option<&Secret<String>>,
        mut request: Request<Full<Bytes>>,
        call: Call,
    ) -> Result<Reply, CallError> {
        *request.method_mut() = method;
        *request.uri_mut() = address.uri().clone();
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(NAME));
        for media_type in call.accept {
            request.headers_mut().append(ACCEPT, HeaderValue::from_static(media_type));
        }
        if let Some(authorization) = authorization {
            let mut value =
                HeaderValue::from_str(authorization.expose()).map_err(|_| CallError::Unsendable(CONTROL_CHARACTER))?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let exchange = async {
            let response = self.http.request(request).await.map_err(|error| {
                let text = chain(&error);
                if error.is_connect() { CallError::Connect(text) } else { CallError::Broken(text) }
            })?;
            let (head, body) = response.into_parts();
            check_head(head.status, &head.headers, call)?;
            Ok(Reply {
                body: read(body, call.max_bytes).await?,
                cache_control: joined(&head.headers, &CACHE_CONTROL),
                age: joined(&head.headers, &AGE).and_then(|age| age.parse().ok()),
            })
        };
        within(call.deadline, exchange).await.map_err(|_| CallError::Late(call.deadline))?
    }
}

/// Whether the body of an answer is worth reading.
fn check_head(status: StatusCode, headers: &HeaderMap, call: Call) -> Result<(), CallError> {
    if status.is_redirection() {
        return Err(CallError::Redirect(status.as_u16()));
    }
    if status != StatusCode::OK {
        return Err(CallError::Status(status.as_u16()));
    }
    for encoding in headers.get_all(CONTENT_ENCODING) {
        if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") {
            return Err(CallError::Encoded(shown(encoding.as_bytes())));
        }
    }
    let content_type = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let media_type = content_type.split(|&octet| octet == b';').next().unwrap_or_default().trim_ascii();
    if !call.accept.iter().any(|accepted| accepted.as_bytes().eq_ignore_ascii_case(media_type)) {
        return Err(CallError::MediaType(shown(content_type)));
    }
    Ok(())
}

async fn read(mut body: Incoming, max_bytes: usize) -> Result<Bytes, CallError> {
    let too_large = || CallError::TooLarge(max_bytes);
    if body.size_hint().lower() > max_bytes as u64 {
        return Err(too_large());
    }
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| CallError::Broken(chain(&error)))?;
        if let Ok(data) = frame.into_data() {
            if data.len() > max_bytes - read.len() {
                return Err(too_large());
            }
            read.extend_from_slice(&data);
        }
    }
    Ok(read.freeze())
}

fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<Box<str>> {
    let lines: Vec<_> = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or(",")).collect();
    (!lines.is_empty()).then(|| lines.join(", ").into())
}

const CONTROL_CHARACTER: &str = "what proves the client has a control character in it";
/// Some issuers turn away callers without a name.
const NAME: &str = concat!("portcullis/", env!("CARGO_PKG_VERSION"));
