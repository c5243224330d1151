//! Clearing away sessions that are over.

use std::sync::atomic::Ordering;

use super::error::{SessionError, StoreError};
use super::sessions::{Sessions, Shared};

impl Sessions {
    /// Clears away all sessions that are over, and says how many. Sessions do so by themselves as others begin, if the
    /// store does not; this is for those who want to choose the hour.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](SessionError::Unavailable): the rest stays for the next time.
    pub async fn sweep(&self) -> Result<usize, SessionError> {
        let mut all = 0;
        loop {
            let swept = self.shared.store.sweep(self.shared.clock.now(), BATCH).await?;
            all += swept;
            if swept < BATCH {
                return Ok(all);
            }
        }
    }

    /// Once a minute whoever begins a session clears some away that are over.
    pub(super) async fn sweep_at_times(&self) -> Result<(), StoreError> {
        let Shared { store, swept, clock, .. } = &*self.shared;
        let (now, last) = (clock.now(), swept.load(Ordering::Relaxed));
        let is_due = now.as_millis().saturating_sub(last) >= SWEEP_INTERVAL;
        if is_due
            && store.needs_sweep()
            && swept.compare_exchange(last, now.as_millis(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
            && store.sweep(now, BATCH).await? == BATCH
        {
            // There is more: the next one goes on.
            swept.store(last, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// How many sessions are cleared away in one step.
const BATCH: usize = 1000;
/// In milliseconds.
const SWEEP_INTERVAL: u64 = 60_000;
