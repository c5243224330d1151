//! How often what is looked for is remembered.

use metrics::Counter;

use super::metric::Counters;

/// The lookups of one memory.
pub(crate) struct Lookups {
    hits: Counter,
    misses: Counter,
}

impl Lookups {
    /// Of the memory of that name. One that remembers nothing is not asked.
    pub(crate) fn new(cache: &'static str, is_on: bool) -> Self {
        if !is_on {
            return Self { hits: Counter::noop(), misses: Counter::noop() };
        }
        let counters = Counters::new(
            "portcullis_cache_lookups_total",
            "Credentials that were looked for among those verified before, by the memory and whether they were there.",
        );
        let counter = |result| counters.with([("cache", cache), ("result", result)]);
        Self { hits: counter("hit"), misses: counter("miss") }
    }

    pub(crate) fn hit(&self) {
        self.hits.increment(1);
    }

    pub(crate) fn missed(&self) {
        self.misses.increment(1);
    }
}
