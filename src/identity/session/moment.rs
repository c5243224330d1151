//! Time as sessions count it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Clock, UnixTime};

/// Milliseconds since 1970-01-01T00:00:00Z, by the clock of [`Sessions`](super::Sessions), which never goes back.
///
/// ```
/// use portcullis::identity::session::Moment;
/// use std::time::Duration;
///
/// let noon = Moment::from_millis(43_200_000);
/// assert_eq!(noon.saturating_add(Duration::from_millis(5)).as_millis(), 43_200_005);
/// assert_eq!(noon.saturating_since(Moment::from_millis(43_199_000)), Duration::from_secs(1));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Moment(u64);

impl Moment {
    /// The moment `millis` after the epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// This moment moved forward; stays at the end of time instead of wrapping.
    #[must_use]
    pub fn saturating_add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(millis(by)))
    }

    /// How long ago `earlier` was; zero where it lies ahead.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    pub(super) const fn to_unix_time(self) -> UnixTime {
        UnixTime::from_secs(self.0 / 1000)
    }
}

/// The wall clock, held against the monotonic one: steps forward are followed within a second (a machine that slept has
/// idle sessions), steps back are not, so that nothing that was over begins anew.
pub(super) struct SteadyClock {
    clock: Arc<dyn Clock>,
    /// By how many milliseconds the wall clock is ahead of the monotonic one, at the most that was ever seen.
    ahead: AtomicU64,
    /// The monotonic time at which the wall clock was read last, in milliseconds.
    compared: AtomicU64,
}

impl SteadyClock {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let steady = Self { clock, ahead: AtomicU64::new(0), compared: AtomicU64::new(0) };
        steady.compare(millis(steady.clock.monotonic()));
        steady
    }

    pub(super) fn now(&self) -> Moment {
        let monotonic = millis(self.clock.monotonic());
        // The wall clock is read in seconds, so asking more often would tell nothing.
        if monotonic.saturating_sub(self.compared.load(Ordering::Relaxed)) >= 1000 {
            self.compare(monotonic);
        }
        Moment(monotonic.saturating_add(self.ahead.load(Ordering::Relaxed)))
    }

    fn compare(&self, monotonic: u64) {
        self.compared.fetch_max(monotonic, Ordering::Relaxed);
        // Counted as the end of its second, so that it never seems to jump when it is read at another part of one.
        let wall = self.clock.now().as_secs().saturating_mul(1000).saturating_add(999);
        let ahead = wall.saturating_sub(monotonic);
        // Less than a second is the part of one that has passed, and no step.
        let known = self.ahead.load(Ordering::Relaxed);
        if ahead >= known.saturating_add(1000) || known == 0 {
            self.ahead.fetch_max(ahead, Ordering::Relaxed);
        }
    }
}

fn millis(time: Duration) -> u64 {
    // In 64 bits, which last for half a billion years.
    time.as_secs().saturating_mul(1000).saturating_add(u64::from(time.subsec_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_secs(seconds)
    }

    #[test]
    fn steps_back_of_the_wall_clock_are_not_followed_and_steps_forward_are() {
        let clock = ManualClock::at(at(1000));
        let steady = SteadyClock::new(Arc::new(clock.clone()));
        assert_eq!(steady.now(), Moment(1_000_999));
        clock.set_wall(at(10));
        clock.advance(Duration::from_millis(1500));
        assert_eq!(steady.now(), Moment(1_002_499));
        clock.set_wall(at(5000));
        clock.advance(Duration::from_secs(1));
        assert_eq!(steady.now(), Moment(5_001_999));
        clock.set_wall(at(2000));
        clock.advance(Duration::from_secs(2));
        assert_eq!(steady.now(), Moment(5_003_999));
    }
}
