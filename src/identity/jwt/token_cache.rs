//! How much may be remembered of tokens that were verified.

/// Bounds for the memory of verified tokens, in entries and in bytes: the first that is reached counts.
///
/// A token that comes again costs less than a microsecond instead of the check of its signature. What is remembered is that
/// the whole token was genuine; its time, its revocation, and whether its key is still in its issuer's set are judged anew on
/// every use. Refusals and outages are never remembered. The tokens themselves are kept in memory, as they are in the
/// requests that carry them.
///
/// Both bounds hold at any time. Where as many tokens are in use as there is room for, one in some thousands may find no
/// place and is verified each time. What goes first when there are more is what was not used lately. The table itself is
/// made for the first token, about 50 bytes for each that may come.
///
/// ```
/// use portcullis::identity::jwt::TokenCache;
///
/// let busy = TokenCache::new().entries(1_000_000).bytes(2 << 30);
/// let none = TokenCache::off();
/// assert_eq!(TokenCache::default(), TokenCache::new().entries(10_000).bytes(16 << 20));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TokenCache {
    pub(super) entries: usize,
    pub(super) bytes: usize,
}

impl TokenCache {
    /// How many tokens are remembered unless configured otherwise.
    pub const DEFAULT_ENTRIES: usize = 10_000;
    /// How many bytes they may take together unless configured otherwise: 16 MiB.
    pub const DEFAULT_BYTES: usize = 16 * 1024 * 1024;

    /// The defaults: 10 000 tokens in 16 MiB.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Self::DEFAULT_ENTRIES, bytes: Self::DEFAULT_BYTES }
    }

    /// Nothing is remembered: every use of a token checks its signature.
    #[must_use]
    pub const fn off() -> Self {
        Self { entries: 0, bytes: 0 }
    }

    /// How many tokens are remembered at most. Default: 10 000. Zero turns it off.
    #[must_use]
    pub const fn entries(mut self, entries: usize) -> Self {
        self.entries = entries;
        self
    }

    /// How many bytes they take together at most, tokens and identities and the table. Default: 16 MiB. A token of 820
    /// bytes with ten claims takes about 1400.
    #[must_use]
    pub const fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }
}

impl Default for TokenCache {
    fn default() -> Self {
        Self::new()
    }
}
