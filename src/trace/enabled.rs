//! One structured event per decision: of a refusal at the level that the table gives it, of all others at the lowest.

use crate::error::Severity;
use crate::observe::Decision;

/// `unlogged` is how many refusals for the same reason were not told since the last one.
pub(crate) fn refused(decision: &Decision<'_>, unlogged: u64) {
    macro_rules! event {
        ($level:ident) => {
            tracing::event!(
                target: "portcullis",
                tracing::Level::$level,
                id = %decision.id(),
                status = decision.status(),
                reason = decision.outcome().code(),
                stage = decision.stage().name(),
                method = decision.method(),
                route = decision.route(),
                scheme = decision.scheme(),
                issuer = decision.issuer(),
                subject = decision.subject(),
                cause = decision.cause(),
                findings = (!decision.findings().is_empty()).then(|| tracing::field::debug(Lines(decision))),
                hint = decision.hint(),
                source = decision.source().map(tracing::field::display),
                unlogged = (unlogged > 0).then_some(unlogged),
                "refused"
            )
        };
    }
    match decision.severity() {
        Severity::Debug => event!(DEBUG),
        Severity::Info => event!(INFO),
        Severity::Error => event!(ERROR),
    }
}

/// Whether somebody follows requests that are let in.
pub(crate) fn is_following() -> bool {
    tracing::enabled!(target: "portcullis", tracing::Level::TRACE)
}

pub(crate) fn passed(decision: &Decision<'_>) {
    tracing::trace!(
        target: "portcullis",
        id = %decision.id(),
        outcome = decision.outcome().code(),
        stage = decision.stage().name(),
        method = decision.method(),
        route = decision.route(),
        scheme = decision.scheme(),
        issuer = decision.issuer(),
        subject = decision.subject(),
        "let in"
    );
}

/// The findings as people read them.
struct Lines<'a>(&'a Decision<'a>);

impl std::fmt::Debug for Lines<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.findings().iter().map(format_args_of)).finish()
    }
}

/// Without quotes around, since a finding has its own.
fn format_args_of(finding: &crate::observe::Finding) -> impl std::fmt::Debug {
    tracing::field::display(finding)
}
