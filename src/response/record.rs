//! From a rejection, or a request that is let in, to the record of the decision.

use std::borrow::Cow;

use http::request::Parts;

use super::rejection::Rejection;
use super::route;
use super::table::Wire;
use super::voice::Voice;
use crate::clock::{Clock, SystemClock};
use crate::error::Severity;
use crate::observe::{Decision, DecisionId, Outcome, Stage};
use crate::trace;

/// Issuer and subject of an identity that is proven.
pub(crate) type Who<'a> = Option<(&'a str, &'a str)>;

/// The record of a refusal.
pub(crate) fn refused<'a>(rejection: &'a Rejection, voice: &'a Voice, who: Who<'a>, head: &'a Parts) -> Decision<'a> {
    let Wire { status, severity, title, detail, .. } = rejection.wire();
    Decision {
        id: rejection.id(),
        outcome: Outcome::Refused(rejection.reason()),
        stage: rejection.stage(),
        status: Some(status.as_u16()),
        severity,
        cause: rejection.cause(),
        hint: rejection.hint(),
        findings: Cow::Borrowed(rejection.findings()),
        retry_after: rejection.retry_after(),
        told: Some((title, detail)),
        source: rejection.shared_source(),
        ..blank(voice, rejection.used(), who, head)
    }
}

/// The record of a request that goes on; without `who`, anonymously.
pub(crate) fn passed<'a>(
    stage: Stage,
    voice: &'a Voice,
    used: Option<usize>,
    who: Who<'a>,
    head: &'a Parts,
) -> Decision<'a> {
    let outcome = if who.is_some() { Outcome::Passed } else { Outcome::Anonymous };
    Decision { outcome, stage, ..blank(voice, used, who, head) }
}

fn blank<'a>(voice: &'a Voice, used: Option<usize>, who: Who<'a>, head: &'a Parts) -> Decision<'a> {
    Decision {
        id: DecisionId::next(),
        at: SystemClock.now(),
        outcome: Outcome::Passed,
        stage: Stage::Verify,
        status: None,
        severity: Severity::Debug,
        method: Cow::Borrowed(method(head)),
        route: route(&head.extensions).map(Cow::Borrowed),
        schemes: Cow::Borrowed(&voice.schemes),
        used,
        subject: who.map(|(issuer, subject)| (Cow::Borrowed(issuer), Cow::Borrowed(subject))),
        cause: None,
        hint: None,
        findings: Cow::Borrowed(&[]),
        retry_after: None,
        told: None,
        source: None,
    }
}

/// The method, which a client may make up as long as it likes: a line of the log stays short.
fn method(head: &Parts) -> &str {
    match head.method.as_str() {
        method if method.len() <= 24 => method,
        _ => "(a long method)",
    }
}

impl Voice {
    /// Tells whoever listens that a request is refused.
    pub(super) fn tell_refused(&self, rejection: &Rejection, who: Who<'_>, head: &Parts) {
        self.decisions.refused(rejection.reason(), rejection.stage(), rejection.used());
        let logged = self.sampling.admit(rejection.reason());
        if logged.is_none() && self.listener.is_deaf() {
            return;
        }
        let decision = refused(rejection, self, who, head);
        if let Some(unlogged) = logged {
            trace::refused(&decision, unlogged);
        }
        self.listener.decided(&decision);
    }

    /// Tells whoever listens that a request is let in. Costs next to nothing where nobody does.
    pub(crate) fn tell_passed(&self, stage: Stage, used: Option<usize>, who: Who<'_>, head: &Parts) {
        self.decisions.passed(stage, used, who.is_some());
        let is_followed = trace::is_following();
        if !is_followed && self.listener.is_deaf() {
            return;
        }
        let decision = passed(stage, self, used, who, head);
        if is_followed {
            trace::passed(&decision);
        }
        self.listener.decided(&decision);
    }
}
