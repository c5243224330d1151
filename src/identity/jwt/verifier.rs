//! The verifier of JWT access tokens.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::claims::Claims;
use super::compact::{Compact, Room};
use super::findings;
use super::issuer::Issuer;
use super::issuers::Issuers;
use super::json::Cause;
use super::key_set::Misfit;
use super::remembered::{Genuine, Remembered};
use super::source::IssuerKeys;
use super::token_cache::TokenCache;
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::error::{ConfigError, Reason};
use crate::identity::error::VerifyError;
use crate::identity::identity::Identity;
use crate::identity::revocation::{ErasedRevocations, Revocations};
use crate::measure::{Checks, Started};

/// Verifies JWT access tokens of one or more issuers.
///
/// The order is fixed: size and shape, header, issuer and its key, signature, and only then what the claims say. So
/// nothing of a token is believed, and no difference is shown to its sender, before its signature held.
///
/// A token that was accepted is remembered ([`TokenCache`]), and its signature is not checked again while its key is in its
/// issuer's set. Its time and its [revocation](crate::identity::revocation) are judged on every use.
///
/// Clones share the issuers and the memory. The setters make a verifier of its own: call them before cloning it.
///
/// ```
/// use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeySet};
/// use portcullis::{Reason, Secret};
///
/// let keys = KeySet::hmac(Algorithm::HS256, Secret::new((1..=32).collect()))?;
/// let verifier = JwtVerifier::new([Issuer::new("https://id.example", ["orders-api"], keys)])?;
///
/// let refused = verifier.verify_token("eyJhbGciOiJub25lIn0.e30.").unwrap_err();
/// assert_eq!(refused.reason(), Reason::Invalid);
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct JwtVerifier {
    state: Arc<ArcSwap<State>>,
    clock: Arc<dyn Clock>,
    cache: TokenCache,
    pub(super) revocations: Option<Arc<dyn ErasedRevocations>>,
}

/// Issuers, and what is remembered of their tokens: exchanged together, so that nothing outlives its issuer.
pub(super) struct State {
    pub(super) issuers: Issuers,
    remembered: Remembered,
    checks: Checks,
}

/// How far judging a token came.
pub(super) enum Attempt {
    Settled(Result<Identity, VerifyError>),
    /// These keys have to be fetched first.
    NeedsKeys(IssuerKeys),
}

impl JwtVerifier {
    /// A verifier that accepts tokens of `issuers` and of nobody else. The `iss` of a token chooses among them, before any
    /// key is looked at or fetched; keys are never shared between them.
    ///
    /// # Errors
    /// Every fault of every issuer: an empty name, no audience or an empty one, too much leeway, a path that is none, keys
    /// that were found for another issuer. Also no issuer at all, or one name twice; put several keys into one set instead.
    pub fn new(issuers: impl IntoIterator<Item = Issuer>) -> Result<Self, ConfigError> {
        let issuers = Issuers::new(issuers)?;
        let cache = TokenCache::new();
        Ok(Self { state: state(issuers, cache), clock: Arc::new(SystemClock), cache, revocations: None })
    }

