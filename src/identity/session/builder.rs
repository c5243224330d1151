//! How long sessions live, and how many there may be.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::erased::{AnyStore, Watched};
use super::moment::Moment;
use super::record::{SessionRecord, Times};
use super::sessions::Sessions;
use super::store::{OwnerLimit, SessionStore, WhenFull};
use super::value::ValueCodec;
use crate::clock::{Clock, SystemClock};
use crate::error::{ConfigError, ConfigFault};
use crate::identity::identity::Identity;
use crate::observe::{Finding, Listener, Observer};

/// What sessions are judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) idle: Duration,
    pub(super) absolute: Duration,
    pub(super) remembered: Duration,
    pub(super) per_subject: OwnerLimit,
}

impl Limits {
    /// What the store is told of how many sessions an owner may have.
    pub(super) fn per_subject(&self) -> Option<OwnerLimit> {
        Some(self.per_subject).filter(|limit| limit.most < usize::MAX)
    }

    pub(super) fn times(&self, now: Moment, remembered: bool) -> Times {
        let expires_at = now.saturating_add(if remembered { self.remembered } else { self.absolute });
        Times { now, expires_at, ends_at: self.ends_at(now, expires_at, remembered) }
    }

    /// When a session is over of which the last request comes now.
    pub(super) fn ends_at(&self, now: Moment, expires_at: Moment, remembered: bool) -> Moment {
        if remembered { expires_at } else { expires_at.min(now.saturating_add(self.idle)) }
    }

    /// Whether a session is alive: by the limits it began with, and by those of now where they are shorter.
    pub(super) fn is_alive(&self, record: &SessionRecord, now: Moment) -> bool {
        let proved_at = record.kept.proved_at;
        let age = now.saturating_since(proved_at);
        let lives = if record.kept.remembered {
            age < self.remembered
        } else {
            age < self.absolute && now.saturating_since(record.last_seen()) < self.idle
        };
        lives && now < record.expires_at() && !self.is_dated_ahead(record, now)
    }

    /// Which limit a session is past that [is not alive](Self::is_alive), and for how long.
    pub(super) fn why_over(&self, record: &SessionRecord, now: Moment) -> Finding {
        let age = now.saturating_since(record.kept.proved_at);
        let idle = now.saturating_since(record.last_seen());
        let (limit, of, time) = match record.kept.remembered {
            true => ("remembered limit", self.remembered, age),
            false if age >= self.absolute => ("absolute limit", self.absolute, age),
            false if idle >= self.idle => ("idle limit", self.idle, idle),
            // It began under limits that were shorter then.
            false => ("absolute limit", record.expires_at().saturating_since(record.kept.proved_at), age),
        };
        let over = time.saturating_sub(of).as_secs();
        Finding::about(limit).expected(format!("under {} s", of.as_secs())).found(format!("over since {over} s"))
    }

    /// Whether it was proved well ahead of our time: by a clock that is wrong, so that it would live too long.
    pub(super) fn is_dated_ahead(&self, record: &SessionRecord, now: Moment) -> bool {
        record.kept.proved_at.saturating_since(now) > MAX_AHEAD
    }

    /// Within how long two requests are noted as one.
    pub(super) fn touch_interval(&self) -> Duration {
        (self.idle / 20).min(Duration::from_secs(60))
    }
}

const DEFAULT_PER_SUBJECT: usize = 100;
/// How far the clocks of two processes may lie apart.
const MAX_AHEAD: Duration = Duration::from_secs(5 * 60);

/// [`Sessions`] in the making; begun by [`Sessions::builder`].
///
/// ```
/// use portcullis::identity::session::{MemoryStore, Sessions};
/// use std::time::Duration;
///
/// let hour = Duration::from_secs(60 * 60);
/// let sessions = Sessions::builder(MemoryStore::new()).idle(hour).absolute(8 * hour).max_per_subject(10).build()?;
/// assert!(Sessions::builder(MemoryStore::new()).idle(hour).absolute(hour / 2).build().is_err());
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct SessionsBuilder {
    store: Box<dyn AnyStore>,
    limits: Limits,
    most: usize,
    when_full: WhenFull,
    values: Option<ValueCodec>,
    issuers: Option<Vec<Box<str>>>,
    recheck: Option<Arc<Recheck>>,
    clock: Arc<dyn Clock>,
    listener: Listener,
}

/// Whether what a session says of its owner is still so.
pub(super) type Recheck = dyn Fn(&Identity) -> bool + Send + Sync;

impl SessionsBuilder {
    pub(super) fn new(store: impl SessionStore) -> Self {
        Self {
            store: Box::new(Watched::new(store)),
            limits: Limits {
                idle: Duration::from_secs(30 * 60),
                absolute: Duration::from_secs(12 * 60 * 60),
                remembered: Duration::from_secs(30 * 24 * 60 * 60),
                per_subject: OwnerLimit { most: DEFAULT_PER_SUBJECT, when_full: WhenFull::EndOldest },
            },
            most: DEFAULT_PER_SUBJECT,
            when_full: WhenFull::EndOldest,
            values: None,
            issuers: None,
            recheck: None,
            clock: Arc::new(SystemClock),
            listener: Listener::default(),
        }
    }

