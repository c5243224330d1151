//! Revocations of one process.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::list::{Entry, Full, List};
use super::port::{Revocations, RevokeError, TokenFacts};
use super::revocation::{Kind, Revocation};
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::error::{ConfigError, ConfigFault};
use crate::identity::error::VerifyError;
use crate::identity::jwt::Issuer;
use crate::observe::{Listener, Observer};

/// Revocations in memory: in force at once, in every clone, until the process ends.
///
/// It holds a million entries unless told otherwise, about 80 bytes each; one more is an error and not forgotten silently.
/// An entry is dropped after its own end, or after thirty days; a token that says it was issued longer ago is refused, since
/// its revocation may have been dropped.
///
/// ```
/// use portcullis::identity::revocation::{MemoryRevocations, Revocation, Revocations};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let revocations = MemoryRevocations::new();
/// revocations.revoke(Revocation::token_id("https://id.example", "7c9e6679")).await?;
/// assert_eq!(revocations.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MemoryRevocations {
    shared: Arc<Shared>,
}

struct Shared {
    list: RwLock<List>,
    generation: AtomicU64,
    remember: Duration,
    clock: Arc<dyn Clock>,
    listener: Listener,
}

impl MemoryRevocations {
    /// How many entries there may be unless configured otherwise: a million.
    pub const DEFAULT_CAPACITY: usize = 1_000_000;
    /// How long an entry without an end of its own is kept unless configured otherwise: 30 days.
    pub const DEFAULT_REMEMBER: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// An empty list with the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().unchecked()
    }

    /// A list in the making.
    pub fn builder() -> MemoryRevocationsBuilder {
        MemoryRevocationsBuilder {
            capacity: Self::DEFAULT_CAPACITY,
            remember: Self::DEFAULT_REMEMBER,
            clock: Arc::new(SystemClock),
            listener: Listener::default(),
        }
    }

    /// How many entries there are, those among them that will be dropped with the next sweep.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.list.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there are no entries, as [`len`](Self::len) counts them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an entry that says all.
    pub(super) fn insert(&self, entry: Entry) -> Result<(), Full> {
        let mut list = self.shared.list.write().unwrap_or_else(PoisonError::into_inner);
        list.add(entry, self.shared.clock.now())?;
        // After the entry: whoever sees the new number finds the entry.
        self.shared.generation.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// What `revocation` leaves open is said by the time and by how long entries are kept.
    pub(super) fn complete(&self, revocation: &Revocation) -> Entry {
        let now = self.shared.clock.now();
        Entry {
            mark: revocation.mark,
            issued_until: revocation.issued_until.unwrap_or(now),
            until: revocation.until.unwrap_or_else(|| self.latest(now)),
        }
    }

    /// The end of an entry without one of its own. By then all tokens that it can name are older than what is remembered, those
    /// as well whose issuer's clock is ahead.
    pub(super) fn latest(&self, now: UnixTime) -> UnixTime {
        now.saturating_add(self.shared.remember).saturating_add(Issuer::MAX_LEEWAY)
    }
}

impl Default for MemoryRevocations {
    fn default() -> Self {
        Self::new()
    }
}

impl Revocations for MemoryRevocations {
    fn generation(&self) -> Result<u64, VerifyError> {
        Ok(self.shared.generation.load(Ordering::Acquire))
    }

    fn is_revoked(&self, token: &TokenFacts<'_>) -> bool {
        self.shared.list.read().unwrap_or_else(PoisonError::into_inner).revokes(token)
    }

    async fn revoke(&self, revocation: Revocation) -> Result<(), RevokeError> {
        self.insert(self.complete(&revocation)).map_err(RevokeError::new)?;
        revocation.tell(&self.shared.listener);
        Ok(())
    }

    fn remembers(&self) -> Option<Duration> {
        Some(self.shared.remember)
    }

    fn revoked_by(&self, token: &TokenFacts<'_>) -> Option<&'static str> {
        self.shared.list.read().unwrap_or_else(PoisonError::into_inner).revoked_by(token).map(Kind::name)
    }
}

impl fmt::Debug for MemoryRevocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryRevocations").field("entries", &self.len()).finish_non_exhaustive()
    }
}

/// A [`MemoryRevocations`] in the making; begun by [`MemoryRevocations::builder`].
///
/// ```
/// use portcullis::identity::revocation::MemoryRevocations;
/// use std::time::Duration;
///
/// let day = Duration::from_secs(24 * 60 * 60);
/// let revocations = MemoryRevocations::builder().capacity(10_000).remember(day).build()?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct MemoryRevocationsBuilder {
    capacity: usize,
    remember: Duration,
    clock: Arc<dyn Clock>,
    listener: Listener,
}

impl MemoryRevocationsBuilder {
    /// How many entries there may be. Default: a million. One more is refused to whoever revokes.
    pub const fn capacity(mut self, entries: usize) -> Self {
        self.capacity = entries;
        self
    }

    /// How long an entry without an end of its own is kept. Default: 30 days. At least as long as your tokens live: one that
    /// was issued longer ago is refused.
    pub const fn remember(mut self, time: Duration) -> Self {
        self.remember = time;
        self
    }

    /// The clock that entries are dropped by. Default: the machine's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Who hears of what is revoked here ([`Event::Revoked`](crate::observe::Event::Revoked)). Default: nobody but the log.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.listener = Listener::new(observer);
        self
    }

    /// The list, empty.
    ///
    /// # Errors
    /// When there is no room at all, or nothing is remembered for as long as a minute.
    pub fn build(self) -> Result<MemoryRevocations, ConfigError> {
        let mut faults = Vec::new();
        if self.capacity == 0 {
            faults.push(ConfigFault::new("capacity", "is zero, so nothing could be revoked; give it some thousands"));
        }
        if self.remember < Duration::from_secs(60) {
            faults.push(ConfigFault::new("remember", "is under a minute; make it as long as tokens live"));
        }
        ConfigError::unless_empty(faults, ())?;
        Ok(self.unchecked())
    }

    fn unchecked(self) -> MemoryRevocations {
        let Self { capacity, remember, clock, listener } = self;
        let list = RwLock::new(List::new(capacity));
        MemoryRevocations {
            shared: Arc::new(Shared { list, generation: AtomicU64::new(0), remember, clock, listener }),
        }
    }
}

impl fmt::Debug for MemoryRevocationsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryRevocationsBuilder")
            .field("capacity", &self.capacity)
            .field("remember", &self.remember)
            .finish_non_exhaustive()
    }
}
