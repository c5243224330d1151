//! When a key was last used, noted at most once a minute.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::UnixTime;

/// How far apart two notes of one key's use are, at least.
pub(super) const NOTE_EVERY: Duration = Duration::from_secs(60);

/// The last use that was noted; zero for none.
#[derive(Debug, Default)]
pub(super) struct LastUse(AtomicU64);

impl LastUse {
    pub(super) const fn at(then: UnixTime) -> Self {
        Self(AtomicU64::new(then.as_secs()))
    }

    pub(super) fn get(&self) -> Option<UnixTime> {
        Some(self.0.load(Ordering::Relaxed)).filter(|&then| then > 0).map(UnixTime::from_secs)
    }

    /// Notes a use at `now` if the last one is a minute old; what was noted before, for [`undo`](Self::undo). Of many that
    /// try in that minute, one succeeds.
    pub(super) fn note(&self, now: UnixTime) -> Option<u64> {
        let before = self.0.load(Ordering::Relaxed);
        // A clock that was set back must not silence the notes until it has caught up.
        if before.abs_diff(now.as_secs()) < NOTE_EVERY.as_secs() {
            return None;
        }
        self.0.compare_exchange(before, now.as_secs(), Ordering::Relaxed, Ordering::Relaxed).ok()
    }

    /// Takes a note back that came to nothing.
    pub(super) fn undo(&self, before: u64) {
        self.0.store(before, Ordering::Relaxed);
    }
}

/// The uses of the last minute, where records are read anew for every request and so remember nothing. Only genuine keys
/// come here, so strangers cannot fill it.
#[derive(Debug, Default)]
pub(super) struct RecentUses(Mutex<Recent>);

#[derive(Debug, Default)]
struct Recent {
    noted: HashMap<Box<str>, UnixTime>,
    swept: Option<UnixTime>,
}

impl RecentUses {
    /// Whether nobody has noted a use of this key within the last minute; then `now` is noted.
    pub(super) fn note(&self, id: &str, now: UnixTime) -> bool {
        let is_recent = |then: UnixTime| now.as_secs().abs_diff(then.as_secs()) < NOTE_EVERY.as_secs();
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !recent.swept.is_some_and(is_recent) {
            recent.noted.retain(|_, then| is_recent(*then));
            recent.swept = Some(now);
        }
        if recent.noted.get(id).copied().is_some_and(is_recent) {
            return false;
        }
        recent.noted.insert(id.into(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_noted_once_a_minute_also_after_the_clock_went_back() {
        let (last, recent) = (LastUse::default(), RecentUses::default());
        for (now, expected) in [(1000, true), (1059, false), (1060, true), (1119, false), (500, true), (530, false)] {
            let now = UnixTime::from_secs(now);
            assert_eq!(last.note(now).is_some(), expected, "{now}");
            assert_eq!(recent.note("acme_1", now), expected, "{now}");
        }
        assert_eq!(last.get(), Some(UnixTime::from_secs(500)));
        assert_eq!(recent.0.lock().unwrap().noted.len(), 1);
        for second in 0..1000 {
            recent.note(&format!("acme_{second}"), UnixTime::from_secs(2000 + second));
        }
        assert!(recent.0.lock().unwrap().noted.len() <= 121, "two minutes' worth at most");
    }
}
