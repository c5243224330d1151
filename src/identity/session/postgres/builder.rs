//! The configuration of a store in PostgreSQL.

use std::fmt;
use std::time::Duration;

use super::address;
use super::store::PostgresStore;
use crate::error::{ConfigError, ConfigFault};
use crate::secret::Secret;

/// A [`PostgresStore`] in the making; begun by [`PostgresStore::builder`].
///
/// ```
/// use portcullis::identity::session::PostgresStore;
/// use std::time::Duration;
///
/// let url = "postgres://web:open%20sesame@db.internal/shop?sslmode=verify-full";
/// let store = PostgresStore::builder(url).connections(20).patience(Duration::from_secs(1)).build()?;
///
/// let error = PostgresStore::builder("postgres://web:open sesame@db:x/shop").build().unwrap_err();
/// assert!(!error.to_string().contains("sesame"));
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct PostgresStoreBuilder {
    /// May have a password in it.
    url: Secret<String>,
    connections: usize,
    patience: Duration,
}

impl PostgresStoreBuilder {
    pub(super) fn new(url: &str) -> Self {
        let patience = Duration::from_millis(1500);
        Self { url: Secret::new(url.to_owned()), connections: 10, patience }
    }

    /// How many connections there may be. Default: 10. They are made as they are needed; a question that finds all in use
    /// waits for one.
    pub const fn connections(mut self, most: usize) -> Self {
        self.connections = most;
        self
    }

    /// How long a question may take in all, before the answer is *unavailable*. Default: 1.5 seconds; a tenth at least, a
    /// minute at most. Two thirds of it may be spent on getting a connection, and as much on one statement.
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The store. Nothing is asked of the server yet: it may be down, and the answer is *unavailable* until it is there.
    ///
    /// # Errors
    ///
    /// When the URL is none of a PostgreSQL server, or names what is not known; when there may be no connection; when the
    /// patience is under a tenth of a second or over a minute.
    pub fn build(self) -> Result<PostgresStore, ConfigError> {
        let mut faults = Vec::new();
        if self.connections == 0 {
            faults.push(ConfigFault::new("connections", "zero, so nothing could be asked; allow some"));
        }
        if self.patience < Duration::from_millis(100) {
            faults.push(ConfigFault::new("patience", "is under a tenth of a second; a busy server may need that long"));
        }
        if self.patience > Duration::from_secs(60) {
            faults.push(ConfigFault::new("patience", "is over a minute; nobody waits so long for a page"));
        }
        match address::parse(&self.url) {
            Ok(options) => {
                ConfigError::unless_empty(faults, ())?;
                Ok(PostgresStore::new(options, self.connections, self.patience))
            }
            Err(fault) => {
                faults.insert(0, fault);
                ConfigError::unless_empty(faults, ()).and(Err(address::not_a_server().into()))
            }
        }
    }
}

impl fmt::Debug for PostgresStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStoreBuilder")
            .field("connections", &self.connections)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}
