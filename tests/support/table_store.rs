//! A store that keeps rows, as a database would: its calls are counted, take a while, fail when told to, and its rows can be
//! damaged.

#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use portcullis::identity::session::{
    Ending, Inserted, Moment, OwnerLimit, SessionKey, SessionOwner, SessionRecord, SessionRow, SessionStore,
    SessionTicket, StoreError, WhenFull,
};
use tokio::task::yield_now;

/// The store. Clones share the rows.
#[derive(Clone, Default)]
pub(crate) struct TableStore(Arc<Mutex<Table>>);

/// What is done once, when the store is asked for something.
type Hook = Box<dyn FnOnce(&mut Table) + Send>;

#[derive(Default)]
pub(crate) struct Table {
    pub(crate) rows: HashMap<SessionKey, SessionRow>,
    /// So many of the next keys are taken, as they would be if they came a second time.
    pub(crate) taken: usize,
    calls: HashMap<&'static str, usize>,
    down: HashSet<&'static str>,
    hooks: HashMap<&'static str, Hook>,
}

impl TableStore {
    pub(crate) fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap()
    }

    /// How often the method was called.
    pub(crate) fn calls(&self, method: &str) -> usize {
        self.table().calls.get(method).copied().unwrap_or_default()
    }

    /// Has these methods fail from here on.
    pub(crate) fn fail(&self, methods: &[&'static str]) {
        self.table().down.extend(methods);
    }

    pub(crate) fn recover(&self) {
        self.table().down.clear();
    }

    /// Does this in the middle of the next call of the method: after it was asked, before it answers.
    pub(crate) fn during(&self, method: &'static str, hook: impl FnOnce(&mut Table) + Send + 'static) {
        self.table().hooks.insert(method, Box::new(hook));
    }

    /// Changes every row there is.
    pub(crate) fn change(&self, change: impl Fn(&mut SessionRow)) {
        self.table().rows.values_mut().for_each(change);
    }

    async fn asked(&self, method: &'static str) -> Result<MutexGuard<'_, Table>, StoreError> {
        yield_now().await;
        let mut table = self.table();
        *table.calls.entry(method).or_default() += 1;
        if let Some(hook) = table.hooks.remove(method) {
            hook(&mut table);
        }
        if table.down.contains(method) {
            return Err(StoreError::unavailable("connection refused"));
        }
        Ok(table)
    }
}

impl Table {
    fn of(&self, owner: &SessionOwner<'_>) -> Result<Vec<SessionRecord>, StoreError> {
        let own = self.rows.values().filter(|row| row.owner == *owner.digest());
        let mut own = own.map(|row| row.clone().into_record()).collect::<Result<Vec<_>, _>>()?;
        own.sort_unstable_by_key(|record| (record.created_at(), record.key()));
        Ok(own)
    }
}

impl SessionStore for TableStore {
    async fn insert(
        &self,
        record: &SessionRecord,
        limit: Option<OwnerLimit>,
        now: Moment,
    ) -> Result<Inserted, StoreError> {
        let row = record.to_row()?;
        let mut table = self.asked("insert").await?;
        if table.taken > 0 {
            table.taken -= 1;
            return Ok(Inserted::Taken);
        }
        if table.rows.contains_key(&record.key()) {
            return Ok(Inserted::Taken);
        }
        if let Some(OwnerLimit { most, when_full }) = limit {
            let mut alive = table.of(&record.owner())?;
            alive.retain(|record| record.ends_at() > now);
            let excess = (alive.len() + 1).saturating_sub(most);
            if excess > 0 && when_full == WhenFull::RefuseNew {
                return Ok(Inserted::TooMany);
            }
            for record in &alive[..excess] {
                table.rows.remove(&record.key());
            }
        }
        table.rows.insert(record.key(), row);
        Ok(Inserted::Begun)
    }

    async fn load(&self, key: SessionKey) -> Result<Option<SessionRecord>, StoreError> {
        let found = self.asked("load").await?.rows.get(&key).cloned();
        // The answer is on its way, and others go on.
        yield_now().await;
        found.map(SessionRow::into_record).transpose()
    }

    async fn touch(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Result<bool, StoreError> {
        let mut table = self.asked("touch").await?;
        let Some(row) = table.rows.get_mut(&key) else { return Ok(false) };
        (row.last_seen, row.ends_at) = (row.last_seen.max(last_seen), row.ends_at.max(ends_at));
        Ok(true)
    }

    async fn rotate(&self, shown: &SessionTicket, record: &SessionRecord) -> Result<bool, StoreError> {
        let to = record.to_row()?;
        let mut table = self.asked("rotate").await?;
        let row = table.rows.get_mut(&shown.key()).filter(|row| shown.proves(&row.digest));
        Ok(row.map(|row| *row = to).is_some())
    }

    async fn delete(&self, shown: &SessionTicket) -> Result<bool, StoreError> {
        let mut table = self.asked("delete").await?;
        let opens = |row: &SessionRow| shown.proves(&row.digest) || row.previous.is_some_and(|old| shown.proves(&old));
        let found = table.rows.get(&shown.key()).is_some_and(opens);
        Ok(found && table.rows.remove(&shown.key()).is_some())
    }

    async fn delete_of(&self, owner: &SessionOwner<'_>, which: Ending) -> Result<usize, StoreError> {
        let mut table = self.asked("delete_of").await?;
        let before = table.rows.len();
        table.rows.retain(|key, row| {
            let goes = match which {
                Ending::All => true,
                Ending::AllBut(spared) => *key != spared,
                Ending::Only(meant) => *key == meant,
            };
            row.owner != *owner.digest() || !goes
        });
        Ok(before - table.rows.len())
    }

    async fn list(&self, owner: &SessionOwner<'_>) -> Result<Vec<SessionRecord>, StoreError> {
        self.asked("list").await?.of(owner)
    }

    async fn sweep(&self, now: Moment, at_most: usize) -> Result<usize, StoreError> {
        let mut table = self.asked("sweep").await?;
        let over: Vec<_> =
            table.rows.values().filter(|row| row.ends_at <= now).map(|row| row.key).take(at_most).collect();
        over.iter().for_each(|key| drop(table.rows.remove(key)));
        Ok(over.len())
    }
}
