//! Every promise of `SessionStore`, by the stores that need nothing; and that the suite finds a store that breaks them.

#![expect(clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

mod support {
    pub(crate) mod table_store;
}

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use portcullis::identity::session::{
    CachedStore, Ending, Inserted, MemoryStore, Moment, OwnerLimit, SessionKey, SessionOwner, SessionRecord,
    SessionStore, SessionTicket, StoreError, WhenFull,
};
use portcullis::session_store_contract;
use portcullis::test_kit::session_store as promise;
use support::table_store::TableStore;
use tokio::task::yield_now;

session_store_contract!(memory, async { MemoryStore::new() });
session_store_contract!(rows, async { TableStore::default() });
session_store_contract!(cached_memory, async { CachedStore::new(MemoryStore::new(), MINUTE).ok() });
session_store_contract!(cached_rows, async { CachedStore::new(TableStore::default(), MINUTE).ok() });
session_store_contract!(where_nothing_is_installed, async { None::<MemoryStore> });

const MINUTE: Duration = Duration::from_secs(60);

/// A store as it is often written: it loads, thinks, and writes. Whoever calls it alone sees nothing wrong.
#[derive(Default)]
struct LoadThenWrite(Mutex<Tables>);

#[derive(Clone, Default)]
struct Tables {
    records: HashMap<SessionKey, SessionRecord>,
    owners: HashMap<[u8; 32], Vec<SessionKey>>,
}

impl LoadThenWrite {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap()
    }

    /// What the store holds; others may change it before the caller goes on.
    async fn read(&self) -> Tables {
        let tables = self.tables().clone();
        yield_now().await;
        tables
    }

    fn end(&self, owner: [u8; 32], mut keys: Vec<SessionKey>, gone: &[SessionKey]) {
        let mut tables = self.tables();
        for key in gone {
            tables.records.remove(key);
        }
        keys.retain(|key| !gone.contains(key));
        tables.owners.insert(owner, keys);
    }
}

impl SessionStore for LoadThenWrite {
    async fn insert(
        &self,
        record: &SessionRecord,
        limit: Option<OwnerLimit>,
        now: Moment,
    ) -> Result<Inserted, StoreError> {
        let tables = self.read().await;
        if tables.records.contains_key(&record.key()) {
            return Ok(Inserted::Taken);
        }
        let owner = *record.owner().digest();
        let mut keys = tables.owners.get(&owner).cloned().unwrap_or_default();
        if let Some(OwnerLimit { most, when_full }) = limit {
            let mut alive: Vec<_> =
                keys.iter().map(|key| &tables.records[key]).filter(|record| record.ends_at() > now).collect();
            alive.sort_unstable_by_key(|record| record.created_at());
            let excess = (alive.len() + 1).saturating_sub(most);
            if excess > 0 && when_full == WhenFull::RefuseNew {
                return Ok(Inserted::TooMany);
            }
            let gone: Vec<_> = alive.iter().take(excess).map(|record| record.key()).collect();
            self.end(owner, keys.clone(), &gone);
            keys.retain(|key| !gone.contains(key));
        }
        keys.push(record.key());
        let mut tables = self.tables();
        tables.records.insert(record.key(), record.clone());
        tables.owners.insert(owner, keys);
        Ok(Inserted::Begun)
    }

    async fn load(&self, key: SessionKey) -> Result<Option<SessionRecord>, StoreError> {
        Ok(self.tables().records.get(&key).cloned())
    }

