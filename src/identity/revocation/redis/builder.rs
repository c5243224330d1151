//! The configuration of a shared list.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::{Client, ConnectionAddr, IntoConnectionInfo, TlsCertificates};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::super::memory::{MemoryRevocations, MemoryRevocationsBuilder};
use super::revocations::RedisRevocations;
use crate::clock::{Clock, SystemClock};
use crate::error::{ConfigError, ConfigFault};
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
        let client = client(&self.url, self.root_certificates).map_err(|fault| faults.push(fault)).ok();
        let mirror = self.mirror.clock(Arc::clone(&self.clock)).build().map_err(|error| faults.extend(error)).ok();
        match client.zip(mirror) {
            Some((client, mirror)) => {
                ConfigError::unless_empty(faults, ())?;
                Ok(RedisRevocations::new(client, self.key, self.max_lag, self.clock, mirror))
            }
            None => ConfigError::unless_empty(faults, ()).and(Err(not_a_server().into())),
        }
    }
}

/// Nothing is asked of the server yet.
fn client(url: &Secret<String>, root_certificates: Option<Vec<u8>>) -> Result<Client, ConfigFault> {
    // What was wrong is not repeated: it may be the password.
    let info = url.expose().as_str().into_connection_info().map_err(|_| not_a_server())?;
    if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        return match root_certificates {
            None => Client::open(info).map_err(|_| not_a_server()),
            Some(_) => Err(ConfigFault::new("root_certificates", "without TLS they prove nothing; write rediss://")),
        };
    }
    if CryptoProvider::get_default().is_none() {
        // Whoever was faster has installed one as good.
        drop(aws_lc_rs::default_provider().install_default());
    }
    let Some(pem) = root_certificates else { return Client::open(info).map_err(|_| not_a_server()) };
    let not_pem =
        || ConfigFault::new("root_certificates", "are no certificates in PEM, each from BEGIN to END CERTIFICATE");
    // The driver takes a text without any for none at all.
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    certificates.ok().filter(|all| !all.is_empty()).ok_or_else(not_pem)?;
    Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert: Some(pem) }).map_err(|_| not_pem())
}

fn not_a_server() -> ConfigFault {
    ConfigFault::new("url", "is no address of a Redis server; write redis://host:port, or rediss://host:port for TLS")
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
