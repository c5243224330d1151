//! Whose key it is.

use std::fmt;
use std::sync::Arc;

use super::generate::bad_prefix;
use super::record::ApiKeyRecord;
use super::store::{ApiKeyStore, ErasedStore};
use super::uses::RecentUses;
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::credentials::{ApiKey, BearerToken, Shown, is_prefix};
use crate::error::{ConfigError, ConfigFault, Severity};
use crate::identity::error::VerifyError;
use crate::identity::identity::Identity;
use crate::identity::verifier::Verifier;
use crate::observe::Finding;
use crate::trace;

/// Verifies API keys against a [store](ApiKeyStore); see [the module](super) for the rules.
///
/// The identity has the verifier's issuer, the key's owner as its subject, the key's id, scopes and roles, `ApiKey` as its
/// scheme whatever carried it, and is authenticated with the request itself. Clones share everything.
///
/// It takes keys from `authenticate::ApiKeys`, the scheme made for it, and from
/// [`Bearer`](crate::authenticate::Bearer), alone or with [`or`](Self::or).
///
/// ```
/// use portcullis::credentials::ApiKey;
/// use portcullis::identity::api_key::{ApiKeyRecord, ApiKeyVerifier, MemoryApiKeys};
///
/// let keys = MemoryApiKeys::new();
/// let verifier = ApiKeyVerifier::new("orders", ["acme"], keys.clone())?;
///
/// let key = ApiKey::generate("acme")?;
/// keys.insert(ApiKeyRecord::new(&key, "ci").with_scopes(["orders:read"]))?;
/// println!("keep this, it is shown only now: {}", key.expose());
///
/// assert!(keys.revoke(key.id()));
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct ApiKeyVerifier {
    issuer: Arc<str>,
    prefixes: Arc<[Box<str>]>,
    store: Arc<dyn ErasedStore>,
    clock: Arc<dyn Clock>,
    uses: Arc<RecentUses>,
}

impl ApiKeyVerifier {
    /// Verifies keys with these prefixes against `store`, and names `issuer` as who vouches for their owners: the realm of
    /// local users.
    ///
    /// # Errors
    ///
    /// When there is no prefix, or one that no key can have.
    pub fn new<P: AsRef<str>>(
        issuer: impl Into<Arc<str>>,
        prefixes: impl IntoIterator<Item = P>,
        store: impl ApiKeyStore,
    ) -> Result<Self, ConfigError> {
        let prefixes: Arc<[Box<str>]> = prefixes.into_iter().map(|prefix| Box::from(prefix.as_ref())).collect();
        let mut faults: Vec<_> =
            prefixes.iter().filter(|prefix| !is_prefix(prefix)).map(|prefix| bad_prefix(prefix)).collect();
        if prefixes.is_empty() {
            faults.push(ConfigFault::new("prefixes", "there are none, so no key could ever be accepted; name one"));
        }
        let (issuer, store, uses) = (issuer.into(), Arc::new(store), Arc::default());
        ConfigError::unless_empty(faults, Self { issuer, prefixes, store, clock: Arc::new(SystemClock), uses })
    }

    /// Sets the clock that ends keys and says when they were used. Default: the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Whether `text` is meant as one of these keys: it begins with one of the prefixes and an underscore. Whether it is a
    /// good one, or one at all, the verdict says.
    #[must_use]
    pub fn claims(&self, text: &str) -> bool {
        self.prefixes.iter().any(|prefix| text.strip_prefix(&**prefix).is_some_and(|rest| rest.starts_with('_')))
    }

    /// The verdict on `text`, if it is at hand.
    pub(crate) fn verdict_now(&self, text: &str) -> Option<Result<Identity, VerifyError>> {
        let shown = match self.read(text) {
            Ok(shown) => shown,
            Err(error) => return Some(Err(error)),
        };
        let found = self.store.find_now(shown.id())?;
        let now = self.clock.now();
        let record = match self.judge(shown, found.map_err(VerifyError::unavailable), now) {
            Ok(record) => record,
            Err(error) => return Some(Err(error)),
        };
        if let Some(before) = record.last_use.note(now)
            && !self.store.used_now(shown.id(), now)
        {
            record.last_use.undo(before);
            return None;
        }
        Some(Ok(record.identity(&self.issuer)))
    }

    /// The verdict on `text`, however long it takes.
    pub(crate) async fn verdict(&self, text: &str) -> Result<Identity, VerifyError> {
        let shown = self.read(text)?;
        let found = self.store.find(shown.id()).await.map_err(VerifyError::unavailable);
        let now = self.clock.now();
        let record = self.judge(shown, found, now)?;
        if record.last_use.note(now).is_some()
            && self.uses.note(shown.id(), now)
            && !self.store.used_now(shown.id(), now)
            && let Err(error) = self.store.used(shown.id(), now).await
        {
            trace::happened(Severity::Error, "the use of an API key was not noted", &shown.id(), Some(&*error));
        }
        Ok(record.identity(&self.issuer))
    }

    /// A key of ours, unproven.
    fn read<'t>(&self, text: &'t str) -> Result<Shown<'t>, VerifyError> {
        if !self.claims(text) {
            let known =
                Finding::about("prefix of the API key").expected_any_of(self.prefixes.iter().map(|prefix| &**prefix));
            return Err(VerifyError::invalid()
                .because("not an API key of ours")
                .hint("The text does not begin as keys of this service do: look for the key of another service or environment.")
                .finding(known));
        }
        Shown::read(text).map_err(|_| {
            VerifyError::invalid()
                .because("the API key is mistyped or cut off: its checksum does not fit")
                .hint("Copy the key again, whole and without blanks.")
        })
    }

    fn judge(
        &self,
        shown: Shown<'_>,
        found: Result<Option<Arc<ApiKeyRecord>>, VerifyError>,
        now: UnixTime,
    ) -> Result<Arc<ApiKeyRecord>, VerifyError> {
        let record = found?.ok_or(NO_SUCH_KEY)?;
        if !record.is_of(shown) {
            return Err(VerifyError::invalid()
                .because("the secret of the API key is wrong")
                .hint("The id of the key is known and its secret is another: it was made anew, or somebody guesses."));
        }
        match record.expires_at() {
            Some(end) if end <= now => Err(VerifyError::expired()
                .because("the API key has ended")
                .hint("Make a new key for this client, or one that lasts longer.")
                .finding(
                    Finding::about("end of the API key")
                        .found(format!("{} s ago", now.saturating_since(end).as_secs())),
                )),
            _ => Ok(record),
        }
    }
}

impl Verifier<ApiKey> for ApiKeyVerifier {
    async fn verify(&self, key: ApiKey) -> Result<Identity, VerifyError> {
        self.verdict(key.expose()).await
    }

    fn verify_now(&self, key: &ApiKey) -> Option<Result<Identity, VerifyError>> {
        self.verdict_now(key.expose())
    }
}

impl Verifier<BearerToken> for ApiKeyVerifier {
    async fn verify(&self, token: BearerToken) -> Result<Identity, VerifyError> {
        self.verdict(token.expose()).await
    }

    fn verify_now(&self, token: &BearerToken) -> Option<Result<Identity, VerifyError>> {
        self.verdict_now(token.expose())
    }
}

impl fmt::Debug for ApiKeyVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyVerifier")
            .field("issuer", &self.issuer)
            .field("prefixes", &self.prefixes)
            .finish_non_exhaustive()
    }
}

const NO_SUCH_KEY: VerifyError = VerifyError::invalid()
    .because("no such API key")
    .hint("The key was removed, or belongs to another environment; its checksum fits, so it was not mistyped.");
