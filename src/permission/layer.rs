//! The layer and all its configuration.

use std::sync::Arc;

use http::request::Parts;
use tower_layer::Layer;

use super::requirement::Requirement;
use super::rule::Rule;
use super::service::Require;
use crate::clock::{Clock, SystemClock};
use crate::error::ConfigError;
use crate::observe::Decision;
use crate::response::Respond;

/// Lets requests through whose identity meets a [`Requirement`], and answers the others.
///
/// It stands inside an [`AuthenticateLayer`](crate::AuthenticateLayer), usually on one route; the module's documentation
/// has the table of answers. Cloning costs one reference count; the services it wraps need `Clone`.
///
/// ```
/// use portcullis::RequireLayer;
/// use portcullis::permission::{all, scope};
///
/// let layer = RequireLayer::new(scope("orders:read"))?.hidden();
/// assert!(RequireLayer::new(all([])).is_err());
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RequireLayer {
    rule: Arc<Rule>,
}

impl RequireLayer {
    /// A layer that demands `requirement`.
    ///
    /// # Errors
    ///
    /// Lists every fault at once: an empty `all`, `any` or `acr`, a blank role, a scope that RFC 6749 does not allow.
    pub fn new(requirement: Requirement) -> Result<Self, ConfigError> {
        let faults = requirement.faults();
        let rule = Rule { requirement, hidden: false, clock: Arc::new(SystemClock), respond: None };
        ConfigError::unless_empty(faults, Self { rule: Arc::new(rule) })
    }

    /// Answers 404 where it would be 403, so that nobody without the permission learns what is there. Default: 403.
    /// Anonymous callers still get their 401, and demands for a new log-in are still made.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        Arc::make_mut(&mut self.rule).hidden = true;
        self
    }

    /// The clock that [`max_age`](super::max_age) is judged by. Default: [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        Arc::make_mut(&mut self.rule).clock = Arc::new(clock);
        self
    }

    /// What it demands.
    pub fn requirement(&self) -> &Requirement {
        &self.rule.requirement
    }

    /// Whether it is [`hidden`](Self::hidden).
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.rule.hidden
    }

    /// Sets who writes the bodies of refusals. Default: whoever does so for the layer outside.
    #[must_use]
    pub fn respond_with(mut self, respond: impl Respond) -> Self {
        Arc::make_mut(&mut self.rule).respond = Some(Arc::new(respond));
        self
    }
}

impl RequireLayer {
    /// What the layer would decide about a request with this head, and why, without anything being called. The head is one that
    /// an [`AuthenticateLayer`](crate::AuthenticateLayer) has let in: see
    /// [`Explanation::hand_on`](crate::authenticate::Explanation::hand_on). Policies are asked as ever; nobody is told.
    pub async fn explain(&self, head: &Parts) -> Decision<'static> {
        self.rule.explain(head).await
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = Require<S>;

    fn layer(&self, inner: S) -> Require<S> {
        Require::new(inner, Arc::clone(&self.rule))
    }
}
