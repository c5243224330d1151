//! No events.

use super::Refusal;

pub(crate) const fn refused(_: &Refusal<'_>) {}
