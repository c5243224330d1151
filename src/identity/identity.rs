//! The proven identity, as it travels in the request.

use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use crate::clock::UnixTime;
use crate::names::Names;

/// Who is asking, proven.
///
/// The pair of [`issuer`](Self::issuer) and [`subject`](Self::subject) is *the* key of an identity: equality and hashing
/// use the pair and nothing else, so the same subject from two issuers is two people.
///
/// An identity is made by verifiers and by [`assertion`](Self::assertion) alone; there is no `Default`, and the
/// anonymous caller is not an identity. It is handed to inner services in the request's extensions. Cloning costs one
/// reference count.
///
/// ```
/// use portcullis::Identity;
///
/// struct Row { tenant: u64 }
///
/// let identity = Identity::assertion("https://id.example", "alice").scopes(["orders:read"]).value(Row { tenant: 7 }).build();
///
/// assert_eq!(identity.subject(), "alice");
/// assert!(identity.scopes().contains("orders:read"));
/// assert_eq!(identity.get::<Row>().map(|row| row.tenant), Some(7));
/// ```
#[derive(Clone)]
pub struct Identity {
    proof: Arc<dyn Proof>,
    /// Empty until a layer hands the identity on, unless its verifier knows better: a key is a key, whatever carried it.
    pub(super) scheme: &'static str,
    /// What the layer that accepted this request leaves for inner layers (the challenges to repeat). Opaque here, so
    /// that this stage knows nothing of responses.
    handed_on: Option<Arc<dyn Any + Send + Sync>>,
}

/// What a verifier keeps of a credential that it found good: the facts, and whatever it needs for the next use of the same
/// credential. One allocation, shared by the verifier and by all clones of the identity.
pub(crate) trait Proof: Send + Sync {
    fn facts(&self) -> &Facts;
}

impl Proof for Facts {
    fn facts(&self) -> &Facts {
        self
    }
}

/// What a verifier found out.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) issuer: Arc<str>,
    pub(crate) subject: Box<str>,
    pub(crate) credential_id: Option<Box<str>>,
    pub(crate) scopes: Names,
    pub(crate) roles: Names,
    pub(crate) auth_time: AuthTime,
    pub(crate) acr: Option<Box<str>>,
    pub(crate) amr: Names,
    pub(crate) expires_at: Option<UnixTime>,
    pub(crate) value: Option<Arc<dyn Any + Send + Sync>>,
    /// A fingerprint of what the credential was held against, by which its verifier knows whether that has changed.
    #[cfg_attr(not(any(feature = "password", feature = "session")), expect(dead_code, reason = "nobody has one"))]
    pub(crate) stamp: Option<std::num::NonZeroU64>,
}

/// When somebody proved who they are, which is not when the request came.
///
/// ```
/// use portcullis::clock::UnixTime;
/// use portcullis::identity::AuthTime;
/// use std::time::Duration;
///
/// let now = UnixTime::from_secs(1_790_000_000);
/// assert!(AuthTime::Now.is_fresh(now, Duration::ZERO));
/// assert!(AuthTime::At(UnixTime::from_secs(1_789_999_900)).is_fresh(now, Duration::from_secs(100)));
/// assert!(!AuthTime::Unknown.is_fresh(now, Duration::MAX));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AuthTime {
    /// At a known moment: a log-in, a token's `auth_time`.
    At(UnixTime),
    /// With this very request: the credential is the proof (a password, an API key).
    Now,
    /// Not known: a token without `auth_time`. Satisfies no demand for freshness.
    Unknown,
}

impl AuthTime {
    /// Whether the proof is at most `max_age` old at `now`.
    #[must_use]
    pub fn is_fresh(self, now: UnixTime, max_age: Duration) -> bool {
        match self {
            Self::At(then) => now.saturating_since(then) <= max_age,
            Self::Now => true,
            Self::Unknown => false,
        }
    }
}

impl Facts {
    pub(crate) fn new(issuer: Arc<str>, subject: impl Into<Box<str>>) -> Self {
        Self {
            issuer,
            subject: subject.into(),
            credential_id: None,
            scopes: Names::default(),
            roles: Names::default(),
            auth_time: AuthTime::Unknown,
            acr: None,
            amr: Names::default(),
            expires_at: None,
            value: None,
            stamp: None,
        }
    }

    pub(crate) fn into_identity(self) -> Identity {
        Identity::of(Arc::new(self))
    }
}

impl Identity {
    pub(crate) fn of(proof: Arc<dyn Proof>) -> Self {
        Self { proof, scheme: "", handed_on: None }
    }

    /// States that `subject`, as known to `issuer`, is who is asking.
    ///
    /// This is the one way to make an identity outside the crate's own verifiers, and so the word to look for in a
    /// review: whoever calls it has verified a credential, or writes a test.
    pub fn assertion(issuer: impl Into<Arc<str>>, subject: impl Into<Box<str>>) -> Assertion {
        Assertion { facts: Facts::new(issuer.into(), subject) }
    }