    /// How long a session lives without a request. Default: 30 minutes.
    ///
    /// Requests within a minute, or a twentieth of this where that is less, are noted as one: a session may be over that
    /// much early.
    pub const fn idle(mut self, limit: Duration) -> Self {
        self.limits.idle = limit;
        self
    }

    /// How long a session lives at all, however busy. Default: 12 hours.
    pub const fn absolute(mut self, limit: Duration) -> Self {
        self.limits.absolute = limit;
        self
    }

    /// How long a session lives that began as one to be [remembered](super::SessionStart::remembered), in the place of both
    /// other limits. Default: 30 days.
    pub const fn remembered(mut self, limit: Duration) -> Self {
        self.limits.remembered = limit;
        self
    }

    /// How many sessions one subject may have; the oldest ends when one more begins. Default: 100, so that nobody can fill the
    /// store by logging in again and again. `usize::MAX` stands for no limit.
    pub const fn max_per_subject(mut self, limit: usize) -> Self {
        self.most = limit;
        self
    }

    /// Where a subject has [as many as it may](Self::max_per_subject), refuses to begin another. Default: the oldest ends.
    pub const fn refuse_newest(mut self) -> Self {
        self.when_full = WhenFull::RefuseNew;
        self
    }

    /// Keeps the application's value of an identity, where it is a `T`, in stores outside the process too: in JSON, of
    /// which a few kilobytes do no harm. Default: it is kept in memory alone, and a store that would lose it is an error.
    pub fn keep_value<T: Serialize + DeserializeOwned + Send + Sync + 'static>(mut self) -> Self {
        self.values = Some(ValueCodec::of::<T>());
        self
    }

    /// Keeps sessions of these issuers alone: none begins for another, and those of others, which another service may keep in
    /// the same store, let nobody in here. Whoever shows one can still end it. Default: of any issuer.
    ///
    /// # Security
    ///
    /// Services that share a store let each other's users in, whatever their realms, unless each names its issuers or has a
    /// place of its own in the store.
    pub fn issuers<S: Into<Box<str>>>(mut self, issuers: impl IntoIterator<Item = S>) -> Self {
        self.issuers = Some(issuers.into_iter().map(Into::into).collect());
        self
    }

    /// Asks `is_current` with each request whether what the session says of its owner is still so; a session of which it
    /// says no ends at once. Default: a session lives on as it began.
    ///
    /// This is how sessions end of whoever is gone, or has changed the password, wherever that was done. It must
    /// not block.
    ///
    /// ```
    /// use std::collections::HashSet;
    /// use std::sync::{Arc, RwLock};
    /// use portcullis::identity::session::{MemoryStore, Sessions};
    ///
    /// let staff = Arc::new(RwLock::new(HashSet::from([String::from("alice")])));
    /// let known = Arc::clone(&staff);
    /// let sessions = Sessions::builder(MemoryStore::new())
    ///     .recheck(move |identity| known.read().is_ok_and(|known| known.contains(identity.subject())))
    ///     .build()?;
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    pub fn recheck(mut self, is_current: impl Fn(&Identity) -> bool + Send + Sync + 'static) -> Self {
        self.recheck = Some(Arc::new(is_current));
        self
    }

    /// The clock that the limits are measured with. Default: the machine's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Who hears of log-ins, log-outs, sessions that are ended, and a store that does not answer or does so again, once for each
    /// outage: see [`Event`](crate::observe::Event). Default: nobody but the log.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.listener = Listener::new(observer);
        self
    }

    /// The sessions.
    ///
    /// # Errors
    ///
    /// When a limit is zero, or the idle limit is longer than the absolute one and so means nothing.
    pub fn build(self) -> Result<Sessions, ConfigError> {
        let Limits { idle, absolute, remembered, .. } = self.limits;
        let mut faults = Vec::new();
        let mut fault = |setting, problem| faults.push(ConfigFault::new(setting, problem));
        if idle.is_zero() {
            fault("idle", "zero, so every session would have ended when it begins: give it some minutes");
        }
        if absolute.is_zero() {
            fault("absolute", "zero, so every session would have ended when it begins: give it some hours");
        } else if idle > absolute {
            fault("idle", "longer than the absolute limit: make it shorter, or the absolute limit longer");
        }
        if remembered.is_zero() {
            fault("remembered", "zero, so such a session would have ended when it begins: give it some days");
        }
        if self.issuers.as_ref().is_some_and(Vec::is_empty) {
            fault("issuers", "none, so nobody could log in: name one, or leave it out");
        }
        if self.most == 0 {
            fault("max_per_subject", "zero, so nobody could log in: allow one at least");
        }
        ConfigError::unless_empty(faults, ())?;
        Ok(self.assemble())
    }

    /// The sessions, under limits that make sense.
    pub(super) fn assemble(mut self) -> Sessions {
        self.limits.per_subject = OwnerLimit { most: self.most, when_full: self.when_full };
        self.store.observe(Arc::clone(&self.clock), self.listener.clone());
        Sessions::of(self.store, self.limits, self.values, self.issuers, self.recheck, (self.clock, self.listener))
    }
}

impl fmt::Debug for SessionsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionsBuilder").field("limits", &self.limits).finish_non_exhaustive()
    }
}
