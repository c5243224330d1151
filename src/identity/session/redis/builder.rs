//! The configuration of a store in Redis.

use std::fmt;
use std::time::Duration;

use super::keys::Keys;
use super::store::RedisStore;
use crate::error::{ConfigError, ConfigFault};
use crate::identity::redis_link::{Link, Replicas, Server, Timeouts};
use crate::secret::Secret;

/// A [`RedisStore`] in the making; begun by [`RedisStore::builder`].
///
/// ```
/// use portcullis::identity::session::RedisStore;
/// use std::time::Duration;
///
/// let store = RedisStore::builder("redis://127.0.0.1:6379").prefix("shop").timeout(Duration::from_millis(500)).build()?;
/// assert!(RedisStore::builder("http://127.0.0.1").build().is_err());
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct RedisStoreBuilder {
    /// May have a password in it.
    url: Secret<String>,
    root_certificates: Option<Vec<u8>>,
    prefix: Box<str>,
    timeout: Duration,
    min_replicas: u32,
}

impl RedisStoreBuilder {
    /// What the names of all keys begin with unless configured otherwise: `portcullis`.
    pub const DEFAULT_PREFIX: &str = "portcullis";
    /// How long the server may take unless configured otherwise: a second.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1);

    pub(super) fn new(url: &str) -> Self {
        Self {
            url: Secret::new(url.to_owned()),
            root_certificates: None,
            prefix: Self::DEFAULT_PREFIX.into(),
            timeout: Self::DEFAULT_TIMEOUT,
            min_replicas: 0,
        }
    }

    /// Whom to believe that a server is the one it says, in PEM: certificates of your own authority, for `rediss://`. They
    /// take the place of those that browsers believe, which are the default.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates = Some(pem.into());
        self
    }

    /// What the names of all keys begin with, in braces: services that share a server share sessions only where they share
    /// this. Default: `portcullis`.
    pub fn prefix(mut self, prefix: impl Into<Box<str>>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long the server may take to be connected to, and for an answer. Default: a second. A request waits for one and a
    /// half times as long at worst, and is then answered 503.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many replicas must have a change before it counts as done. Default: none, so what was acknowledged within the
    /// last moments before a master fails may be lost, log-outs included.
    ///
    /// Log-ins, log-outs, rotations and lists of sessions then wait for the replicas, for half the timeout at most. While
    /// fewer are there these are answered 503, though the change may have been made; requests go on. A replica that takes
    /// over has all that was acknowledged if it is one of those that were waited for, so for certain where all are.
    pub const fn min_replicas(mut self, replicas: u32) -> Self {
        self.min_replicas = replicas;
        self
    }

    /// The store. Nothing is asked of the server yet.
    ///
    /// TLS needs a provider of cryptography for the whole process; where the program has installed none, this installs that
    /// of aws-lc-rs.
    ///
    /// # Errors
    ///
    /// When the address is none of a Redis server, the certificates are none, the prefix is empty, longer than 64 bytes or
    /// has a brace in it, or the timeout is not between 10 milliseconds and a minute.
    pub fn build(self) -> Result<RedisStore, ConfigError> {
        let mut faults = Vec::new();
        if self.prefix.is_empty() || self.prefix.len() > MAX_PREFIX || self.prefix.contains(['{', '}']) {
            faults.push(ConfigFault::new("prefix", "must have 1 to 64 bytes, and no braces among them"));
        }
        if !(SHORTEST_TIMEOUT..=LONGEST_TIMEOUT).contains(&self.timeout) {
            faults.push(ConfigFault::new("timeout", "must lie between 10 milliseconds and a minute"));
        }
        let server = Server::new(&self.url, self.root_certificates).map_err(|fault| faults.push(fault)).ok();
        let server = ConfigError::unless_empty(faults, server)?;
        // It is there, or there is a fault.
        let server = server.ok_or_else(|| ConfigFault::new("url", "cannot be used"))?;
        let link = Link::new(server, Timeouts { connect: self.timeout, answer: self.timeout });
        let replicas = (self.min_replicas > 0).then(|| Replicas { least: self.min_replicas, wait: self.timeout / 2 });
        let writing = if replicas.is_some() { link.another() } else { link.clone() };
        Ok(RedisStore::of(link, writing, Keys::new(self.prefix), replicas))
    }
}

const MAX_PREFIX: usize = 64;
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(10);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);

impl fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStoreBuilder")
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .field("min_replicas", &self.min_replicas)
            .finish_non_exhaustive()
    }
}
