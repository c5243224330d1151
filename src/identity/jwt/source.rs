//! Where the keys of an issuer come from: at hand for good, or fetched and exchanged while requests come.

use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use super::key_set::KeySet;
use crate::identity::error::VerifyError;

/// What verifying needs of a source of keys.
pub(super) trait KeySource: fmt::Debug + Send + Sync + 'static {
    /// The set of this moment; none where there are no keys that may be trusted now.
    fn current(&self) -> Option<Arc<KeySet>>;

    /// Told of a token that calls for a key that is not there. Whether [`refresh`](Self::refresh) could bring it now; in a
    /// cool-down it cannot, and the source has to see to it when that ends.
    fn miss(&self) -> bool;

    /// Has the keys fetched, or joins the fetch under way; ends when that attempt is over, well or not.
    fn refresh(&self) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// Whether keys that [`current`](Self::current) gave earlier may still be believed: not once the whole set is too old.
    /// Asked for every use of a remembered token.
    fn is_trusted(&self) -> bool;

    /// Whether the last attempt to fetch failed: a key that is not there may exist all the same.
    fn is_failing(&self) -> bool;

    /// Why there are no keys now, or not all.
    fn unavailable(&self) -> VerifyError;

    /// The issuer whose keys these are, where the source was found by that name.
    fn discovered_for(&self) -> Option<&str>;
}

/// The keys of an [`Issuer`](super::Issuer): a [`KeySet`] at hand, or, with the feature `jwks`, `RemoteKeys`.
///
/// ```
/// use portcullis::Secret;
/// use portcullis::identity::jwt::{Algorithm, IssuerKeys, KeySet};
///
/// let keys: IssuerKeys = KeySet::hmac(Algorithm::HS256, Secret::new((1..=32).collect()))?.into();
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct IssuerKeys(Arc<dyn KeySource>);

impl IssuerKeys {
    pub(super) fn new(source: impl KeySource) -> Self {
        Self(Arc::new(source))
    }

    pub(super) fn source(&self) -> &dyn KeySource {
        &*self.0
    }
}

impl From<KeySet> for IssuerKeys {
    fn from(keys: KeySet) -> Self {
        Self::new(Fixed(Arc::new(keys)))
    }
}

impl fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Keys that stay as they are.
struct Fixed(Arc<KeySet>);

impl KeySource for Fixed {
    fn current(&self) -> Option<Arc<KeySet>> {
        Some(Arc::clone(&self.0))
    }

    fn miss(&self) -> bool {
        false
    }

    fn refresh(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(ready(()))
    }

    fn is_trusted(&self) -> bool {
        true
    }

    fn is_failing(&self) -> bool {
        false
    }

    fn unavailable(&self) -> VerifyError {
        VerifyError::unavailable("no keys")
    }

    fn discovered_for(&self) -> Option<&str> {
        None
    }
}

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
