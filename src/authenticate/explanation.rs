//! A decision on demand.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;

use super::judge::{Judge, Settled, Verdict};
use crate::deferred::Guarded;
use crate::identity::Identity;
use crate::observe::{Decision, Stage};
use crate::response::record;

/// What [`AuthenticateLayer::explain`](super::AuthenticateLayer::explain) has found out.
///
/// ```
/// # use portcullis::{AuthenticateLayer, Identity, RequireLayer, authenticate::Bearer, credentials::BearerToken, permission::scope};
/// # let scheme = Bearer::new("shop", async |_: BearerToken| Ok(Identity::assertion("shop", "alice").build()));
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let (layer, require) = (AuthenticateLayer::new(scheme)?, RequireLayer::new(scope("orders:read"))?);
/// let (mut head, ()) = http::Request::get("/orders").header("authorization", "Bearer x").body(())?.into_parts();
/// let explanation = layer.explain(&head).await;
/// assert!(explanation.hand_on(&mut head), "alice is known");
///
/// let decision = require.explain(&head).await;
/// assert_eq!(decision.findings()[0].to_string(), r#"scope: expected "orders:read", found nothing"#);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct Explanation {
    pub(super) decision: Decision<'static>,
    /// The identity, if any, of a request that goes on.
    pub(super) passed: Option<Option<Identity>>,
    pub(super) judge: Arc<Judge>,
}

impl Explanation {
    /// The record of the decision.
    #[must_use]
    pub const fn decision(&self) -> &Decision<'static> {
        &self.decision
    }

    /// Whether the request would go on.
    #[must_use]
    pub const fn passes(&self) -> bool {
        self.passed.is_some()
    }

    /// Who is asking, where somebody is known.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.passed.as_ref()?.as_ref()
    }

    /// Puts into `head` what the layer would, so that what stands further in can be asked too. `false`, and nothing is done,
    /// where the request would not go on.
    #[must_use]
    pub fn hand_on(&self, head: &mut Parts) -> bool {
        let Some(identity) = &self.passed else { return false };
        self.judge.hand_on(identity.clone(), head);
        true
    }
}

impl Judge {
    /// What is decided about a request with this head, which goes nowhere and of which nobody is told.
    pub(super) async fn explain(self: &Arc<Self>, mut head: Parts) -> Explanation {
        self.prepare(&mut head);
        let settled = match self.judge(&head) {
            Verdict::Settled(settled) => settled,
            Verdict::Wait { verdict, used, ambient } => match Guarded(verdict).await {
                Some(verdict) => self.conclude(verdict, used, ambient),
                None => self.panicked(Some(used)),
            },
        };
        let (decision, passed) = match &settled {
            Settled::Refuse(rejection) => (record::refused(rejection, &self.voice, None, &head).into_owned(), None),
            Settled::Pass { identity, used, .. } => {
                let who = identity.as_ref().map(|identity| (identity.issuer(), identity.subject()));
                let decision = record::passed(Stage::Verify, &self.voice, *used, who, &head).into_owned();
                (decision, Some(identity.clone()))
            }
        };
        Explanation { decision, passed, judge: Arc::clone(self) }
    }
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explanation").field("decision", &self.decision).finish_non_exhaustive()
    }
}