    async fn touch(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Result<bool, StoreError> {
        let Some(record) = self.read().await.records.remove(&key) else { return Ok(false) };
        let (last_seen, ends_at) = (last_seen.max(record.last_seen()), ends_at.max(record.ends_at()));
        self.tables().records.insert(key, record.seen(last_seen, ends_at));
        Ok(true)
    }

    async fn rotate(&self, shown: &SessionTicket, record: &SessionRecord) -> Result<bool, StoreError> {
        let found = self.read().await.records.remove(&shown.key());
        let opens = found.is_some_and(|found| shown.proves(found.digest()));
        if opens {
            self.tables().records.insert(shown.key(), record.clone());
        }
        Ok(opens)
    }

    async fn delete(&self, shown: &SessionTicket) -> Result<bool, StoreError> {
        let tables = self.read().await;
        let Some(found) = tables.records.get(&shown.key()) else { return Ok(false) };
        let opens = shown.proves(found.digest()) || found.previous().is_some_and(|digest| shown.proves(digest));
        if opens {
            let owner = *found.owner().digest();
            self.end(owner, tables.owners[&owner].clone(), &[shown.key()]);
        }
        Ok(opens)
    }

    async fn delete_of(&self, owner: &SessionOwner<'_>, which: Ending) -> Result<usize, StoreError> {
        let keys = self.read().await.owners.remove(owner.digest()).unwrap_or_default();
        let goes = |key: &&SessionKey| match which {
            Ending::All => true,
            Ending::AllBut(spared) => **key != spared,
            Ending::Only(meant) => **key == meant,
        };
        let gone: Vec<_> = keys.iter().filter(goes).copied().collect();
        self.end(*owner.digest(), keys, &gone);
        Ok(gone.len())
    }

    async fn list(&self, owner: &SessionOwner<'_>) -> Result<Vec<SessionRecord>, StoreError> {
        let tables = self.tables();
        let keys = tables.owners.get(owner.digest()).cloned().unwrap_or_default();
        let mut records: Vec<_> = keys.iter().filter_map(|key| tables.records.get(key).cloned()).collect();
        records.sort_unstable_by_key(SessionRecord::created_at);
        Ok(records)
    }

    async fn sweep(&self, now: Moment, at_most: usize) -> Result<usize, StoreError> {
        let tables = self.read().await;
        let over: Vec<_> = tables.records.values().filter(|record| record.ends_at() <= now).take(at_most).collect();
        for record in &over {
            let owner = *record.owner().digest();
            self.end(owner, tables.owners[&owner].clone(), &[record.key()]);
        }
        Ok(over.len())
    }
}

/// Whether the promise was found broken.
async fn is_broken(promise: impl Future<Output = ()> + Send + 'static) -> bool {
    tokio::spawn(promise).await.is_err()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_that_loads_and_then_writes_keeps_its_promises_alone_and_loses_every_race() {
    macro_rules! broken {
        ($($promise:ident)*) => {
            [$((stringify!($promise), is_broken(promise::$promise(LoadThenWrite::default())).await)),*]
        };
    }
    let alone = broken! {
        a_session_that_has_begun_is_found
        every_fact_of_a_session_is_kept
        a_key_that_is_taken_stays_with_its_session
        an_unknown_key_is_no_error
        a_touch_moves_both_times_forward
        a_touch_moves_no_time_back
        a_touch_revives_nothing
        a_rotation_replaces_the_session
        a_rotation_needs_the_id_of_now
        a_rotation_revives_nothing
        a_deleted_session_is_gone
        a_session_is_deleted_by_its_id_or_the_one_before
        the_list_is_complete_and_in_order
        all_sessions_of_an_owner_end
        all_sessions_but_one_end
        one_session_ends_by_its_key_and_owner
        many_owners_keep_apart
        the_oldest_gives_way
        the_newest_is_refused
        sessions_that_are_over_do_not_count
        ties_end_no_more_than_they_must
        a_lower_limit_ends_several
        a_sweep_takes_what_is_over_in_batches
    };
    assert_eq!(alone, alone.map(|(promise, _)| (promise, false)));
    let races = broken! {
        a_late_touch_and_a_log_out
        a_late_touch_and_a_rotation
        a_rotation_and_a_log_out
        two_rotations
        two_log_outs
        a_log_out_and_a_log_in
        a_log_out_everywhere_and_a_late_touch
        a_log_out_everywhere_and_a_rotation
        a_log_out_everywhere_and_a_log_in
        two_log_ins_under_one_key
        twenty_log_ins_keep_the_limit
        a_sweep_and_a_touch_agree
    };
    assert_eq!(races, races.map(|(promise, _)| (promise, true)));
}
