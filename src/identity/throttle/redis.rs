//! What many processes count together, in Redis or Valkey (5.0 or later).
//!
//! Every account and every client is a hash of its own, changed by one script as a whole: so guesses at the same instant in
//! many processes are counted one by one, and a cluster may spread the keys. Time is the server's.
//!
//! Each process counts for itself too, and lets nobody through whom it would refuse alone. So while the server is away the
//! limit holds still, in every process for itself, and people can log in: to refuse all of them, as a stranger could bring
//! about by taking down one server, would be worse than some more guesses, and to count nothing is what must not be.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::builder::ThrottleBuilder;
use super::count::{MAX_DELAY, Reserve, Rules};
use super::local::Keys;
use super::locked::{Locks, Refused, Whose};
use super::permit::Permit;
use super::throttle::Throttle;
use crate::clock::{Clock, SystemClock, sleep};
use crate::error::{ConfigFault, Severity};
use crate::identity::redis_link::{Link, Script, Server, Timeouts};
use crate::measure::Store;
use crate::observe::{Event, Listener, Reach};
use crate::secret::Secret;
use crate::trace;

impl ThrottleBuilder {
    /// Counts together with other processes, on the server at `url`: `redis://` or, with TLS, `rediss://`; user and password
    /// in it, if need be. `redis+cluster://host:port,host:port` is a cluster, `redis+sentinel://host:port,host:port/name` the
    /// master that sentinels name. Counts survive whatever the server's own data survive. While the server is away every
    /// process counts for itself. Default: in this process alone.
    ///
    /// ```
    /// use portcullis::identity::throttle::Throttle;
    ///
    /// let throttle = Throttle::builder().redis("redis://127.0.0.1:6379").build()?;
    /// assert!(Throttle::builder().redis("http://127.0.0.1").build().is_err());
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    pub fn redis(mut self, url: &str) -> Self {
        self.together = Some(Settings { server: Server::new(&Secret::new(url.to_owned()), None) });
        self
    }
}

pub(super) struct Settings {
    server: Result<Server, ConfigFault>,
}

impl Settings {
    pub(super) fn fault(&self) -> Option<ConfigFault> {
        self.server.as_ref().err().cloned()
    }

    pub(super) fn open(self, accounts: Rules, clients: Rules, listener: Listener) -> Option<Together> {
        let link = Link::new(self.server.ok()?, Timeouts { connect: PATIENCE, answer: PATIENCE });
        let measured = Store::new(STORE, &["reserve", "fail", "release"]);
        let counts = Arc::new(Counts { link, reach: Reach::default(), listener, measured });
        Some(Together { counts, accounts, clients })
    }
}

pub(super) struct Together {
    counts: Arc<Counts>,
    accounts: Rules,
    clients: Rules,
}

/// Those on the server.
struct Counts {
    link: Link,
    reach: Reach,
    listener: Listener,
    measured: Store,
}

/// One account or client.
struct Counted {
    key: String,
    rules: Rules,
}

impl Together {
    /// Reserves there what is reserved here, or says how long to wait.
    pub(super) async fn admit(&self, mut permit: Permit) -> Result<Permit, Refused> {
        let (account, client) = self.counted(permit.keys);
        let mut patience = PAUSES.iter();
        loop {
            let reserved = self.reserve(&account, &client, &permit).await;
            match reserved {
                // Away: this process counts alone.
                None => return Ok(permit),
                Some(Ok(())) => {
                    permit.together = true;
                    return Ok(permit);
                }
                Some(Err(Some(no))) => {
                    refused(permit);
                    return Err(no);
                }
                // Attempts of other processes are under way, and nobody tells this one when they end.
                Some(Err(None)) => match patience.next() {
                    Some(&pause) => sleep(pause).await,
                    // It was not told yet whether its credentials are remembered, and is now: charged as where it is refused.
                    None => {
                        refused(permit);
                        return Err(Refused { whose: Whose::Account, delay: UNDECIDED });
                    }
                },
            }
        }
    }

