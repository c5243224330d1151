//! The future of an answer.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body_util::Full;

use crate::response::ResponseBody;

/// The response of the services of [this module](super), in a box: a password hash or a way to a store follows.
#[must_use = "it does nothing until it is polled"]
pub struct ResponseFuture(Pin<Box<dyn Future<Output = Answer> + Send>>);

type Answer = Result<Response<ResponseBody<Full<Bytes>>>, Infallible>;

impl ResponseFuture {
    pub(super) fn of(act: impl Future<Output = Response<Bytes>> + Send + 'static) -> Self {
        Self(Box::pin(async { Ok(act.await.map(ResponseBody::from_bytes)) }))
    }

    pub(super) fn from_layer(answer: impl Future<Output = Answer> + Send + 'static) -> Self {
        Self(Box::pin(answer))
    }

    pub(super) fn ready(response: Response<Bytes>) -> Self {
        Self::of(ready(response))
    }
}

impl Future for ResponseFuture {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
