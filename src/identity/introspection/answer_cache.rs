//! How much may be remembered of the issuer's answers, and for how long.

use std::time::Duration;

/// Bounds for the memory of answers.
///
/// A token that the issuer ended is accepted for as long as the answer about it is remembered, so that time is the
/// longest by which a revocation at the issuer comes late. The token's own end and our own
/// [revocations](super::IntrospectionBuilder::revocations) are judged on every use, whatever is remembered. The digest
/// of a token is kept, not the token. Outages are never remembered.
///
/// ```
/// use portcullis::identity::introspection::AnswerCache;
/// use std::time::Duration;
///
/// let brief = AnswerCache::new().active_for(Duration::from_secs(5));
/// let none = AnswerCache::off();
/// assert_eq!(AnswerCache::default().active_for(Duration::from_secs(5)), brief);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AnswerCache {
    pub(super) entries: usize,
    pub(super) active_for: Duration,
    pub(super) inactive_for: Duration,
}

impl AnswerCache {
    /// How many answers of each kind are remembered unless configured otherwise.
    pub const DEFAULT_ENTRIES: usize = 10_000;
    /// How long it is remembered that a token is active unless configured otherwise.
    pub const DEFAULT_ACTIVE_FOR: Duration = Duration::from_secs(60);
    /// How long it is remembered that a token is not accepted unless configured otherwise.
    pub const DEFAULT_INACTIVE_FOR: Duration = Duration::from_secs(10);

    /// The defaults: 10 000 active tokens for a minute, and as many others for ten seconds.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: Self::DEFAULT_ENTRIES,
            active_for: Self::DEFAULT_ACTIVE_FOR,
            inactive_for: Self::DEFAULT_INACTIVE_FOR,
        }
    }

    /// Nothing is remembered: the issuer is asked for every use of a token.
    #[must_use]
    pub const fn off() -> Self {
        Self { entries: 0, active_for: Duration::ZERO, inactive_for: Duration::ZERO }
    }

    /// How many active tokens are remembered at most, and how many others; the one kind does not crowd out the other.
    /// Default: 10 000 each. Zero turns it off.
    #[must_use]
    pub const fn entries(mut self, entries: usize) -> Self {
        self.entries = entries;
        self
    }

    /// How long it is remembered that a token is active; at most until its own end. Default: 60 seconds. Zero turns it
    /// off.
    #[must_use]
    pub const fn active_for(mut self, time: Duration) -> Self {
        self.active_for = time;
        self
    }

    /// How long it is remembered that a token is not accepted, which keeps a client that repeats it away from the
    /// issuer. Default: 10 seconds. Zero turns it off.
    #[must_use]
    pub const fn inactive_for(mut self, time: Duration) -> Self {
        self.inactive_for = time;
        self
    }
}

impl Default for AnswerCache {
    fn default() -> Self {
        Self::new()
    }
}
