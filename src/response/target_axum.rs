//! The target of a request as the client sent it: routers of axum take the front of a path away where one is nested in another.

use axum::extract::OriginalUri;
use http::Uri;
use http::request::Parts;

pub(super) fn target(head: &Parts) -> &Uri {
    head.extensions.get::<OriginalUri>().map_or(&head.uri, |OriginalUri(target)| target)
}
