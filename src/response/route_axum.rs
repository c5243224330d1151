//! The route that a request took: what axum matched, unless a router of one's own says otherwise.

use axum::extract::MatchedPath;
use http::Extensions;

use crate::observe::Route;

pub(super) fn route(extensions: &Extensions) -> Option<&str> {
    let own = extensions.get::<Route>().map(Route::name);
    own.or_else(|| extensions.get::<MatchedPath>().map(MatchedPath::as_str))
}
