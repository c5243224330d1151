//! Connections to a database, lent to one question at a time.
//!
//! The driver's own pool asks the server once more after every statement, and waits for that answer without a bound: each
//! request would be two trips, and a server that froze would keep its places for as long as TCP goes on hoping.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::{ConnectOptions, Connection};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::fault::Fault;
use crate::clock::{Clock, SystemClock, within};

/// Clones share the connections.
pub(crate) struct Pool<C: Connection> {
    shared: Arc<Shared<C>>,
}

struct Shared<C: Connection> {
    options: C::Options,
    upkeep: Upkeep,
    /// The last one given back is lent first: the others may grow old.
    idle: Mutex<Vec<Idle<C>>>,
    places: Arc<Semaphore>,
}

struct Idle<C> {
    connection: C,
    /// By the monotonic clock, as `since`.
    made: Duration,
    /// When it was given back.
    since: Duration,
}

/// How connections are looked after.
#[derive(Clone, Copy)]
pub(crate) struct Upkeep {
    /// How long one may rest before it is tested.
    pub(crate) rest: Duration,
    /// How long one is used.
    pub(crate) life: Duration,
    /// How long to wait for the answer to a question that was given up, before the next one is asked. Nothing: the next one
    /// waits behind it.
    pub(crate) hear_out: Option<Duration>,
}

impl<C> Pool<C>
where
    C: Connection + 'static,
    C::Options: ConnectOptions<Connection = C>,
{
    /// Of `size` connections at most. None is made yet.
    pub(crate) fn new(options: C::Options, size: usize, upkeep: Upkeep) -> Self {
        let places = Arc::new(Semaphore::new(size.min(Semaphore::MAX_PERMITS)));
        Self { shared: Arc::new(Shared { options, upkeep, idle: Mutex::default(), places }) }
    }

    /// A connection, at the latest after `wait`.
    pub(crate) async fn lend(&self, wait: Duration) -> Result<Lent<C>, Fault> {
        // The driver would panic.
        Handle::try_current().map_err(|_| Fault::NoRuntime)?;
        let started = now();
        let place = within(wait, Arc::clone(&self.shared.places).acquire_owned()).await.map_err(|_| Fault::Busy)?;
        let place = place.map_err(|_| Fault::Busy)?;
        let left = wait.saturating_sub(now().saturating_sub(started));
        let idle = within(left, self.idle_or_new(left / 2)).await??;
        Ok(Lent { idle: Some(idle), pool: self.clone(), place: Some(place), fragile: false })
    }

    async fn idle_or_new(&self, patience: Duration) -> Result<Idle<C>, Fault> {
        loop {
            let Some(mut idle) = self.idle().pop() else { break };
            let Upkeep { rest, life, .. } = self.shared.upkeep;
            if now().saturating_sub(idle.made) > life {
                continue;
            }
            if now().saturating_sub(idle.since) <= rest {
                return Ok(idle);
            }
            match within(patience, idle.connection.ping()).await {
                Ok(Ok(())) => return Ok(idle),
                // As dead as the others, which have rested for longer.
                _ => self.clear(),
            }
        }
        let connection = self.shared.options.connect().await?;
        Ok(Idle { connection, made: now(), since: now() })
    }

    /// Ends the connections that nobody uses: the server has gone, and may be back.
    pub(crate) fn clear(&self) {
        // Ended outside the lock.
        let gone = std::mem::take(&mut *self.idle());
        drop(gone);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle<C>>> {
        self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Connection> Clone for Pool<C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

/// A connection in use. Where it is neither given back nor dropped for good, the question was given up while it was asked,
/// and what is still to be answered is heard out first.
pub(crate) struct Lent<C>
where
    C: Connection + 'static,
    C::Options: ConnectOptions<Connection = C>,
{
    idle: Option<Idle<C>>,
    pool: Pool<C>,
    place: Option<OwnedSemaphorePermit>,
    fragile: bool,
}

impl<C> Lent<C>
where
    C: Connection + 'static,
    C::Options: ConnectOptions<Connection = C>,
{
    /// The connection itself. `fragile` says that a transaction is begun on it: given up, it would be left open.
    pub(crate) fn connection(&mut self, fragile: bool) -> Result<&mut C, Fault> {
        self.fragile = fragile;
        self.idle.as_mut().map(|idle| &mut idle.connection).ok_or(Fault::Busy)
    }

    /// Everything that was asked is answered.
    pub(crate) fn give_back(mut self) {
        if let Some(idle) = self.idle.take() {
            self.pool.idle().push(Idle { since: now(), ..idle });
        }
    }

    /// It is lost, or may be in disorder.
    pub(crate) fn end(mut self) {
        self.idle = None;
    }
}

impl<C> Drop for Lent<C>
where
    C: Connection + 'static,
    C::Options: ConnectOptions<Connection = C>,
{
    fn drop(&mut self) {
        let Some(mut idle) = self.idle.take() else { return };
        let Some(patience) = self.pool.shared.upkeep.hear_out else {
            return self.pool.idle().push(Idle { since: now(), ..idle });
        };
        let Some(runtime) = Handle::try_current().ok().filter(|_| !self.fragile) else { return };
        let (pool, place) = (self.pool.clone(), self.place.take());
        runtime.spawn(async move {
            if let Ok(Ok(())) = within(patience, idle.connection.ping()).await {
                pool.idle().push(Idle { since: now(), ..idle });
            }
            drop(place);
        });
    }
}

fn now() -> Duration {
    SystemClock.monotonic()
}
