//! Neighbours that compare with one fixed credential.

#![allow(deprecated, reason = "tower-http calls its validators too basic for real use; they are what it has")]

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use tower::Layer;
use tower_http::validate_request::ValidateRequestHeaderLayer;

use crate::support::case::Case;
use crate::support::ours::OPAQUE;
use crate::support::request::{Bare, Body, Head, app, finished, head_case};

pub(crate) fn tower_http_bearer(head: &Head, status: StatusCode) -> Case {
    let service = ValidateRequestHeaderLayer::bearer(OPAQUE).layer(Bare::<Body>::new());
    head_case("tower-http bearer, one fixed token", service, status, head)
}

pub(crate) fn tower_http_basic(head: &Head, status: StatusCode) -> Case {
    let service = ValidateRequestHeaderLayer::basic("alice", "secret").layer(Bare::<Body>::new());
    head_case("tower-http basic, one fixed password", service, status, head)
}

/// What many applications write by hand: one token, and a user for the handlers.
pub(crate) fn from_fn_static(head: &Head) -> Case {
    #[derive(Clone)]
    struct User(#[expect(dead_code, reason = "for handlers")] Arc<str>);

    let alice: Arc<str> = "alice".into();
    let guard = move |mut request: Request, next: Next| {
        let user = User(Arc::clone(&alice));
        async move {
            if bearer(&request) != Some(OPAQUE) {
                return unauthorized();
            }
            request.extensions_mut().insert(user);
            next.run(request).await
        }
    };
    let app = finished(app().layer(from_fn(guard)));
    head_case("axum `from_fn`, one fixed token", app, StatusCode::OK, head)
}

pub(crate) fn bearer(request: &Request) -> Option<&str> {
    request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

pub(crate) fn unauthorized() -> Response {
    (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer realm=\"orders\"")]).into_response()
}
