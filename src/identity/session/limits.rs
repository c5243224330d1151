//! How long sessions live and how many there may be.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::memory::MemorySessions;
use crate::clock::{Clock, SystemClock};
use crate::error::{ConfigError, ConfigFault};

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) idle: Duration,
    pub(super) absolute: Duration,
    pub(super) sessions: usize,
    pub(super) per_subject: Option<usize>,
}

/// [`MemorySessions`] in the making; begun by [`MemorySessions::builder`].
///
/// ```
/// use portcullis::identity::session::MemorySessions;
/// use std::time::Duration;
///
/// let hour = Duration::from_secs(60 * 60);
/// let sessions = MemorySessions::builder().idle(hour).absolute(8 * hour).max_per_subject(10).build()?;
/// assert!(MemorySessions::builder().idle(hour).absolute(hour / 2).build().is_err());
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct MemorySessionsBuilder {
    limits: Limits,
    clock: Arc<dyn Clock>,
}

impl MemorySessionsBuilder {
    pub(super) fn new() -> Self {
        Self {
            limits: Limits {
                idle: Duration::from_secs(30 * 60),
                absolute: Duration::from_secs(12 * 60 * 60),
                sessions: 100_000,
                per_subject: None,
            },
            clock: Arc::new(SystemClock),
        }
    }

    /// How long a session lives without a request. Default: 30 minutes.
    pub const fn idle(mut self, limit: Duration) -> Self {
        self.limits.idle = limit;
        self
    }

    /// How long a session lives at all, however busy. Default: 12 hours.
    pub const fn absolute(mut self, limit: Duration) -> Self {
        self.limits.absolute = limit;
        self
    }

    /// How many sessions there may be. Default: 100000, which is some 60 MB. When they are all alive, nobody can begin a
    /// new one until one ends; a session is never ended to make room for a stranger's.
    pub const fn max_sessions(mut self, limit: usize) -> Self {
        self.limits.sessions = limit;
        self
    }

    /// How many sessions one subject may have; the oldest ends when one more begins. Default: no limit but that on all.
    pub const fn max_per_subject(mut self, limit: usize) -> Self {
        self.limits.per_subject = Some(limit);
        self
    }

    /// The clock that the limits are measured with. Default: the machine's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The sessions: none, yet.
    ///
    /// # Errors
    ///
    /// When a limit is zero, or the idle limit is longer than the absolute one and so means nothing.
    pub fn build(self) -> Result<MemorySessions, ConfigError> {
        let Limits { idle, absolute, sessions, per_subject } = self.limits;
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
        if sessions == 0 {
            fault("max_sessions", "zero, so nobody could log in: allow some");
        }
        if per_subject == Some(0) {
            fault("max_per_subject", "zero, so nobody could log in: allow one at least");
        }
        ConfigError::unless_empty(faults, ())?;
        Ok(MemorySessions::new(self.limits, self.clock))
    }
}

impl fmt::Debug for MemorySessionsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySessionsBuilder").field("limits", &self.limits).finish_non_exhaustive()
    }
}
