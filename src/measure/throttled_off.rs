//! No counts.

pub(crate) struct Throttled;

impl Throttled {
    pub(crate) const fn new() -> Self {
        Self
    }

    pub(crate) const fn account(&self) {}

    pub(crate) const fn client(&self) {}
}
