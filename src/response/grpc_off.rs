//! Without the feature, gRPC is answered as everything else is.

use http::StatusCode;
use http::request::Parts;

use super::rejection::Rejection;
use super::respond::Reply;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Grpcs;

impl Grpcs {
    pub(crate) const AS_OTHERS: Self = Self;

    pub(super) const fn answer(self, _: &Rejection, _: &Parts) -> Option<(StatusCode, Reply)> {
        None
    }
}
