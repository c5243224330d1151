//! One structured event per refusal, at the level the table gives it.

use super::Refusal;
use crate::error::Severity;

pub(crate) fn refused(refusal: &Refusal<'_>) {
    macro_rules! event {
        ($level:ident) => {
            tracing::event!(
                target: "portcullis",
                tracing::Level::$level,
                id = %refusal.id,
                status = refusal.status,
                reason = refusal.reason,
                cause = refusal.cause,
                missing_scopes = refusal.missing_scopes.map(tracing::field::debug),
                missing_roles = refusal.missing_roles.map(tracing::field::debug),
                source = refusal.source.map(tracing::field::display),
                "refused"
            )
        };
    }
    match refusal.severity {
        Severity::Debug => event!(DEBUG),
        Severity::Info => event!(INFO),
        Severity::Error => event!(ERROR),
    }
}
