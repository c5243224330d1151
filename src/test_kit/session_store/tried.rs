//! A store that is tried: every answer must be one, and it is compared with what it should be.
#![expect(clippy::panic, reason = "an assertion fails a test by panicking")]

use std::fmt::{Debug, Display};
use std::sync::Arc;

use serde_json::Value;

use super::session::{Owner, Session};
use crate::identity::session::{
    Ending, Inserted, Moment, OwnerLimit, SessionKey, SessionRecord, SessionStore, SessionTicket, StoreError,
};

/// A store whose failure is the failure of the test. Clones share it.
pub(super) struct Tried<S>(Arc<S>);

impl<S> Clone for Tried<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: SessionStore> Tried<S> {
    pub(super) fn new(store: S) -> Self {
        Self(Arc::new(store))
    }

    pub(super) fn store(&self) -> &S {
        &self.0
    }

    pub(super) async fn insert(&self, session: &Session, limit: Option<OwnerLimit>, now: Moment) -> Inserted {
        answered("insert", self.0.insert(&session.record(), limit, now).await)
    }

    /// Has it begin, where nothing stands in the way.
    pub(super) async fn begin(&self, session: &Session) {
        let begun = self.insert(session, None, session.last_seen()).await;
        same("insert", &begun, &Inserted::Begun);
    }

    pub(super) async fn load(&self, key: SessionKey) -> Option<SessionRecord> {
        answered("load", self.0.load(key).await)
    }

    pub(super) async fn touch(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> bool {
        answered("touch", self.0.touch(key, last_seen, ends_at).await)
    }

    pub(super) async fn rotate(&self, shown: &SessionTicket, to: &Session) -> bool {
        answered("rotate", self.0.rotate(shown, &to.record()).await)
    }

    pub(super) async fn delete(&self, shown: &SessionTicket) -> bool {
        answered("delete", self.0.delete(shown).await)
    }

    pub(super) async fn delete_of(&self, owner: &Owner, which: Ending) -> usize {
        answered("delete_of", self.0.delete_of(&owner.as_owner(), which).await)
    }

    pub(super) async fn list(&self, owner: &Owner) -> Vec<SessionRecord> {
        answered("list", self.0.list(&owner.as_owner()).await)
    }

    pub(super) async fn sweep(&self, now: Moment, at_most: usize) -> usize {
        answered("sweep", self.0.sweep(now, at_most).await)
    }

    /// The session is found by its key and in its owner's list, once and as it should be.
    pub(super) async fn must_have(&self, session: &Session) {
        let found = self.load(session.key()).await.unwrap_or_else(|| failed("a live session is not found"));
        same_record(&found, session);
        let listed = self.list(session.owner()).await;
        let mut listed = listed.iter().filter(|record| record.key() == session.key());
        same_record(listed.next().unwrap_or_else(|| failed("a live session is not in the list")), session);
        same("the list has a session twice", &listed.count(), &0);
    }

    /// The session is nowhere.
    pub(super) async fn must_not_have(&self, session: &Session) {
        let found = self.load(session.key()).await.is_some();
        same("a session that has ended is found", &found, &false);
        let listed = self.list(session.owner()).await.iter().any(|record| record.key() == session.key());
        same("a session that has ended is in the list", &listed, &false);
    }

    /// The owner has these sessions and no others, in this order.
    pub(super) async fn must_list(&self, owner: &Owner, sessions: &[&Session]) {
        let listed: Vec<_> = self.list(owner).await.iter().map(SessionRecord::key).collect();
        let expected: Vec<_> = sessions.iter().map(|session| session.key()).collect();
        same("the list", &listed, &expected);
    }
}

fn answered<T>(method: &str, answer: Result<T, StoreError>) -> T {
    answer.unwrap_or_else(|error| failed(format_args!("{method}: {error}")))
}

/// Ends the test.
pub(super) fn failed(why: impl Display) -> ! {
    panic!("{why}")
}

pub(super) fn same<T: Debug + PartialEq>(what: &str, found: &T, expected: &T) {
    if found != expected {
        failed(format_args!("{what}: {found:?}, and it should be {expected:?}"));
    }
}

/// Everything that is kept is as it should be.
fn same_record(found: &SessionRecord, session: &Session) {
    let expected = session.record();
    same("key", &found.key(), &expected.key());
    same("digest", found.digest(), expected.digest());
    same("previous digest", &found.previous(), &expected.previous());
    same("owner", found.owner().digest(), expected.owner().digest());
    same("created_at", &found.created_at(), &expected.created_at());
    same("expires_at", &found.expires_at(), &expected.expires_at());
    same("last_seen", &found.last_seen(), &expected.last_seen());
    same("ends_at", &found.ends_at(), &expected.ends_at());
    same("facts", &facts(found), &facts(&expected));
}

fn facts(record: &SessionRecord) -> Value {
    let row = answered("to_row", record.to_row());
    serde_json::from_slice(&row.facts).unwrap_or_else(|error| failed(error))
}
