//! The last refusals, for operators: why each was made, without a secret.

use std::sync::Arc;

use portcullis::observe::{Decision, Finding, Observer, RecentRefusals};
use serde_json::{Value, json};

/// Shared by all layers, and by the gates that follow one another.
#[derive(Clone)]
pub(crate) struct Refusals(Arc<RecentRefusals>);

impl Refusals {
    /// Who is to be told of decisions.
    pub(crate) fn observer(&self) -> Arc<dyn Observer> {
        Arc::clone(&self.0) as _
    }

    /// The newest first.
    pub(crate) fn to_json(&self) -> Value {
        let refusals: Vec<_> = self.0.newest_first().iter().map(described).collect();
        json!({ "refusals": refusals })
    }
}

impl Default for Refusals {
    fn default() -> Self {
        Self(Arc::new(RecentRefusals::new(100)))
    }
}

fn described(decision: &Decision<'_>) -> Value {
    let tried = decision.schemes_tried().map(|(scheme, tried)| json!({"scheme": scheme, "result": tried.to_string()}));
    json!({
        "id": decision.id().to_string(),
        "at": decision.at().as_secs(),
        "method": decision.method(),
        "rule": decision.route(),
        "status": decision.status(),
        "reason": decision.outcome().code(),
        "stage": decision.stage().name(),
        "scheme": decision.scheme(),
        "schemes": tried.collect::<Vec<_>>(),
        "issuer": decision.issuer(),
        "subject": decision.subject(),
        "cause": decision.cause(),
        "findings": decision.findings().iter().map(found).collect::<Vec<_>>(),
        "hint": decision.hint(),
        "retry_after": decision.retry_after().map(|delay| delay.as_secs()),
        "source": decision.source().map(ToString::to_string),
    })
}

fn found(finding: &Finding) -> Value {
    json!({
        "about": finding.what(),
        "expected": finding.expectation(),
        "found": finding.presence(),
        "proven": finding.is_proven(),
    })
}
