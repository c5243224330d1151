//! No events.

use std::fmt::Display;

pub(crate) const fn logged_in(_: &str, _: &str, _: &str) {}

pub(crate) const fn logged_out(_: &dyn Display) {}

pub(crate) const fn sessions_ended(_: &str, _: &str, _: Option<&str>, _: usize) {}
