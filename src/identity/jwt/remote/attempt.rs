//! One attempt, in a task of its own: whoever waits for it may leave without harm to the others.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use super::error::FetchError;
use super::fetch::{Fetch, Fetched};
use super::freshness::refresh_after;
use super::keeper::{Keeper, Published, millis};
use crate::clock::{UnixTime, within};
use crate::observe::Event;
use crate::trace;

/// Ends as a failure if it is dropped before its end, by a panic or with its runtime.
pub(super) struct Attempt {
    /// Weak, so that fetching ends when nobody uses the keys any more.
    keeper: Weak<Keeper>,
    number: u64,
    started: Duration,
    is_over: bool,
}

impl Attempt {
    pub(super) fn new(keeper: &Arc<Keeper>, number: u64, started: Duration) -> Self {
        Self { keeper: Arc::downgrade(keeper), number, started, is_over: false }
    }

    pub(super) async fn run(mut self, fetch: Arc<dyn Fetch>, deadline: Duration) {
        let outcome = within(deadline, fetch.fetch()).await.unwrap_or(Err(FetchError::Late(deadline)));
        if let Some(keeper) = self.keeper.upgrade() {
            let (now, wall) = (keeper.clock.monotonic(), keeper.clock.now());
            self.is_over = true;
            match outcome {
                Ok(fetched) => keeper.succeed(self.number, self.started, now, wall, fetched),
                Err(error) => keeper.fail(self.number, now, &error),
            }
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper.upgrade().filter(|_| !self.is_over) {
            let error = if thread::panicking() { FetchError::Panicked } else { FetchError::Stopped };
            // Not the time of now: the clock may be what panicked.
            keeper.fail(self.number, self.started, &error);
        }
    }
}

impl Keeper {
    fn succeed(&self, number: u64, started: Duration, now: Duration, wall: UnixTime, fetched: Fetched) {
        let Fetched { mut set, fresh_for } = fetched;
        // From the start, since the issuer may have made its answer then.
        let fresh_for = fresh_for.unwrap_or(self.limits.fresh_for);
        let fresh_until = started + fresh_for;
        let refresh_at = started + refresh_after(fresh_for, RandomState::new().build_hasher().finish());
        let usable_until = fresh_until + self.limits.usable_stale_for;

        let mut book = self.book();
        if book.running.as_ref().is_none_or(|running| running.number != number) {
            return;
        }
        let last = book.published.take().map(|published| published.set);
        if let Some(last) = &last {
            set.carry_over(last);
        }
        let (names, skipped) = (set.names(), Arc::clone(&set.skipped));
        self.keys.store(Some(Arc::new(set.key_set())));
        self.usable_until.store(millis(usable_until), Ordering::Release);
        let removed = last.as_ref().map(|last| last.retire_all_but(&set)).unwrap_or_default();
        book.published = Some(Published { set, fetched_at: wall, fresh_until, refresh_at });
        book.last_error = None;
        let failing_since = book.failing_since.take();
        self.is_failing.store(false, Ordering::Relaxed);
        book.running = None;
        book.not_before = now + self.limits.cool_down;
        self.publish_due(&book);
        drop(book);
        self.over.send_replace(number);

        let from = self.fetch.name();
        self.measured.refreshed(names.len(), wall);
        trace::keys_refreshed(from, names.len(), fresh_for);
        if let Some(since) = failing_since {
            let (store, after) = (format!("keys of {from}"), now.saturating_sub(since));
            self.listener.happened(&Event::StoreRegained { store: &store, after });
        }
        if let Some(last) = &last {
            let kept = last.names().len() - removed.len();
            let (added, removed) = (names.len().saturating_sub(kept), removed.len());
            if added + removed > 0 {
                trace::audit(&self.listener, &Event::KeysRotated { from, added, removed });
            }
        }
        for (key_id, algorithm) in &removed {
            trace::key_removed(from, key_id.as_deref(), algorithm.name());
        }
        let is_known = |entry: &&String| last.as_ref().is_some_and(|last| last.skipped.contains(entry));
        for entry in skipped.iter().filter(|entry| !is_known(entry)) {
            trace::key_skipped(from, entry);
        }
    }

    fn fail(&self, number: u64, now: Duration, error: &FetchError) {
        let mut book = self.book();
        if book.running.as_ref().is_none_or(|running| running.number != number) {
            return;
        }
        book.last_error = Some(error.to_string().into());
        let is_first = book.failing_since.is_none();
        book.failing_since.get_or_insert(now);
        self.is_failing.store(true, Ordering::Relaxed);
        book.running = None;
        book.not_before = now + self.limits.cool_down;
        self.publish_due(&book);
        drop(book);
        self.over.send_replace(number);
        self.measured.not_refreshed();
        trace::keys_not_refreshed(self.fetch.name(), error, self.is_usable(now));
        if is_first {
            let store = format!("keys of {}", self.fetch.name());
            self.listener.happened(&Event::StoreLost { store: &store, error });
        }
    }
}
