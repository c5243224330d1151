//! Nothing is counted together.

use std::time::Duration;

use super::count::Rules;
use super::local::Keys;
use super::permit::Permit;
use crate::error::ConfigFault;

pub(super) enum Settings {}

impl Settings {
    pub(super) const fn fault(&self) -> Option<ConfigFault> {
        match *self {}
    }

    pub(super) const fn open(self, _: Rules, _: Rules) -> Option<Together> {
        match self {}
    }
}

pub(super) enum Together {}

impl Together {
    pub(super) async fn admit(&self, _: Permit) -> Result<Permit, Duration> {
        match *self {}
    }

    pub(super) async fn fail(&self, _: Keys) {
        match *self {}
    }

    pub(super) async fn release(&self, _: Keys) {
        match *self {}
    }

    pub(super) fn abandon_later(&self, _: Keys) {
        match *self {}
    }
}
