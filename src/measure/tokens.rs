//! How long it takes to find a token genuine.

use metrics::Histogram;

use super::metric::Histograms;
use super::started::Started;

pub(crate) struct Checks(Histogram);

impl Checks {
    pub(crate) fn new() -> Self {
        let histograms = Histograms::new(
            "portcullis_token_check_seconds",
            "How long it took to check the signature and the claims of tokens that were genuine and not remembered.",
        );
        Self(histograms.with([]))
    }

    pub(crate) fn passed(&self, started: Started) {
        started.ended(&self.0);
    }
}
