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

/// What a look at the file without reading it says: when it was written, how long it is, and which file it is. Where the
/// system knows it, also when any of this was changed, which nobody can set back.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) struct Stamp {
    modified: Option<Duration>,
    length: u64,
    inode: u64,
    changed: (i64, i64),
}

impl Stamp {
    /// `None` where there is no such file, or one that may not be looked at.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        let (inode, changed) = of_the_system(&metadata);
        Some(Self { modified: clock::modified(&metadata), length: metadata.len(), inode, changed })
    }
}

#[cfg(unix)]
fn of_the_system(metadata: &Metadata) -> (u64, (i64, i64)) {
    use std::os::unix::fs::MetadataExt;
    (metadata.ino(), (metadata.ctime(), metadata.ctime_nsec()))
}

#[cfg(not(unix))]
const fn of_the_system(_: &Metadata) -> (u64, (i64, i64)) {
    (0, (0, 0))
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
