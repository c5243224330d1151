//! How the keys stand, for health checks and dashboards.

use std::fmt;
use std::sync::Arc;

use crate::clock::UnixTime;
use crate::identity::jwt::algorithm::Algorithm;

/// How [`RemoteKeys`](super::RemoteKeys) stand at one moment.
///
/// ```
/// use portcullis::identity::jwt::{Algorithm, KeysFreshness, RemoteKeys};
///
/// let keys = RemoteKeys::jwks("https://id.example/jwks", &[Algorithm::ES256]).build()?;
/// let state = keys.state();
/// assert_eq!(state.freshness(), KeysFreshness::Missing);
/// assert_eq!(state.attempts(), 0);
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeysState {
    pub(super) freshness: KeysFreshness,
    pub(super) keys: Arc<[(Option<Arc<str>>, Algorithm)]>,
    pub(super) skipped: Arc<[String]>,
    pub(super) fetched_at: Option<UnixTime>,
    pub(super) last_error: Option<Arc<str>>,
    pub(super) next_attempt: UnixTime,
    pub(super) attempts: u64,
    pub(super) is_fetching: bool,
}

/// Whether keys may be used, and how old they are. Shown in a word, for health checks.
///
/// ```
/// use portcullis::clock::UnixTime;
/// use portcullis::identity::jwt::KeysFreshness;
///
/// let stale = KeysFreshness::Stale { since: UnixTime::from_secs(1_790_000_000) };
/// assert_eq!(stale.to_string(), "stale since 1790000000");
/// assert_eq!(KeysFreshness::Missing.to_string(), "missing");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeysFreshness {
    /// They are as new as the issuer wants them.
    Fresh,
    /// They are older, could not be fetched since, and are still used.
    Stale {
        /// When their freshness ended.
        since: UnixTime,
    },
    /// There are none that may be used: not yet, or not any more. Tokens of the issuer are answered 503.
    Missing,
}

impl fmt::Display for KeysFreshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fresh => f.write_str("fresh"),
            Self::Stale { since } => write!(f, "stale since {since}"),
            Self::Missing => f.write_str("missing"),
        }
    }
}

impl KeysState {
    /// Whether there are keys that may be used.
    #[must_use]
    pub const fn freshness(&self) -> KeysFreshness {
        self.freshness
    }

    /// The `kid` and the algorithm of each key of the set that was fetched last.
    pub fn keys(&self) -> impl Iterator<Item = (Option<&str>, Algorithm)> {
        self.keys.iter().map(|(key_id, algorithm)| (key_id.as_deref(), *algorithm))
    }

    /// Entries of that set which are meant for us and cannot be used, each with what is wrong with it.
    pub fn skipped(&self) -> impl Iterator<Item = &str> {
        self.skipped.iter().map(String::as_str)
    }

    /// When keys were fetched last.
    #[must_use]
    pub const fn fetched_at(&self) -> Option<UnixTime> {
        self.fetched_at
    }

    /// What went wrong, if the last attempt failed.
    #[must_use]
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// Nothing is fetched before this, whoever asks for it.
    #[must_use]
    pub const fn next_attempt(&self) -> UnixTime {
        self.next_attempt
    }

    /// How many attempts were begun.
    #[must_use]
    pub const fn attempts(&self) -> u64 {
        self.attempts
    }

    /// Whether one is under way.
    #[must_use]
    pub const fn is_fetching(&self) -> bool {
        self.is_fetching
    }
}
