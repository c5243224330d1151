//! What is kept of a key.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::uses::LastUse;
use crate::clock::UnixTime;
use crate::credentials::{ApiKey, Shown};
use crate::identity::digest::Digest;
use crate::identity::identity::Identity;
use crate::names::Names;

/// All that is kept of an API key: its public id and a digest, never the key; and whose it is, and what it may.
///
/// ```
/// use std::time::Duration;
/// use portcullis::clock::{Clock, SystemClock};
/// use portcullis::credentials::ApiKey;
/// use portcullis::identity::api_key::ApiKeyRecord;
///
/// let key = ApiKey::generate("acme")?;
/// let record = ApiKeyRecord::new(&key, "ci")
///     .with_label("nightly build")
///     .with_scopes(["orders:read"])
///     .with_expires_at(SystemClock.now().saturating_add(Duration::from_secs(90 * 24 * 60 * 60)));
/// assert_eq!((record.id(), record.owner()), (key.id(), "ci"));
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
pub struct ApiKeyRecord {
    id: Box<str>,
    digest: Digest,
    owner: Box<str>,
    label: Option<Box<str>>,
    scopes: Names,
    roles: Names,
    created_at: Option<UnixTime>,
    expires_at: Option<UnixTime>,
    pub(super) last_use: LastUse,
    /// Made with the first use, so that the others cost a reference count.
    identity: OnceLock<Identity>,
}

impl ApiKeyRecord {
    /// Of `key`, which belongs to `owner`: the subject of its identities.
    pub fn new(key: &ApiKey, owner: impl Into<Box<str>>) -> Self {
        Self::with_digest(key.id(), digest(key.shown()).into(), owner)
    }

    /// From what a store has kept: the [`id`](Self::id) and the [`digest`](Self::digest). The digest is bound to the id, so
    /// that a row which has got another's digest fits no key.
    pub fn with_digest(id: impl Into<Box<str>>, digest: [u8; 32], owner: impl Into<Box<str>>) -> Self {
        Self {
            id: id.into(),
            digest: digest.into(),
            owner: owner.into(),
            label: None,
            scopes: Names::default(),
            roles: Names::default(),
            created_at: None,
            expires_at: None,
            last_use: LastUse::default(),
            identity: OnceLock::new(),
        }
    }

    /// What the owner calls it. Default: nothing.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<Box<str>>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// What the key may be used for. Default: nothing.
    #[must_use]
    pub fn with_scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().collect();
        self
    }

    /// What its holder is. Default: nothing.
    #[must_use]
    pub fn with_roles<S: AsRef<str>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        self.roles = roles.into_iter().collect();
        self
    }

    /// When it was made. Default: when it was inserted, in [`MemoryApiKeys`](super::MemoryApiKeys); else not known.
    #[must_use]
    pub const fn with_created_at(mut self, then: UnixTime) -> Self {
        self.created_at = Some(then);
        self
    }

    /// From when on it is refused as expired. Default: never.
    #[must_use]
    pub const fn with_expires_at(mut self, end: UnixTime) -> Self {
        self.expires_at = Some(end);
        self
    }

    /// When it was last used, as a store has kept it. Default: never. A use is noted again once this is a minute old.
    #[must_use]
    pub fn with_last_used_at(mut self, then: UnixTime) -> Self {
        self.last_use = LastUse::at(then);
        self
    }

    /// The public name of the key, prefix included.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// SHA-256 of the key without its checksum and the underscore before that.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest.into()
    }

    /// Whose key it is.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// What the owner calls it.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// What the key may be used for.
    #[must_use]
    pub const fn scopes(&self) -> &Names {
        &self.scopes
    }

    /// What its holder is.
    #[must_use]
    pub const fn roles(&self) -> &Names {
        &self.roles
    }

    /// When it was made, where that is known.
    #[must_use]
    pub const fn created_at(&self) -> Option<UnixTime> {
        self.created_at
    }

    /// When it ends.
    #[must_use]
    pub const fn expires_at(&self) -> Option<UnixTime> {
        self.expires_at
    }

    /// When it was last used, to the minute.
    #[must_use]
    pub fn last_used_at(&self) -> Option<UnixTime> {
        self.last_use.get()
    }

    pub(super) fn is_of(&self, key: Shown<'_>) -> bool {
        self.digest == digest(key)
    }

    /// Whom the key stands for, as `issuer` vouches for it.
    pub(super) fn identity(&self, issuer: &Arc<str>) -> Identity {
        let made = self.identity.get_or_init(|| self.make_identity(issuer));
        if made.issuer() == &**issuer { made.clone() } else { self.make_identity(issuer) }
    }

    fn make_identity(&self, issuer: &Arc<str>) -> Identity {
        let mut identity = Identity::assertion(Arc::clone(issuer), self.owner.clone())
            .credential_id(self.id.clone())
            .scopes(self.scopes.iter())
            .roles(self.roles.iter())
            .authenticated_now();
        if let Some(end) = self.expires_at {
            identity = identity.expires_at(end);
        }
        let mut identity = identity.build();
        identity.scheme = "ApiKey";
        identity
    }
}

impl fmt::Debug for ApiKeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyRecord")
            .field("id", &self.id)
            .field("owner", &self.owner)
            .field("label", &self.label)
            .field("scopes", &self.scopes)
            .field("roles", &self.roles)
            .field("expires_at", &self.expires_at)
            .field("last_used_at", &self.last_used_at())
            .finish_non_exhaustive()
    }
}

fn digest(key: Shown<'_>) -> Digest {
    Digest::of([key.content().as_bytes()])
}
