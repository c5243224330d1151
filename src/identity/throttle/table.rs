//! Counts by account or by client, in bounded memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::count::{Count, Reserve, Rules};

pub(super) struct Table {
    rules: Rules,
    places: HashMap<u128, usize>,
    counts: Vec<(u128, Count)>,
    capacity: usize,
    /// State of a generator that strangers do not know; never zero.
    random: u64,
}

impl Table {
    pub(super) fn new(rules: Rules, capacity: usize) -> Self {
        Self { rules, places: HashMap::new(), counts: Vec::new(), capacity, random: RandomState::new().hash_one(0) | 1 }
    }

    pub(super) fn reserve(&mut self, key: u128, now: Duration) -> Reserve {
        let rules = self.rules;
        match self.count(key, now) {
            Some(count) => count.reserve(&rules, now),
            // All that is counted is under way.
            None => Reserve::Undecided,
        }
    }

    /// With how long it is to wait, where that was one too many.
    pub(super) fn fail(&mut self, key: u128, now: Duration) -> Option<Duration> {
        let rules = self.rules;
        self.known(key).and_then(|count| count.fail(&rules, now))
    }

    pub(super) const fn rules(&self) -> Rules {
        self.rules
    }

    pub(super) fn release(&mut self, key: u128) {
        if let Some(count) = self.known(key) {
            count.release();
        }
    }

    /// Whether a reservation would be granted.
    pub(super) fn has_room(&self, key: u128, now: Duration) -> bool {
        let count = self.places.get(&key).and_then(|&place| self.counts.get(place));
        count.is_none_or(|(_, count)| { *count }.reserve(&self.rules, now) == Reserve::Granted)
    }

    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    fn known(&mut self, key: u128) -> Option<&mut Count> {
        let place = *self.places.get(&key)?;
        self.counts.get_mut(place).map(|(_, count)| count)
    }

    fn count(&mut self, key: u128, now: Duration) -> Option<&mut Count> {
        if !self.places.contains_key(&key) {
            if self.counts.len() >= self.capacity {
                let least = self.least(now)?;
                self.remove(least);
            }
            self.places.insert(key, self.counts.len());
            self.counts.push((key, Count::default()));
        }
        self.known(key)
    }

    /// Of some that are drawn, that which has failed least. One that is under attack weighs more than nearly all others; to
    /// have it drawn among its equals, each of those others would have to be attacked as much.
    fn least(&mut self, now: Duration) -> Option<usize> {
        let drawn = [(); DRAWN].map(|()| self.draw());
        let idle = |place: &usize| self.counts.get(*place).is_some_and(|(_, count)| !count.is_under_way());
        let weight = |place: &usize| self.counts.get(*place).map(|(_, count)| count.weight(&self.rules, now));
        let least = drawn.into_iter().filter(idle).min_by_key(weight);
        least.or_else(|| (0..self.counts.len()).filter(idle).min_by_key(weight))
    }

    /// By xorshift: it need be no better than hard to foresee.
    fn draw(&mut self) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random % self.counts.len().max(1) as u64) as usize
    }

    fn remove(&mut self, place: usize) {
        let (key, _) = self.counts.swap_remove(place);
        self.places.remove(&key);
        if let Some((moved, _)) = self.counts.get(place) {
            self.places.insert(*moved, place);
        }
    }
}

const DRAWN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// B24
    #[test]
    fn a_million_names_take_the_room_of_those_that_fit_and_free_no_account_under_attack() {
        let rules = Rules { attempts: 5, window: Duration::from_secs(60) };
        let mut table = Table::new(rules, 1_000);
        let now = Duration::from_secs(1);
        for _ in 0..4 {
            assert_eq!(table.reserve(7, now), Reserve::Granted);
            table.fail(7, now);
        }
        for name in 1_000..1_001_000 {
            assert_eq!(table.reserve(name, now), Reserve::Granted);
            table.fail(name, now);
        }
        assert_eq!((table.len(), table.places.len()), (1_000, 1_000));
        assert_eq!(table.reserve(7, now), Reserve::Granted, "the last of five");
        table.fail(7, now);
        for name in 2_000_000..2_010_000 {
            assert_eq!(table.reserve(name, now), Reserve::Granted);
            table.fail(name, now);
        }
        assert_eq!(table.reserve(7, now), Reserve::Refused(rules.window));
    }

    #[test]
    fn what_is_under_way_is_never_forgotten() {
        let mut table = Table::new(Rules { attempts: 5, window: Duration::from_secs(60) }, 2);
        let now = Duration::from_secs(1);
        assert_eq!(table.reserve(1, now), Reserve::Granted);
        assert_eq!(table.reserve(2, now), Reserve::Granted);
        assert_eq!(table.reserve(3, now), Reserve::Undecided);
        table.release(2);
        assert_eq!(table.reserve(3, now), Reserve::Granted);
        assert_eq!(table.len(), 2);
        assert!(table.known(1).unwrap().is_under_way());
    }
}
