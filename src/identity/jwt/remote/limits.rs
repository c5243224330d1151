//! The times and sizes of fetching: all defaults, and what may be set.

use std::time::Duration;

use super::RemoteKeys;
use crate::error::ConfigFault;
use crate::identity::jwt::key_set::MAX_KEYS;

/// The defaults, and the bounds of what issuers may ask for.
impl RemoteKeys {
    /// How long fetching may take as a whole: 5 seconds.
    pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);
    /// How large a document may be: 1 MiB.
    pub const DEFAULT_MAX_BYTES: usize = 1 << 20;
    /// How many keys a set may have: 100.
    pub const MAX_KEYS: usize = MAX_KEYS;
    /// How long keys are fresh where the issuer does not say: 10 minutes.
    pub const DEFAULT_FRESH_FOR: Duration = Duration::from_secs(10 * 60);
    /// The shortest freshness that an issuer's `Cache-Control` can ask for: 1 minute.
    pub const MIN_MAX_AGE: Duration = Duration::from_secs(60);
    /// The longest freshness that an issuer's `Cache-Control` can ask for: 24 hours.
    pub const MAX_MAX_AGE: Duration = Duration::from_secs(DAY);
    /// How long keys are used after their freshness, while they cannot be fetched: 24 hours.
    pub const DEFAULT_USABLE_STALE_FOR: Duration = Duration::from_secs(DAY);
    /// How long nothing is fetched after an attempt, whether it was a success or a failure: 30 seconds.
    pub const DEFAULT_COOL_DOWN: Duration = Duration::from_secs(30);
}

const DAY: u64 = 24 * 60 * 60;

/// What [`RemoteKeysBuilder`](super::RemoteKeysBuilder) sets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) deadline: Duration,
    pub(super) max_bytes: usize,
    pub(super) fresh_for: Duration,
    pub(super) usable_stale_for: Duration,
    pub(super) cool_down: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: RemoteKeys::DEFAULT_DEADLINE,
            max_bytes: RemoteKeys::DEFAULT_MAX_BYTES,
            fresh_for: RemoteKeys::DEFAULT_FRESH_FOR,
            usable_stale_for: RemoteKeys::DEFAULT_USABLE_STALE_FOR,
            cool_down: RemoteKeys::DEFAULT_COOL_DOWN,
        }
    }
}

impl Limits {
    pub(super) fn faults(&self) -> Vec<ConfigFault> {
        let second = Duration::from_secs(1);
        let mut faults = Vec::new();
        if self.deadline.is_zero() || self.deadline > 60 * second {
            faults.push(ConfigFault::new("deadline", "is zero or over 60 seconds, for which requests would wait"));
        }
        if !(1024..=16 << 20).contains(&self.max_bytes) {
            faults.push(ConfigFault::new("max_bytes", "is not between 1 KiB, which one key may need, and 16 MiB"));
        }
        if self.fresh_for < second || self.fresh_for > RemoteKeys::MAX_MAX_AGE {
            faults.push(ConfigFault::new("fresh_for", "is not between 1 second and 24 hours"));
        }
        if self.usable_stale_for > Duration::from_secs(30 * DAY) {
            faults.push(ConfigFault::new("usable_stale_for", "is over 30 days, in which a key that leaked stays good"));
        }
        if self.cool_down < second || self.cool_down > 3600 * second {
            let problem =
                "is not between 1 second, below which strangers could have the issuer asked at will, and 1 hour";
            faults.push(ConfigFault::new("cool_down", problem));
        }
        faults
    }
}
