//! When something began that is timed.

use std::time::Duration;

use metrics::Histogram;

use crate::clock::{Clock, SystemClock};

/// By the machine's monotonic clock, whatever clock things are judged by: what is measured is real.
#[derive(Clone, Copy)]
pub(crate) struct Started(Duration);

impl Started {
    pub(crate) fn now() -> Self {
        Self(SystemClock.monotonic())
    }

    pub(super) fn ended(self, histogram: &Histogram) {
        histogram.record(SystemClock.monotonic().saturating_sub(self.0));
    }
}
