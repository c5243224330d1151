//! Nothing is timed.

use std::future::Future;

pub(crate) struct Store;

impl Store {
    pub(crate) const fn new(_: &'static str, _: &[&'static str]) -> Self {
        Self
    }

    pub(crate) fn time<T, E, F: Future<Output = Result<T, E>>>(&self, _: &'static str, answer: F) -> F {
        answer
    }
}
