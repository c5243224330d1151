//! The entries of a list, in memory.

use std::collections::HashMap;

use super::port::TokenFacts;
use super::revocation::{Kind, Mark};
use crate::clock::UnixTime;

/// What is revoked, and until when that matters. Bounded.
pub(super) struct List {
    entries: HashMap<Mark, Entry>,
    capacity: usize,
    /// How many may be added before the next sweep pays for itself.
    until_sweep: usize,
    /// No entry ends before this, so no sweep would find one.
    first_end: UnixTime,
}

/// The list holds as much as it may, all of it still needed.
#[derive(Debug, thiserror::Error)]
#[error("the list of revocations is full: {capacity} are in force")]
pub(super) struct Full {
    capacity: usize,
}

/// A revocation with all its times.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) mark: Mark,
    /// Only where all tokens of a subject end: those that were issued until then.
    pub(super) issued_until: UnixTime,
    /// When it may be forgotten.
    pub(super) until: UnixTime,
}

impl List {
    pub(super) fn new(capacity: usize) -> Self {
        Self { entries: HashMap::new(), capacity, until_sweep: MIN_UNTIL_SWEEP, first_end: NEVER }
    }

    /// Adds an entry, or widens the one that is there.
    pub(super) fn add(&mut self, entry: Entry, now: UnixTime) -> Result<(), Full> {
        if let Some(own) = self.entries.get_mut(&entry.mark) {
            own.issued_until = own.issued_until.max(entry.issued_until);
            own.until = own.until.max(entry.until);
            return Ok(());
        }
        if (self.until_sweep == 0 || self.entries.len() >= self.capacity) && self.first_end < now {
            self.sweep(now);
        }
        self.until_sweep = self.until_sweep.saturating_sub(1);
        if self.entries.len() >= self.capacity {
            return Err(Full { capacity: self.capacity });
        }
        self.first_end = self.first_end.min(entry.until);
        self.entries.insert(entry.mark, entry);
        Ok(())
    }

    fn sweep(&mut self, now: UnixTime) {
        self.first_end = NEVER;
        self.entries.retain(|_, entry| {
            let stays = entry.until >= now;
            if stays {
                self.first_end = self.first_end.min(entry.until);
            }
            stays
        });
        self.until_sweep = self.entries.len().max(MIN_UNTIL_SWEEP);
    }

    pub(super) fn revokes(&self, token: &TokenFacts<'_>) -> bool {
        self.revoked_by(token).is_some()
    }

    /// The kind of the entry that ends the token.
    pub(super) fn revoked_by(&self, token: &TokenFacts<'_>) -> Option<Kind> {
        if self.entries.is_empty() {
            return None;
        }
        let named = |kind, name| self.entries.get(&Mark::of(kind, token.issuer, name));
        let subject = named(Kind::Subject, token.subject);
        // What does not say when it was issued may have been issued at any time.
        if subject.is_some_and(|entry| token.issued_at.is_none_or(|issued| issued <= entry.issued_until)) {
            Some(Kind::Subject)
        } else if token.token_id.is_some_and(|id| named(Kind::TokenId, id).is_some()) {
            Some(Kind::TokenId)
        } else if token.session_id.is_some_and(|id| named(Kind::Session, id).is_some()) {
            Some(Kind::Session)
        } else {
            self.entries.contains_key(&Mark::token(token.token)).then_some(Kind::Token)
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

const MIN_UNTIL_SWEEP: usize = 64;
const NEVER: UnixTime = UnixTime::from_secs(u64::MAX);
