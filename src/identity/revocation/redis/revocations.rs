//! The list: a mirror in memory, and the stream it mirrors.

use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use redis::RedisError;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::super::list::Entry;
use super::super::memory::MemoryRevocations;
use super::super::port::{Revocations, RevokeError, TokenFacts};
use super::super::revocation::Revocation;
use super::builder::RedisRevocationsBuilder;
use super::connection::append;
use super::mirror::follow;
use crate::clock::{Clock, sleep};
use crate::error::Severity;
use crate::identity::error::VerifyError;
use crate::identity::redis_link::{Link, Server, Timeouts};
use crate::measure::Store;
use crate::observe::{Event, Listener, Reach};
use crate::trace;

/// Revocations shared by many processes through a stream in Redis (6.2 or later) or Valkey.
///
/// Every process has all of the list in memory, so a request costs no trip to the server. A revocation is in force in the
/// process that was told when [`revoke`](Revocations::revoke) returns, and in the others as soon as the server passes it on,
/// usually within milliseconds.
///
/// **The worst-case lag** is [`max_lag`](RedisRevocationsBuilder::max_lag), 10 seconds unless told otherwise: a process that
/// has heard nothing from the server for longer cannot know what was revoked meanwhile, and its requests are answered 503
/// until the server is back. So are requests before the list has been read for the first time.
///
/// Entries are kept as long as by [`MemoryRevocations`], and survive whatever the server's own data survive. They hold
/// digests and times, so the stream tells nobody a token or a name.
///
/// ```no_run
/// use portcullis::identity::revocation::{RedisRevocations, Revocation, Revocations};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let revocations = RedisRevocations::builder("rediss://:secret@cache.internal:6379").build()?;
/// revocations.revoke(Revocation::session_id("https://id.example", "08a5019c")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisRevocations {
    shared: Arc<Shared>,
}

/// What the handles and the task that mirrors share.
pub(super) struct Shared {
    link: Link,
    store: Store,
    key: Box<str>,
    max_lag: Duration,
    clock: Arc<dyn Clock>,
    listener: Listener,
    reach: Reach,
    mirror: MemoryRevocations,
    /// When the mirror was last known to be what the stream is, in milliseconds of the monotonic clock and one; 0 is never.
    up_to_date: AtomicU64,
    /// An entry was lost, because there was no room for it.
    overflowed: AtomicBool,
    started: AtomicBool,
    ready: watch::Sender<bool>,
    trouble: RwLock<Option<Arc<RedisError>>>,
}

impl RedisRevocations {
    /// How late a revocation may be in another process unless configured otherwise: 10 seconds.
    pub const DEFAULT_MAX_LAG: Duration = Duration::from_secs(10);

    /// A list in the making, on the server at `url`: `redis://` or, with TLS, `rediss://`; user and password in it, if need
    /// be. `redis+cluster://host:port,host:port` is a cluster, `redis+sentinel://host:port,host:port/name` the master that
    /// sentinels name.
    pub fn builder(url: &str) -> RedisRevocationsBuilder {
        RedisRevocationsBuilder::new(url)
    }

    pub(super) fn new(
        server: Server,
        key: Box<str>,
        max_lag: Duration,
        (clock, listener): (Arc<dyn Clock>, Listener),
        mirror: MemoryRevocations,
    ) -> Self {
        let shared = Shared {
            link: Link::new(server, timeouts(max_lag)),
            store: Store::new("revocations", &["revoke"]),
            key,
            max_lag,
            clock,
            listener,
            mirror,
            up_to_date: AtomicU64::new(0),
            overflowed: AtomicBool::new(false),
            started: AtomicBool::new(false),
            ready: watch::Sender::new(false),
            trouble: RwLock::new(None),
            reach: Reach::default(),
        };
        let list = Self { shared: Arc::new(shared) };
        list.start();
        list
    }

    /// Ends when the list has been read for the first time. Requests that come earlier are answered 503; a service may wait
    /// for this before it takes any, and should give up at some time.
    ///
    /// For a health check, later on, there is [`generation`](Revocations::generation): an error while requests are answered 503.
    pub async fn ready(&self) {
        self.start();
        let mut ready = self.shared.ready.subscribe();
        // The sender lives as long as this does.
        drop(ready.wait_for(|ready| *ready).await);
    }

    /// Begins to follow the stream, if that has not happened yet and there is a runtime.
    fn start(&self) {
        if self.shared.started.load(Ordering::Relaxed) {
            return;
        }
        if let Ok(runtime) = Handle::try_current()
            && !self.shared.started.swap(true, Ordering::Relaxed)
        {
            runtime.spawn(supervise(runtime.clone(), Arc::downgrade(&self.shared)));
        }
    }
}

/// Begins to follow anew, should that ever panic.
async fn supervise(runtime: Handle, shared: Weak<Shared>) {
    while shared.strong_count() > 0 && runtime.spawn(follow(shared.clone())).await.is_err() {
        sleep(Duration::from_secs(1)).await;
    }
}

impl Revocations for RedisRevocations {
    fn generation(&self) -> Result<u64, VerifyError> {
        self.start();
        match self.shared.outage() {
            None => self.shared.mirror.generation(),
            Some(outage) => Err(VerifyError::unavailable(outage)),
        }
    }

    fn is_revoked(&self, token: &TokenFacts<'_>) -> bool {
        self.shared.mirror.is_revoked(token)
    }

