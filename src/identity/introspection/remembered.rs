//! What the issuer said lately, by the digest of the token.

use std::sync::Arc;
use std::time::Duration;

use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use super::answer_cache::AnswerCache;
use crate::error::Reason;
use crate::identity::digest::Digest;
use crate::identity::error::VerifyError;
use crate::identity::jwt::Accepted;
use crate::measure::Lookups;

/// What an issuer's answer comes to. An active token is judged further on every use.
pub(super) type Verdict = Result<Arc<Accepted>, VerifyError>;

/// Two memories, so that tokens made up by a stranger crowd out no real one.
pub(super) struct Remembered {
    active: Memory<Arc<Accepted>>,
    inactive: Memory<VerifyError>,
    pub(super) lookups: Lookups,
}

impl Remembered {
    pub(super) fn new(limits: AnswerCache) -> Self {
        let active = Memory::new(limits.entries, limits.active_for);
        let inactive = Memory::new(limits.entries, limits.inactive_for);
        let lookups = Lookups::new("introspection", active.entries.is_some() || inactive.entries.is_some());
        Self { active, inactive, lookups }
    }

    pub(super) fn get(&self, token: &Digest, now: Duration) -> Option<Verdict> {
        match self.active.get(token, now) {
            Some(accepted) => Some(Ok(accepted)),
            None => self.inactive.get(token, now).map(Err),
        }
    }

    /// Remembers a verdict on a question that was asked at `asked`: the answer may be that old.
    pub(super) fn insert(&self, token: Digest, verdict: &Verdict, asked: Duration) {
        match verdict {
            Ok(accepted) => {
                self.inactive.remove(&token);
                self.active.insert(token, Arc::clone(accepted), asked);
            }
            Err(error) if error.reason() == Reason::Unavailable => {}
            Err(error) => {
                self.active.remove(&token);
                self.inactive.insert(token, error.clone(), asked);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.active.len() + self.inactive.len()
    }
}

struct Memory<T> {
    entries: Option<Entries<T>>,
    lifetime: Duration,
}

type Entries<T> = Cache<Digest, Entry<T>, UnitWeighter, foldhash::quality::RandomState>;

#[derive(Clone)]
struct Entry<T> {
    value: T,
    until: Duration,
}

impl<T: Clone> Memory<T> {
    fn new(capacity: usize, lifetime: Duration) -> Self {
        let entries = (capacity > 0 && !lifetime.is_zero()).then(|| {
            let hasher = foldhash::quality::RandomState::default();
            Cache::with(capacity, capacity as u64, UnitWeighter, hasher, DefaultLifecycle::default())
        });
        Self { entries, lifetime }
    }

    fn get(&self, token: &Digest, now: Duration) -> Option<T> {
        let entries = self.entries.as_ref()?;
        let entry = entries.get(token)?;
        if entry.until <= now {
            entries.remove(token);
            return None;
        }
        Some(entry.value)
    }

    fn insert(&self, token: Digest, value: T, asked: Duration) {
        if let Some(entries) = &self.entries {
            entries.insert(token, Entry { value, until: asked.saturating_add(self.lifetime) });
        }
    }

    fn remove(&self, token: &Digest) {
        if let Some(entries) = &self.entries {
            entries.remove(token);
        }
    }

    fn len(&self) -> usize {
        self.entries.as_ref().map_or(0, Cache::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// INTRO-7
    #[test]
    fn a_hundred_thousand_made_up_tokens_leave_memory_flat() {
        let remembered = Remembered::new(AnswerCache::new().entries(1_000));
        let digest = |number: u32| Digest::of([&number.to_be_bytes()]);
        let mut full = 0;
        for number in 0..100_000 {
            remembered.insert(digest(number), &Err(VerifyError::invalid()), Duration::ZERO);
            assert!(remembered.len() <= 1_000);
            full = full.max(remembered.len());
        }
        assert!(full > 900, "{full}");
        assert!(remembered.get(&digest(99_999), Duration::from_secs(9)).is_some());
        assert!(remembered.get(&digest(99_999), Duration::from_secs(10)).is_none());
    }

    /// K19
    #[test]
    fn an_outage_is_not_remembered() {
        let remembered = Remembered::new(AnswerCache::new());
        remembered.insert(Digest::of([b"token"]), &Err(VerifyError::unavailable("down")), Duration::ZERO);
        assert_eq!(remembered.len(), 0);
    }
}
