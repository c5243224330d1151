//! The future of a response: waits for the verdict if need be, then for the inner service.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::SET_COOKIE;
use http::{HeaderValue, Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::verdict::{Judge, Settled, Waiting};
use crate::response::{ResponseBody, answer};

pin_project! {
    /// The response of [`Authenticate`](super::Authenticate).
    pub struct ResponseFuture<S, ReqBody>
    where
        S: Service<Request<ReqBody>>,
    {
        #[pin]
        state: State<S, S::Future, ReqBody>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, F, ReqBody> {
        Before { step: Step<S, ReqBody> },
        Calling { #[pin] future: F, forget: Option<HeaderValue> },
    }
}

/// All that can happen before the inner service is called. None of it is pinned, so it is moved about freely.
enum Step<S, ReqBody> {
    Refused { response: Response<Bytes> },
    Verifying { waiting: Waiting, request: Request<ReqBody>, inner: S, judge: Arc<Judge> },
    Readying { request: Request<ReqBody>, inner: S, forget: Option<HeaderValue> },
    Done,
}

impl<S, ReqBody> ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    pub(super) const fn calling(future: S::Future, forget: Option<HeaderValue>) -> Self {
        Self { state: State::Calling { future, forget } }
    }

    pub(super) const fn refused(response: Response<Bytes>) -> Self {
        Self { state: State::Before { step: Step::Refused { response } } }
    }

    pub(super) const fn verifying(
        waiting: Waiting,
        request: Request<ReqBody>,
        inner: S,
        judge: Arc<Judge>,
    ) -> Self {
        Self { state: State::Before { step: Step::Verifying { waiting, request, inner, judge } } }
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Output = Result<Response<ResponseBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Calling { future, forget } => {
                    let mut response = ready!(future.poll(cx))?.map(ResponseBody::inner);
                    if let Some(cookie) = forget.take() {
                        response.headers_mut().append(SET_COOKIE, cookie);
                    }
                    return Poll::Ready(Ok(response));
                }
                StateProjection::Before { step } => match step.advance(cx) {
                    Next::Pending => return Poll::Pending,
                    Next::Again => {}
                    Next::Call(future, forget) => state.set(State::Calling { future, forget }),
                    Next::Answer(answer) => return Poll::Ready(answer.map(|response| response.map(ResponseBody::from_bytes))),
                },
            }
        }
    }
}

/// Where a step leads.
enum Next<F, E> {
    Again,
    Answer(Result<Response<Bytes>, E>),
    Call(F, Option<HeaderValue>),
    Pending,
}

impl<S, ReqBody> Step<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    fn advance(&mut self, cx: &mut Context<'_>) -> Next<S::Future, S::Error> {
        match mem::replace(self, Self::Done) {
            Self::Refused { response } => Next::Answer(Ok(response)),
            Self::Verifying { mut waiting, request, inner, judge } => match waiting.poll(&judge, cx) {
                Poll::Pending => {
                    *self = Self::Verifying { waiting, request, inner, judge };
                    Next::Pending
                }
                Poll::Ready(settled) => {
                    *self = Self::after(settled, request, inner, &judge);
                    Next::Again
                }
            },
            Self::Readying { request, mut inner, forget } => match inner.poll_ready(cx) {
                Poll::Pending => {
                    *self = Self::Readying { request, inner, forget };
                    Next::Pending
                }
                Poll::Ready(Ok(())) => Next::Call(inner.call(request), forget),
                Poll::Ready(Err(error)) => Next::Answer(Err(error)),
            },
            // Polled again after it was ready, which a future may answer as it likes; it never runs the inner service.
            Self::Done => Next::Pending,
        }
    }

    fn after(settled: Settled, request: Request<ReqBody>, inner: S, judge: &Judge) -> Self {
        let (mut head, body) = request.into_parts();
        match settled {
            Settled::Pass(pass) => {
                judge.hand_on(pass.identity, &mut head);
                Self::Readying { request: Request::from_parts(head, body), inner, forget: pass.forget }
            }
            Settled::Refuse(rejection) => Self::Refused { response: answer(rejection, &*judge.respond, head) },
        }
    }
}

impl<S, ReqBody> fmt::Debug for ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
