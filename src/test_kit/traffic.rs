//! What arrived at an issuer, endpoint by endpoint, and what is to go wrong there.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::{HeaderName, HeaderValue};
use tokio::sync::watch;

use super::faults::Fault;

/// A place that a [`TestIssuer`](super::TestIssuer) answers at.
///
/// ```
/// use portcullis::test_kit::Endpoint;
///
/// assert_eq!(Endpoint::ALL.len(), 5);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Endpoint {
    /// `/introspect` (RFC 7662).
    Introspection,
    /// `/jwks`: the key set (RFC 7517).
    Jwks,
    /// `/.well-known/oauth-authorization-server` (RFC 8414).
    OauthMetadata,
    /// `/.well-known/openid-configuration` (OpenID Connect Discovery).
    OpenidConfiguration,
    /// Every other path. Forged tokens point here (`/trap/jwks`, `/trap/.well-known/openid-configuration`, where the
    /// forger's keys are served), so its count is the number of times that somebody was led astray.
    Trap,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 5] =
        [Self::Introspection, Self::Jwks, Self::OauthMetadata, Self::OpenidConfiguration, Self::Trap];

    const fn index(self) -> usize {
        match self {
            Self::Introspection => 0,
            Self::Jwks => 1,
            Self::OauthMetadata => 2,
            Self::OpenidConfiguration => 3,
            Self::Trap => 4,
        }
    }
}

/// Counts and faults of all endpoints.
pub(super) struct Traffic {
    counts: watch::Sender<[u64; 5]>,
    plans: Mutex<[Plan; 5]>,
}

/// What is to happen at one endpoint.
#[derive(Default)]
struct Plan {
    /// The first one counts; one with a number of times leaves when it is used up.
    faults: VecDeque<Fault>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Traffic {
    pub(super) fn new() -> Self {
        Self { counts: watch::Sender::new([0; 5]), plans: Mutex::default() }
    }

    /// Counts a request, and says how it is to be answered: with which fault, and which headers besides.
    pub(super) fn arrive(&self, endpoint: Endpoint) -> (Option<Fault>, Vec<(HeaderName, HeaderValue)>) {
        let (mut fault, mut headers) = (None, Vec::new());
        if let Some(plan) = self.plans().get_mut(endpoint.index()) {
            fault = plan.faults.front().cloned();
            if plan.faults.front_mut().is_some_and(Fault::is_used_up_by_one_more) {
                plan.faults.pop_front();
            }
            headers.clone_from(&plan.headers);
        }
        self.counts
            .send_modify(|counts| counts.iter_mut().skip(endpoint.index()).take(1).for_each(|count| *count += 1));
        (fault, headers)
    }

    pub(super) fn requests(&self, endpoint: Endpoint) -> u64 {
        self.counts.borrow().get(endpoint.index()).copied().unwrap_or_default()
    }

    pub(super) async fn wait_for(&self, endpoint: Endpoint, count: u64) {
        let arrived = |counts: &[u64; 5]| counts.get(endpoint.index()).is_some_and(|&arrived| arrived >= count);
        // The sender lives in `self`, so that waiting cannot end for its want.
        drop(self.counts.subscribe().wait_for(arrived).await);
    }

    pub(super) fn fail_with(&self, endpoint: Endpoint, fault: Fault) {
        if let Some(plan) = self.plans().get_mut(endpoint.index()) {
            plan.faults.push_back(fault);
        }
    }

    pub(super) fn add_header(&self, endpoint: Endpoint, name: HeaderName, value: HeaderValue) {
        if let Some(plan) = self.plans().get_mut(endpoint.index()) {
            plan.headers.push((name, value));
        }
    }

    pub(super) fn recover(&self) {
        *self.plans() = Default::default();
    }

    fn plans(&self) -> MutexGuard<'_, [Plan; 5]> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
