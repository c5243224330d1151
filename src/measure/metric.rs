//! Families of counters and of histograms, described to the recorder when they are made.

use metrics::{Counter, Histogram, Key, Label, Level, Metadata, Unit, with_recorder};

pub(super) struct Counters(&'static str);

impl Counters {
    pub(super) fn new(name: &'static str, help: &'static str) -> Self {
        with_recorder(|recorder| recorder.describe_counter(name.into(), Some(Unit::Count), help.into()));
        Self(name)
    }

    /// The one with these labels. It begins at zero, so that its first increment is seen.
    pub(super) fn with<const N: usize>(&self, labels: [(&'static str, &str); N]) -> Counter {
        with_recorder(|recorder| recorder.register_counter(&key(self.0, labels), &METADATA))
    }
}

/// Of seconds.
pub(super) struct Histograms(&'static str);

impl Histograms {
    pub(super) fn new(name: &'static str, help: &'static str) -> Self {
        with_recorder(|recorder| recorder.describe_histogram(name.into(), Some(Unit::Seconds), help.into()));
        Self(name)
    }

    pub(super) fn with<const N: usize>(&self, labels: [(&'static str, &str); N]) -> Histogram {
        with_recorder(|recorder| recorder.register_histogram(&key(self.0, labels), &METADATA))
    }
}

pub(super) fn key<const N: usize>(name: &'static str, labels: [(&'static str, &str); N]) -> Key {
    let labels: Vec<_> = labels.into_iter().map(|(name, value)| Label::new(name, value.to_owned())).collect();
    Key::from_parts(name, labels)
}

pub(super) static METADATA: Metadata<'static> = Metadata::new("portcullis", Level::INFO, Some("portcullis"));
