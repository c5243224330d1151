//! What this process has counted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::count::{Reserve, Rules};
use super::locked::{Locks, Refused, Whose};
use super::table::Table;
use crate::clock::Clock;

/// Whom an attempt is counted for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    pub(super) account: u128,
    pub(super) client: u128,
    /// Whether the client is one, and not the account in its place.
    pub(super) is_client_known: bool,
}

impl Keys {
    pub(super) fn known_client(self) -> Option<u128> {
        self.is_client_known.then_some(self.client)
    }
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reserved {
    Granted,
    /// With what its being refused costs the client.
    Refused(Refused, Locks),
    /// That depends on how those end that are under way.
    Undecided,
}

pub(super) struct Local {
    accounts: Mutex<Table>,
    clients: Mutex<Table>,
    /// Told whenever something ends that was under way.
    pub(super) settled: Notify,
    clock: Arc<dyn Clock>,
}

impl Local {
    pub(super) fn new(accounts: Rules, clients: Rules, capacity: usize, clock: Arc<dyn Clock>) -> Self {
        let table = |rules| Mutex::new(Table::new(rules, capacity));
        Self { accounts: table(accounts), clients: table(clients), settled: Notify::new(), clock }
    }

    /// Reserves for both or for neither. Nobody who waits is told: nothing ends here that was under way before.
    pub(super) fn reserve(&self, keys: Keys) -> Reserved {
        let now = self.now();
        let mut clients = lock(&self.clients);
        match clients.reserve(keys.client, now) {
            Reserve::Granted => {}
            Reserve::Refused(delay) => {
                return Reserved::Refused(Refused { whose: Whose::Client, delay }, Locks::default());
            }
            Reserve::Undecided => return Reserved::Undecided,
        }
        let account = lock(&self.accounts).reserve(keys.account, now);
        match account {
            Reserve::Granted => Reserved::Granted,
            // A client that goes on is charged for it; what may be remembered of a locked account could be guessed at else.
            Reserve::Refused(delay) => {
                let locks = Locks { client: clients.fail(keys.client, now), account: None };
                Reserved::Refused(Refused { whose: Whose::Account, delay }, locks)
            }
            Reserve::Undecided => {
                clients.release(keys.client);
                Reserved::Undecided
            }
        }
    }

    pub(super) fn fail(&self, keys: Keys) -> Locks {
        let now = self.now();
        let account = lock(&self.accounts).fail(keys.account, now);
        Locks { account, client: self.change(&self.clients, |table| table.fail(keys.client, now)) }
    }

    pub(super) fn release(&self, keys: Keys) {
        lock(&self.accounts).release(keys.account);
        self.change(&self.clients, |table| table.release(keys.client));
    }

    /// Charges the client alone, for an attempt that it gave up.
    pub(super) fn abandon(&self, keys: Keys) -> Locks {
        let now = self.now();
        lock(&self.accounts).release(keys.account);
        Locks { account: None, client: self.change(&self.clients, |table| table.fail(keys.client, now)) }
    }

    /// The same, for an attempt that was not let in yet.
    pub(super) fn charge(&self, client: u128) -> Locks {
        let now = self.now();
        let client = self.change(&self.clients, |table| match table.reserve(client, now) {
            Reserve::Granted => table.fail(client, now),
            Reserve::Refused(_) | Reserve::Undecided => None,
        });
        Locks { account: None, client }
    }

    /// What is allowed to whom.
    pub(super) fn rules(&self, whose: Whose) -> Rules {
        match whose {
            Whose::Account => lock(&self.accounts).rules(),
            Whose::Client => lock(&self.clients).rules(),
        }
    }

    /// Whether the client has attempts left.
    pub(super) fn has_room(&self, client: u128) -> bool {
        let now = self.now();
        lock(&self.clients).has_room(client, now)
    }

    /// How many accounts and clients are counted.
    pub(super) fn len(&self) -> (usize, usize) {
        (lock(&self.accounts).len(), lock(&self.clients).len())
    }

    fn change<T>(&self, table: &Mutex<Table>, change: impl FnOnce(&mut Table) -> T) -> T {
        let changed = change(&mut lock(table));
        self.settled.notify_waiters();
        changed
    }

    fn now(&self) -> Duration {
        // Never zero, which is a count's beginning.
        self.clock.monotonic().saturating_add(Duration::from_nanos(1))
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}
