//! A store, and what must stay as long as it is used: the server it asks, the folder its file is in.

use portcullis::identity::session::{
    Ending, Inserted, Moment, OwnerLimit, SessionKey, SessionOwner, SessionRecord, SessionStore, SessionTicket,
    StoreError,
};

pub(crate) struct Held<S, H>(pub(crate) S, pub(crate) H);

impl<S: SessionStore, H: Send + Sync + 'static> SessionStore for Held<S, H> {
    async fn insert(
        &self,
        record: &SessionRecord,
        limit: Option<OwnerLimit>,
        now: Moment,
    ) -> Result<Inserted, StoreError> {
        self.0.insert(record, limit, now).await
    }

    async fn load(&self, key: SessionKey) -> Result<Option<SessionRecord>, StoreError> {
        self.0.load(key).await
    }

    async fn touch(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Result<bool, StoreError> {
        self.0.touch(key, last_seen, ends_at).await
    }

    async fn rotate(&self, shown: &SessionTicket, record: &SessionRecord) -> Result<bool, StoreError> {
        self.0.rotate(shown, record).await
    }

    async fn delete(&self, shown: &SessionTicket) -> Result<bool, StoreError> {
        self.0.delete(shown).await
    }

    async fn delete_of(&self, owner: &SessionOwner<'_>, which: Ending) -> Result<usize, StoreError> {
        self.0.delete_of(owner, which).await
    }

    async fn list(&self, owner: &SessionOwner<'_>) -> Result<Vec<SessionRecord>, StoreError> {
        self.0.list(owner).await
    }

    async fn sweep(&self, now: Moment, at_most: usize) -> Result<usize, StoreError> {
        self.0.sweep(now, at_most).await
    }

    fn needs_sweep(&self) -> bool {
        self.0.needs_sweep()
    }
}
