//! When a file was written.

use std::fs::Metadata;
use std::time::{Duration, UNIX_EPOCH};

/// The time since the epoch, as finely as the file system keeps it; `None` where it keeps none.
pub(crate) fn modified(metadata: &Metadata) -> Option<Duration> {
    metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()
}
