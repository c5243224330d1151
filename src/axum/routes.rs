//! Routes that know who may use them.

use std::fmt;

use axum::Router;
use axum::routing::MethodRouter;

use super::guard::Guarded;
use crate::error::ConfigFault;

/// Routes of which none is forgotten: a `Router` comes of them only where each says who may use it.
///
/// It takes what axum's `Router` takes, so an existing one moves over by its first word; [`build`](Self::build) then names
/// every route that still says nothing. What a route says is said with [`Guard`](super::Guard): `require`, `public` or
/// `optional`.
///
/// ```
/// use std::time::Duration;
///
/// use axum::Router;
/// use axum::routing::{get, post};
/// use portcullis::axum::{Guard, Routes};
/// use portcullis::permission::{all, authenticated, max_age, role, scope};
/// # use portcullis::authenticate::Bearer;
/// # use portcullis::identity::token::TokenVerifier;
/// # use portcullis::AuthenticateLayer;
/// # let layer = AuthenticateLayer::new(Bearer::new("orders", TokenVerifier::new()))?;
///
/// let admin = Routes::new().route("/users", get("all users").require(role("admin")).hidden());
/// let routes = Routes::new()
///     .route("/health", get("up").public())
///     .route("/me", get("you").require(authenticated()))
///     .route("/orders", get("two orders").require(scope("orders:read")))
///     .route("/orders", post("ordered").require(all([scope("orders:write"), max_age(Duration::from_secs(300))])))
///     .nest("/admin", admin);
/// assert_eq!(routes.table().to_string(), "\
/// GET   /admin/users     role admin, hidden
/// GET   /health          public
/// GET   /me              any identity
/// GET   /orders          scope orders:read
/// POST  /orders          scope orders:write and a log-in of the last 300s
/// any   everything else  any identity, then 404
/// ");
/// let app: Router = routes.build(&layer)?;
///
/// let error = Routes::new().route("/orders", get("two orders")).build(&layer).unwrap_err();
/// assert_eq!(error.faults()[0].setting(), "GET /orders");
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[must_use = "routes do nothing until `build`"]
pub struct Routes<S = ()> {
    pub(super) entries: Vec<Entry<S>>,
    pub(super) fallbacks: Vec<Guarded<MethodRouter<S>>>,
    pub(super) faults: Vec<ConfigFault>,
}

#[expect(clippy::large_enum_variant, reason = "made once, at start-up")]
pub(super) enum Entry<S> {
    Route(String, Guarded<MethodRouter<S>>),
    Nested(String, Part<S>),
    Merged(Guarded<Router<S>>),
}

/// What [`Routes::nest`] and [`Routes::merge`] take: other [`Routes`], or a `Router` of axum, which is opaque: one word
/// of [`Guard`](super::Guard) is said for all that is in it.
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use portcullis::axum::{Guard, Routes};
/// use portcullis::permission::role;
///
/// let reports = Router::new().route("/weekly", get("a report"));
/// let routes: Routes = Routes::new().nest("/reports", reports.require(role("clerk")));
/// ```
#[derive(Debug)]
pub struct Part<S = ()>(pub(super) Inner<S>);

#[derive(Debug)]
pub(super) enum Inner<S> {
    Routes(Routes<S>),
    Router(Guarded<Router<S>>),
}

impl<S> From<Routes<S>> for Part<S> {
    fn from(routes: Routes<S>) -> Self {
        Self(Inner::Routes(routes))
    }
}

impl<S> From<Guarded<Router<S>>> for Part<S> {
    fn from(router: Guarded<Router<S>>) -> Self {
        Self(Inner::Router(router))
    }
}

/// Without a word about who may use it.
impl<S> From<Router<S>> for Part<S> {
    fn from(router: Router<S>) -> Self {
        Self(Inner::Router(router.into()))
    }
}

