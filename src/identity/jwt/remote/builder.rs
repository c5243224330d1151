//! Remote keys in the making.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::RemoteKeys;
use super::discovery::Discovery;
use super::fetch::{Fetch, KeysAt, SetReader};
use super::keeper::Keeper;
use super::limits::Limits;
use crate::clock::{Clock, SystemClock};
use crate::error::{ConfigError, ConfigFault};
use crate::identity::jwt::algorithm::Algorithm;
use crate::identity::jwt::key_set::check_public;
use crate::observe::{Listener, Observer};
use crate::outbound::Client;

/// [`RemoteKeys`] in the making; begun by [`RemoteKeys::jwks`] or [`RemoteKeys::discover`].
///
/// ```
/// use portcullis::identity::jwt::{Algorithm, RemoteKeys};
/// use std::time::Duration;
///
/// let keys = RemoteKeys::discover("https://id.example", &[Algorithm::RS256])
///     .allow_keys_from("keys.example")
///     .usable_stale_for(Duration::from_secs(2 * 60 * 60))
///     .build()?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct RemoteKeysBuilder {
    origin: Origin,
    algorithms: Box<[Algorithm]>,
    more_hosts: Vec<Box<str>>,
    client: Option<Client>,
    clock: Arc<dyn Clock>,
    listener: Listener,
    limits: Limits,
}

pub(super) enum Origin {
    Address(Box<str>),
    Issuer(Box<str>),
}

impl RemoteKeysBuilder {
    pub(super) fn new(origin: Origin, algorithms: &[Algorithm]) -> Self {
        Self {
            origin,
            algorithms: algorithms.into(),
            more_hosts: Vec::new(),
            client: None,
            clock: Arc::new(SystemClock),
            listener: Listener::default(),
            limits: Limits::default(),
        }
    }

    /// The client to fetch with: for an issuer whose certificate is not on the Mozilla list, or, in tests, one that is on this
    /// machine and has no certificate
    /// ([`danger_allow_http_loopback`](crate::outbound::ClientBuilder::danger_allow_http_loopback)). Default: one of its own.
    pub fn client(mut self, client: Client) -> Self {
        self.client = Some(client);
        self
    }

    /// Also takes keys from this host, `keys.example` or `keys.example:8443`, if the issuer's metadata says that they are
    /// there. Default: from the issuer's own host and port alone. Google's are at `www.googleapis.com`.
    pub fn allow_keys_from(mut self, host: impl Into<Box<str>>) -> Self {
        self.more_hosts.push(host.into());
        self
    }

    /// How long an attempt may take as a whole, all its requests together. Default: 5 seconds; at most 60.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.limits.deadline = deadline;
        self
    }

    /// How large a document may be. Default: 1 MiB.
    pub const fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.limits.max_bytes = max_bytes;
        self
    }

    /// How long keys are fresh where `Cache-Control` does not say. Default: 10 minutes; from 1 second to 24 hours.
    pub const fn fresh_for(mut self, fresh_for: Duration) -> Self {
        self.limits.fresh_for = fresh_for;
        self
    }

    /// How long keys are used after their freshness ended, while fetching fails. Default: 24 hours; at most 30 days. For
    /// that long a key which the issuer took back may be believed, if somebody keeps us from the issuer.
    pub const fn usable_stale_for(mut self, usable_stale_for: Duration) -> Self {
        self.limits.usable_stale_for = usable_stale_for;
        self
    }

    /// How long nothing is fetched after an attempt, whatever it came to. Default: 30 seconds; from 1 second to 1 hour. It is
    /// the longest that a token signed by a brand-new key may be refused.
    pub const fn cool_down(mut self, cool_down: Duration) -> Self {
        self.limits.cool_down = cool_down;
        self
    }

    /// The clock that ages the keys. Default: the machine's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Who hears of keys that come and go, and of an issuer that does not answer or does so again, once for each outage. Default:
    /// nobody but the log.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.listener = Listener::new(observer);
        self
    }

    /// The keys. Inside a tokio runtime fetching begins at once, else with the first use inside one. Nothing is waited for,
    /// so a service starts whether its issuer is up or not; see [`RemoteKeys::ready`].
    ///
    /// # Errors
    ///
    /// Every fault: an address that is not https or leads nowhere that keys should be taken from, no algorithm or an HMAC, a
    /// time or a size out of its range, a host that is none.
    pub fn build(self) -> Result<RemoteKeys, ConfigError> {
        let mut faults = self.limits.faults();
        let algorithms = match check_public(&self.algorithms) {
            Ok(algorithms) => algorithms,
            Err(found) => {
                faults.extend(found);
                Vec::new()
            }
        };
        let client = match self.client {
            Some(client) => client,
            None => Client::builder().build()?,
        };
        let mut more_hosts = Vec::new();
        for host in &self.more_hosts {
            match client.address(&format!("https://{host}")) {
                Ok(address) if address.path() == "/" && !address.has_query() => {
                    more_hosts.push(address.authority().into());
                }
                Err(problem) if !host.contains('/') => faults.push(ConfigFault::new("allow_keys_from", problem)),
                _ => {
                    let problem = "is more than a host; write `keys.example` or `keys.example:8443`";
                    faults.push(ConfigFault::new("allow_keys_from", problem));
                }
            }
        }
        let reader = SetReader { client, algorithms: algorithms.into(), limits: self.limits };
        let fetch: Result<Arc<dyn Fetch>, ConfigFault> = match &self.origin {
            Origin::Address(_) if !self.more_hosts.is_empty() => {
                let problem = "is for issuers that are known by name; here the address already says where the keys are";
                Err(ConfigFault::new("allow_keys_from", problem))
            }
            Origin::Address(text) => match reader.client.address(text) {
                Ok(address) => Ok(Arc::new(KeysAt { name: address.to_string().into(), address, reader })),
                Err(problem) => Err(ConfigFault::new("keys", problem)),
            },
            Origin::Issuer(issuer) => match Discovery::new(issuer, more_hosts, reader) {
                Ok(discovery) => Ok(Arc::new(discovery)),
                Err(problem) => Err(ConfigFault::new("issuer", problem)),
            },
        };
        faults.extend(fetch.as_ref().err().cloned());
        ConfigError::unless_empty(faults, ())?;
        Ok(RemoteKeys::keep(Keeper::new(fetch?, self.limits, self.clock, self.listener)))
    }
}

impl fmt::Debug for RemoteKeysBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeysBuilder").field("limits", &self.limits).finish_non_exhaustive()
    }
}
