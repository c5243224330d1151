//! The route that a request took, where a router of one's own says so.

use http::Extensions;

use crate::observe::Route;

pub(super) fn route(extensions: &Extensions) -> Option<&str> {
    extensions.get::<Route>().map(Route::name)
}
