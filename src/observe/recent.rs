//! The last refusals, kept for whoever looks.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::decision::{Decision, Outcome};
use super::observer::Observer;

/// Keeps the records of the last refusals, in bounded memory: for a page of the operator's.
///
/// A flood of refusals pushes older ones out; what a stranger can write into it is a method and claims that are cut short.
///
/// ```
/// use portcullis::observe::RecentRefusals;
///
/// let recent = RecentRefusals::new(100);
/// for decision in recent.newest_first() {
///     println!("{decision}");
/// }
/// ```
#[derive(Debug)]
pub struct RecentRefusals {
    capacity: usize,
    kept: Mutex<VecDeque<Decision<'static>>>,
}

impl RecentRefusals {
    /// Keeps the last `capacity` refusals; 0 keeps none.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self { capacity, kept: Mutex::new(VecDeque::new()) }
    }

    /// What is kept, the newest first.
    #[must_use]
    pub fn newest_first(&self) -> Vec<Decision<'static>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
    }
}

impl Observer for RecentRefusals {
    fn decided(&self, decision: &Decision<'_>) {
        if !matches!(decision.outcome(), Outcome::Refused(_)) || self.capacity == 0 {
            return;
        }
        let decision = decision.clone().into_owned();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Dropped after the lock is free.
        let _oldest = if kept.len() >= self.capacity { kept.pop_front() } else { None };
        kept.push_back(decision);
        drop(kept);
    }
}
