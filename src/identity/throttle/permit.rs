//! An attempt that may be made.

use std::fmt;

use super::local::Keys;
use super::throttle::Throttle;
use crate::error::Reason;
use crate::identity::error::VerifyError;
use crate::identity::identity::Identity;

/// An attempt that was reserved by [`Throttle::guard`]: charged when the credentials were wrong, else given back.
///
/// Dropped without either it is given back to the account, which cannot help it, and charged to the client: whoever hangs up
/// when the answer does not come at once, as it comes to credentials that are remembered, has learned that the guess was wrong.
///
/// ```
/// # use portcullis::identity::throttle::Throttle;
/// # async fn example() -> Result<(), portcullis::VerifyError> {
/// let throttle = Throttle::default();
/// let permit = throttle.guard("alice", None).await?;
/// permit.failed().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "tell how the attempt ended"]
pub struct Permit {
    pub(super) throttle: Throttle,
    pub(super) keys: Keys,
    /// Whether it is also reserved where processes count together.
    pub(super) together: bool,
    pub(super) open: bool,
    /// The name as it was sent, where somebody wants to hear of locks.
    account: Option<Box<str>>,
}

impl Permit {
    pub(super) const fn new(throttle: Throttle, keys: Keys, account: Option<Box<str>>) -> Self {
        Self { throttle, keys, together: false, open: true, account }
    }

    /// Charges it, if the verdict is about the credentials and not for them. Whatever else went wrong is none of the
    /// client's guesses.
    pub async fn settle(self, verdict: &Result<Identity, VerifyError>) {
        match verdict.as_ref().map_err(VerifyError::reason) {
            Err(Reason::Invalid | Reason::Expired) => self.failed().await,
            _ => self.succeeded().await,
        }
    }

    /// Charges it: the credentials were wrong.
    pub async fn failed(mut self) {
        self.open = false;
        let mut locks = self.throttle.local().fail(self.keys);
        if let Some(together) = self.throttle.together().filter(|_| self.together) {
            // Who counts for all says who has to wait; while it is away, this process does.
            locks = together.fail(self.keys).await.unwrap_or(locks);
        }
        self.throttle.tell(locks, self.account.as_deref(), self.keys);
    }

    /// Gives it back: the credentials were right, or were not compared.
    pub async fn succeeded(mut self) {
        self.open = false;
        self.throttle.local().release(self.keys);
        if let Some(together) = self.throttle.together().filter(|_| self.together) {
            together.release(self.keys).await;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        let locks = self.throttle.local().abandon(self.keys);
        match self.throttle.together().filter(|_| self.together) {
            Some(together) => together.abandon_later(self.throttle.clone(), self.keys),
            None => self.throttle.tell(locks, None, self.keys),
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}
