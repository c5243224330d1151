//! Clearing away sessions that are over.

use std::sync::atomic::Ordering;

use super::error::SessionError;
use super::moment::Moment;
use super::sessions::{Sessions, Shared};
use crate::error::Severity;
use crate::trace;

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
            self.shared.measured.expired(swept);
            if swept < BATCH {
                return Ok(all);
            }
        }
    }

    /// Once a minute whoever begins a session clears some away that have been over for a day: until then who comes late is told
    /// that it is over, and a clock that was wrong for a moment has emptied no table.
    pub(super) async fn sweep_at_times(&self) {
        let Shared { store, swept, clock, measured, .. } = &*self.shared;
        let (now, last) = (clock.now().as_millis(), swept.load(Ordering::Relaxed));
        let is_due = now.saturating_sub(last) >= SWEEP_INTERVAL && store.needs_sweep();
        if !is_due || swept.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        match store.sweep(Moment::from_millis(now.saturating_sub(KEPT)), BATCH).await {
            Ok(cleared) => {
                measured.expired(cleared);
                // There is more: the next one goes on.
                if cleared == BATCH {
                    swept.store(last, Ordering::Relaxed);
                }
            }
            // The session that is to begin does not suffer for it.
            Err(error) => trace::happened(Severity::Error, "sessions were not cleared away", &"sweep", Some(&error)),
        }
    }
}

/// How many sessions are cleared away in one step.
const BATCH: usize = 1000;
/// In milliseconds.
const SWEEP_INTERVAL: u64 = 60_000;
/// How long sessions are kept that are over, in milliseconds: a day.
const KEPT: u64 = 24 * 60 * 60 * 1000;
