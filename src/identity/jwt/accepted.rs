//! What is kept of a token that was accepted, and what is judged again whenever it is used.

use std::sync::atomic::{AtomicU64, Ordering};

use super::findings;
use super::window::Window;
use crate::clock::UnixTime;
use crate::identity::error::VerifyError;
use crate::identity::identity::{Facts, Proof};
use crate::identity::revocation::{ErasedRevocations, TokenFacts};

/// A token that was found genuine and ours, and what has to be judged again whenever it is used.
// In this order, because what every use looks at then comes from memory together with the reference count before it.
#[repr(C)]
pub(in crate::identity) struct Accepted {
    window: Window,
    /// Under which number of the revocations it was found not to be among them, plus one; 0 is never.
    unrevoked_in: AtomicU64,
    issued_at: Option<UnixTime>,
    session_id: Option<Box<str>>,
    facts: Facts,
}

impl Accepted {
    pub(super) fn new(facts: Facts, window: Window, issued_at: Option<UnixTime>, session_id: Option<Box<str>>) -> Self {
        Self { window, unrevoked_in: AtomicU64::new(0), issued_at, session_id, facts }
    }

    /// Judges what may be different for every use of `token`, which this is about.
    pub(in crate::identity) fn admit(
        &self,
        token: &[u8],
        now: UnixTime,
        revocations: Option<&dyn ErasedRevocations>,
    ) -> Result<(), VerifyError> {
        self.window.check(now)?;
        let Some(revocations) = revocations else { return Ok(()) };
        let generation = revocations.generation()?;
        if let (Some(reach), Some(issued)) = (revocations.remembers(), self.issued_at)
            && now.saturating_since(issued) > reach
        {
            return Err(findings::too_old(reach, issued, now));
        }
        if !self.is_unrevoked_in(generation) {
            let facts = TokenFacts {
                // It was read as text when it was accepted.
                token: str::from_utf8(token).unwrap_or_default(),
                issuer: &self.facts.issuer,
                subject: &self.facts.subject,
                token_id: self.facts.credential_id.as_deref(),
                session_id: self.session_id.as_deref(),
                issued_at: self.issued_at,
            };
            if revocations.is_revoked(&facts) {
                return Err(findings::revoked(revocations.revoked_by(&facts)));
            }
            self.set_unrevoked_in(generation);
        }
        Ok(())
    }

    fn is_unrevoked_in(&self, generation: u64) -> bool {
        // The highest number has none above it to be told by, so under that one the list is asked every time.
        generation.checked_add(1).is_some_and(|number| self.unrevoked_in.load(Ordering::Acquire) == number)
    }

    fn set_unrevoked_in(&self, generation: u64) {
        self.unrevoked_in.store(generation.wrapping_add(1), Ordering::Release);
    }
}

impl Proof for Accepted {
    fn facts(&self) -> &Facts {
        &self.facts
    }
}
