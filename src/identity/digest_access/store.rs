//! The port to where `H(A1)` is kept.

use std::future::Future;
use std::sync::Arc;

use super::ha1::Ha1;
use crate::credentials::{DigestAlgorithm, DigestName};
use crate::identity::error::VerifyError;
use crate::identity::identity::Identity;

/// Keeps `H(A1)` by user, realm and algorithm: [`DigestUsers`](super::DigestUsers) in memory, or your own.
///
/// ```
/// use portcullis::credentials::{DigestAlgorithm, DigestName};
/// use portcullis::identity::digest_access::{DigestQuery, DigestStore, DigestUser, Ha1};
/// use portcullis::{Identity, VerifyError};
///
/// struct Database;
///
/// impl DigestStore for Database {
///     async fn find(&self, query: DigestQuery) -> Result<Option<DigestUser>, VerifyError> {
///         // This one keeps SHA-256 alone, and no digests of names.
///         let (DigestName::Plain(name), DigestAlgorithm::Sha256) = (query.name(), query.algorithm()) else { return Ok(None) };
///         let row = self.ha1(name, query.realm()).await.map_err(VerifyError::unavailable)?;
///         let Some(hex) = row else { return Ok(None) };
///         let ha1 = Ha1::from_hex(query.algorithm(), &hex).map_err(VerifyError::unavailable)?;
///         let identity = Identity::assertion(query.realm(), &**name).amr(["pwd"]).authenticated_now().build();
///         Ok(Some(DigestUser::new(ha1, identity)))
///     }
/// }
/// # impl Database {
/// #     async fn ha1(&self, _: &str, _: &str) -> Result<Option<String>, std::io::Error> { Ok(None) }
/// # }
/// ```
pub trait DigestStore: Send + Sync + 'static {
    /// Who has this name, and that user's `H(A1)`; none where nobody has it, or who has it may not log in.
    ///
    /// # Errors
    ///
    /// [`VerifyError::unavailable`] where that cannot be told. Never turn a database that is down into "nobody".
    fn find(&self, query: DigestQuery) -> impl Future<Output = Result<Option<DigestUser>, VerifyError>> + Send;

    /// The same if it is at hand without waiting, which saves the request a boxed future. Default: it is not.
    fn find_now(&self, query: &DigestQuery) -> Option<Result<Option<DigestUser>, VerifyError>> {
        let _ = query;
        None
    }
}

impl<S: DigestStore> DigestStore for Arc<S> {
    fn find(&self, query: DigestQuery) -> impl Future<Output = Result<Option<DigestUser>, VerifyError>> + Send {
        (**self).find(query)
    }

    fn find_now(&self, query: &DigestQuery) -> Option<Result<Option<DigestUser>, VerifyError>> {
        (**self).find_now(query)
    }
}

/// Whose `H(A1)` is asked for.
///
/// The name is in one of two forms; [`DigestName::Hashed`] comes only where
/// [`Digest::userhash`](crate::authenticate) is on. [`DigestStore`] has an example.
#[derive(Clone, Debug)]
pub struct DigestQuery {
    name: DigestName,
    realm: Arc<str>,
    algorithm: DigestAlgorithm,
}

impl DigestQuery {
    pub(super) const fn new(name: DigestName, realm: Arc<str>, algorithm: DigestAlgorithm) -> Self {
        Self { name, realm, algorithm }
    }

    /// The name, as sent.
    #[must_use]
    pub const fn name(&self) -> &DigestName {
        &self.name
    }

    /// The realm of the scheme that asks.
    #[must_use]
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The algorithm that the client used.
    #[must_use]
    pub const fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }
}

/// A user that was found: who it is if the response is right, and what it must be made from.
///
/// [`DigestStore`] has an example.
#[derive(Clone, Debug)]
pub struct DigestUser {
    pub(super) ha1: Ha1,
    pub(super) identity: Identity,
}

impl DigestUser {
    /// `identity` is who is asking, if the request was made with `ha1`.
    #[must_use]
    pub const fn new(ha1: Ha1, identity: Identity) -> Self {
        Self { ha1, identity }
    }
}
