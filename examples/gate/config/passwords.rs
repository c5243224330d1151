//! How passwords are checked: what `[basic]` and `[session]` say about cost, memory and failures.

use std::time::Duration;

use portcullis::ConfigError;
use portcullis::identity::password::{HashPool, PasswordMemory};
use portcullis::identity::throttle::{Throttle, ThrottleBuilder};

use super::section::Section;

/// What checking passwords may cost, and how often it may fail.
#[derive(Clone, Copy)]
pub(crate) struct Checks {
    pub(crate) hashing: Hashing,
    pub(crate) memory: PasswordMemory,
    /// Nothing where it is turned off.
    pub(crate) throttle: Option<Throttling>,
}

/// The budget for hashing passwords.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Hashing {
    threads: usize,
    queue: usize,
    deadline: Duration,
}

/// How often an account may fail in a window; a client may ten times as often.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Throttling {
    attempts: u32,
    window: Duration,
}

/// Reads `hashing`, `cache` and `throttle`.
pub(super) fn read(section: &mut Section<'_>) -> Checks {
    Checks {
        hashing: section.section("hashing").map(read_hashing).unwrap_or_default(),
        memory: section.section("cache").map(read_cache).unwrap_or_default(),
        throttle: if section.is_off("throttle") {
            None
        } else {
            Some(section.section("throttle").map(read_throttle).unwrap_or_default())
        },
    }
}

fn read_hashing(mut section: Section<'_>) -> Hashing {
    let default = Hashing::default();
    let hashing = Hashing {
        threads: section.count("threads").unwrap_or(default.threads),
        queue: section.count("queue").unwrap_or(default.queue),
        deadline: section.duration("deadline").unwrap_or(default.deadline),
    };
    told(&section, hashing.pool().err());
    section.close();
    hashing
}

fn read_throttle(mut section: Section<'_>) -> Throttling {
    let default = Throttling::default();
    let attempts = section.count("attempts").map_or(Some(default.attempts), |attempts| u32::try_from(attempts).ok());
    if attempts.is_none() {
        section.fault("attempts", "is more than anybody could make; write false instead of the table to allow all");
    }
    let throttling = Throttling {
        attempts: attempts.unwrap_or(default.attempts),
        window: section.duration("window").unwrap_or(default.window),
    };
    told(&section, throttling.throttle().err());
    section.close();
    throttling
}

fn read_cache(mut section: Section<'_>) -> PasswordMemory {
    let entries = section.amount("entries").unwrap_or(PasswordMemory::DEFAULT_ENTRIES);
    if entries > MAX_ENTRIES {
        section.fault("entries", format!("more than {MAX_ENTRIES}, which take 100 MiB; remember fewer"));
    }
    let ttl = section.duration("ttl").unwrap_or(PasswordMemory::DEFAULT_TTL);
    if ttl.is_zero() {
        section.fault("ttl", "zero, so nothing would be found again; write entries = 0 to remember nothing");
    }
    section.close();
    if entries == 0 { PasswordMemory::off() } else { PasswordMemory::new().entries(entries.min(MAX_ENTRIES)).ttl(ttl) }
}

const MAX_ENTRIES: usize = 1_000_000;

/// Notes each fault under the key that the crate calls last.
fn told(section: &Section<'_>, error: Option<ConfigError>) {
    for fault in error.into_iter().flatten() {
        section.fault(fault.setting().rsplit(' ').next().unwrap_or_default(), fault.problem());
    }
}

impl Hashing {
    /// Threads with this budget.
    pub(crate) fn pool(&self) -> Result<HashPool, ConfigError> {
        HashPool::builder().threads(self.threads).queue(self.queue).deadline(self.deadline).build()
    }
}

impl Throttling {
    /// A throttle that has counted nothing yet.
    pub(crate) fn throttle(&self) -> Result<Throttle, ConfigError> {
        Throttle::builder().attempts(self.attempts).window(self.window).build()
    }
}

impl Default for Hashing {
    fn default() -> Self {
        Self { threads: 1, queue: 64, deadline: Duration::from_secs(5) }
    }
}

impl Default for Throttling {
    fn default() -> Self {
        Self { attempts: ThrottleBuilder::DEFAULT_ATTEMPTS, window: ThrottleBuilder::DEFAULT_WINDOW }
    }
}
