//! The port: where keys are kept.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::record::ApiKeyRecord;
use crate::clock::UnixTime;

/// Where API keys are kept, by their public id.
///
/// A store finds records and notes uses; whether a key fits its record, and whether it has ended, the
/// [verifier](super::ApiKeyVerifier) decides. A revoked key is one that is not found.
///
/// ```
/// use std::error::Error;
/// use std::sync::Arc;
/// use portcullis::clock::UnixTime;
/// use portcullis::identity::api_key::{ApiKeyRecord, ApiKeyStore};
///
/// struct Database;
///
/// impl ApiKeyStore for Database {
///     async fn find(&self, id: &str) -> Result<Option<Arc<ApiKeyRecord>>, Box<dyn Error + Send + Sync>> {
///         let row = self.one("SELECT … FROM api_keys WHERE id = $1 AND NOT revoked", id).await?;
///         Ok(row.map(|row| Arc::new(ApiKeyRecord::with_digest(row.id, row.digest, row.owner).with_scopes(row.scopes))))
///     }
///
///     async fn used(&self, id: &str, at: UnixTime) -> Result<(), Box<dyn Error + Send + Sync>> {
///         self.execute("UPDATE api_keys SET last_used = $2 WHERE id = $1", id, at.as_secs()).await
///     }
/// }
/// # struct Row { id: String, digest: [u8; 32], owner: String, scopes: Vec<String> }
/// # impl Database {
/// #     async fn one(&self, _: &str, _: &str) -> Result<Option<Row>, Box<dyn Error + Send + Sync>> { Ok(None) }
/// #     async fn execute(&self, _: &str, _: &str, _: u64) -> Result<(), Box<dyn Error + Send + Sync>> { Ok(()) }
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a store of API keys",
    note = "use `MemoryApiKeys::new()`, `FileApiKeys::open(path)`, or implement `ApiKeyStore`"
)]
pub trait ApiKeyStore: Send + Sync + 'static {
    /// The record of the key with this [`id`](ApiKeyRecord::id), if there is one that was not revoked.
    ///
    /// # Errors
    ///
    /// The store cannot tell. The request is then answered 503.
    fn find(&self, id: &str) -> impl Future<Output = Result<Option<Arc<ApiKeyRecord>>, Failure>> + Send;

    /// As [`find`](Self::find) if the answer is at hand without waiting, which saves the request a boxed future. Give
    /// the same `Arc` each time then: it remembers when its key was used. Default: it is not.
    fn find_now(&self, id: &str) -> Option<Result<Option<Arc<ApiKeyRecord>>, Failure>> {
        let _ = id;
        None
    }

    /// Writes down that the key was used: asked after it was accepted, while the request waits, and for one key at most once
    /// a minute. Default: nothing is written.
    ///
    /// # Errors
    ///
    /// It was not written. The operator is told, and the request passes: the key is good.
    fn used(&self, id: &str, at: UnixTime) -> impl Future<Output = Result<(), Failure>> + Send {
        let _ = (id, at);
        async { Ok(()) }
    }

    /// As [`used`](Self::used) without waiting: whether that is all there is to do. Default: it is not, and
    /// [`used`](Self::used) is asked.
    fn used_now(&self, id: &str, at: UnixTime) -> bool {
        let _ = (id, at);
        false
    }
}

impl<S: ApiKeyStore> ApiKeyStore for Arc<S> {
    fn find(&self, id: &str) -> impl Future<Output = Result<Option<Arc<ApiKeyRecord>>, Failure>> + Send {
        (**self).find(id)
    }

    fn find_now(&self, id: &str) -> Option<Result<Option<Arc<ApiKeyRecord>>, Failure>> {
        (**self).find_now(id)
    }

    fn used(&self, id: &str, at: UnixTime) -> impl Future<Output = Result<(), Failure>> + Send {
        (**self).used(id, at)
    }

    fn used_now(&self, id: &str, at: UnixTime) -> bool {
        (**self).used_now(id, at)
    }
}

type Failure = Box<dyn Error + Send + Sync>;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// An [`ApiKeyStore`] behind a pointer. The boxes are made only where a store has to be waited for.
pub(super) trait ErasedStore: Send + Sync {
    fn find<'a>(&'a self, id: &'a str) -> Boxed<'a, Option<Arc<ApiKeyRecord>>>;
    fn find_now(&self, id: &str) -> Option<Result<Option<Arc<ApiKeyRecord>>, Failure>>;
    fn used<'a>(&'a self, id: &'a str, at: UnixTime) -> Boxed<'a, ()>;
    fn used_now(&self, id: &str, at: UnixTime) -> bool;
}

impl<S: ApiKeyStore> ErasedStore for S {
    fn find<'a>(&'a self, id: &'a str) -> Boxed<'a, Option<Arc<ApiKeyRecord>>> {
        Box::pin(ApiKeyStore::find(self, id))
    }

    fn find_now(&self, id: &str) -> Option<Result<Option<Arc<ApiKeyRecord>>, Failure>> {
        ApiKeyStore::find_now(self, id)
    }

    fn used<'a>(&'a self, id: &'a str, at: UnixTime) -> Boxed<'a, ()> {
        Box::pin(ApiKeyStore::used(self, id, at))
    }

    fn used_now(&self, id: &str, at: UnixTime) -> bool {
        ApiKeyStore::used_now(self, id, at)
    }
}
