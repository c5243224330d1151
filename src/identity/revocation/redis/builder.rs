//! The configuration of a shared list.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::super::memory::{MemoryRevocations, MemoryRevocationsBuilder};
use super::revocations::RedisRevocations;
use crate::clock::{Clock, SystemClock};
use crate::error::{ConfigError, ConfigFault};
use crate::identity::redis_link::Server;
use crate::observe::{Listener, Observer};
use crate::secret::Secret;

/// A [`RedisRevocations`] in the making; begun by [`RedisRevocations::builder`].
///
/// ```
/// use portcullis::identity::revocation::RedisRevocations;
/// use std::time::Duration;
///
/// let list = RedisRevocations::builder("redis://127.0.0.1:6379").max_lag(Duration::from_secs(5)).build()?;
/// assert!(RedisRevocations::builder("http://127.0.0.1").build().is_err());
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct RedisRevocationsBuilder {
    /// May have a password in it.
    url: Secret<String>,
    root_certificates: Option<Vec<u8>>,
    key: Box<str>,
    max_lag: Duration,
    clock: Arc<dyn Clock>,
    listener: Listener,
    mirror: MemoryRevocationsBuilder,
}

impl RedisRevocationsBuilder {
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: Secret::new(url.to_owned()),
            root_certificates: None,
            key: DEFAULT_KEY.into(),
            max_lag: RedisRevocations::DEFAULT_MAX_LAG,
            clock: Arc::new(SystemClock),
            listener: Listener::default(),
            mirror: MemoryRevocations::builder(),
        }
    }

    /// Whom to believe that a server is the one it says, in PEM: certificates of your own authority, for `rediss://`. They
    /// take the place of those that browsers believe, which are the default.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates = Some(pem.into());
        self
    }

    /// The key of the stream. Default: `portcullis:revocations`. Services that trust different issuers may share it.
    pub fn key(mut self, key: impl Into<Box<str>>) -> Self {
        self.key = key.into();
        self
    }

    /// How late a revocation may be in another process, at worst. Default: 10 seconds; at least one. A process that has heard
    /// nothing from the server for longer answers 503.
    pub const fn max_lag(mut self, lag: Duration) -> Self {
        self.max_lag = lag;
        self
    }

    /// How long an entry without an end of its own is kept, and how long any may be. Default: 30 days. The same in every
    /// process, and at least as long as your tokens live: one that was issued longer ago is refused.
    pub fn remember(mut self, time: Duration) -> Self {
        self.mirror = self.mirror.remember(time);
        self
    }

    /// How many entries there may be in memory. Default: a million. While the stream holds more that are in force, every
    /// request is answered 503, since some revocation would be missing.
    pub fn capacity(mut self, entries: usize) -> Self {
        self.mirror = self.mirror.capacity(entries);
        self
    }

    /// The clock that lag and ends are judged by. Default: the machine's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Who hears of what is revoked by this process ([`Event::Revoked`](crate::observe::Event::Revoked))
    /// and when the server is out of reach or in reach again, once for each outage. Default: nobody but the log.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.listener = Listener::new(observer);
        self
    }

    /// The list. Inside a runtime of tokio it begins at once to follow the stream, elsewhere with the first use inside one.
    /// The server need not be there yet.
    ///
    /// TLS needs a provider of cryptography for the whole process; where the program has installed none, this installs that
    /// of aws-lc-rs.
    ///
    /// # Errors
    /// When the address is none of a Redis server, the certificates are none, the key is empty, the lag is under a second, or
    /// as [`MemoryRevocationsBuilder::build`].
    pub fn build(self) -> Result<RedisRevocations, ConfigError> {
        let mut faults = Vec::new();
        if self.key.is_empty() {
            faults.push(ConfigFault::new("key", "is empty; name the stream, or leave it out"));
        }
        if self.max_lag < Duration::from_secs(1) {
            faults.push(ConfigFault::new("max_lag", "is under a second; a busy server may need that long to be heard"));
        }
        let server = Server::new(&self.url, self.root_certificates).map_err(|fault| faults.push(fault)).ok();
        let mirror = self.mirror.clock(Arc::clone(&self.clock)).build().map_err(|error| faults.extend(error)).ok();
        ConfigError::unless_empty(faults, server.zip(mirror))?
            .map(|(server, mirror)| {
                RedisRevocations::new(server, self.key, self.max_lag, (self.clock, self.listener), mirror)
            })
            // Of these, none is missing without a fault.
            .ok_or_else(|| ConfigFault::new("url", "cannot be used").into())
    }
}

impl fmt::Debug for RedisRevocationsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRevocationsBuilder")
            .field("key", &self.key)
            .field("max_lag", &self.max_lag)
            .finish_non_exhaustive()
    }
}

const DEFAULT_KEY: &str = "portcullis:revocations";
