//! No counts.

use crate::clock::UnixTime;

pub(crate) struct Keys;

impl Keys {
    pub(crate) const fn of(_: &str) -> Self {
        Self
    }

    pub(crate) const fn refreshed(&self, _: usize, _: UnixTime) {}

    pub(crate) const fn not_refreshed(&self) {}
}
