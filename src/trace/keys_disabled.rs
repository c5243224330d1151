//! No events.

use std::error::Error;
use std::time::Duration;

pub(crate) const fn keys_refreshed(_: &str, _: usize, _: Duration) {}

pub(crate) const fn keys_not_refreshed(_: &str, _: &(dyn Error + 'static), _: bool) {}

pub(crate) const fn key_skipped(_: &str, _: &str) {}

pub(crate) const fn key_removed(_: &str, _: Option<&str>, _: &str) {}
