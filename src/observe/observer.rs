//! Who hears of decisions and events.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::decision::{Decision, Outcome};
use super::event::Event;
use crate::error::Reason;

/// Hears of every decision, and of what belongs into an audit log: for a table of recent refusals, a counter, an audit trail.
///
/// One observer is usually given to everything there is to observe: the layer
/// ([`AuthenticateBuilder::observer`](crate::authenticate::AuthenticateBuilder::observer)), sessions, throttles, keys,
/// revocations. It is called while the request waits, so it hands on what takes time. A panic of it is caught and changes
/// nothing.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use portcullis::observe::{Decision, Observer};
/// # use portcullis::{AuthenticateLayer, Identity, VerifyError, authenticate::Bearer, credentials::BearerToken};
/// # let scheme = Bearer::new("orders", async |_: BearerToken| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) });
///
/// #[derive(Default)]
/// struct Refusals(AtomicU64);
///
/// impl Observer for Refusals {
///     fn decided(&self, decision: &Decision<'_>) {
///         if decision.reason().is_some() {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let refusals = Arc::new(Refusals::default());
/// let layer = AuthenticateLayer::builder().scheme(scheme).observer(refusals.clone()).build()?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
pub trait Observer: Send + Sync + 'static {
    /// A layer has decided about a request. Default: nothing is done.
    fn decided(&self, decision: &Decision<'_>) {
        let _ = decision;
    }

    /// Something happened that an audit log should know, refusals among it. Default: nothing is done.
    fn happened(&self, event: &Event<'_>) {
        let _ = event;
    }
}

/// Whoever was asked to hear, if anybody.
#[derive(Clone, Default)]
pub(crate) struct Listener(Option<Arc<dyn Observer>>);

impl Listener {
    pub(crate) fn new(observer: Arc<dyn Observer>) -> Self {
        Self(Some(observer))
    }

    /// Whether there is nobody, so that nothing need be put together.
    pub(crate) const fn is_deaf(&self) -> bool {
        self.0.is_none()
    }

    /// Tells of a decision and, where it is a refusal, of the event that it is.
    pub(crate) fn decided(&self, decision: &Decision<'_>) {
        let Some(observer) = &self.0 else { return };
        heard(|| observer.decided(decision));
        let event = match decision.outcome() {
            Outcome::Passed | Outcome::Anonymous => return,
            Outcome::Refused(Reason::Forbidden | Reason::Hidden) => Event::PermissionDenied(decision),
            Outcome::Refused(_) => Event::Refused(decision),
        };
        self.happened(&event);
    }

    /// Tells of an event.
    pub(crate) fn happened(&self, event: &Event<'_>) {
        if let Some(observer) = &self.0 {
            heard(|| observer.happened(event));
        }
    }
}

/// Whether both tell the same one, so that what one has told need not be told by the other.
impl PartialEq for Listener {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            _ => false,
        }
    }
}

/// Nobody who only listens stops a request.
fn heard(tell: impl FnOnce()) {
    drop(catch_unwind(AssertUnwindSafe(tell)));
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_deaf() { "nobody" } else { "an observer" })
    }
}
