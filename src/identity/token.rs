//! Opaque API tokens for `Bearer`: texts without a meaning of their own, looked up by their digest.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::digest::Digest;
use super::error::VerifyError;
use super::identity::Identity;
use super::verifier::Verifier;
use crate::clock::{Clock, SystemClock};
use crate::credentials::BearerToken;
use crate::error::{ConfigError, ConfigFault};
use crate::observe::Finding;

/// Verifies opaque tokens: keys for programs, written into their configuration.
///
/// Any number may be valid at once, also for one identity, so a token is rotated by inserting the new one, moving its
/// users over and removing the old one. All changes take effect at once, in every clone.
///
/// Only SHA-256 digests are kept. No slow hash is needed, since a token worth the name cannot be guessed: make it of at
/// least 128 random bits, such as 32 characters of base64. An [`Identity`] that names an end (`expires_at`) is refused
/// from that moment on as expired.
///
/// The verdict is always at hand ([`Verifier::verify_now`]), and reaching it allocates nothing.
///
/// ```
/// use portcullis::Identity;
/// use portcullis::identity::token::TokenVerifier;
///
/// let ci = Identity::assertion("orders", "ci").scopes(["orders:read"]).authenticated_now().build();
///
/// let tokens = TokenVerifier::new();
/// tokens.insert("kJ3vX9qLw2rT8mZs5bYc", ci)?;
/// assert!(tokens.remove("kJ3vX9qLw2rT8mZs5bYc"));
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct TokenVerifier {
    identities: Arc<RwLock<HashMap<Digest, Identity>>>,
    clock: Arc<dyn Clock>,
}

#[expect(clippy::must_use_candidate, reason = "what changes the tokens is called for that, not for its result")]
impl TokenVerifier {
    /// The shortest token that [`insert`](Self::insert) takes: 20 characters. Twenty random letters and digits hold 119
    /// bits.
    pub const MIN_LENGTH: usize = 20;

    /// A verifier that knows no token yet, and so accepts none.
    #[must_use]
    pub fn new() -> Self {
        Self { identities: Arc::default(), clock: Arc::new(SystemClock) }
    }

    /// Sets the clock that the `expires_at` of an identity is judged by. Default: the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Lets `token` stand for `identity`. State when it was proven, usually with
    /// [`authenticated_now`](super::Assertion::authenticated_now).
    ///
    /// # Errors
    ///
    /// When the token is shorter than [`MIN_LENGTH`](Self::MIN_LENGTH), repeats so few characters that it can be
    /// guessed, holds a character that no Bearer token may hold, or already stands for somebody.
    pub fn insert(&self, token: &str, identity: Identity) -> Result<(), ConfigError> {
        ConfigError::unless_empty(weaknesses(token), ())?;
        self.insert_digest(Self::digest(token), identity)
    }

    /// As [`insert`](Self::insert), for a token of which only the [`digest`](Self::digest) is known here. Nothing can be
    /// said about its strength then.
    ///
    /// # Errors
    ///
    /// When the token already stands for somebody.
    pub fn insert_digest(&self, digest: [u8; 32], identity: Identity) -> Result<(), ConfigError> {
        let mut identities = self.write();
        if identities.contains_key(&digest.into()) {
            return Err(duplicate().into());
        }
        identities.insert(digest.into(), identity);
        Ok(())
    }

    /// Ends a token. Whether there was such a one.
    pub fn remove(&self, token: &str) -> bool {
        self.remove_digest(&Self::digest(token))
    }

    /// As [`remove`](Self::remove), by the [`digest`](Self::digest).
    pub fn remove_digest(&self, digest: &[u8; 32]) -> bool {
        self.write().remove(&(*digest).into()).is_some()
    }

    /// Keeps the tokens whose identity satisfies `keep`, and says how many ended: all those of somebody who left.
    pub fn retain(&self, mut keep: impl FnMut(&Identity) -> bool) -> usize {
        let mut identities = self.write();
        let before = identities.len();
        identities.retain(|_, identity| keep(identity));
        before - identities.len()
    }

    /// Exchanges all tokens for these, each given by its [`digest`](Self::digest), in one step: a request sees the old
    /// set or the new one.
    ///
    /// # Errors
    ///
    /// When two entries are the same token. The old set stays then.
    pub fn replace(&self, tokens: impl IntoIterator<Item = ([u8; 32], Identity)>) -> Result<(), ConfigError> {
        let mut fresh = HashMap::new();
        let mut faults = Vec::new();
        for (digest, identity) in tokens {
            if fresh.insert(Digest::from(digest), identity).is_some() {
                faults.push(duplicate());
            }
        }
        let fresh = ConfigError::unless_empty(faults, fresh)?;
        *self.write() = fresh;
        Ok(())
    }

    /// The SHA-256 digest of a token's characters, as [`insert_digest`](Self::insert_digest) takes it: for files that
    /// should not hold the tokens themselves.
    #[must_use]
    pub fn digest(token: &str) -> [u8; 32] {
        Digest::of([token.as_bytes()]).into()
    }

    fn verdict(&self, token: &BearerToken) -> Result<Identity, VerifyError> {
        let digest = Digest::of([token.expose().as_bytes()]);
        let Some(identity) = self.read().get(&digest).cloned() else {
            return Err(VerifyError::invalid()
                .because("no such API token")
                .hint("It was removed or never added here; whoever adds the digest of a token gives it in full."));
        };
        match identity.expires_at() {
            Some(end) if end <= self.clock.now() => {
                let since = self.clock.now().saturating_since(end).as_secs();
                Err(VerifyError::expired()
                    .because("the API token has ended")
                    .hint("Give the client a new token, or an identity that ends later.")
                    .finding(Finding::about("end of the API token").found(format!("{since} s ago"))))
            }
            _ => Ok(identity),
        }
    }

    // A lock is poisoned by a panic in a caller's closure; the map itself is whole between any two statements.
    fn read(&self) -> RwLockReadGuard<'_, HashMap<Digest, Identity>> {
        self.identities.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<Digest, Identity>> {
        self.identities.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for TokenVerifier {
    fn default() -> Self {
        Self::new()
    }
}

impl Verifier<BearerToken> for TokenVerifier {
    async fn verify(&self, token: BearerToken) -> Result<Identity, VerifyError> {
        self.verdict(&token)
    }

    fn verify_now(&self, token: &BearerToken) -> Option<Result<Identity, VerifyError>> {
        Some(self.verdict(token))
    }
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenVerifier").field("tokens", &self.read().len()).finish_non_exhaustive()
    }
}

fn weaknesses(token: &str) -> Vec<ConfigFault> {
    let mut faults = Vec::new();
    if token.len() < TokenVerifier::MIN_LENGTH {
        faults.push(fault("shorter than 20 characters: make one of at least 128 random bits"));
    } else if token.bytes().collect::<BTreeSet<_>>().len() < 8 {
        faults.push(fault("made of fewer than 8 different characters: make one of at least 128 random bits"));
    }
    if !is_token68(token) {
        faults.push(fault("holds what a Bearer token cannot: use letters, digits and -._~+/, with = at the end only"));
    }
    faults
}

fn is_token68(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

fn duplicate() -> ConfigFault {
    fault("given twice: remove the old entry first")
}

fn fault(problem: &'static str) -> ConfigFault {
    ConfigFault::new("API token", problem)
}
