//! Which requests have been seen: the counts under each nonce that somebody logged in with.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::nonces::Issued;
use crate::clock::UnixTime;

/// The counts that were used, bounded: the oldest nonces are forgotten first, and what is forgotten counts as too old, so
/// that nothing can come a second time.
#[derive(Default)]
pub(super) struct Uses {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    by_nonce: BTreeMap<Issued, Window>,
    /// Nonces made at this second or before are too old, unless they are in the table.
    forgotten: Option<UnixTime>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Use {
    First,
    Again,
    /// The nonce is so old that nobody knows.
    Forgotten,
}

impl Uses {
    /// Forgets all that was made before `now`: another process, or this one before it was started anew, may have let it in.
    pub(super) fn begin(&self, now: UnixTime) {
        let mut table = self.table();
        // What is made in this very second stays good. Never less than before: another layer with the scheme may be built later.
        table.forgotten = table.forgotten.max(now.as_secs().checked_sub(1).map(UnixTime::from_secs));
    }

    /// Takes note of a request that was proven. `oldest` is when the oldest nonce was made that is still good.
    pub(super) fn note(&self, nonce: Issued, count: u32, oldest: UnixTime, capacity: usize) -> Use {
        let mut table = self.table();
        while table.by_nonce.first_key_value().is_some_and(|(first, _)| first.time() < oldest) {
            table.forget_first();
        }
        if let Some(window) = table.by_nonce.get_mut(&nonce) {
            return if window.note(count) { Use::First } else { Use::Again };
        }
        if table.forgotten.is_some_and(|forgotten| nonce.time() <= forgotten) {
            return Use::Forgotten;
        }
        table.by_nonce.insert(nonce, Window::new(count));
        while table.by_nonce.len() > capacity {
            table.forget_first();
        }
        Use::First
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn forget_first(&mut self) {
        if let Some((nonce, _)) = self.by_nonce.pop_first() {
            self.forgotten = self.forgotten.max(Some(nonce.time()));
        }
    }
}

/// The highest count so far and which of the ones just below it were used: clients that send several requests at once do not
/// keep them in order.
struct Window {
    highest: u32,
    /// The lowest bit stands for the highest count.
    used: u128,
}

impl Window {
    const fn new(count: u32) -> Self {
        Self { highest: count, used: 1 }
    }

    /// Whether this count was not used before, as far as anybody knows.
    const fn note(&mut self, count: u32) -> bool {
        if count > self.highest {
            let ahead = count - self.highest;
            self.used = if ahead < u128::BITS { self.used << ahead | 1 } else { 1 };
            self.highest = count;
            return true;
        }
        let behind = self.highest - count;
        if behind >= u128::BITS || self.used >> behind & 1 == 1 {
            return false;
        }
        self.used |= 1 << behind;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::nonces::Nonces;
    use super::*;

    fn nonces(times: impl IntoIterator<Item = u64>) -> Vec<Issued> {
        let nonces = Nonces::new(b"key", 0).unwrap();
        let issue = |time| nonces.read(&nonces.fresh("realm", UnixTime::from_secs(time)), "realm").unwrap();
        times.into_iter().map(issue).collect()
    }

    const START: UnixTime = UnixTime::from_secs(0);

    #[test]
    fn each_count_is_good_once_in_any_order_within_the_window() {
        let (uses, nonce) = (Uses::default(), nonces([9])[0]);
        let note = |count| uses.note(nonce, count, START, 10);
        for count in [1, 3, 2, 130, 4, 131, u32::MAX] {
            assert_eq!(note(count), Use::First, "{count}");
            assert_eq!(note(count), Use::Again, "{count}");
        }
        // Far behind the highest nobody knows what was used, so nothing is good.
        assert_eq!(note(5), Use::Again);
        assert_eq!(note(u32::MAX - 127), Use::First);
        assert_eq!(note(u32::MAX - 128), Use::Again);
    }

    #[test]
    fn what_is_forgotten_is_too_old_and_never_new() {
        let uses = Uses::default();
        let issued = nonces([5, 6, 6, 7]);
        for nonce in &issued {
            assert_eq!(uses.note(*nonce, 1, START, 2), Use::First);
        }
        assert_eq!(uses.table().by_nonce.len(), 2);
        assert_eq!(uses.note(issued[0], 2, START, 2), Use::Forgotten);
        assert_eq!(uses.note(issued[1], 1, START, 2), Use::Forgotten);
        assert_eq!(uses.note(issued[2], 2, START, 2), Use::First, "it is still in the table");
        assert_eq!(uses.note(issued[3], 1, START, 2), Use::Again);

        // Time has passed, and is then set back: what was let in stays known as too old.
        assert_eq!(uses.note(nonces([90])[0], 1, UnixTime::from_secs(80), 2), Use::First);
        assert_eq!(uses.note(issued[3], 1, START, 2), Use::Forgotten);
        // Also when another layer is built with the scheme.
        uses.begin(UnixTime::from_secs(6));
        assert_eq!(uses.note(issued[3], 1, START, 2), Use::Forgotten);
    }

    #[test]
    fn what_was_made_before_the_start_is_too_old() {
        let uses = Uses::default();
        uses.begin(UnixTime::from_secs(100));
        let issued = nonces([99, 100]);
        assert_eq!(uses.note(issued[0], 1, START, 2), Use::Forgotten);
        assert_eq!(uses.note(issued[1], 1, START, 2), Use::First);
    }
}
