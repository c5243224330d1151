//! A call of the inner service that may have to wait for a decision: the state machine both middlewares share.

use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::SET_COOKIE;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::response::{Caching, ResponseBody};

/// A decision to come. It owns the head of the request meanwhile.
pub(crate) trait Decide {
    /// Goes on deciding. Not called again after it was ready.
    fn poll_decision(&mut self, cx: &mut Context<'_>) -> Poll<Result<Passed, Response<Bytes>>>;
}

/// A request that may go on.
pub(crate) struct Passed {
    pub(crate) head: Parts,
    pub(crate) additions: Additions,
}

/// What is added to the headers of the inner service's response.
#[derive(Default)]
pub(crate) struct Additions {
    pub(crate) field: Option<Addition>,
    pub(crate) caching: Option<Caching>,
}

impl Additions {
    fn add_to(&mut self, headers: &mut HeaderMap) {
        if let Some(addition) = self.field.take() {
            addition.add_to(headers);
        }
        if let Some(caching) = self.caching.take() {
            caching.write(headers);
        }
    }
}

/// A field that is added.
pub(crate) enum Addition {
    /// A `Set-Cookie` value, unless the inner service sets a cookie of that name.
    Cookie(HeaderValue),
    /// A field that is the layer's to write. In a box, so that the many responses without one move fewer bytes about.
    Header(Box<(HeaderName, HeaderValue)>),
}

impl Addition {
    fn add_to(self, headers: &mut HeaderMap) {
        match self {
            Self::Cookie(cookie) => add_cookie(headers, cookie),
            Self::Header(header) => {
                headers.insert(header.0, header.1);
            }
        }
    }
}

pin_project! {
    /// Waits for the decision if need be, then drives the inner service to readiness, then calls it.
    pub(crate) struct Deferred<S, ReqBody, D>
    where
        S: Service<Request<ReqBody>>,
    {
        #[pin]
        state: State<S, S::Future, ReqBody, D>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, F, ReqBody, D> {
        Before { step: Step<S, ReqBody, D> },
        Calling { #[pin] future: F, additions: Additions },
        Refused { response: Option<Response<Bytes>> },
    }
}

/// All that can happen before the inner service is called. None of it is pinned, so it is moved about freely.
#[expect(clippy::large_enum_variant, reason = "moved once or twice in a request; a box would be an allocation in each")]
enum Step<S, ReqBody, D> {
    Deciding { decision: D, body: ReqBody, inner: S },
    Readying { request: Request<ReqBody>, inner: S, additions: Additions },
    Done,
}

impl<S, ReqBody, D> Deferred<S, ReqBody, D>
where
    S: Service<Request<ReqBody>>,
{
    /// The inner service has been called.
    pub(crate) const fn calling(future: S::Future, additions: Additions) -> Self {
        Self { state: State::Calling { future, additions } }
    }

    /// The inner service is not called.
    pub(crate) const fn refused(response: Response<Bytes>) -> Self {
        Self { state: State::Refused { response: Some(response) } }
    }

    /// Whether the inner service is called is not known yet. `inner` need not be ready.
    pub(crate) const fn deciding(decision: D, body: ReqBody, inner: S) -> Self {
        Self { state: State::Before { step: Step::Deciding { decision, body, inner } } }
    }
}

impl<S, ReqBody, ResBody, D> Future for Deferred<S, ReqBody, D>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    D: Decide,
{
    type Output = Result<Response<ResponseBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Calling { future, additions } => {
                    let mut response = ready!(future.poll(cx))?.map(ResponseBody::inner);
                    additions.add_to(response.headers_mut());
                    return Poll::Ready(Ok(response));
                }
                StateProjection::Refused { response } => {
                    // Polled after it was ready it never is again.
                    let Some(response) = response.take() else { return Poll::Pending };
                    return Poll::Ready(Ok(response.map(ResponseBody::from_bytes)));
                }
                StateProjection::Before { step } => match ready!(step.advance(cx)) {
                    Next::Step(next) => *step = next,
                    Next::Call(future, additions) => state.set(State::Calling { future, additions }),
                    Next::Answer(answer) => {
                        return Poll::Ready(answer.map(|response| response.map(ResponseBody::from_bytes)));
                    }
                },
            }
        }
    }
}

/// Leaves a cookie that the inner service sets itself as it is: a log-in behind a stale cookie keeps its new session.
fn add_cookie(headers: &mut HeaderMap, cookie: HeaderValue) {
    if !headers.get_all(SET_COOKIE).iter().any(|own| cookie_name(own) == cookie_name(&cookie)) {
        headers.append(SET_COOKIE, cookie);
    }
}

fn cookie_name(set_cookie: &HeaderValue) -> Option<&[u8]> {
    set_cookie.as_bytes().split(|&byte| byte == b'=').next().map(<[u8]>::trim_ascii)
}

type NextOf<S, ReqBody, D> =
    Next<S, ReqBody, D, <S as Service<Request<ReqBody>>>::Future, <S as Service<Request<ReqBody>>>::Error>;

/// Where a step leads.
enum Next<S, ReqBody, D, F, E> {
    Answer(Result<Response<Bytes>, E>),
    Call(F, Additions),
    Step(Step<S, ReqBody, D>),
}

impl<S, ReqBody, D> Step<S, ReqBody, D>
where
    S: Service<Request<ReqBody>>,
    D: Decide,
{
    fn advance(&mut self, cx: &mut Context<'_>) -> Poll<NextOf<S, ReqBody, D>> {
        Poll::Ready(match mem::replace(self, Self::Done) {
            Self::Deciding { mut decision, body, inner } => match decision.poll_decision(cx) {
                Poll::Pending => {
                    *self = Self::Deciding { decision, body, inner };
                    return Poll::Pending;
                }
                Poll::Ready(Ok(Passed { head, additions })) => {
                    Next::Step(Self::Readying { request: Request::from_parts(head, body), inner, additions })
                }
                Poll::Ready(Err(response)) => Next::Answer(Ok(response)),
            },
            Self::Readying { request, mut inner, additions } => match inner.poll_ready(cx) {
                Poll::Pending => {
                    *self = Self::Readying { request, inner, additions };
                    return Poll::Pending;
                }
                Poll::Ready(Ok(())) => Next::Call(inner.call(request), additions),
                Poll::Ready(Err(error)) => Next::Answer(Err(error)),
            },
            // Polled after it was ready: whatever happens then, the inner service does not run twice.
            Self::Done => return Poll::Pending,
        })
    }
}

/// A future whose panic is `None`.
pub(crate) struct Guarded<F: ?Sized>(pub(crate) Pin<Box<F>>);

impl<F: Future + ?Sized> Future for Guarded<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    }
}
