//! No counts.

#[derive(Clone)]
pub(crate) struct Hashing;

impl Hashing {
    pub(crate) const fn new() -> Self {
        Self
    }

    pub(crate) const fn place(&self) -> Place {
        Place
    }
}

pub(crate) struct Place;

impl Place {
    pub(crate) const fn begins(self) -> Busy {
        Busy
    }
}

#[must_use]
pub(crate) struct Busy;
