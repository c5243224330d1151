//! What many processes count together, in Redis or Valkey (5.0 or later).
//!
//! Every account and every client is a hash of its own, changed by one script as a whole: so guesses at the same instant in
//! many processes are counted one by one, and a cluster may spread the keys. Time is the server's.
//!
//! Each process counts for itself too, and lets nobody through whom it would refuse alone. So while the server is away the
//! limit holds still, in every process for itself, and people can log in: to refuse all of them, as a stranger could bring
//! about by taking down one server, would be worse than some more guesses, and to count nothing is what must not be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, Script};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::builder::ThrottleBuilder;
use super::count::{MAX_DELAY, Reserve, Rules};
use super::local::Keys;
use super::permit::Permit;
use crate::clock::{Clock, SystemClock, sleep};
use crate::error::{ConfigFault, Severity};
use crate::identity::revocation::redis_client;
use crate::secret::Secret;
use crate::trace;

impl ThrottleBuilder {
    /// Counts together with other processes, on the server at `url`: `redis://` or, with TLS, `rediss://`; user and password
    /// in it, if need be. Counts survive whatever the server's own data survive. While the server is away every process
    /// counts for itself. Default: in this process alone.
    ///
    /// ```
    /// use portcullis::identity::throttle::Throttle;
    ///
    /// let throttle = Throttle::builder().redis("redis://127.0.0.1:6379").build()?;
    /// assert!(Throttle::builder().redis("http://127.0.0.1").build().is_err());
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    pub fn redis(mut self, url: &str) -> Self {
        self.together = Some(Settings { client: redis_client(&Secret::new(url.to_owned()), None) });
        self
    }
}

pub(super) struct Settings {
    client: Result<Client, ConfigFault>,
}

impl Settings {
    pub(super) fn fault(&self) -> Option<ConfigFault> {
        self.client.as_ref().err().cloned()
    }

    pub(super) fn open(self, accounts: Rules, clients: Rules) -> Option<Together> {
        let client = self.client.ok()?;
        let server = Server { client, connection: Mutex::new(None), away_until: AtomicU64::new(0) };
        Some(Together { server: Arc::new(server), accounts, clients })
    }
}

pub(super) struct Together {
    server: Arc<Server>,
    accounts: Rules,
    clients: Rules,
}

struct Server {
    client: Client,
    connection: Mutex<Option<MultiplexedConnection>>,
    /// In milliseconds of the monotonic clock; 0 while all is well.
    away_until: AtomicU64,
}

/// One account or client.
struct Counted {
    key: String,
    rules: Rules,
}

impl Together {
    /// Reserves there what is reserved here, or says how long to wait.
    pub(super) async fn admit(&self, mut permit: Permit) -> Result<Permit, Duration> {
        let (account, client) = self.counted(permit.keys);
        let mut patience = PAUSES.iter();
        loop {
            let reserved = self.reserve(&account, &client).await;
            match reserved {
                // Away: this process counts alone.
                None => return Ok(permit),
                Some(Reserve::Granted) => {
                    permit.together = true;
                    return Ok(permit);
                }
                Some(Reserve::Refused(delay)) => {
                    refused(permit);
                    return Err(delay);
                }
                // Attempts of other processes are under way, and nobody tells this one when they end.
                Some(Reserve::Undecided) => match patience.next() {
                    Some(&pause) => sleep(pause).await,
                    // It was not told yet whether its credentials are remembered, and is now: charged as where it is refused.
                    None => {
                        refused(permit);
                        return Err(UNDECIDED);
                    }
                },
            }
        }
    }

    async fn reserve(&self, account: &Counted, client: &Counted) -> Option<Reserve> {
        match self.server.ask(client, "reserve").await? {
            Reserve::Granted => {}
            no => return Some(no),
        }
        let reserved = self.server.ask(account, "reserve").await?;
        match reserved {
            Reserve::Granted => None,
            Reserve::Refused(_) => self.server.ask(client, "fail").await,
            Reserve::Undecided => self.server.ask(client, "release").await,
        };
        Some(reserved)
    }

    pub(super) async fn fail(&self, keys: Keys) {
        let (account, client) = self.counted(keys);
        self.server.settle(&account, &client, "fail").await;
    }

