//! A session in memory, and how its key is hashed.

use std::hash::Hasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::key::SessionOwner;
use super::super::moment::Moment;
use super::super::record::{Kept, SessionRecord};

pub(super) struct Entry {
    pub(super) kept: Arc<Kept>,
    /// Enough of the owner's digest to tell nearly all others apart at once.
    pub(super) owner: u64,
    /// Orders those that began in the same millisecond.
    pub(super) number: u64,
    /// In milliseconds, as the next: atomics, so that requests need no more than shared access.
    pub(super) last_seen: AtomicU64,
    pub(super) ends_at: AtomicU64,
}

impl Entry {
    pub(super) fn new(record: &SessionRecord, owner: u64, number: u64) -> Self {
        Self {
            kept: Arc::clone(&record.kept),
            owner,
            number,
            last_seen: AtomicU64::new(record.last_seen().as_millis()),
            ends_at: AtomicU64::new(record.ends_at().as_millis()),
        }
    }

    pub(super) fn record(&self) -> SessionRecord {
        SessionRecord {
            kept: Arc::clone(&self.kept),
            last_seen: Moment::from_millis(self.last_seen.load(Ordering::Relaxed)),
            ends_at: Moment::from_millis(self.ends_at.load(Ordering::Relaxed)),
        }
    }

    pub(super) fn is_of(&self, owner: &SessionOwner<'_>) -> bool {
        let facts = &self.kept.facts;
        self.owner == short(owner) && *facts.subject == *owner.subject() && *facts.issuer == *owner.issuer()
    }

    pub(super) fn is_over(&self, now: Moment) -> bool {
        self.ends_at.load(Ordering::Relaxed) <= now.as_millis()
    }
}

/// Keys are random and made here, so eight bytes of one are a good hash; see `Hash for SessionKey`.
#[derive(Default)]
pub(super) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, bytes: u64) {
        self.0 = bytes;
    }
}

/// Bytes of the digest that have no part in the shard.
pub(super) const fn short(owner: &SessionOwner<'_>) -> u64 {
    let [_, _, _, _, _, _, _, _, a, b, c, d, e, f, g, h, ..] = *owner.digest();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}