    async fn revoke(&self, revocation: Revocation) -> Result<(), RevokeError> {
        self.start();
        let shared = &self.shared;
        let entry = shared.mirror.complete(&revocation);
        if entry.until > shared.mirror.latest(shared.clock.now()) {
            return Err(RevokeError::new("it ends later than the list remembers; raise `remember`"));
        }
        shared.append(entry).await.map_err(RevokeError::new)?;
        shared.mirror.insert(entry).map_err(RevokeError::new)?;
        revocation.tell(&shared.listener);
        Ok(())
    }

    fn remembers(&self) -> Option<Duration> {
        Some(self.shared.remember())
    }

    fn revoked_by(&self, token: &TokenFacts<'_>) -> Option<&'static str> {
        self.shared.mirror.revoked_by(token)
    }
}

impl Shared {
    pub(super) const fn link(&self) -> &Link {
        &self.link
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// How long to wait for the server: several times within the lag that is allowed.
    pub(super) fn patience(&self) -> Duration {
        self.max_lag / 4
    }

    /// Whether entries are missing for want of room.
    pub(super) fn has_overflowed(&self) -> bool {
        self.overflowed.load(Ordering::Relaxed)
    }

    /// How long entries are kept.
    fn remember(&self) -> Duration {
        // A mirror in memory always says.
        self.mirror.remembers().unwrap_or_default()
    }

    /// Adds what the stream brought; whether there was room for all.
    pub(super) fn take(&self, entries: &[Option<Entry>]) -> bool {
        let now = self.clock.now();
        let mut complete = true;
        for entry in entries {
            match entry {
                Some(entry) if entry.until < now => {}
                Some(entry) => {
                    if self.mirror.insert(*entry).is_err() {
                        complete = false;
                        self.overflowed.store(true, Ordering::Relaxed);
                    }
                }
                None => {
                    let what = "a revocation is of no form that is known here, and passed over";
                    trace::happened(Severity::Error, what, &self.key, None);
                }
            }
        }
        complete
    }

    /// Nothing was in the stream at the time `asked` that is not in the mirror; all of it had room.
    pub(super) fn was_up_to_date(&self, asked: u64) {
        self.up_to_date.store(asked + 1, Ordering::Release);
        self.overflowed.store(false, Ordering::Relaxed);
        if self.trouble.write().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            trace::happened(Severity::Info, "the revocations are in reach again", &self.key, None);
        }
        if let Some(after) = self.reach.answered(|| self.clock.monotonic()) {
            self.listener.happened(&Event::StoreRegained { store: STORE, after });
        }
        self.ready.send_if_modified(|ready| !mem::replace(ready, true));
    }

    pub(super) fn lost(&self, error: RedisError) {
        let mut trouble = self.trouble.write().unwrap_or_else(PoisonError::into_inner);
        if trouble.is_none() {
            trace::happened(Severity::Error, "the revocations are out of reach", &self.key, Some(&error));
        }
        let error = Arc::new(error);
        *trouble = Some(Arc::clone(&error));
        drop(trouble);
        if self.reach.failed(|| self.clock.monotonic()) {
            self.listener.happened(&Event::StoreLost { store: STORE, error: &*error });
        }
    }

    /// Why the mirror cannot be trusted now, if it cannot.
    fn outage(&self) -> Option<Outage> {
        let last = self.up_to_date.load(Ordering::Acquire);
        let age = self.milliseconds().saturating_sub(last.saturating_sub(1));
        let source = || self.trouble.read().unwrap_or_else(PoisonError::into_inner).clone();
        if self.has_overflowed() {
            Some(Outage::Overflowed)
        } else if last == 0 {
            Some(Outage::NotRead(source()))
        } else if u128::from(age) > self.max_lag.as_millis() {
            Some(Outage::Lost(source()))
        } else {
            None
        }
    }

    async fn append(&self, entry: Entry) -> Result<(), RedisError> {
        // What others added is dropped only when nobody remembers it, even where clocks differ.
        let (now, keep) = (self.clock.now(), self.remember().saturating_add(CLOCK_SKEW));
        self.store.time("revoke", append(&self.link, &self.key, entry, now, keep)).await
    }

    /// Of the monotonic clock.
    pub(super) fn milliseconds(&self) -> u64 {
        u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX - 1)
    }
}

/// How long the server may take: several times within the lag that is allowed.
fn timeouts(max_lag: Duration) -> Timeouts {
    // An answer that the server holds back until there is news comes after that long; then it is late.
    Timeouts { connect: max_lag / 4, answer: max_lag / 2 }
}

/// Machines' clocks differ by less.
/// What the server is called in events.
const STORE: &str = "revocations";
const CLOCK_SKEW: Duration = Duration::from_secs(60 * 60);

/// Why nobody can say now what is revoked.
#[derive(Debug, thiserror::Error)]
enum Outage {
    #[error("nothing was heard of the revocations for longer than they may lag")]
    Lost(#[source] Option<Arc<RedisError>>),
    #[error("the revocations have not been read yet")]
    NotRead(#[source] Option<Arc<RedisError>>),
    #[error("there are more revocations than fit; raise the capacity")]
    Overflowed,
}

impl fmt::Debug for RedisRevocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRevocations")
            .field("key", &self.shared.key)
            .field("entries", &self.shared.mirror.len())
            .finish_non_exhaustive()
    }
}
