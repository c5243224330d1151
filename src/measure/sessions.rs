//! How many sessions there are, begin and end.

use metrics::{Counter, Gauge, Unit};

use super::gauges::Gauges;
use super::metric::Counters;

pub(crate) struct Sessions {
    started: Counter,
    logged_out: Counter,
    expired: Counter,
    revoked: Counter,
}

impl Sessions {
    pub(crate) fn new() -> Self {
        let started = Counters::new("portcullis_sessions_started_total", "Sessions that began in this process.");
        let ended = ended();
        let ended = |cause| ended.with([("cause", cause)]);
        Self {
            started: started.with([]),
            logged_out: ended("logged_out"),
            expired: ended("expired"),
            revoked: ended("revoked"),
        }
    }

    pub(crate) fn started(&self) {
        self.started.increment(1);
    }

    /// By whoever had its id.
    pub(crate) fn logged_out(&self, was_there: bool) {
        self.logged_out.increment(u64::from(was_there));
    }

    /// Of their owner, without their ids, or because the owner is not what they were.
    pub(crate) fn revoked(&self, count: usize) {
        self.revoked.increment(count as u64);
    }

    /// Found to be over.
    pub(crate) fn expired(&self, count: usize) {
        self.expired.increment(count as u64);
    }
}

/// What a store in memory holds. Several in a process are counted together.
pub(crate) struct Live {
    live: Gauge,
    expired: Counter,
}

impl Live {
    pub(crate) fn new() -> Self {
        let live = Gauges::new(
            "portcullis_sessions_live",
            Unit::Count,
            "Sessions in the memory of this process, some of which may be over and not cleared away yet.",
        );
        Self { live: live.with([]), expired: ended().with([("cause", "expired")]) }
    }

    pub(crate) fn more(&self, count: usize) {
        self.live.increment(count as f64);
    }

    pub(crate) fn fewer(&self, count: usize) {
        self.live.decrement(count as f64);
    }

    /// Cleared away unasked.
    pub(crate) fn expired(&self, count: usize) {
        self.expired.increment(count as u64);
    }
}

fn ended() -> Counters {
    Counters::new(
        "portcullis_sessions_ended_total",
        "Sessions that ended in this process, by cause: logged_out, revoked (all of an owner's, or by its public id, or since \
         the owner has changed), expired (found to be over).",
    )
}
