//! Which methods a `MethodRouter` has, which it does not tell.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::extract::Request;
use axum::handler::Handler;
use axum::middleware::{Next, from_fn};
use axum::routing::MethodRouter;
use axum_core::body::Body;
use http::{Method, StatusCode};

/// The methods that have a handler. `HEAD` goes without saying where there is `GET`.
///
/// No handler runs: in a copy, each is covered by one that answers for it, and whatever is asked of the rest by another.
pub(super) fn methods(routes: &MethodRouter) -> Vec<Method> {
    let covered = routes.clone().layer(from_fn(async |_: Request, _: Next| StatusCode::OK));
    let covered = covered.fallback(StatusCode::NOT_FOUND);
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];
    let mut found: Vec<_> = known.into_iter().filter(|method| has(&covered, method)).collect();
    if found.contains(&Method::GET) {
        found.retain(|method| *method != Method::HEAD);
    }
    found
}

fn has(covered: &MethodRouter, method: &Method) -> bool {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method.clone();
    let answer = pin!(Handler::call(covered.clone(), request, ()));
    // Both answers are at hand.
    match answer.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(response) => response.status() == StatusCode::OK,
        Poll::Pending => false,
    }
}
