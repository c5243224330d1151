//! All records, found by digest and by subject.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::limits::Limits;
use super::record::{Record, SessionInfo};
use crate::identity::digest::Digest;
use crate::identity::identity::Identity;

/// The two indexes hold the same digests; every method leaves them so.
#[derive(Default)]
pub(super) struct Table {
    records: HashMap<Digest, Record>,
    /// The sessions of each subject, oldest first. Identities are equal when issuer and subject are.
    subjects: HashMap<Identity, Vec<Digest>>,
    /// How many records may come before the next sweep pays for itself.
    until_sweep: usize,
    last_sweep: Duration,
}

/// The table is full of live sessions.
pub(super) struct Full;

impl Table {
    pub(super) fn get(&self, digest: &Digest) -> Option<&Record> {
        self.records.get(digest)
    }

    pub(super) fn contains(&self, digest: &Digest) -> bool {
        self.records.contains_key(digest)
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Makes room for one more session of `subject`.
    pub(super) fn make_room(&mut self, subject: &Identity, now: Duration, limits: &Limits) -> Result<(), Full> {
        // A sweep for as many beginnings as there were sessions at the last one: constant cost for each of them. When
        // full, a second of patience keeps refusals cheap.
        let full = self.len() >= limits.sessions && now.saturating_sub(self.last_sweep) >= SWEEP_PAUSE;
        if self.until_sweep == 0 || full {
            self.retain(|record| record.is_alive(now, limits));
            self.until_sweep = self.len().max(MIN_UNTIL_SWEEP);
            self.last_sweep = now;
        }
        self.until_sweep -= 1;
        if let Some(most) = limits.per_subject {
            self.remove_of(subject, |_, record| !record.is_alive(now, limits));
            let own = self.subjects.get(subject).map_or(&[][..], Vec::as_slice);
            let excess = (own.len() + 1).saturating_sub(most);
            let oldest: Vec<_> = own.iter().take(excess).copied().collect();
            self.remove_of(subject, |digest, _| oldest.contains(digest));
        }
        if self.len() < limits.sessions { Ok(()) } else { Err(Full) }
    }

    /// Adds a record. The digest is new.
    pub(super) fn insert(&mut self, digest: Digest, record: Record) {
        self.subjects.entry(record.identity().clone()).or_default().push(digest);
        self.records.insert(digest, record);
    }

    /// Moves a record to another digest. It keeps its place among the sessions of its subject.
    pub(super) fn rename(&mut self, old: &Digest, new: Digest) {
        let Some(record) = self.records.remove(old) else { return };
        let own = self.subjects.get_mut(record.identity()).into_iter().flatten();
        own.filter(|digest| *digest == old).for_each(|digest| *digest = new);
        self.records.insert(new, record);
    }

    pub(super) fn remove(&mut self, digest: &Digest) -> Option<Record> {
        let record = self.records.remove(digest)?;
        if let Some(own) = self.subjects.get_mut(record.identity()) {
            own.retain(|own| own != digest);
            if own.is_empty() {
                self.subjects.remove(record.identity());
            }
        }
        Some(record)
    }

    /// Removes the sessions of `subject` that satisfy `ends`, and says how many.
    pub(super) fn remove_of(&mut self, subject: &Identity, ends: impl Fn(&Digest, &Record) -> bool) -> usize {
        let Some(own) = self.subjects.get_mut(subject) else { return 0 };
        let before = self.records.len();
        own.retain(|digest| {
            let stays = self.records.get(digest).is_some_and(|record| !ends(digest, record));
            if !stays {
                self.records.remove(digest);
            }
            stays
        });
        if own.is_empty() {
            self.subjects.remove(subject);
        }
        before - self.records.len()
    }

    /// Keeps the sessions that satisfy `keep`, and says how many it removed.
    pub(super) fn retain(&mut self, keep: impl Fn(&Record) -> bool) -> usize {
        // Asked of all before the first is removed: should `keep` panic, the indexes still agree.
        let ended: HashSet<_> =
            self.records.iter().filter(|(_, record)| !keep(record)).map(|(digest, _)| *digest).collect();
        if !ended.is_empty() {
            self.records.retain(|digest, _| !ended.contains(digest));
            // One pass over all, so that ten thousand sessions of one subject do not cost their square.
            self.subjects.retain(|_, own| {
                own.retain(|digest| !ended.contains(digest));
                !own.is_empty()
            });
        }
        ended.len()
    }

    pub(super) fn list(&self, subject: &Identity, is_alive: impl Fn(&Record) -> bool) -> Vec<SessionInfo> {
        let own = self.subjects.get(subject).into_iter().flatten();
        own.filter_map(|digest| self.records.get(digest)).filter(|record| is_alive(record)).map(Record::info).collect()
    }
}

const MIN_UNTIL_SWEEP: usize = 64;
const SWEEP_PAUSE: Duration = Duration::from_secs(1);
