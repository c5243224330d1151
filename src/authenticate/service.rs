//! The service: wires the decision to the inner service.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::future::ResponseFuture;
use super::judge::{Judge, Verdict, Waiting};
use crate::deferred::{Deferred, Passed};
use crate::measure::Started;
use crate::response::ResponseBody;

/// The service that [`AuthenticateLayer`](super::AuthenticateLayer) makes.
///
/// ```
/// # use portcullis::{AuthenticateLayer, Identity, VerifyError, authenticate::Bearer, credentials::BearerToken};
/// # let scheme = Bearer::new("shop", async |_: BearerToken| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) });
/// use portcullis::authenticate::Authenticate;
/// use tower::Layer;
///
/// struct Mine;
/// let service: Authenticate<Mine> = AuthenticateLayer::new(scheme)?.layer(Mine);
/// let Mine = service.into_inner();
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Authenticate<S> {
    inner: S,
    judge: Arc<Judge>,
}

impl<S> Authenticate<S> {
    pub(super) const fn new(inner: S, judge: Arc<Judge>) -> Self {
        Self { inner, judge }
    }

    /// The inner service.
    #[must_use]
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service. What is called through it is not authenticated.
    #[must_use]
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service. What is called through it is not authenticated.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Authenticate<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let (mut head, body) = request.into_parts();
        self.judge.prepare(&mut head);
        let deferred = match self.judge.judge(&head) {
            Verdict::Settled(settled) => match self.judge.settle(settled, head) {
                // This instance was polled ready; no clone of it was.
                Ok(Passed { head, additions }) => {
                    Deferred::calling(self.inner.call(Request::from_parts(head, body)), additions)
                }
                Err(response) => Deferred::refused(response),
            },
            // A verdict that takes its time holds none of the inner service's capacity, neither in the future nor here: a
            // caller that keeps this service would wait for what it holds itself. So the ready instance is dropped, and
            // after acceptance a clone is driven to readiness.
            Verdict::Wait { verdict, used, ambient } => {
                let started = Started::now();
                let judge = Arc::clone(&self.judge);
                let waiting = Waiting { verdict, used, ambient, started, head: Some(head), judge };
                self.inner = self.inner.clone();
                Deferred::deciding(waiting, body, self.inner.clone())
            }
        };
        ResponseFuture::new(deferred)
    }
}
