//! A store behind a pointer, so that no type parameter runs through the users' types.

use std::future::Future;
use std::pin::Pin;

use super::error::StoreError;
use super::key::{SessionKey, SessionOwner, SessionTicket};
use super::moment::Moment;
use super::record::SessionRecord;
use super::store::{Ending, Inserted, OwnerLimit, SessionStore};

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
}

impl<S: SessionStore> AnyStore for S {
    fn insert<'a>(&'a self, record: &'a SessionRecord, limit: Option<OwnerLimit>, now: Moment) -> Answer<'a, Inserted> {
        Box::pin(SessionStore::insert(self, record, limit, now))
    }

    fn load(&self, key: SessionKey) -> Answer<'_, Option<SessionRecord>> {
        Box::pin(SessionStore::load(self, key))
    }

    fn load_now(&self, key: SessionKey) -> Option<Result<Option<SessionRecord>, StoreError>> {
        SessionStore::load_now(self, key)
    }

    fn load_fresh(&self, key: SessionKey) -> Answer<'_, Option<SessionRecord>> {
        Box::pin(SessionStore::load_fresh(self, key))
    }

    fn remembers(&self) -> bool {
        SessionStore::remembers(self)
    }

    fn touch(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Answer<'_, bool> {
        Box::pin(SessionStore::touch(self, key, last_seen, ends_at))
    }

    fn touch_now(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Option<Result<bool, StoreError>> {
        SessionStore::touch_now(self, key, last_seen, ends_at)
    }

    fn rotate<'a>(&'a self, shown: &'a SessionTicket, record: &'a SessionRecord) -> Answer<'a, bool> {
        Box::pin(SessionStore::rotate(self, shown, record))
    }

    fn delete<'a>(&'a self, shown: &'a SessionTicket) -> Answer<'a, bool> {
        Box::pin(SessionStore::delete(self, shown))
    }

    fn delete_now(&self, shown: &SessionTicket) -> Option<Result<bool, StoreError>> {
        SessionStore::delete_now(self, shown)
    }

    fn delete_of<'a>(&'a self, owner: &'a SessionOwner<'a>, which: Ending) -> Answer<'a, usize> {
        Box::pin(SessionStore::delete_of(self, owner, which))
    }

    fn list<'a>(&'a self, owner: &'a SessionOwner<'a>) -> Answer<'a, Vec<SessionRecord>> {
        Box::pin(SessionStore::list(self, owner))
    }

    fn sweep(&self, now: Moment, at_most: usize) -> Answer<'_, usize> {
        Box::pin(SessionStore::sweep(self, now, at_most))
    }

    fn needs_sweep(&self) -> bool {
        SessionStore::needs_sweep(self)
    }
}
