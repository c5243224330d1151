//! Requests as a server makes them, the bare services behind the layers, and one call through a stack.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Future, Ready, ready};
use std::hint::black_box;
use std::marker::PhantomData;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AUTHORIZATION, COOKIE, HOST, USER_AGENT};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use tower::Service;

use super::case::Case;

pub(crate) type Body = axum::body::Body;

/// The head of a request as text, kept to make many like it.
#[derive(Clone)]
pub(crate) struct Head {
    text: Vec<u8>,
    headers: Vec<(HeaderName, usize)>,
}

impl Head {
    /// Five ordinary headers.
    pub(crate) fn new() -> Self {
        let mut head = Self { text: TARGET.as_bytes().to_vec(), headers: Vec::new() };
        head.push(HOST, "orders.example");
        head.push(USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
        head.push(ACCEPT, "application/json, */*;q=0.8");
        head.push(ACCEPT_LANGUAGE, "en-GB,en;q=0.7,de;q=0.3");
        head.push(ACCEPT_ENCODING, "gzip, deflate, br");
        head
    }

    pub(crate) fn authorization(value: &str) -> Self {
        let mut head = Self::new();
        head.push(AUTHORIZATION, value);
        head
    }

    pub(crate) fn bearer(token: &str) -> Self {
        Self::authorization(&format!("Bearer {token}"))
    }

    pub(crate) fn cookie(value: &str) -> Self {
        let mut head = Self::new();
        head.push(COOKIE, value);
        head
    }

    fn push(&mut self, name: HeaderName, value: &str) {
        self.text.extend_from_slice(value.as_bytes());
        self.headers.push((name, value.len()));
    }

    /// The request. Target and header values are slices of one buffer that nothing else holds, as hyper hands them over.
    pub(crate) fn request(&self) -> Request<Body> {
        let mut text = Bytes::copy_from_slice(&self.text);
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from_maybe_shared(text.split_to(TARGET.len())).unwrap();
        request.headers_mut().reserve(self.headers.len());
        for (name, length) in &self.headers {
            let value = HeaderValue::from_maybe_shared(text.split_to(*length)).unwrap();
            request.headers_mut().insert(name.clone(), value);
        }
        request
    }
}

/// Answers every request with an empty 200, at once.
#[derive(Debug)]
pub(crate) struct Bare<R>(PhantomData<fn() -> R>);

impl<R> Bare<R> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<R> Clone for Bare<R> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl<R: Default> Service<Request<Body>> for Bare<R> {
    type Response = Response<R>;
    type Error = Infallible;
    type Future = Ready<Result<Response<R>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        drop(black_box(request));
        ready(Ok(Response::new(R::default())))
    }
}

/// An application of one route with a parameter. Layers are added to this; [`finished`] comes last.
pub(crate) fn app() -> Router {
    async fn item(Path(id): Path<u32>) -> StatusCode {
        black_box(id);
        StatusCode::OK
    }
    Router::new().route(ROUTE, get(item))
}

/// What `axum::serve` does too; without it every call would apply all layers anew.
pub(crate) fn finished(router: Router) -> Router {
    router.with_state(())
}

/// One call. Whatever is measured is ready when it is polled for the first time.
pub(crate) fn call<S, R>(service: &mut S, request: Request<Body>) -> Response<R>
where
    S: Service<Request<Body>, Response = Response<R>>,
    S::Error: Debug,
{
    let mut context = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut context).is_ready(), "the service is always ready");
    match pin!(service.call(request)).poll(&mut context) {
        Poll::Ready(response) => response.expect("the service does not fail"),
        Poll::Pending => panic!("the answer is at hand"),
    }
}

/// The case of `service` answering `status` to requests that `prepare` makes. That it does is checked once.
pub(crate) fn service_case<S, R>(
    name: impl Into<String>,
    mut service: S,
    status: StatusCode,
    mut prepare: impl FnMut() -> Request<Body> + 'static,
) -> Case
where
    S: Service<Request<Body>, Response = Response<R>> + 'static,
    S::Error: Debug,
{
    let name = name.into();
    assert_eq!(call(&mut service, prepare()).status(), status, "{name}");
    Case::new(name, prepare, move |request| drop(black_box(call(&mut service, black_box(request)))))
}

/// As [`service_case`], with requests that are all alike.
pub(crate) fn head_case<S, R>(name: impl Into<String>, service: S, status: StatusCode, head: &Head) -> Case
where
    S: Service<Request<Body>, Response = Response<R>> + 'static,
    S::Error: Debug,
{
    let head = head.clone();
    service_case(name, service, status, move || head.request())
}

pub(crate) const ROUTE: &str = "/orders/{id}";
const TARGET: &str = "/orders/4711";
