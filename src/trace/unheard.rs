//! No events of the parts that run beside the requests.

use std::error::Error;
use std::fmt::Display;

use crate::error::Severity;

pub(crate) fn happened(_: Severity, _: &'static str, _: &dyn Display, _: Option<&(dyn Error + 'static)>) {}
