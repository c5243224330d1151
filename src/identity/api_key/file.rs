//! Keys in a file.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::line;
use super::memory::MemoryApiKeys;
use super::record::ApiKeyRecord;
use super::store::ApiKeyStore;
use crate::clock::UnixTime;
use crate::error::{ConfigError, ConfigFault};

/// API keys in a text file, one a line, which is read when told to and answered from memory.
///
/// ```text
/// # prefix_id:digest:owner:scopes:expiry
/// acme_3Qk8ZrT0vWx1:9f86…0a08:ci:orders:read orders:write:1893456000
/// acme_Qm2sY7hVb40K:60303…3752:backup:backup:
/// ```
///
/// The digest is hexadecimal SHA-256 of the key without its checksum and the underscore before that; scopes have one blank
/// between two; the expiry is in seconds since 1970, or empty for none. Empty lines and those that begin with `#` are passed
/// over; anything else that is wrong is a fault with its line number, and then none of the file counts. A file without keys is
/// no fault, or the last key could not be revoked.
///
/// To add a key, append [`ApiKeyRecord::to_line`]; to revoke one, remove its line; then [`reload`](Self::reload). Uses are
/// noted in memory alone.
///
/// ```no_run
/// use portcullis::identity::api_key::{ApiKeyVerifier, FileApiKeys};
///
/// let keys = FileApiKeys::open("/etc/orders/keys.txt")?;
/// let verifier = ApiKeyVerifier::new("orders", ["acme"], keys.clone())?;
/// // On SIGHUP, say; a file that cannot be read leaves the keys as they were.
/// if let Err(error) = keys.reload() {
///     eprintln!("{error}");
/// }
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FileApiKeys {
    path: Arc<Path>,
    keys: MemoryApiKeys,
}

impl FileApiKeys {
    /// How long a file may be: 16 MiB, some 100 000 keys. More is no list of keys, and reading it might never end.
    pub const MAX_LENGTH: u64 = 16 * 1024 * 1024;

    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// When it is no regular file that can be read, is longer than [`MAX_LENGTH`](Self::MAX_LENGTH), or has a fault: all of
    /// them, with their lines.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ConfigError> {
        let file = Self { path: path.into().into(), keys: MemoryApiKeys::new() };
        file.reload()?;
        Ok(file)
    }

    /// Reads the file again and exchanges all keys in one step. Blocks for as long as reading takes.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open). The keys stay as they were then.
    pub fn reload(&self) -> Result<(), ConfigError> {
        self.keys.replace(Self::parse(&self.content()?)?)
    }

    /// Reads the content of such a file.
    ///
    /// ```
    /// use portcullis::identity::api_key::FileApiKeys;
    ///
    /// let error = FileApiKeys::parse(b"# keys\nacme_3Qk8ZrT0vWx1\n").unwrap_err();
    /// assert_eq!(error.faults()[0].setting(), "line 2");
    /// ```
    ///
    /// # Errors
    ///
    /// All that is wrong, each fault called `line` and its number.
    pub fn parse(content: &[u8]) -> Result<Vec<ApiKeyRecord>, ConfigError> {
        line::read_all(content)
    }

    /// The keys of `owner`.
    #[must_use]
    pub fn list(&self, owner: &str) -> Vec<Arc<ApiKeyRecord>> {
        self.keys.list(owner)
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn content(&self) -> Result<Vec<u8>, ConfigError> {
        let fault = |problem: String| ConfigFault::new(format!("{}", self.path.display()), problem);
        let unreadable = |error| fault(format!("cannot be read: {error}; check the path and the permissions"));
        let metadata = fs::metadata(&self.path).map_err(unreadable)?;
        if !metadata.is_file() || metadata.len() > Self::MAX_LENGTH {
            return Err(fault(String::from(
                "is no regular file of at most 16 MiB; name the file of keys, and take out those that have ended",
            ))
            .into());
        }
        Ok(fs::read(&self.path).map_err(unreadable)?)
    }
}

impl ApiKeyStore for FileApiKeys {
    async fn find(&self, id: &str) -> Result<Option<Arc<ApiKeyRecord>>, Box<dyn Error + Send + Sync>> {
        self.keys.find(id).await
    }

    fn find_now(&self, id: &str) -> Option<Result<Option<Arc<ApiKeyRecord>>, Box<dyn Error + Send + Sync>>> {
        self.keys.find_now(id)
    }

    fn used_now(&self, id: &str, at: UnixTime) -> bool {
        self.keys.used_now(id, at)
    }
}