impl<S> Default for Routes<S> {
    fn default() -> Self {
        Self { entries: Vec::new(), fallbacks: Vec::new(), faults: Vec::new() }
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds routes for a path, as `Router::route` does. A path may be added again with other methods and another requirement.
    ///
    /// Methods that the path does not have are 405 for whoever may use one that it has; others get the answer that they
    /// would get there. `HEAD` is answered as `GET` is, and to nobody else.
    pub fn route(mut self, path: &str, routes: impl Into<Guarded<MethodRouter<S>>>) -> Self {
        self.entries.push(Entry::Route(path.to_owned(), routes.into()));
        self
    }

    /// Puts routes, or a `Router`, below a path, as `Router::nest` does. A `Router` answers whatever is there, what it has
    /// no route for as well.
    pub fn nest(mut self, path: &str, part: impl Into<Part<S>>) -> Self {
        self.entries.push(Entry::Nested(path.to_owned(), part.into()));
        self
    }

    /// Adds the routes of others, as `Router::merge` does. A `Router` must come without a fallback (`reset_fallback`), since
    /// [`fallback`](Self::fallback) is where one is given. Where its routes are not public, a refused method that a path does
    /// not have is answered with axum's `Allow`, which tells that the path is there; `nest` tells nothing.
    pub fn merge(mut self, part: impl Into<Part<S>>) -> Self {
        match part.into().0 {
            Inner::Router(router) => self.entries.push(Entry::Merged(router)),
            Inner::Routes(routes) => {
                self.entries.extend(routes.entries);
                self.fallbacks.extend(routes.fallbacks);
                self.faults.extend(routes.faults);
            }
        }
        self
    }

    /// Answers what no route does, with `any(handler)` and a word about who may see that. Default: 401 for strangers, who
    /// learn of no route by its absence, and for others the 404 that a hidden route gives.
    pub fn fallback(mut self, routes: impl Into<Guarded<MethodRouter<S>>>) -> Self {
        self.fallbacks.push(routes.into());
        self
    }

    /// Gives the handlers their state, as `Router::with_state` does. Before [`build`](Self::build).
    pub fn with_state<S2>(self, state: S) -> Routes<S2> {
        let given = |routes: MethodRouter<S>| routes.with_state(state.clone());
        Routes {
            entries: self.entries.into_iter().map(|entry| entry.with_state(&state)).collect(),
            fallbacks: self.fallbacks.into_iter().map(|fallback| fallback.map(given)).collect(),
            faults: self.faults,
        }
    }
}

impl<S: Clone + Send + Sync + 'static> Entry<S> {
    fn with_state<S2>(self, state: &S) -> Entry<S2> {
        let to_routes = |routes: MethodRouter<S>| routes.with_state(state.clone());
        let to_router = |router: Router<S>| router.with_state(state.clone());
        match self {
            Self::Route(path, routes) => Entry::Route(path, routes.map(to_routes)),
            Self::Merged(router) => Entry::Merged(router.map(to_router)),
            Self::Nested(path, Part(Inner::Router(router))) => {
                Entry::Nested(path, Part(Inner::Router(router.map(to_router))))
            }
            Self::Nested(path, Part(Inner::Routes(routes))) => {
                Entry::Nested(path, Part(Inner::Routes(routes.with_state(state.clone()))))
            }
        }
    }
}

impl<S> fmt::Debug for Routes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes").field("entries", &self.entries).field("fallbacks", &self.fallbacks).finish()
    }
}

impl<S> fmt::Debug for Entry<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Route(path, routes) => f.debug_tuple("Route").field(path).field(routes).finish(),
            Self::Nested(path, part) => match &part.0 {
                Inner::Routes(routes) => f.debug_tuple("Nested").field(path).field(routes).finish(),
                Inner::Router(router) => f.debug_tuple("Nested").field(path).field(router).finish(),
            },
            Self::Merged(router) => f.debug_tuple("Merged").field(router).finish(),
        }
    }
}
