//! Whether something that decisions need answers: told once for each outage, and not for each request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Knows whether the last questions were answered. Times are monotonic, and only looked at when something failed.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    is_lost: AtomicBool,
    outage: Mutex<Option<Outage>>,
}

#[derive(Clone, Copy, Debug)]
struct Outage {
    since: Duration,
    last_failure: Duration,
}

impl Reach {
    /// Notes that a question had no answer. Whether that is the first of an outage.
    pub(crate) fn failed(&self, now: impl FnOnce() -> Duration) -> bool {
        let now = now();
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = outage.is_none();
        outage.get_or_insert(Outage { since: now, last_failure: now }).last_failure = now;
        self.is_lost.store(true, Ordering::Relaxed);
        is_first
    }

    /// Notes an answer. How long the outage was that is over by it: where some fail and some do not, it is not over yet.
    pub(crate) fn answered(&self, now: impl FnOnce() -> Duration) -> Option<Duration> {
        if !self.is_lost.load(Ordering::Relaxed) {
            return None;
        }
        let now = now();
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        let over = outage.take_if(|outage| now.saturating_sub(outage.last_failure) >= QUIET)?;
        self.is_lost.store(false, Ordering::Relaxed);
        drop(outage);
        Some(now.saturating_sub(over.since))
    }
}

/// How long nothing must fail until an outage is over.
const QUIET: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::Reach;
    use std::time::Duration;

    #[test]
    fn an_outage_is_told_once_and_over_when_nothing_fails_for_a_second() {
        let reach = Reach::default();
        let failed = |millis| reach.failed(|| Duration::from_millis(millis));
        let answered = |millis| reach.answered(|| Duration::from_millis(millis));
        assert_eq!(answered(0), None);
        assert_eq!([failed(1_000), failed(1_100)], [true, false]);
        // Half of the questions fail: still the same outage.
        assert_eq!(answered(1_200), None);
        assert_eq!((failed(2_000), answered(2_900)), (false, None));
        assert_eq!(answered(3_000), Some(Duration::from_secs(2)));
        assert_eq!((answered(3_001), failed(3_002)), (None, true));
    }
}
