//! Whether a key is still in its set, wherever it is remembered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by a key and by all that remember what was verified with it.
#[derive(Clone, Default)]
pub(super) struct Standing {
    pub(super) retired: Arc<AtomicBool>,
}

impl Standing {
    /// Whether the key is still in its set.
    pub(super) fn holds(&self) -> bool {
        !self.retired.load(Ordering::Acquire)
    }
}
