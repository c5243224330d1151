//! Keys that an issuer publishes: fetched, kept fresh, and exchanged while requests come.

mod attempt;
mod builder;
mod discovery;
mod error;
mod fetch;
mod freshness;
mod keeper;
mod limits;
mod refresher;
mod set;
mod state;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

pub use builder::RemoteKeysBuilder;
pub use state::{KeysFreshness, KeysState};

use super::algorithm::Algorithm;
use super::key_set::KeySet;
use super::source::{IssuerKeys, KeySource};
use crate::clock::UnixTime;
use crate::identity::error::VerifyError;
use crate::observe::Finding;
use builder::Origin;
use keeper::Keeper;

/// The keys of an issuer, fetched from where it publishes them.
///
/// They are fetched when they are built or first used, again at 80 % of their freshness, and once in between for a token
/// whose key is not there, which waits for it. All who wait share one attempt, and after each attempt nothing is fetched for
/// a cool-down: tokens that strangers make up cost the issuer no more than that, and a token signed by a brand-new key is
/// accepted within one cool-down. While fetching fails the keys stay in use until they are too old. Where there are none,
/// tokens of the issuer are answered 503 with `Retry-After`, never 401.
///
/// A key that left the set is dead at once, for tokens that were accepted before too. An entry of the set that cannot be
/// used is left out, and the others are not the worse for it; an empty set is honoured; what is no set changes nothing.
///
/// Addresses are https, redirects are not followed, answers are bounded in time and size, and the algorithms are those
/// named here, whatever the issuer advertises. What the times and sizes are by default is said by the constants below.
///
/// Clones share the keys. Fetching needs a tokio runtime with its timers and sockets enabled, and ends when the last clone
/// and the last verifier that has one are dropped.
///
/// ```
/// use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, RemoteKeys};
///
/// let keys = RemoteKeys::discover("https://id.example", &[Algorithm::RS256]).build()?;
/// let verifier = JwtVerifier::new([Issuer::new("https://id.example", ["orders-api"], keys.clone())])?;
///
/// // For a health check:
/// println!("the keys are {}", keys.state().freshness());
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct RemoteKeys {
    keeper: Arc<Keeper>,
}

impl RemoteKeys {
    /// The JWK set (RFC 7517) at `url`, whose keys serve the `allowed` algorithms and no other.
    ///
    /// A key without `alg` serves the one allowed algorithm that fits its type and curve. The set is
    /// `application/json` or `application/jwk-set+json`.
    ///
    /// ```
    /// use portcullis::identity::jwt::{Algorithm, RemoteKeys};
    ///
    /// let keys = RemoteKeys::jwks("https://id.example/jwks", &[Algorithm::RS256]).build()?;
    ///
    /// let error = RemoteKeys::jwks("http://id.example/jwks", &[]).build().unwrap_err();
    /// assert_eq!(error.faults().len(), 2);
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    pub fn jwks(url: impl Into<Box<str>>, allowed: &[Algorithm]) -> RemoteKeysBuilder {
        RemoteKeysBuilder::new(Origin::Address(url.into()), allowed)
    }

    /// The keys of `issuer`, found by its name through OpenID Connect Discovery 1.0 or RFC 8414.
    ///
    /// `issuer` is the `iss` of its tokens, letter for letter, and so must the metadata name it. The metadata is looked
    /// for at the three places where it may be; a place that says it has none (a 4xx, a redirect, a page) leads to the next, a
    /// failure ends the attempt. The keys must lie on the issuer's own host, unless
    /// [`allow_keys_from`](RemoteKeysBuilder::allow_keys_from) says otherwise.
    ///
    /// ```
    /// use portcullis::identity::jwt::{Algorithm, RemoteKeys};
    ///
    /// let keys = RemoteKeys::discover("https://accounts.google.com", &[Algorithm::RS256])
    ///     .allow_keys_from("www.googleapis.com")
    ///     .build()?;
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    pub fn discover(issuer: impl Into<Box<str>>, allowed: &[Algorithm]) -> RemoteKeysBuilder {
        RemoteKeysBuilder::new(Origin::Issuer(issuer.into()), allowed)
    }

