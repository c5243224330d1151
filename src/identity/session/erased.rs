//! A store behind a pointer, so that no type parameter runs through the users' types.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::error::StoreError;
use super::key::{SessionKey, SessionOwner, SessionTicket};
use super::moment::Moment;
use super::record::SessionRecord;
use super::store::{Ending, Inserted, OwnerLimit, SessionStore};
use crate::clock::{Clock, SystemClock};
use crate::measure::Store;
use crate::observe::{Event, Listener, Reach};
use crate::trace;

/// An answer that must be waited for. The box is small beside the trip that follows.
type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// [`SessionStore`], method for method.
pub(super) trait AnyStore: Send + Sync + 'static {
    fn insert<'a>(&'a self, record: &'a SessionRecord, limit: Option<OwnerLimit>, now: Moment) -> Answer<'a, Inserted>;
    fn load(&self, key: SessionKey) -> Answer<'_, Option<SessionRecord>>;
    fn load_now(&self, key: SessionKey) -> Option<Result<Option<SessionRecord>, StoreError>>;
    fn load_fresh(&self, key: SessionKey) -> Answer<'_, Option<SessionRecord>>;
    fn remembers(&self) -> bool;
    fn touch(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Answer<'_, bool>;
    fn touch_now(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Option<Result<bool, StoreError>>;
    fn rotate<'a>(&'a self, shown: &'a SessionTicket, record: &'a SessionRecord) -> Answer<'a, bool>;
    fn delete<'a>(&'a self, shown: &'a SessionTicket) -> Answer<'a, bool>;
    fn delete_now(&self, shown: &SessionTicket) -> Option<Result<bool, StoreError>>;
    fn delete_of<'a>(&'a self, owner: &'a SessionOwner<'a>, which: Ending) -> Answer<'a, usize>;
    fn list<'a>(&'a self, owner: &'a SessionOwner<'a>) -> Answer<'a, Vec<SessionRecord>>;
    fn sweep(&self, now: Moment, at_most: usize) -> Answer<'_, usize>;
    fn needs_sweep(&self) -> bool;
    /// Says who is told of outages.
    fn observe(&mut self, clock: Arc<dyn Clock>, listener: Listener);
}

/// A store of which it is told when it does not answer, and when it does again.
pub(super) struct Watched<S> {
    store: S,
    measured: Store,
    reach: Reach,
    clock: Arc<dyn Clock>,
    listener: Listener,
}

impl<S: SessionStore> Watched<S> {
    pub(super) fn new(store: S) -> Self {
        let measured = Store::new(NAME, &OPERATIONS);
        Self { store, measured, reach: Reach::default(), clock: Arc::new(SystemClock), listener: Listener::default() }
    }

    /// Notes whether the store has answered, and hands the answer on.
    fn heard<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        match &answer {
            Err(error) if !error.is_damaged() => {
                if self.reach.failed(|| self.clock.monotonic()) {
                    trace::audit(&self.listener, &Event::StoreLost { store: NAME, error });
                }
            }
            Ok(_) | Err(_) => {
                if let Some(after) = self.reach.answered(|| self.clock.monotonic()) {
                    trace::audit(&self.listener, &Event::StoreRegained { store: NAME, after });
                }
            }
        }
        answer
    }

    /// The same, of an answer that may come from memory and then says nothing of the store.
    fn perhaps_heard<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if answer.is_ok() && self.store.remembers() { answer } else { self.heard(answer) }
    }
}

impl<S: SessionStore> AnyStore for Watched<S> {
    fn insert<'a>(&'a self, record: &'a SessionRecord, limit: Option<OwnerLimit>, now: Moment) -> Answer<'a, Inserted> {
        Box::pin(async move { self.heard(self.measured.time("insert", self.store.insert(record, limit, now)).await) })
    }

    fn load(&self, key: SessionKey) -> Answer<'_, Option<SessionRecord>> {
        Box::pin(async move { self.perhaps_heard(self.measured.time("load", self.store.load(key)).await) })
    }

    fn load_now(&self, key: SessionKey) -> Option<Result<Option<SessionRecord>, StoreError>> {
        self.store.load_now(key).map(|answer| self.perhaps_heard(answer))
    }

    fn load_fresh(&self, key: SessionKey) -> Answer<'_, Option<SessionRecord>> {
        Box::pin(async move { self.heard(self.measured.time("load", self.store.load_fresh(key)).await) })
    }

    fn remembers(&self) -> bool {
        self.store.remembers()
    }

    fn touch(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Answer<'_, bool> {
        Box::pin(
            async move { self.heard(self.measured.time("touch", self.store.touch(key, last_seen, ends_at)).await) },
        )
    }

    fn touch_now(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Option<Result<bool, StoreError>> {
        self.store.touch_now(key, last_seen, ends_at).map(|answer| self.heard(answer))
    }

    fn rotate<'a>(&'a self, shown: &'a SessionTicket, record: &'a SessionRecord) -> Answer<'a, bool> {
        Box::pin(async move { self.heard(self.measured.time("rotate", self.store.rotate(shown, record)).await) })
    }

    fn delete<'a>(&'a self, shown: &'a SessionTicket) -> Answer<'a, bool> {
        Box::pin(async move { self.heard(self.measured.time("delete", self.store.delete(shown)).await) })
    }

    fn delete_now(&self, shown: &SessionTicket) -> Option<Result<bool, StoreError>> {
        self.store.delete_now(shown).map(|answer| self.heard(answer))
    }

    fn delete_of<'a>(&'a self, owner: &'a SessionOwner<'a>, which: Ending) -> Answer<'a, usize> {
        Box::pin(async move { self.heard(self.measured.time("delete_of", self.store.delete_of(owner, which)).await) })
    }

    fn list<'a>(&'a self, owner: &'a SessionOwner<'a>) -> Answer<'a, Vec<SessionRecord>> {
        Box::pin(async move { self.heard(self.measured.time("list", self.store.list(owner)).await) })
    }

    fn sweep(&self, now: Moment, at_most: usize) -> Answer<'_, usize> {
        Box::pin(async move { self.heard(self.measured.time("sweep", self.store.sweep(now, at_most)).await) })
    }

    fn needs_sweep(&self) -> bool {
        self.store.needs_sweep()
    }

    fn observe(&mut self, clock: Arc<dyn Clock>, listener: Listener) {
        (self.clock, self.listener) = (clock, listener);
    }
}

/// What the store is called in events and metrics.
const NAME: &str = "sessions";
const OPERATIONS: [&str; 8] = ["insert", "load", "touch", "rotate", "delete", "delete_of", "list", "sweep"];