    /// Who vouches for the subject: a token's `iss`, or the realm of local users.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.facts().issuer
    }

    /// Who it is, in the words of the issuer.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.facts().subject
    }

    /// The HTTP scheme that carried the credential of this request, as registered (`Basic`, `Bearer`, `Session`), or
    /// `ApiKey` for a key, whatever carried it; empty for an identity that no layer has handed on.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// A public name of the credential that was used, for logs, lists and revocation: a token's `jti`, a session's
    /// public id. Never enough to log in with.
    #[must_use]
    pub fn credential_id(&self) -> Option<&str> {
        self.facts().credential_id.as_deref()
    }

    /// What the credential may be used for (OAuth scopes).
    #[must_use]
    pub fn scopes(&self) -> &Names {
        &self.facts().scopes
    }

    /// What the subject is.
    #[must_use]
    pub fn roles(&self) -> &Names {
        &self.facts().roles
    }

    /// When the subject proved who they are.
    #[must_use]
    pub fn auth_time(&self) -> AuthTime {
        self.facts().auth_time
    }

    /// How well it was proven (OpenID Connect `acr`).
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        self.facts().acr.as_deref()
    }

    /// By which methods it was proven (RFC 8176 `amr`).
    #[must_use]
    pub fn amr(&self) -> &Names {
        &self.facts().amr
    }

    /// When the credential ends, where that is known.
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.facts().expires_at
    }

    /// The application's own value, if it is a `T`: JWT claims, a database row.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.facts().value.as_deref()?.downcast_ref()
    }

    /// As [`get`](Self::get), shared.
    #[must_use]
    pub fn get_shared<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        Arc::clone(self.facts().value.as_ref()?).downcast().ok()
    }

    /// An assertion that starts from what is known here: to add a database row, or to begin a session.
    pub fn to_assertion(&self) -> Assertion {
        Assertion { facts: self.facts().clone() }
    }

    pub(super) fn facts(&self) -> &Facts {
        self.proof.facts()
    }

    pub(crate) fn hand_on(&mut self, scheme: &'static str, carried: Arc<dyn Any + Send + Sync>) {
        if self.scheme.is_empty() {
            self.scheme = scheme;
        }
        self.handed_on = Some(carried);
    }

    /// Present only where an `AuthenticateLayer` put this identity into the request.
    pub(crate) fn handed_on<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.handed_on.as_deref()?.downcast_ref()
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        (self.issuer(), self.subject()) == (other.issuer(), other.subject())
    }
}

impl Eq for Identity {}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.issuer(), self.subject()).hash(state);
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("issuer", &self.issuer())
            .field("subject", &self.subject())
            .field("scheme", &self.scheme)
            .field("scopes", self.scopes())
            .field("roles", self.roles())
            .finish_non_exhaustive()
    }
}

/// An identity in the making; begun by [`Identity::assertion`].
///
/// ```
/// use portcullis::Identity;
/// use portcullis::clock::UnixTime;
///
/// let identity = Identity::assertion("staff", "bob")
///     .roles(["admin"])
///     .authenticated_at(UnixTime::from_secs(1_790_000_000))
///     .build();
/// assert!(identity.roles().contains("admin"));
/// ```
#[must_use = "an assertion does nothing until `build`"]
pub struct Assertion {
    facts: Facts,
}

impl Assertion {
    /// What the credential may be used for. Default: nothing.
    pub fn scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.facts.scopes = scopes.into_iter().collect();
        self
    }

    /// What the subject is. Default: nothing.
    pub fn roles<S: AsRef<str>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        self.facts.roles = roles.into_iter().collect();
        self
    }

    /// A public name for the credential. Default: none. Must not be enough to log in with.
    pub fn credential_id(mut self, id: impl Into<Box<str>>) -> Self {
        self.facts.credential_id = Some(id.into());
        self
    }

    /// When the subject proved who they are. Default: unknown, which satisfies no demand for freshness.
    pub const fn authenticated_at(mut self, then: UnixTime) -> Self {
        self.facts.auth_time = AuthTime::At(then);
        self
    }

    /// The credential of this request is itself the proof (a password, an API key): always fresh.
    pub const fn authenticated_now(mut self) -> Self {
        self.facts.auth_time = AuthTime::Now;
        self
    }

    /// How well it was proven. Default: not known, which satisfies no demand.
    pub fn acr(mut self, acr: impl Into<Box<str>>) -> Self {
        self.facts.acr = Some(acr.into());
        self
    }

    /// By which methods it was proven. Default: none named.
    pub fn amr<S: AsRef<str>>(mut self, methods: impl IntoIterator<Item = S>) -> Self {
        self.facts.amr = methods.into_iter().collect();
        self
    }

    /// When the credential ends. Default: not known. This is information for the application; the verifier enforces it.
    pub const fn expires_at(mut self, end: UnixTime) -> Self {
        self.facts.expires_at = Some(end);
        self
    }

    /// The application's own value, found again with [`Identity::get`]. Default: none. A second call replaces the first.
    pub fn value<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.facts.value = Some(Arc::new(value));
        self
    }

    /// The identity.
    #[must_use]
    pub fn build(self) -> Identity {
        self.facts.into_identity()
    }
}

impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assertion")
            .field("issuer", &self.facts.issuer)
            .field("subject", &self.facts.subject)
            .finish_non_exhaustive()
    }
}
