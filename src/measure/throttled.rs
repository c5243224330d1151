//! Attempts that were refused since there were too many.

use metrics::Counter;

use super::metric::Counters;

pub(crate) struct Throttled {
    account: Counter,
    client: Counter,
}

impl Throttled {
    pub(crate) fn new() -> Self {
        let counters = Counters::new(
            "portcullis_throttled_total",
            "Attempts to log in that were refused before anything was compared, by whose limit was reached (account, client).",
        );
        let counter = |limit| counters.with([("limit", limit)]);
        Self { account: counter("account"), client: counter("client") }
    }

    pub(crate) fn account(&self) {
        self.account.increment(1);
    }

    pub(crate) fn client(&self) {
        self.client.increment(1);
    }
}
