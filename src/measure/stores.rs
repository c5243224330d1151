//! How long stores take to answer.

use std::future::Future;

use metrics::Histogram;

use super::metric::Histograms;
use super::started::Started;

/// One store, and what it is asked.
pub(crate) struct Store(Box<[Operation]>);

struct Operation {
    name: &'static str,
    ok: Histogram,
    error: Histogram,
}

impl Store {
    pub(crate) fn new(store: &'static str, operations: &[&'static str]) -> Self {
        let histograms = Histograms::new(
            "portcullis_store_seconds",
            "How long a store took, by the store (sessions, throttle, revocations), what it was asked and whether it answered \
             (ok, error).",
        );
        let operation = |name: &&'static str| {
            let with = |result| histograms.with([("store", store), ("operation", *name), ("result", result)]);
            Operation { name, ok: with("ok"), error: with("error") }
        };
        Self(operations.iter().map(operation).collect())
    }

    /// Times `answer`, which is what it says to one of its operations. Who leaves before it is there is not counted.
    pub(crate) async fn time<T, E>(
        &self,
        operation: &'static str,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let started = Started::now();
        let answer = answer.await;
        if let Some(operation) = self.0.iter().find(|known| known.name == operation) {
            started.ended(if answer.is_ok() { &operation.ok } else { &operation.error });
        }
        answer
    }
}