    /// Waits until the first attempt is over, and says how things stand then: for a service that would rather start a little
    /// later than answer 503. Waiting is bounded by the deadline, and not needed.
    ///
    /// ```no_run
    /// use portcullis::identity::jwt::{Algorithm, KeysFreshness, RemoteKeys};
    ///
    /// # async fn start() -> Result<(), portcullis::ConfigError> {
    /// let keys = RemoteKeys::jwks("https://id.example/jwks", &[Algorithm::RS256]).build()?;
    /// let state = keys.ready().await;
    /// if state.freshness() == KeysFreshness::Missing {
    ///     eprintln!("no keys yet: {}", state.last_error().unwrap_or_default());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ready(&self) -> KeysState {
        if *self.keeper.over.borrow() == 0 {
            Arc::clone(&self.keeper).refresh().await;
        }
        self.state()
    }

    /// How the keys stand now.
    #[must_use]
    pub fn state(&self) -> KeysState {
        let keeper = &*self.keeper;
        let (now, wall) = (keeper.clock.monotonic(), keeper.clock.now());
        let book = keeper.book();
        let freshness = match &book.published {
            Some(published) if now < published.fresh_until => KeysFreshness::Fresh,
            Some(published) if keeper.is_usable(now) => {
                let age = now.saturating_sub(published.fresh_until).as_secs();
                KeysFreshness::Stale { since: UnixTime::from_secs(wall.as_secs().saturating_sub(age)) }
            }
            Some(_) | None => KeysFreshness::Missing,
        };
        KeysState {
            freshness,
            keys: book.published.as_ref().map(|published| published.set.names()).unwrap_or_default(),
            skipped: book.published.as_ref().map(|published| Arc::clone(&published.set.skipped)).unwrap_or_default(),
            fetched_at: book.published.as_ref().map(|published| published.fetched_at),
            last_error: book.last_error.clone(),
            next_attempt: wall.saturating_add(whole_seconds(book.not_before.saturating_sub(now))),
            attempts: book.begun,
            is_fetching: book.running.is_some(),
        }
    }

    fn keep(keeper: Keeper) -> Self {
        let keys = Self { keeper: Arc::new(keeper) };
        // Inside a runtime this starts the refresher, and the first attempt.
        keys.keeper.tend(keys.keeper.clock.monotonic());
        keys
    }
}

impl KeySource for RemoteKeys {
    fn current(&self) -> Option<Arc<KeySet>> {
        let now = self.keeper.clock.monotonic();
        self.keeper.tend(now);
        if self.keeper.is_usable(now) { self.keeper.keys.load_full() } else { None }
    }

    fn miss(&self) -> bool {
        self.keeper.miss()
    }

    fn refresh(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(Arc::clone(&self.keeper).refresh())
    }

    fn is_trusted(&self) -> bool {
        let now = self.keeper.clock.monotonic();
        self.keeper.tend(now);
        self.keeper.is_usable(now)
    }

    fn is_failing(&self) -> bool {
        self.keeper.is_failing.load(Ordering::Relaxed)
    }

    fn unavailable(&self) -> VerifyError {
        let now = self.keeper.clock.monotonic();
        let book = self.keeper.book();
        let rest = book.not_before.saturating_sub(now).max(Duration::from_secs(1));
        let why = book.last_error.clone().unwrap_or_else(|| Arc::from("they have not been fetched yet"));
        let fetched = book.published.as_ref().map(|published| published.fetched_at);
        drop(book);
        let age = fetched.map(|at| self.keeper.clock.now().saturating_since(at).as_secs());
        let finding = Finding::about("keys of the issuer").expected("ones that may be used now");
        let finding = age.map(|age| format!("ones fetched {age} s ago")).into_iter().fold(finding, Finding::found);
        let name = self.keeper.fetch.name().into();
        VerifyError::unavailable(NoKeys { name, why })
            .because("the keys of the issuer are not there, or the one that is called for is not and cannot be asked for")
            .hint("See that the issuer's key set can be fetched from here; the error behind this says what went wrong last.")
            .finding(finding)
            .with_retry_after(rest)
    }

    fn discovered_for(&self) -> Option<&str> {
        self.keeper.fetch.issuer()
    }
}

impl From<RemoteKeys> for IssuerKeys {
    fn from(keys: RemoteKeys) -> Self {
        Self::new(keys)
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys").field("from", &self.keeper.fetch.name()).finish_non_exhaustive()
    }
}

/// The source of a 503.
#[derive(Debug, thiserror::Error)]
#[error("no keys of {name}: {why}")]
struct NoKeys {
    name: Box<str>,
    why: Arc<str>,
}

fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs() + u64::from(time.subsec_nanos() > 0))
}