    pub(super) async fn release(&self, keys: Keys) {
        let (account, client) = self.counted(keys);
        self.server.settle(&account, &client, "release").await;
    }

    /// From where nothing can be waited for. Without a runtime the server forgets the attempt by itself, once nothing
    /// was let in for a window.
    pub(super) fn abandon_later(&self, keys: Keys) {
        if let Ok(runtime) = Handle::try_current() {
            let (server, (account, client)) = (Arc::clone(&self.server), self.counted(keys));
            runtime.spawn(async move {
                server.ask(&account, "release").await;
                server.ask(&client, "fail").await;
            });
        }
    }

    fn counted(&self, keys: Keys) -> (Counted, Counted) {
        let counted = |kind, key, rules| Counted { key: format!("portcullis:throttle:{kind}:{key:032x}"), rules };
        (counted("account", keys.account, self.accounts), counted("client", keys.client, self.clients))
    }
}

/// Gives back what was reserved here, and charges the client for going on, as it is charged there.
fn refused(mut permit: Permit) {
    permit.open = false;
    permit.throttle.local().abandon(permit.keys);
}

impl Server {
    async fn settle(&self, account: &Counted, client: &Counted, how: &str) {
        self.ask(account, how).await;
        self.ask(client, how).await;
    }

    /// Nothing, while the server is away.
    async fn ask(&self, counted: &Counted, what: &str) -> Option<Reserve> {
        let now = u64::try_from(SystemClock.monotonic().as_millis()).unwrap_or(u64::MAX);
        let away_until = self.away_until.load(Ordering::Relaxed);
        if now < away_until {
            return None;
        }
        match self.run(counted, what).await {
            Ok(answer) => {
                if self.away_until.swap(0, Ordering::Relaxed) != 0 {
                    trace::happened(Severity::Info, "failed log-ins are counted together again", &"throttle", None);
                }
                Some(match answer {
                    0 => Reserve::Granted,
                    UNDER_WAY => Reserve::Undecided,
                    delay => Reserve::Refused(Duration::from_millis(delay.unsigned_abs())),
                })
            }
            Err(error) => {
                if self.away_until.swap(now.saturating_add(COOL_DOWN), Ordering::Relaxed) == 0 {
                    let what = "failed log-ins are counted in each process for itself";
                    trace::happened(Severity::Error, what, &"throttle", Some(&error));
                }
                None
            }
        }
    }

    async fn run(&self, counted: &Counted, what: &str) -> Result<i64, RedisError> {
        let script = Script::new(SCRIPT);
        let mut call = script.key(&counted.key);
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        call.arg(what).arg(counted.rules.attempts).arg(milliseconds(counted.rules.window)).arg(milliseconds(MAX_DELAY));
        match call.invoke_async(&mut self.connection(false).await?).await {
            // It may have been idle when the server went away and came back. What is asked twice is charged twice at worst.
            Err(error) if error.is_unrecoverable_error() => call.invoke_async(&mut self.connection(true).await?).await,
            Err(error) => {
                // The server may have gone without a word: then this connection would never answer again.
                if error.is_timeout() {
                    *self.connection.lock().await = None;
                }
                Err(error)
            }
            answer => answer,
        }
    }

    async fn connection(&self, another: bool) -> Result<MultiplexedConnection, RedisError> {
        let mut kept = self.connection.lock().await;
        match kept.as_ref().filter(|_| !another) {
            Some(connection) => Ok(connection.clone()),
            None => {
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(PATIENCE))
                    .set_response_timeout(Some(PATIENCE));
                Ok(kept.insert(self.client.get_multiplexed_async_connection_with_config(&config).await?).clone())
            }
        }
    }
}

/// As [`Count`](super::count::Count) counts. What was lost with its process takes an attempt away until nothing was let in for a window.
const SCRIPT: &str = include_str!("throttle.lua");
const UNDER_WAY: i64 = -1;
/// How long the server may take before it counts as away.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long it is not asked then, in milliseconds.
const COOL_DOWN: u64 = 1_000;
/// Until what is under way elsewhere is looked at again: six seconds in all, longer than a hash waits for its turn.
const PAUSES: [Duration; 8] = [
    Duration::from_millis(10),
    Duration::from_millis(30),
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(600),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(2),
];
/// What a client is told to wait then.
const UNDECIDED: Duration = Duration::from_secs(1);
