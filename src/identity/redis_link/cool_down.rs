//! How long a server that failed is left alone.

use std::time::Duration;

/// Grows with each failure, and begins anew after a time without any.
#[derive(Default)]
pub(super) struct CoolDown {
    failures: u32,
    /// When the last one was, by the monotonic clock.
    last: Duration,
}

impl CoolDown {
    /// The pause after a failure at `now`.
    pub(super) fn after_failure(&mut self, now: Duration) -> Duration {
        if now.saturating_sub(self.last) > FORGOTTEN {
            self.failures = 0;
        }
        let pause = SHORTEST.saturating_mul(1 << self.failures.min(LONGEST_AFTER));
        self.failures = self.failures.saturating_add(1);
        self.last = now;
        pause
    }
}

/// The first pause.
pub(super) const SHORTEST: Duration = Duration::from_millis(250);
/// How many times the pause is doubled: to two seconds.
const LONGEST_AFTER: u32 = 3;
/// How long nothing must fail until the first pause is the shortest again.
const FORGOTTEN: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_two_seconds_and_are_forgotten_after_ten() {
        let mut cool_down = CoolDown::default();
        let mut now = Duration::from_secs(1);
        for expected in [250, 500, 1000, 2000, 2000, 2000] {
            let pause = cool_down.after_failure(now);
            assert_eq!(pause.as_millis(), expected);
            now += pause;
        }
        assert_eq!(cool_down.after_failure(now + FORGOTTEN).as_millis(), 250);
    }
}
