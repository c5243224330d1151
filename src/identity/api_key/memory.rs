//! Keys in memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::record::ApiKeyRecord;
use super::store::ApiKeyStore;
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::error::{ConfigError, ConfigFault};
use crate::names::is_scope_token;

/// API keys in memory. Clones share them, and all changes take effect at once.
///
/// ```
/// use portcullis::credentials::ApiKey;
/// use portcullis::identity::api_key::{ApiKeyRecord, MemoryApiKeys};
///
/// let keys = MemoryApiKeys::new();
/// let [old, new] = [ApiKey::generate("acme")?, ApiKey::generate("acme")?];
/// keys.insert(ApiKeyRecord::new(&old, "ci"))?;
/// keys.insert(ApiKeyRecord::new(&new, "ci"))?;
/// assert_eq!(keys.list("ci").len(), 2);
///
/// assert!(keys.revoke(old.id()));
/// assert_eq!(keys.revoke_all("ci"), 1);
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct MemoryApiKeys {
    records: Arc<RwLock<Records>>,
    clock: Arc<dyn Clock>,
}

type Records = HashMap<Box<str>, Arc<ApiKeyRecord>>;

#[expect(clippy::must_use_candidate, reason = "what changes the keys is called for that, not for its result")]
impl MemoryApiKeys {
    /// No keys yet.
    #[must_use]
    pub fn new() -> Self {
        Self { records: Arc::default(), clock: Arc::new(SystemClock) }
    }

    /// Sets the clock that says when keys were inserted. Default: the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Adds a key. One that does not say when it was made is made now.
    ///
    /// # Errors
    ///
    /// When the owner is empty or holds a control character, a scope cannot stand in a challenge, or there is a key with
    /// this id.
    pub fn insert(&self, record: ApiKeyRecord) -> Result<(), ConfigError> {
        let record = match record.created_at() {
            Some(_) => record,
            None => record.with_created_at(self.clock.now()),
        };
        insert(&mut self.write(), record)
    }

    /// Ends the key with this [`id`](ApiKeyRecord::id). Whether there was such a one.
    pub fn revoke(&self, id: &str) -> bool {
        self.write().remove(id).is_some()
    }

    /// Ends all keys of `owner`, and says how many there were.
    pub fn revoke_all(&self, owner: &str) -> usize {
        let mut records = self.write();
        let before = records.len();
        records.retain(|_, record| record.owner() != owner);
        before - records.len()
    }

    /// The keys of `owner`, oldest first.
    #[must_use]
    pub fn list(&self, owner: &str) -> Vec<Arc<ApiKeyRecord>> {
        let mut own: Vec<_> = self.read().values().filter(|record| record.owner() == owner).cloned().collect();
        own.sort_by(|one, other| (one.created_at(), one.id()).cmp(&(other.created_at(), other.id())));
        own
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Exchanges all keys for these in one step: a request sees the old set or the new one. A key that stays, with the same
    /// digest, keeps its last use.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), all faults at once. The old set stays then.
    pub fn replace(&self, records: impl IntoIterator<Item = ApiKeyRecord>) -> Result<(), ConfigError> {
        let mut fresh = Records::new();
        let faults: Vec<_> =
            records.into_iter().filter_map(|record| insert(&mut fresh, record).err()).flatten().collect();
        let fresh = ConfigError::unless_empty(faults, fresh)?;
        let mut current = self.write();
        for (id, record) in &fresh {
            let kept = current.get(id).filter(|kept| kept.digest() == record.digest());
            if let Some(then) = kept.and_then(|kept| kept.last_used_at()) {
                record.last_use.note(then);
            }
        }
        *current = fresh;
        Ok(())
    }

    // A lock is never poisoned: nothing that may panic runs under it.
    fn read(&self) -> RwLockReadGuard<'_, Records> {
        self.records.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Records> {
        self.records.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryApiKeys {
    fn default() -> Self {
        Self::new()
    }
}

impl ApiKeyStore for MemoryApiKeys {
    async fn find(&self, id: &str) -> Result<Option<Arc<ApiKeyRecord>>, Box<dyn Error + Send + Sync>> {
        Ok(self.read().get(id).cloned())
    }

    fn find_now(&self, id: &str) -> Option<Result<Option<Arc<ApiKeyRecord>>, Box<dyn Error + Send + Sync>>> {
        Some(Ok(self.read().get(id).cloned()))
    }

    /// The record has noted it.
    fn used_now(&self, _: &str, _: UnixTime) -> bool {
        true
    }
}

impl fmt::Debug for MemoryApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryApiKeys").field("keys", &self.len()).finish_non_exhaustive()
    }
}

fn insert(records: &mut Records, record: ApiKeyRecord) -> Result<(), ConfigError> {
    let mut faults = Vec::new();
    let mut fault = |problem: String| faults.push(ConfigFault::new(format!("API key {:?}", record.id()), problem));
    if record.owner().is_empty() || record.owner().contains(char::is_control) {
        fault(String::from("the owner is empty or holds a control character; name somebody"));
    }
    for scope in record.scopes().iter().filter(|scope| !is_scope_token(scope)) {
        fault(format!("the scope {scope:?} cannot stand in a challenge; use visible ASCII without \" and \\"));
    }
    match records.entry(record.id().into()) {
        Entry::Occupied(_) => fault(String::from("given twice; remove the old one first")),
        Entry::Vacant(place) if faults.is_empty() => drop(place.insert(Arc::new(record))),
        Entry::Vacant(_) => {}
    }
    ConfigError::unless_empty(faults, ())
}
