//! Every promise of `SessionStore`, by Redis: one server, one over TLS, a cluster, and what sentinels watch.

#![cfg(all(feature = "redis", feature = "test-kit"))]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support {
    pub(crate) mod redis;
    pub(crate) mod redis_cluster;
    pub(crate) mod services;
}

use std::sync::{Arc, Mutex, PoisonError, Weak};

use portcullis::identity::session::{
    Ending, Inserted, Moment, OwnerLimit, RedisStore, SessionKey, SessionOwner, SessionRecord, SessionStore,
    SessionTicket, StoreError,
};
use portcullis::session_store_contract;
use support::redis::Redis;
use support::redis_cluster::{Cluster, Sentinels};

/// A store, and the servers that it is on, which end with the last test that uses them.
struct Served<S> {
    store: RedisStore,
    _servers: Arc<S>,
}

/// Opens a store on the servers that other tests use, or on new ones.
fn open<S>(
    shared: &Mutex<Weak<S>>,
    start: impl Fn() -> Option<S>,
    open: impl Fn(&S) -> RedisStore,
) -> Option<Served<S>> {
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let servers = match shared.upgrade() {
        Some(servers) => servers,
        None => Arc::new(start()?),
    };
    *shared = Arc::downgrade(&servers);
    Some(Served { store: open(&servers), _servers: servers })
}

fn one() -> Option<Served<Redis>> {
    static SHARED: Mutex<Weak<Redis>> = Mutex::new(Weak::new());
    open(&SHARED, Redis::start, |redis| RedisStore::new(&redis.url()).unwrap())
}

fn over_tls() -> Option<Served<(Redis, String)>> {
    static SHARED: Mutex<Weak<(Redis, String)>> = Mutex::new(Weak::new());
    open(&SHARED, Redis::start_with_tls, |(redis, certificate)| {
        RedisStore::builder(&redis.url()).root_certificates(certificate.as_str()).build().unwrap()
    })
}

fn in_a_cluster() -> Option<Served<Cluster>> {
    static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
    open(&SHARED, Cluster::start, |cluster| RedisStore::new(&cluster.url()).unwrap())
}

fn behind_sentinels() -> Option<Served<Sentinels>> {
    static SHARED: Mutex<Weak<Sentinels>> = Mutex::new(Weak::new());
    // With a replica that must have each change.
    open(&SHARED, Sentinels::start, |set| RedisStore::builder(&set.url()).min_replicas(1).build().unwrap())
}

session_store_contract!(single, async { one() });
session_store_contract!(tls, async { over_tls() });
session_store_contract!(cluster, async { in_a_cluster() });
session_store_contract!(sentinels, async { behind_sentinels() });

impl<S: Send + Sync + 'static> SessionStore for Served<S> {
    async fn insert(
        &self,
        record: &SessionRecord,
        limit: Option<OwnerLimit>,
        now: Moment,
    ) -> Result<Inserted, StoreError> {
        self.store.insert(record, limit, now).await
    }

    async fn load(&self, key: SessionKey) -> Result<Option<SessionRecord>, StoreError> {
        self.store.load(key).await
    }

    async fn touch(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Result<bool, StoreError> {
        self.store.touch(key, last_seen, ends_at).await
    }

    async fn rotate(&self, shown: &SessionTicket, record: &SessionRecord) -> Result<bool, StoreError> {
        self.store.rotate(shown, record).await
    }

    async fn delete(&self, shown: &SessionTicket) -> Result<bool, StoreError> {
        self.store.delete(shown).await
    }

    async fn delete_of(&self, owner: &SessionOwner<'_>, which: Ending) -> Result<usize, StoreError> {
        self.store.delete_of(owner, which).await
    }

    async fn list(&self, owner: &SessionOwner<'_>) -> Result<Vec<SessionRecord>, StoreError> {
        self.store.list(owner).await
    }

    async fn sweep(&self, now: Moment, at_most: usize) -> Result<usize, StoreError> {
        self.store.sweep(now, at_most).await
    }

    fn needs_sweep(&self) -> bool {
        self.store.needs_sweep()
    }
}
