//! What waits to be hashed, what is being hashed, and how long it waited.

use metrics::{Gauge, Histogram, Unit};

use super::gauges::Gauges;
use super::metric::Histograms;
use super::started::Started;

/// Of one pool. Several in a process are counted together.
#[derive(Clone)]
pub(crate) struct Hashing {
    waiting: Gauge,
    running: Gauge,
    waits: Histogram,
}

impl Hashing {
    pub(crate) fn new() -> Self {
        let gauge = |name, help| Gauges::new(name, Unit::Count, help).with([]);
        let waits = Histograms::new(
            "portcullis_hash_pool_wait_seconds",
            "How long jobs waited for a thread of the pool that hashes passwords.",
        );
        Self {
            waiting: gauge(
                "portcullis_hash_pool_waiting",
                "Jobs that wait for a thread of the pool that hashes passwords.",
            ),
            running: gauge(
                "portcullis_hash_pool_running",
                "Threads of the pool that hashes passwords, those that are at work.",
            ),
            waits: waits.with([]),
        }
    }

    /// A job begins to wait.
    pub(crate) fn place(&self) -> Place {
        self.waiting.increment(1);
        Place { hashing: self.clone(), started: Started::now() }
    }
}

/// One that waits. However it stops waiting, it is counted no more.
pub(crate) struct Place {
    hashing: Hashing,
    started: Started,
}

impl Place {
    /// Its turn has come.
    pub(crate) fn begins(self) -> Busy {
        self.started.ended(&self.hashing.waits);
        self.hashing.running.increment(1);
        Busy(self.hashing.running.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.hashing.waiting.decrement(1);
    }
}

/// One that runs.
#[must_use]
pub(crate) struct Busy(Gauge);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}
