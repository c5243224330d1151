//! Families of gauges, described to the recorder when they are made.

use metrics::{Gauge, Unit, with_recorder};

use super::metric::{METADATA, key};

pub(super) struct Gauges(&'static str);

impl Gauges {
    pub(super) fn new(name: &'static str, unit: Unit, help: &'static str) -> Self {
        with_recorder(|recorder| recorder.describe_gauge(name.into(), Some(unit), help.into()));
        Self(name)
    }

    pub(super) fn with<const N: usize>(&self, labels: [(&'static str, &str); N]) -> Gauge {
        with_recorder(|recorder| recorder.register_gauge(&key(self.0, labels), &METADATA))
    }
}
