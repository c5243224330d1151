//! No backend: every key is refused when it is loaded, with the remedy.

use std::convert::Infallible;

use super::Check;
use crate::identity::jwt::algorithm::{Curve, Hash, Padding};
use crate::identity::jwt::json::Cause;

pub(in crate::identity::jwt) const OBSTACLE: Option<Cause> = Some(NO_BACKEND);

pub(in crate::identity::jwt) struct PublicKey(Infallible);

impl PublicKey {
    pub(in crate::identity::jwt) fn ec(_: Curve, _: &[u8]) -> Result<Self, Cause> {
        Err(NO_BACKEND)
    }

    pub(in crate::identity::jwt) fn ed25519(_: &[u8; 32]) -> Result<Self, Cause> {
        Err(NO_BACKEND)
    }

    pub(in crate::identity::jwt) fn rsa(_: Padding, _: Hash, _: &[u8], _: &[u8]) -> Result<Self, Cause> {
        Err(NO_BACKEND)
    }
}

impl Check for PublicKey {
    fn accepts(&self, _: &[u8], _: &[u8]) -> bool {
        match self.0 {}
    }
}

pub(in crate::identity::jwt) struct MacKey(Infallible);

impl MacKey {
    pub(in crate::identity::jwt) fn new(_: Hash, _: &[u8]) -> Result<Self, Cause> {
        Err(NO_BACKEND)
    }
}

impl Check for MacKey {
    fn accepts(&self, _: &[u8], _: &[u8]) -> bool {
        match self.0 {}
    }
}

const NO_BACKEND: Cause =
    "nothing can check signatures: turn on the feature `aws-lc-rs` or `rust-crypto` of portcullis";
