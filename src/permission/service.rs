//! The service: wires the decision to the inner service.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::future::ResponseFuture;
use super::rule::{Deciding, Rule, Verdict};
use crate::deferred::{Additions, Deferred};
use crate::response::ResponseBody;

/// The service that [`RequireLayer`](super::RequireLayer) makes.
///
/// ```
/// use portcullis::permission::{Require, RequireLayer, role};
/// use tower::Layer;
///
/// struct Mine;
/// let service: Require<Mine> = RequireLayer::new(role("admin"))?.layer(Mine);
/// let Mine = service.into_inner();
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Require<S> {
    inner: S,
    rule: Arc<Rule>,
}

impl<S> Require<S> {
    pub(super) const fn new(inner: S, rule: Arc<Rule>) -> Self {
        Self { inner, rule }
    }

    /// The inner service.
    #[must_use]
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service. What is called through it is not checked.
    #[must_use]
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service. What is called through it is not checked.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Require<S>
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
        let (head, body) = request.into_parts();
        ResponseFuture::new(match self.rule.judge(&head) {
            // This instance was polled ready; no clone of it was.
            Verdict::Allow => {
                Rule::tell_allowed(&head);
                Deferred::calling(self.inner.call(Request::from_parts(head, body)), Additions::default())
            }
            Verdict::Refuse(rejection) => Deferred::refused(self.rule.answer(rejection, head)),
            // Nobody holds capacity of the inner service meanwhile: the ready instance is dropped, and after the decision a
            // clone is driven to readiness.
            Verdict::Ask(identity) => {
                self.inner = self.inner.clone();
                Deferred::deciding(Deciding::new(Arc::clone(&self.rule), identity, head), body, self.inner.clone())
            }
        })
    }
}
