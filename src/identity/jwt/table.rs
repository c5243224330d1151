//! A bounded table of tokens that touches as little memory as it can to find one.
//!
//! Among thousands of tokens the one that is looked for is in no cache of the processor, and then each step to another place
//! in memory takes as long as hashing the whole token. So there are two: to the small set that the token is in, and to what
//! is kept of it. A set has its own lock, so threads with different tokens do not wait for each other. A set that is full
//! leaves a token to one other set.
//!
//! What has to go is what was not used since it came, or since the hand of a clock passed it that goes round all sets.

use std::mem;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use constant_time_eq::constant_time_eq;

use super::remembered::{Genuine, Presented};
use super::token_cache::TokenCache;

pub(super) struct Table {
    limits: TokenCache,
    /// Made for the first token.
    sets: OnceLock<Box<[Set]>>,
    /// With those that are about to come in, so that the limits hold at any time.
    entries: AtomicUsize,
    bytes: AtomicUsize,
    hand: AtomicUsize,
}

/// Two lines of the processor's cache, which come together.
#[repr(align(128))]
struct Set(RwLock<Entries>);

#[derive(Default)]
struct Entries {
    all: [Option<Entry>; WAYS],
    /// A bit for each: whether it was used lately.
    used: AtomicU8,
}

/// Behind its number, so that other tokens of the set are not looked at.
type Entry = (u64, Arc<Genuine>);

impl Table {
    pub(super) const fn new(limits: TokenCache) -> Self {
        let (entries, bytes, hand) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        Self { limits, sets: OnceLock::new(), entries, bytes, hand }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.load(Ordering::Relaxed)
    }

    /// What is kept of this very token.
    pub(super) fn get(&self, token: Presented<'_>) -> Option<Arc<Genuine>> {
        places(self.sets.get()?, token).into_iter().flatten().find_map(|set| set.read().get(token))
    }

    pub(super) fn insert(&self, token: Presented<'_>, genuine: Arc<Genuine>) {
        // Whoever sends a token many times at once verifies it many times, and must not push out others with it.
        if self.get(token).is_some() {
            return;
        }
        let sets = self.sets.get_or_init(|| self.make_sets());
        let [Some(first), Some(second)] = places(sets, token) else { return };
        if !self.make_room(sets, genuine.bytes()) {
            return;
        }
        // One lock at a time: the second set may be the first again.
        let left_over = first.write().take_in((token.number, genuine));
        if let Some(entry) = left_over {
            let given_up = second.write().replace_with(entry);
            self.count_out(given_up);
        }
    }

    pub(super) fn remove(&self, token: Presented<'_>) {
        let sets = self.sets.get().map(|sets| places(sets, token));
        for set in sets.into_iter().flatten().flatten() {
            let removed = set.write().remove(token);
            self.count_out(removed);
        }
    }

    /// Two sets for five entries that the limits allow: less than half full on the average, since they fill unevenly.
    fn make_sets(&self) -> Box<[Set]> {
        let entries = self.limits.entries.min(self.limits.bytes / Genuine::LEAST_BYTES);
        let sets = entries.saturating_mul(2).div_ceil(5).max(1);
        (0..sets).map(|_| Set(RwLock::default())).collect()
    }

    /// Counts one more entry of `bytes` in, and has others go until it fits. Whether it does.
    fn make_room(&self, sets: &[Set], bytes: usize) -> bool {
        self.entries.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        // Once round all entries may have been used; not twice, unless others use them as fast.
        let mut patience = if bytes > self.limits.bytes { 0 } else { 3 * sets.len() };
        while self.is_overfull() {
            if patience == 0 {
                self.entries.fetch_sub(1, Ordering::Relaxed);
                self.bytes.fetch_sub(bytes, Ordering::Relaxed);
                return false;
            }
            patience -= 1;
            self.advance(sets);
        }
        true
    }

    fn is_overfull(&self) -> bool {
        self.entries.load(Ordering::Relaxed) > self.limits.entries
            || self.bytes.load(Ordering::Relaxed) > self.limits.bytes
    }

    /// Moves the hand on by one set, which gives up an entry unless all of them were used since the hand last came by.
    fn advance(&self, sets: &[Set]) {
        let position = self.hand.fetch_add(1, Ordering::Relaxed) % sets.len();
        let given_up = sets.get(position).and_then(|set| set.write().age());
        self.count_out(given_up);
    }

    /// Also drops the entry, which takes its time and so is done without a lock.
    fn count_out(&self, entry: Option<Entry>) {
        if let Some((_, genuine)) = entry {
            self.entries.fetch_sub(1, Ordering::Relaxed);
            self.bytes.fetch_sub(genuine.bytes(), Ordering::Relaxed);
        }
    }
}

impl Set {
    // Whatever changes under the lock changes in one step, so a panic leaves nothing half done.
    fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn get(&self, token: Presented<'_>) -> Option<Arc<Genuine>> {
        let (index, (_, genuine)) = self.find(token)?;
        // Written only where it changes, so that threads with the same token do not take the line from each other.
        if self.used.load(Ordering::Relaxed) & bit(index) == 0 {
            self.used.fetch_or(bit(index), Ordering::Relaxed);
        }
        Some(Arc::clone(genuine))
    }

    fn remove(&mut self, token: Presented<'_>) -> Option<Entry> {
        let (index, _) = self.find(token)?;
        self.all.get_mut(index)?.take()
    }

    /// The whole token is compared, in a time that does not tell where it differs.
    fn find(&self, token: Presented<'_>) -> Option<(usize, &Entry)> {
        let is_it =
            |(number, genuine): &Entry| *number == token.number && constant_time_eq(&genuine.token, token.token);
        let entries = self.all.iter().enumerate();
        entries.filter_map(|(index, entry)| Some((index, entry.as_ref()?))).find(|(_, entry)| is_it(entry))
    }

    /// Puts an entry where nothing is; gives it back where there is no such place.
    fn take_in(&mut self, entry: Entry) -> Option<Entry> {
        match self.all.iter().position(Option::is_none) {
            Some(index) => self.put(index, entry),
            None => Some(entry),
        }
    }

    /// Puts an entry where nothing is, else in the place of one that was not used lately, which is given up.
    fn replace_with(&mut self, entry: Entry) -> Option<Entry> {
        let entry = self.take_in(entry)?;
        let unused = self.used.get_mut().trailing_ones() as usize;
        self.put(unused % WAYS, entry)
    }

    fn put(&mut self, index: usize, entry: Entry) -> Option<Entry> {
        *self.used.get_mut() &= !bit(index);
        self.all.get_mut(index)?.replace(entry)
    }

    /// Gives up an entry that was not used, and has all others show that they are.
    fn age(&mut self) -> Option<Entry> {
        let used = mem::take(self.used.get_mut());
        let mut entries = self.all.iter_mut().enumerate();
        entries.find_map(|(index, entry)| if used & bit(index) == 0 { entry.take() } else { None })
    }
}

/// Where a token may be: by the two halves of its number, scaled to the sets.
fn places<'s>(sets: &'s [Set], token: Presented<'_>) -> [Option<&'s Set>; 2] {
    [token.number >> 32, token.number & u64::from(u32::MAX)]
        .map(|half| sets.get(((half * sets.len() as u64) >> 32) as usize))
}

const fn bit(index: usize) -> u8 {
    1 << index
}

/// As many as two lines hold.
const WAYS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_two_lines_of_the_cache() {
        assert_eq!(size_of::<Set>(), 128);
    }
}
