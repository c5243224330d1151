//! No counts.

use super::started::Started;
use crate::error::Reason;
use crate::observe::Stage;

pub(crate) struct Decisions;

impl Decisions {
    pub(crate) const fn new(_: &[&'static str]) -> Self {
        Self
    }

    pub(crate) const fn refused(&self, _: Reason, _: Stage, _: Option<usize>) {}

    pub(crate) const fn passed(&self, _: Stage, _: Option<usize>, _: bool) {}

    pub(crate) const fn waited(&self, _: usize, _: Started) {}
}
