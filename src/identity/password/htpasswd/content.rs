//! What is in the file, and whether it may have changed.

use std::fs::{self, File, Metadata};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use crate::clock;
use crate::error::ConfigFault;

/// 16 MiB: a hundred thousand users.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// What a look at the file without reading it says: when it was written, how long it is, and which file it is.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) struct Stamp {
    modified: Option<Duration>,
    length: u64,
    inode: u64,
}

impl Stamp {
    /// `None` where there is no such file, or one that may not be looked at.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self { modified: clock::modified(&metadata), length: metadata.len(), inode: inode(&metadata) })
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
const fn inode(_: &Metadata) -> u64 {
    0
}

/// The bytes of the file, or why they cannot be had.
pub(super) struct Content(pub(super) Result<Vec<u8>, ConfigFault>);

impl Content {
    pub(super) fn of(path: &Path) -> Self {
        let name = format!("{:?}", path.display().to_string());
        Self(read(path).map_err(|error| ConfigFault::new(name, error.to_string())))
    }

    /// Equal for equal contents.
    pub(super) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        match &self.0 {
            Ok(bytes) => hasher.write(bytes),
            Err(fault) => hasher.write(fault.problem().as_bytes()),
        }
        hasher.write_u8(self.0.is_ok().into());
        hasher.finish()
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for somebody who writes to it.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("is not a file; name a file of name:hash lines"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other("is over 16 MiB; keep so many users in a database"));
    }
    Ok(bytes)
}
