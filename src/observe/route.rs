//! The route that a request took.

use std::fmt;
use std::sync::Arc;

/// The route that a router matched, such as `/orders/{id}`: put it into the extensions of a request, and records of decisions
/// name it. With the feature `axum` the path that axum matched is found by itself.
///
/// ```
/// use portcullis::observe::Route;
///
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(Route::new("/orders/{id}"));
/// ```
#[derive(Clone)]
pub struct Route(Arc<str>);

impl Route {
    /// A route of this name. It stands in logs and in the labels of metrics: no part of it comes from a request.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Route").field(&self.name()).finish()
    }
}
