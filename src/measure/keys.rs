//! How the keys of an issuer stand.

use metrics::{Counter, Gauge, Unit};

use super::gauges::Gauges;
use super::metric::Counters;
use crate::clock::UnixTime;

pub(crate) struct Keys {
    fetched: Counter,
    failed: Counter,
    refreshed: Gauge,
    keys: Gauge,
}

impl Keys {
    /// Of the issuer, or the address, of that name, which is configured.
    pub(crate) fn of(issuer: &str) -> Self {
        let fetches = Counters::new(
            "portcullis_key_set_fetches_total",
            "Attempts to fetch the keys of an issuer, by the issuer and what came of them (success, failure).",
        );
        let refreshed = Gauges::new(
            "portcullis_key_set_refreshed_timestamp_seconds",
            Unit::Seconds,
            "When the keys of an issuer were last fetched, in seconds since 1970; 0 where they never were.",
        );
        let keys = Gauges::new("portcullis_key_set_keys", Unit::Count, "How many keys of an issuer can be used.");
        let fetch = |result| fetches.with([("issuer", issuer), ("result", result)]);
        let (refreshed, keys) = (refreshed.with([("issuer", issuer)]), keys.with([("issuer", issuer)]));
        Self { fetched: fetch("success"), failed: fetch("failure"), refreshed, keys }
    }

    pub(crate) fn refreshed(&self, keys: usize, now: UnixTime) {
        self.fetched.increment(1);
        // An age would be right at the moment when it was set; its beginning is right whenever it is read.
        self.refreshed.set(now.as_secs() as f64);
        self.keys.set(keys as f64);
    }

    pub(crate) fn not_refreshed(&self) {
        self.failed.increment(1);
    }
}
