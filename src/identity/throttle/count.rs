//! The failures of one account or client, and what they cost. Pure: time is passed in.

use std::time::Duration;

/// What is allowed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) attempts: u32,
    pub(super) window: Duration,
}

/// The longest delay, unless the window itself is longer.
pub(super) const MAX_DELAY: Duration = Duration::from_secs(15 * 60);

impl Rules {
    /// The delay of a strike doubles that of the one before; the first is a window.
    fn delay(&self, strikes: u32) -> Duration {
        let doubled = 1_u32.checked_shl(strikes.saturating_sub(1)).unwrap_or(u32::MAX);
        self.window.saturating_mul(doubled).min(self.window.max(MAX_DELAY))
    }
}

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reserve {
    Granted,
    /// Not before this has passed.
    Refused(Duration),
    /// That depends on how those end that are under way.
    Undecided,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    failures: u32,
    under_way: u32,
    /// How many delays there were, one after the other.
    strikes: u32,
    /// When the window began.
    since: Duration,
    /// When the delay ends.
    until: Duration,
}

impl Count {
    pub(super) fn reserve(&mut self, rules: &Rules, now: Duration) -> Reserve {
        self.forget(rules, now);
        if now < self.until {
            return Reserve::Refused(self.until - now);
        }
        if self.failures + self.under_way >= self.limit(rules) {
            return Reserve::Undecided;
        }
        self.under_way += 1;
        Reserve::Granted
    }

    /// With how long it is to wait, where that was one too many.
    pub(super) fn fail(&mut self, rules: &Rules, now: Duration) -> Option<Duration> {
        self.release();
        self.failures += 1;
        if self.failures < self.limit(rules) {
            return None;
        }
        self.failures = 0;
        self.strikes += 1;
        let delay = rules.delay(self.strikes);
        self.until = now.saturating_add(delay);
        Some(delay)
    }

    pub(super) const fn release(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    pub(super) const fn is_under_way(&self) -> bool {
        self.under_way > 0
    }

    /// What is forgotten first when there is no room: nothing, then little.
    pub(super) fn weight(&self, rules: &Rules, now: Duration) -> (u32, u32, Duration) {
        let mut fresh = *self;
        fresh.forget(rules, now);
        (fresh.strikes, fresh.failures, fresh.since)
    }

    fn forget(&mut self, rules: &Rules, now: Duration) {
        let over = if self.strikes > 0 {
            // As long again without a failure.
            now >= self.until.saturating_add(rules.delay(self.strikes))
        } else {
            now >= self.since.saturating_add(rules.window) || self.since.is_zero()
        };
        if over {
            *self = Self { under_way: self.under_way, since: now, ..Self::default() };
        }
    }

    const fn limit(&self, rules: &Rules) -> u32 {
        if self.strikes > 0 { 1 } else { rules.attempts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { attempts: 3, window: Duration::from_secs(60) };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_000 + seconds)
    }

    fn fail(count: &mut Count, seconds: u64) {
        assert_eq!(count.reserve(&RULES, at(seconds)), Reserve::Granted);
        count.fail(&RULES, at(seconds));
    }

    fn refused(count: &mut Count, seconds: u64) -> u64 {
        match count.reserve(&RULES, at(seconds)) {
            Reserve::Refused(delay) => delay.as_secs(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_delay_doubles_up_to_its_end_and_is_never_for_ever() {
        let mut count = Count::default();
        (0..3).for_each(|second| fail(&mut count, second));
        let mut now = 2;
        for delay in [60, 120, 240, 480, 900, 900, 900] {
            assert_eq!(refused(&mut count, now), delay);
            now += delay;
            fail(&mut count, now);
        }
    }

    #[test]
    fn a_quiet_time_as_long_as_the_last_delay_makes_a_new_beginning() {
        let mut count = Count::default();
        (0..3).for_each(|second| fail(&mut count, second));
        (122..125).for_each(|second| fail(&mut count, second));
        assert_eq!(refused(&mut count, 124), 60);
    }

    #[test]
    fn failures_count_for_one_window() {
        let mut count = Count::default();
        for second in [0, 1, 60, 61, 120, 121] {
            fail(&mut count, second);
        }
        fail(&mut count, 122);
        assert_eq!(refused(&mut count, 122), 60);
    }

    #[test]
    fn what_is_under_way_takes_the_place_of_a_failure_until_it_ends() {
        let mut count = Count::default();
        (0..3).for_each(|_| assert_eq!(count.reserve(&RULES, at(0)), Reserve::Granted));
        assert_eq!(count.reserve(&RULES, at(0)), Reserve::Undecided);
        count.release();
        assert_eq!(count.reserve(&RULES, at(0)), Reserve::Granted);
        let locked: Vec<_> = (0..3).map(|_| count.fail(&RULES, at(0))).collect();
        assert_eq!(locked, [None, None, Some(RULES.window)], "told once, with the wait");
        assert_eq!(refused(&mut count, 0), 60);
    }
}
