//! Who may use a route, said where the route is written.

use std::fmt;

use axum::Router;
use axum::routing::MethodRouter;

use crate::error::ConfigError;
use crate::permission::{RequireLayer, Requirement};

/// Says who may use what is given to [`Routes`](super::Routes): the routes of one path, or a whole `Router`.
///
/// ```
/// use axum::routing::get;
/// use portcullis::axum::{Guard, Routes};
/// use portcullis::permission::scope;
///
/// let routes: Routes = Routes::new()
///     .route("/health", get("up").public())
///     .route("/", get("hello").optional())
///     .route("/orders", get("two orders").require(scope("orders:read")));
/// ```
pub trait Guard: sealed::Sealed + Sized {
    /// For those whose identity has what is required. Takes a [`Requirement`], or a [`RequireLayer`] with settings of its own.
    fn require(self, required: impl Into<Required>) -> Guarded<Self> {
        Guarded { inner: self, access: Access::Required(required.into()), hidden: false }
    }

    /// For everybody. Credentials are not looked at, so wrong ones do no harm, and the extractors of identities have nothing
    /// to give: they answer 500.
    fn public(self) -> Guarded<Self> {
        Guarded { inner: self, access: Access::Public, hidden: false }
    }

    /// For everybody, with an identity where credentials are sent. Wrong credentials are refused.
    fn optional(self) -> Guarded<Self> {
        Guarded { inner: self, access: Access::Optional, hidden: false }
    }
}

impl<S> Guard for MethodRouter<S> {}
impl<S> Guard for Router<S> {}

mod sealed {
    use axum::Router;
    use axum::routing::MethodRouter;

    /// Only what axum routes to can be guarded.
    #[expect(unnameable_types, reason = "so that nobody else can implement it")]
    pub trait Sealed {}

    impl<S> Sealed for MethodRouter<S> {}
    impl<S> Sealed for Router<S> {}
}

/// Routes and who may use them; made by [`Guard`]. What comes without a word about that does not build.
///
/// ```
/// use axum::routing::get;
/// use portcullis::axum::{Guard, Routes};
/// use portcullis::permission::role;
///
/// let routes: Routes = Routes::new().route("/payroll", get("the salaries").require(role("hr")).hidden());
/// ```
#[must_use = "does nothing until it is given to `Routes`"]
pub struct Guarded<T> {
    pub(super) inner: T,
    pub(super) access: Access,
    pub(super) hidden: bool,
}

impl<T> Guarded<T> {
    /// Answers 404 where it would be 403, as [`RequireLayer::hidden`] does. Default: 403.
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Guarded<U> {
        Guarded { inner: change(self.inner), access: self.access, hidden: self.hidden }
    }

    /// Who may use it, in words.
    pub(super) fn words(&self) -> String {
        match &self.access {
            Access::Unsaid => "NOT SAID".to_owned(),
            Access::Public => "public".to_owned(),
            Access::Optional => "optional identity".to_owned(),
            Access::Required(required) if self.is_hidden() => format!("{}, hidden", required.words),
            Access::Required(required) => required.words.clone(),
        }
    }

    fn is_hidden(&self) -> bool {
        let asked = match &self.access {
            Access::Required(Required { layer: Ok(layer), .. }) => layer.is_hidden(),
            _ => false,
        };
        self.hidden || asked
    }
}

/// Without a word about who may use it.
impl<T> From<T> for Guarded<T> {
    fn from(inner: T) -> Self {
        Self { inner, access: Access::Unsaid, hidden: false }
    }
}

impl<T> fmt::Debug for Guarded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("access", &self.words()).finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(super) enum Access {
    Unsaid,
    Public,
    Optional,
    Required(Required),
}

/// What [`Guard::require`] takes: a [`Requirement`] or a [`RequireLayer`]. Its faults are told when the routes are built.
///
/// ```
/// use axum::routing::get;
/// use http::request::Parts;
/// use portcullis::RequireLayer;
/// use portcullis::axum::{Guard, Routes};
/// use portcullis::permission::scope;
/// use portcullis::response::{Rejection, Reply};
///
/// fn upgrade(_: &Rejection, _: &Parts) -> Reply {
///     Reply::new("text/plain", "This is part of the bigger plan.\n")
/// }
///
/// let films = RequireLayer::new(scope("films"))?.respond_with(upgrade);
/// let routes: Routes = Routes::new().route("/films", get("many films").require(films));
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct Required {
    pub(super) layer: Result<RequireLayer, ConfigError>,
    words: String,
}

impl From<Requirement> for Required {
    fn from(requirement: Requirement) -> Self {
        let words = requirement.to_string();
        Self { layer: RequireLayer::new(requirement), words }
    }
}

impl From<RequireLayer> for Required {
    fn from(layer: RequireLayer) -> Self {
        let words = layer.requirement().to_string();
        Self { layer: Ok(layer), words }
    }
}
