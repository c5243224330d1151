//! Every promise of `SessionStore`, by the stores in databases.

#![cfg(all(feature = "postgres", feature = "sqlite", feature = "test-kit"))]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support {
    pub(crate) mod held_store;
    pub(crate) mod postgres;
    pub(crate) mod services;
}

use std::sync::{Arc, Weak};
use std::time::Duration;

use portcullis::identity::session::{PostgresStore, SqliteStore};
use portcullis::session_store_contract;
use support::held_store::Held;
use support::postgres::Postgres;
use tempfile::TempDir;
use tokio::sync::Mutex;

session_store_contract!(postgres, async {
    let server = server().await?;
    let store = PostgresStore::builder(&server.url()).patience(PATIENCE).build().unwrap();
    Some(Held(store, server))
});

session_store_contract!(sqlite, async {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::builder(folder.path().join("sessions.db")).patience(PATIENCE).open().await.unwrap();
    Held(store, folder)
});

session_store_contract!(sqlite_in_memory, async { SqliteStore::in_memory().await.unwrap() });

/// Whether the outcome is right is tried here, not whether it comes in time from a busy disk.
const PATIENCE: Duration = Duration::from_secs(30);

/// One for all that run at the same time.
async fn server() -> Option<Arc<Postgres>> {
    static SERVER: Mutex<Weak<Postgres>> = Mutex::const_new(Weak::new());
    let mut running = SERVER.lock().await;
    if let Some(server) = running.upgrade() {
        return Some(server);
    }
    // What is lost when the machine stops is no matter here; that it would isolate otherwise must be none.
    let server = Arc::new(Postgres::start_with(&["fsync=off", "default_transaction_isolation=serializable"])?);
    *running = Arc::downgrade(&server);
    Some(server)
}
