//! No counts.

pub(crate) struct Lookups;

impl Lookups {
    pub(crate) const fn new(_: &'static str, _: bool) -> Self {
        Self
    }

    pub(crate) const fn hit(&self) {}

    pub(crate) const fn missed(&self) {}
}
