//! What lies behind the doors, chosen in this one place: whoever comes here was let in.

use std::sync::Arc;

use axum::body::Body;
use hyper::header::{HeaderName, VARY};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request, Response, http::HeaderValue};
use portcullis::Identity;

use crate::config::Mode;
use crate::echo;
use crate::forward_auth;
use crate::proxy::{Credentials, Proxy};
use crate::reply::done;

/// One of the modes at work.
#[derive(Clone)]
pub(crate) enum Behind {
    Echo,
    ForwardAuth { identity: bool },
    Proxy(Arc<Proxy>),
}

impl Behind {
    /// Puts `mode` to work. Credentials are in the session cookie of this name and in this field, beside the usual one.
    pub(crate) fn build(mode: Mode, cookie: Option<&str>, key_field: Option<&HeaderName>) -> Self {
        match mode {
            Mode::Echo => Self::Echo,
            Mode::ForwardAuth { identity } => Self::ForwardAuth { identity },
            Mode::Proxy { upstream, identity } => {
                let credentials = Credentials { cookie: cookie.map(ToOwned::to_owned), key_field: key_field.cloned() };
                Self::Proxy(Arc::new(Proxy::new(upstream, credentials, identity)))
            }
        }
    }

    /// Answers a request that was let in, by whom it says in its extensions.
    pub(crate) async fn answer(&self, request: Request<Body>) -> Response<Body> {
        match self {
            Self::Echo => echo::answer(&request),
            Self::ForwardAuth { identity } => {
                let known = request.extensions().get::<Identity>().filter(|_| *identity);
                forward_auth::accepted(request.headers(), known)
            }
            Self::Proxy(proxy) => proxy.answer(request).await,
        }
    }

    /// The code by which a request with this head is refused after it was let in, if it is.
    pub(crate) fn fault(&self, head: &Parts) -> Option<&'static str> {
        match self {
            Self::Echo | Self::ForwardAuth { .. } => None,
            Self::Proxy(_) => Proxy::fault(head),
        }
    }

    /// The answer to a preflight, which no handler sees and nobody's credentials are needed for.
    pub(crate) fn preflight(&self, asked: &HeaderMap) -> Response<Body> {
        let mut response = match self {
            Self::Echo | Self::Proxy(_) => done(),
            Self::ForwardAuth { .. } => forward_auth::accepted(asked, None),
        };
        response.headers_mut().insert(VARY, HeaderValue::from_static("origin, access-control-request-method"));
        response
    }

    /// Whether requests are questions about others, where somebody who is believed says so.
    pub(crate) const fn is_asked_about_others(&self) -> bool {
        matches!(self, Self::ForwardAuth { .. })
    }
}
