//! Events that belong to no request: what the parts that run beside them met.

use std::error::Error;
use std::fmt::Display;

use crate::error::Severity;

/// Tells that `what` happened: a fixed text of ours, `about` a part that was configured (an address, an issuer, a key), and
/// the error behind it.
pub(crate) fn happened(
    severity: Severity,
    what: &'static str,
    about: &dyn Display,
    source: Option<&(dyn Error + 'static)>,
) {
    macro_rules! event {
        ($level:ident) => {
            tracing::event!(
                target: "portcullis",
                tracing::Level::$level,
                about = %about,
                source = source.map(tracing::field::display),
                "{what}"
            )
        };
    }
    match severity {
        Severity::Debug => event!(DEBUG),
        Severity::Info => event!(INFO),
        Severity::Error => event!(ERROR),
    }
}
