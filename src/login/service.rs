//! The services: each takes a request and has its act answer it.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower_layer::Layer as _;
use tower_service::Service;

use super::future::ResponseFuture;
use super::log_in::log_in;
use super::log_out::log_out;
use super::manage::manage;
use super::routes::{NoRoute, Route};
use super::settings::Settings;
use crate::authenticate::{Authenticate, AuthenticateLayer};
use crate::response::{MAX_OWN_PATH, ResponseBody};

/// Logs people in; made by [`Login::log_in`](super::Login::log_in).
///
/// ```
/// use axum::routing::get;
/// use portcullis::login::LogIn;
///
/// /// One address for the page and for its form.
/// fn at_one_address(log_in: LogIn) -> axum::Router {
///     axum::Router::new().route("/login", get("<form method=post>…").post_service(log_in))
/// }
/// ```
#[derive(Clone)]
pub struct LogIn {
    settings: Arc<Settings>,
}

impl LogIn {
    /// How long a log-in may be: 64 KiB. It is a few hundred bytes.
    pub const MAX_BODY: usize = 64 * 1024;

    /// How long one may take to come: 10 seconds. Whoever sends a few hundred bytes more slowly wants something else.
    pub const BODY_DEADLINE: Duration = Duration::from_secs(10);

    /// How long a path to return to may be: 2048 bytes, more than any address that people are sent to.
    pub const MAX_RETURN_TO: usize = MAX_OWN_PATH;

    pub(super) const fn new(settings: Arc<Settings>) -> Self {
        Self { settings }
    }
}

impl<B> Service<Request<B>> for LogIn
where
    B: Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<ResponseBody<Full<Bytes>>>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        ResponseFuture::of(log_in(Arc::clone(&self.settings), request))
    }
}

/// Logs people out; made by [`Login::log_out`](super::Login::log_out).
///
/// ```
/// use portcullis::login::{LogOut, ResponseFuture};
/// use tower::Service;
///
/// fn call(log_out: &mut LogOut, request: http::Request<axum::body::Body>) -> ResponseFuture {
///     log_out.call(request)
/// }
/// ```
#[derive(Clone)]
pub struct LogOut {
    settings: Arc<Settings>,
}

impl LogOut {
    pub(super) const fn new(settings: Arc<Settings>) -> Self {
        Self { settings }
    }
}

impl<B: Send + 'static> Service<Request<B>> for LogOut {
    type Response = Response<ResponseBody<Full<Bytes>>>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        ResponseFuture::of(log_out(Arc::clone(&self.settings), request))
    }
}

/// Shows people their sessions and ends them; made by [`Login::manage`](super::Login::manage).
///
/// ```
/// use portcullis::login::Manage;
///
/// /// In a router that takes the front of the path away nothing is to be said; elsewhere the service is told.
/// fn in_a_server_without_a_router(manage: Manage) -> Manage {
///     manage.below("/session")
/// }
/// ```
#[derive(Clone)]
pub struct Manage {
    below: Box<str>,
    settings: Arc<Settings>,
    guarded: Authenticate<Act>,
}

impl Manage {
    pub(super) fn new(settings: Arc<Settings>, members: &AuthenticateLayer) -> Self {
        let guarded = members.layer(Act { settings: Arc::clone(&settings) });
        Self { below: "".into(), settings, guarded }
    }

    /// What stands before `/sessions` and its like in the paths of requests, without a slash at its end. Default: nothing, as in
    /// a service that is nested in a router.
    #[must_use]
    pub fn below(mut self, path: impl Into<Box<str>>) -> Self {
        self.below = path.into();
        self
    }
}

impl<B: Send + 'static> Service<Request<B>> for Manage {
    type Response = Response<ResponseBody<Full<Bytes>>>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<B>>::poll_ready(&mut self.guarded, cx)
    }

    fn call(&mut self, mut request: Request<B>) -> ResponseFuture {
        let path = request.uri().path().strip_prefix(&*self.below).unwrap_or_default();
        match Route::of(request.method(), path) {
            Ok(route) => {
                request.extensions_mut().insert(route);
                ResponseFuture::from_layer(self.guarded.call(request))
            }
            Err(NoRoute::Method(allowed)) => {
                ResponseFuture::ready(self.settings.method_not_allowed(allowed, &request.into_parts().0))
            }
            Err(NoRoute::NotFound) => ResponseFuture::ready(self.settings.not_found(request.into_parts().0)),
        }
    }
}

/// What members are let in to.
#[derive(Clone)]
struct Act {
    settings: Arc<Settings>,
}

impl<B: Send + 'static> Service<Request<B>> for Act {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let settings = Arc::clone(&self.settings);
        Box::pin(async move { Ok(manage(settings, request).await.map(Full::new)) })
    }
}

impl fmt::Debug for LogIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogIn").finish_non_exhaustive()
    }
}

impl fmt::Debug for LogOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogOut").finish_non_exhaustive()
    }
}

impl fmt::Debug for Manage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manage").field("below", &self.below).finish_non_exhaustive()
    }
}
