//! Lines of the log that clients can cause, bounded.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Something that is said once in a while, however often it happens.
pub(crate) struct Rare {
    period: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    said: Option<Instant>,
    unsaid: u64,
}

impl Rare {
    pub(crate) fn new(period: Duration) -> Self {
        Self { period, state: Mutex::default() }
    }

    /// Whether this time it is to be said; if so, how often it was not.
    pub(crate) fn turn(&self) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if state.said.is_some_and(|said| now.duration_since(said) < self.period) {
            state.unsaid = state.unsaid.saturating_add(1);
            return None;
        }
        let unsaid = state.unsaid;
        *state = State { said: Some(now), unsaid: 0 };
        Some(unsaid)
    }
}