    /// Where the time comes from. Default: the [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self.apart()
    }

    /// How many verified tokens are remembered. Default: 10 000 in 16 MiB.
    #[must_use]
    pub fn cache(mut self, limits: TokenCache) -> Self {
        self.cache = limits;
        self.apart()
    }

    /// The list of tokens, sessions and subjects that have ended before their time; asked for every use of a token. Default:
    /// none.
    #[must_use]
    pub fn revocations(mut self, revocations: impl Revocations) -> Self {
        self.revocations = Some(Arc::new(revocations));
        self.apart()
    }

    /// Exchanges all issuers for these, in this verifier and its clones, in one step: a request sees the old ones or the new
    /// ones. Tokens that were remembered have to be verified anew.
    ///
    /// # Errors
    /// As [`new`](Self::new). The old issuers stay then.
    pub fn replace(&self, issuers: impl IntoIterator<Item = Issuer>) -> Result<(), ConfigError> {
        let issuers = Issuers::new(issuers)?;
        self.state.store(Arc::new(State::new(issuers, self.cache)));
        Ok(())
    }

    /// How many verified tokens are remembered now.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.state.load().remembered.len()
    }

    /// Whose token this is, judged with the keys that are at hand. Pure computation, fit to run where the request is handled.
    ///
    /// As a [`Verifier`](crate::Verifier) it also waits for keys that have to be fetched first; this does not.
    ///
    /// # Errors
    /// [`VerifyError::expired`] for a token that was genuine and ours until its time ended; [`VerifyError::unavailable`]
    /// where there are no keys to judge it by; [`VerifyError::invalid`] for everything else, with a cause for the log.
    pub fn verify_token(&self, token: &str) -> Result<Identity, VerifyError> {
        match self.judge(token.as_bytes(), |_| false) {
            Attempt::Settled(verdict) => verdict,
            Attempt::NeedsKeys(keys) => Err(keys.source().unavailable()),
        }
    }

    /// As [`verify_token`](Self::verify_token), unless keys that are not there could be fetched.
    pub(super) fn attempt(&self, token: &[u8]) -> Attempt {
        match self.judge(token, |keys| keys.source().miss()) {
            // The keys may have come between the look at them and the question whether they can be fetched.
            Attempt::Settled(Err(error)) if error.reason() == Reason::Unavailable => {
                match self.judge(token, |_| false) {
                    Attempt::Settled(verdict) => Attempt::Settled(verdict),
                    Attempt::NeedsKeys(_) => Attempt::Settled(Err(error)),
                }
            }
            attempt => attempt,
        }
    }

    /// `fetchable` says whether missing keys of a source could be there after a refresh.
    fn judge(&self, token: &[u8], fetchable: impl Fn(&IssuerKeys) -> bool) -> Attempt {
        let state = self.state.load();
        let presented = state.remembered.presented(token);
        if let Some(genuine) = state.remembered.get(presented) {
            // Else the key is gone, or all keys are too old: it is judged like any other token.
            if state.believes(&genuine) {
                state.remembered.lookups.hit();
                let verdict = self.admit(token, genuine);
                if matches!(&verdict, Err(error) if error.reason() != Reason::Unavailable) {
                    state.remembered.remove(presented);
                }
                return Attempt::Settled(verdict);
            }
            state.remembered.remove(presented);
        }
        state.remembered.lookups.missed();
        let started = Started::now();
        match self.verify_genuine(&state, token) {
            Ok(genuine) => {
                state.checks.passed(started);
                let genuine = Arc::new(genuine);
                let verdict = self.admit(token, Arc::clone(&genuine));
                if verdict.is_ok() {
                    state.remembered.insert(presented, genuine);
                }
                Attempt::Settled(verdict)
            }
            Err(Unproven::Refused(error)) => Attempt::Settled(Err(error)),
            Err(Unproven::NoKeys(keys) | Unproven::NoKey(keys, _)) if fetchable(keys) => {
                Attempt::NeedsKeys(keys.clone())
            }
            Err(Unproven::NoKeys(keys)) => Attempt::Settled(Err(keys.source().unavailable())),
            // The issuer may have the key; that it cannot be asked is no fault of the token.
            Err(Unproven::NoKey(keys, _)) if keys.source().is_failing() => {
                Attempt::Settled(Err(keys.source().unavailable()))
            }
            Err(Unproven::NoKey(_, error)) => Attempt::Settled(Err(error)),
        }
    }

    /// Checks all that does not change from one use of a token to the next, and its time.
    fn verify_genuine<'i>(&self, state: &'i State, token: &[u8]) -> Result<Genuine, Unproven<'i>> {
        let jws = Compact::split(str::from_utf8(token).map_err(|_| "not text")?)?;
        let mut room = Room::new();
        let header = jws.header(&mut room).map_err(|cause| findings::header(cause, &jws))?;
        let payload = jws.payload()?;
        let claims = Claims::read(&payload)?;
        let issuers = &state.issuers;
        let found = issuers.of(&claims);
        let (position, issuer) = found.map_err(|cause| findings::issuer(cause, issuers, claims.issuer.as_deref()))?;
        issuer.check_type(&header)?;
        let set = issuer.keys.source().current().ok_or(Unproven::NoKeys(&issuer.keys))?;
        let standing = set.check(&jws, &header).map_err(|misfit| match misfit {
            Misfit::NoKey(cause) => Unproven::NoKey(&issuer.keys, findings::key(cause, &issuer.name, &set, &header)),
            Misfit::Signature(cause) => findings::key(cause, &issuer.name, &set, &header).into(),
        })?;
        let accepted = issuer.judge(claims, &payload, self.clock.now())?;
        Ok(Genuine { token: state.remembered.copy(token), standing: standing.clone(), issuer: position, accepted })
    }

    /// Judges what may be different for every use of a genuine token.
    fn admit(&self, token: &[u8], genuine: Arc<Genuine>) -> Result<Identity, VerifyError> {
        genuine.accepted.admit(token, self.clock.now(), self.revocations.as_deref())?;
        Ok(Identity::of(genuine))
    }

    /// No longer shares issuers and memory with its clones: what is remembered was judged by their clock and their list.
    fn apart(mut self) -> Self {
        self.state = state(self.state.load().issuers.clone(), self.cache);
        self
    }

    pub(super) fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    pub(super) fn now(&self) -> UnixTime {
        self.clock.now()
    }
}

impl State {
    fn new(issuers: Issuers, cache: TokenCache) -> Self {
        Self { issuers, remembered: Remembered::new(cache), checks: Checks::new() }
    }

    /// Whether the key that a token was verified with may still be believed.
    fn believes(&self, genuine: &Genuine) -> bool {
        let issuer = self.issuers.at(genuine.issuer);
        genuine.standing.holds() && issuer.is_some_and(|issuer| issuer.keys.source().is_trusted())
    }
}

fn state(issuers: Issuers, cache: TokenCache) -> Arc<ArcSwap<State>> {
    Arc::new(ArcSwap::from_pointee(State::new(issuers, cache)))
}

/// Why a token was not found genuine.
enum Unproven<'i> {
    Refused(VerifyError),
    /// There are no keys of its issuer that may be trusted now.
    NoKeys(&'i IssuerKeys),
    /// The key it calls for is not there.
    NoKey(&'i IssuerKeys, VerifyError),
}

impl From<Cause> for Unproven<'_> {
    fn from(cause: Cause) -> Self {
        Self::Refused(findings::refused(cause))
    }
}

impl From<VerifyError> for Unproven<'_> {
    fn from(error: VerifyError) -> Self {
        Self::Refused(error)
    }
}

impl fmt::Debug for JwtVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.load();
        f.debug_struct("JwtVerifier")
            .field("issuers", &state.issuers)
            .field("remembered", &state.remembered)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}
