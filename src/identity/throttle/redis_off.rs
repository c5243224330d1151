//! Nothing is counted together.

use super::count::Rules;
use super::local::Keys;
use super::locked::{Locks, Refused};
use super::permit::Permit;
use super::throttle::Throttle;
use crate::error::ConfigFault;
use crate::observe::Listener;

pub(super) enum Settings {}

impl Settings {
    pub(super) const fn fault(&self) -> Option<ConfigFault> {
        match *self {}
    }

    pub(super) fn open(self, _: Rules, _: Rules, _: Listener) -> Option<Together> {
        match self {}
    }
}

pub(super) enum Together {}

impl Together {
    pub(super) async fn admit(&self, _: Permit) -> Result<Permit, Refused> {
        match *self {}
    }

    pub(super) async fn fail(&self, _: Keys) -> Option<Locks> {
        match *self {}
    }

    pub(super) async fn release(&self, _: Keys) {
        match *self {}
    }

    pub(super) fn abandon_later(&self, _: Throttle, _: Keys) {
        match *self {}
    }
}
