//! Nothing is timed.

use super::started::Started;

pub(crate) struct Checks;

impl Checks {
    pub(crate) const fn new() -> Self {
        Self
    }

    pub(crate) const fn passed(&self, _: Started) {}
}
