//! How many refusals are logged: so many a second for each reason, however fast they come.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::error::Reason;

/// Counts the refusals of one layer.
pub(crate) struct Sampling {
    per_second: u32,
    windows: [Window; Reason::ALL.len()],
}

#[derive(Default)]
struct Window {
    /// The second in its upper half, how many were logged in it in its lower.
    state: AtomicU64,
    /// Since the last one that was logged.
    unlogged: AtomicU64,
}

impl Sampling {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second, windows: Default::default() }
    }

    /// Whether to log one more refusal for `reason` now: with how many there were since the last one that was.
    pub(crate) fn admit(&self, reason: Reason) -> Option<u64> {
        self.admit_at(reason, SystemClock.monotonic())
    }

    fn admit_at(&self, reason: Reason, now: Duration) -> Option<u64> {
        let window = self.windows.get(reason as usize)?;
        let second = now.as_secs() & SECOND;
        let next = |state: u64| match state >> 32 == second {
            true if state & COUNT >= u64::from(self.per_second) => None,
            true => Some(state + 1),
            false if self.per_second == 0 => None,
            false => Some(second << 32 | 1),
        };
        if window.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok() {
            Some(window.unlogged.swap(0, Ordering::Relaxed))
        } else {
            window.unlogged.fetch_add(1, Ordering::Relaxed);
            None
        }
    }
}

const SECOND: u64 = 0xffff_ffff;
const COUNT: u64 = 0xffff_ffff;

impl fmt::Debug for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampling").field("per_second", &self.per_second).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Sampling;
    use crate::error::Reason;
    use std::time::Duration;

    #[test]
    fn what_is_not_logged_is_counted_exactly() {
        let sampling = Sampling::new(3);
        let at = |millis| sampling.admit_at(Reason::Invalid, Duration::from_millis(millis));
        assert_eq!([at(5_000), at(5_001), at(5_500), at(5_600), at(5_999)], [Some(0), Some(0), Some(0), None, None]);
        assert_eq!(sampling.admit_at(Reason::Missing, Duration::from_secs(5)), Some(0), "each reason has its own");
        assert_eq!([at(6_000), at(6_001)], [Some(2), Some(0)]);
        let told: u64 = (0..1_000).filter_map(|_| at(7_000)).sum();
        assert_eq!((told, at(8_000)), (0, Some(997)));
    }

    #[test]
    fn of_ten_thousand_at_once_none_is_lost() {
        let sampling = Sampling::new(20);
        let logged = |_| (0..2_500).filter_map(|_| sampling.admit_at(Reason::Invalid, Duration::from_secs(1))).count();
        let counts: Vec<usize> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|thread| scope.spawn(move || logged(thread))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(counts.iter().sum::<usize>(), 20);
        assert_eq!(sampling.admit_at(Reason::Invalid, Duration::from_secs(2)), Some(10_000 - 20));
    }
}
