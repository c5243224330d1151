//! A verifier of passwords that is asked only as often as may be failed.

use std::fmt;

use super::throttle::{Admitted, Throttle};
use crate::credentials::BasicCredentials;
use crate::identity::error::VerifyError;
use crate::identity::identity::Identity;
use crate::identity::verifier::Verifier;

/// A verifier behind a [`Throttle`]; made by [`Throttle::around`].
///
/// ```
/// use portcullis::credentials::BasicCredentials;
/// use portcullis::identity::throttle::Throttle;
/// use portcullis::{Identity, Reason, Verifier, VerifyError};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let nobody = async |_: BasicCredentials| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) };
/// let verifier = Throttle::builder().attempts(1).build()?.around(nobody);
///
/// let reason = async || verifier.verify(BasicCredentials::new("alice", "guess").unwrap()).await.unwrap_err().reason();
/// assert_eq!(reason().await, Reason::Invalid);
/// assert_eq!(reason().await, Reason::Throttled);
/// # Ok::<(), portcullis::ConfigError>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Throttled<V> {
    throttle: Throttle,
    verifier: V,
}

impl<V> Throttled<V> {
    pub(super) const fn new(throttle: Throttle, verifier: V) -> Self {
        Self { throttle, verifier }
    }

    /// The verifier within.
    #[must_use]
    pub const fn get_ref(&self) -> &V {
        &self.verifier
    }
}

impl<V: Verifier<BasicCredentials>> Verifier<BasicCredentials> for Throttled<V> {
    async fn verify(&self, credentials: BasicCredentials) -> Result<Identity, VerifyError> {
        let keys = self.throttle.keys(credentials.username(), credentials.client());
        let permit =
            match self.throttle.admit(keys, credentials.username(), || self.verifier.remembered(&credentials)).await? {
                Admitted::Remembered(identity) => return Ok(identity),
                Admitted::Permit(permit) => permit,
            };
        let verdict = match self.verifier.verify_now(&credentials) {
            Some(verdict) => verdict,
            None => self.verifier.verify(credentials).await,
        };
        permit.settle(&verdict).await;
        verdict
    }

    fn verify_now(&self, credentials: &BasicCredentials) -> Option<Result<Identity, VerifyError>> {
        self.remembered(credentials).map(Ok)
    }

    fn remembered(&self, credentials: &BasicCredentials) -> Option<Identity> {
        let client = self.throttle.client_of(credentials.username(), credentials.client());
        self.throttle.recall(client, || self.verifier.remembered(credentials))
    }

    fn forget(&self, subject: &Identity) {
        self.verifier.forget(subject);
    }
}

impl<V> fmt::Debug for Throttled<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttled").field("throttle", &self.throttle).finish_non_exhaustive()
    }
}