    /// Whether an attempt may be made: not, or not yet, or unknown while the server is away.
    async fn reserve(
        &self,
        account: &Counted,
        client: &Counted,
        permit: &Permit,
    ) -> Option<Result<(), Option<Refused>>> {
        let refused = |whose, delay| Some(Err(Some(Refused { whose, delay })));
        match self.counts.ask(client, "reserve").await? {
            Reserve::Granted => {}
            Reserve::Refused(delay) => return refused(Whose::Client, delay),
            Reserve::Undecided => return Some(Err(None)),
        }
        match self.counts.ask(account, "reserve").await? {
            Reserve::Granted => Some(Ok(())),
            Reserve::Refused(delay) => {
                let locks = Locks { account: None, client: self.counts.charge(client).await.flatten() };
                permit.throttle.tell(locks, None, permit.keys);
                refused(Whose::Account, delay)
            }
            Reserve::Undecided => {
                self.counts.ask(client, "release").await;
                Some(Err(None))
            }
        }
    }

    /// Nothing, while the server is away.
    pub(super) async fn fail(&self, keys: Keys) -> Option<Locks> {
        let (account, client) = self.counted(keys);
        let (account, client) = (self.counts.charge(&account).await, self.counts.charge(&client).await);
        Some(Locks { account: account?, client: client? })
    }

    pub(super) async fn release(&self, keys: Keys) {
        let (account, client) = self.counted(keys);
        self.counts.ask(&account, "release").await;
        self.counts.ask(&client, "release").await;
    }

    /// From where nothing can be waited for. Without a runtime the server forgets the attempt by itself, once nothing
    /// was let in for a window.
    pub(super) fn abandon_later(&self, throttle: Throttle, keys: Keys) {
        if let Ok(runtime) = Handle::try_current() {
            let (counts, (account, client)) = (Arc::clone(&self.counts), self.counted(keys));
            runtime.spawn(async move {
                counts.ask(&account, "release").await;
                let locks = Locks { account: None, client: counts.charge(&client).await.flatten() };
                throttle.tell(locks, None, keys);
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

impl Counts {
    /// Charges a failure: how long it is to wait, where that was one too many. Nothing, while the server is away.
    async fn charge(&self, counted: &Counted) -> Option<Option<Duration>> {
        Some(match self.ask(counted, "fail").await? {
            Reserve::Refused(delay) => Some(delay),
            Reserve::Granted | Reserve::Undecided => None,
        })
    }

    /// Nothing, while the server is away. What is asked twice, since it broke, is charged twice at worst.
    async fn ask(&self, counted: &Counted, what: &'static str) -> Option<Reserve> {
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let call = SCRIPT.call(&[&counted.key]).arg(what).arg(counted.rules.attempts);
        let call = call.arg(milliseconds(counted.rules.window)).arg(milliseconds(MAX_DELAY));
        match self.measured.time(what, self.link.ask::<i64>(&call)).await {
            Ok(answer) => {
                if let Some(after) = self.reach.answered(now) {
                    trace::happened(Severity::Info, "failed log-ins are counted together again", &STORE, None);
                    self.listener.happened(&Event::StoreRegained { store: STORE, after });
                }
                Some(match answer {
                    0 => Reserve::Granted,
                    UNDER_WAY => Reserve::Undecided,
                    delay => Reserve::Refused(Duration::from_millis(delay.unsigned_abs())),
                })
            }
            Err(error) => {
                if self.reach.failed(now) {
                    let what = "failed log-ins are counted in each process for itself";
                    trace::happened(Severity::Error, what, &STORE, Some(&error));
                    self.listener.happened(&Event::StoreLost { store: STORE, error: &error });
                }
                None
            }
        }
    }
}

/// By the monotonic clock.
fn now() -> Duration {
    SystemClock.monotonic()
}

/// As [`Count`](super::count::Count) counts. What was lost with its process takes an attempt away until nothing was let in for a window.
static SCRIPT: Script = Script::new(include_str!("throttle.lua"));
const UNDER_WAY: i64 = -1;
const STORE: &str = "throttle";
/// How long the server may take before it counts as away.
const PATIENCE: Duration = Duration::from_millis(500);
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
