//! The configuration of a throttle.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::count::Rules;
use super::local::Local;
use super::redis::Settings;
use super::throttle::{Canonical, Throttle, folded};
use crate::clock::{Clock, SystemClock};
use crate::error::{ConfigError, ConfigFault};
use crate::observe::{Listener, Observer};

/// A [`Throttle`] in the making; begun by [`Throttle::builder`].
///
/// ```
/// use portcullis::identity::throttle::Throttle;
///
/// let throttle = Throttle::builder().attempts(5).attempts_per_client(200).build()?;
/// assert!(Throttle::builder().attempts(0).build().is_err());
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct ThrottleBuilder {
    attempts: u32,
    attempts_per_client: Option<u32>,
    window: Duration,
    capacity: usize,
    canonical: Canonical,
    clock: Arc<dyn Clock>,
    listener: Listener,
    pub(super) together: Option<Settings>,
}

impl ThrottleBuilder {
    /// How often an account may fail in a window unless configured otherwise.
    pub const DEFAULT_ATTEMPTS: u32 = 10;
    /// How long a window is unless configured otherwise: a minute.
    pub const DEFAULT_WINDOW: Duration = Duration::from_secs(60);
    /// How many accounts, and how many clients, are counted unless configured otherwise: 65 536 of each, which take 17 MiB
    /// together.
    pub const DEFAULT_CAPACITY: usize = 65_536;
    /// How many times more often a client may fail than an account, unless configured otherwise.
    pub const CLIENT_FACTOR: u32 = 10;

    pub(super) fn new() -> Self {
        Self {
            attempts: Self::DEFAULT_ATTEMPTS,
            attempts_per_client: None,
            window: Self::DEFAULT_WINDOW,
            capacity: Self::DEFAULT_CAPACITY,
            canonical: Arc::new(|name| folded(name).into_owned()),
            clock: Arc::new(SystemClock),
            listener: Listener::default(),
            together: None,
        }
    }

    /// How often an account may fail in a window. Default: 10.
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// How often a client may fail in a window. Default: ten times as often as an account.
    pub const fn attempts_per_client(mut self, attempts: u32) -> Self {
        self.attempts_per_client = Some(attempts);
        self
    }

    /// How long failures count, and the first delay after too many. Default: a minute.
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// How many accounts, and how many clients, are counted at a time. Default: 65 536.
    pub const fn capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity;
        self
    }

    /// What names are one account: give all of its aliases, a mail address for one, the same text. Default: the name without
    /// spaces around it, in small letters, even where the verifier tells them apart.
    pub fn canonical(mut self, canonical: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.canonical = Arc::new(canonical);
        self
    }

    /// The clock that windows and delays are measured with. Default: the machine's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Who hears when an account or a client has to wait ([`Event::Locked`](crate::observe::Event::Locked)), once each time, and
    /// when the server of the counts is out of reach. Default: nobody but the log.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.listener = Listener::new(observer);
        self
    }

    /// The throttle.
    ///
    /// # Errors
    ///
    /// When no attempt is allowed, a client may fail less often than an account, the window is under a second or over a day,
    /// or nothing may be counted.
    pub fn build(self) -> Result<Throttle, ConfigError> {
        let mut faults = Vec::new();
        if self.attempts == 0 {
            faults.push(ConfigFault::new("throttle attempts", "zero, so nobody could ever log in: allow some"));
        }
        if self.per_client() < self.attempts {
            faults.push(ConfigFault::new("throttle attempts per client", "fewer than for one account: allow more"));
        }
        if !(Duration::from_secs(1)..=MAX_WINDOW).contains(&self.window) {
            faults.push(ConfigFault::new("throttle window", "not between a second and a day"));
        }
        if self.capacity == 0 {
            faults
                .push(ConfigFault::new("throttle capacity", "zero, so nothing would be counted: count some thousands"));
        }
        if let Some(fault) = self.together.as_ref().and_then(Settings::fault) {
            faults.push(fault);
        }
        ConfigError::unless_empty(faults, ())?;
        Ok(self.unchecked())
    }

    pub(super) fn unchecked(self) -> Throttle {
        let accounts = Rules { attempts: self.attempts, window: self.window };
        let clients = Rules { attempts: self.per_client(), window: self.window };
        let local = Local::new(accounts, clients, self.capacity, self.clock);
        let listener = self.listener;
        let together = self.together.and_then(|settings| settings.open(accounts, clients, listener.clone()));
        Throttle::new(local, together, self.canonical, listener)
    }

    fn per_client(&self) -> u32 {
        self.attempts_per_client.unwrap_or_else(|| self.attempts.saturating_mul(Self::CLIENT_FACTOR))
    }
}

const MAX_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

impl fmt::Debug for ThrottleBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleBuilder")
            .field("attempts", &self.attempts)
            .field("attempts_per_client", &self.per_client())
            .field("window", &self.window)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
