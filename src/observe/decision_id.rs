//! The name of one decision, for support.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The name of one decision: 16 hexadecimal digits, as good as unique in a process, that tell nothing of how many there were.
/// A client that is refused is told it, to quote it to support; the log has it too.
///
/// ```
/// # fn show(rejection: &portcullis::response::Rejection) {
/// println!("please quote {}", rejection.id());
/// # }
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct DecisionId(u64);

impl DecisionId {
    pub(crate) fn next() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        static KEY: OnceLock<RandomState> = OnceLock::new();
        Self(KEY.get_or_init(RandomState::new).hash_one(COUNT.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) fn to_hex(self) -> [u8; 16] {
        let mut digits = [0; 16];
        for (index, digit) in digits.iter_mut().enumerate() {
            let nibble = (self.0 >> (60 - 4 * index)) & 0xf;
            *digit = b"0123456789abcdef"[nibble as usize];
        }
        digits
    }
}

impl fmt::Display for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
