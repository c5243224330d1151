//! What a layer decides, and how long verdicts took that had to be waited for.

use std::sync::OnceLock;

use metrics::{Counter, Histogram};

use super::metric::{Counters, Histograms};
use super::started::Started;
use crate::error::Reason;
use crate::observe::{Outcome, Stage};

/// The counts of one layer. Layers with schemes of the same names share them.
pub(crate) struct Decisions {
    counters: Counters,
    /// In the order of the layer; the last stands for no scheme.
    schemes: Box<[Scheme]>,
}

struct Scheme {
    name: &'static str,
    /// Those that are to be expected are there from the beginning.
    counts: [[OnceLock<Counter>; STAGES]; OUTCOMES],
    waits: Histogram,
}

impl Decisions {
    pub(crate) fn new(schemes: &[&'static str]) -> Self {
        let counters = Counters::new(
            "portcullis_decisions_total",
            "Decisions about requests, by the scheme whose credential was judged, the outcome (passed, anonymous, or the reason \
             of the refusal) and the stage that decided.",
        );
        let waits = Histograms::new(
            "portcullis_verification_seconds",
            "How long verdicts about credentials took that were not at hand.",
        );
        let scheme = |name| Scheme { name, counts: Default::default(), waits: waits.with([("scheme", name)]) };
        let schemes: Box<[_]> = schemes.iter().copied().chain([NONE]).map(scheme).collect();
        let decisions = Self { counters, schemes };
        for (index, scheme) in decisions.schemes.iter().enumerate() {
            let is_none = index + 1 == decisions.schemes.len();
            for (outcome, stage) in if is_none { expected_without() } else { expected_with() } {
                decisions.counter(scheme, outcome, stage);
            }
        }
        decisions
    }

    pub(crate) fn refused(&self, reason: Reason, stage: Stage, used: Option<usize>) {
        self.count(Outcome::Refused(reason), stage, used);
    }

    pub(crate) fn passed(&self, stage: Stage, used: Option<usize>, is_known: bool) {
        self.count(if is_known { Outcome::Passed } else { Outcome::Anonymous }, stage, used);
    }

    /// A verdict is there that was waited for.
    pub(crate) fn waited(&self, used: usize, started: Started) {
        if let Some(scheme) = self.scheme(Some(used)) {
            started.ended(&scheme.waits);
        }
    }

    fn count(&self, outcome: Outcome, stage: Stage, used: Option<usize>) {
        if let Some(counter) = self.scheme(used).and_then(|scheme| self.counter(scheme, outcome, stage)) {
            counter.increment(1);
        }
    }

    fn scheme(&self, used: Option<usize>) -> Option<&Scheme> {
        used.and_then(|used| self.schemes.get(used)).or_else(|| self.schemes.last())
    }

    fn counter<'s>(&self, scheme: &'s Scheme, outcome: Outcome, stage: Stage) -> Option<&'s Counter> {
        let place = match outcome {
            Outcome::Refused(reason) => reason as usize,
            Outcome::Passed => Reason::ALL.len(),
            Outcome::Anonymous => Reason::ALL.len() + 1,
        };
        let counter = scheme.counts.get(place)?.get(stage as usize)?;
        Some(counter.get_or_init(|| {
            self.counters.with([("scheme", scheme.name), ("outcome", outcome.code()), ("stage", stage.name())])
        }))
    }
}

/// What may come of credentials.
fn expected_with() -> Vec<(Outcome, Stage)> {
    let reasons = Reason::ALL.into_iter().filter(|reason| *reason != Reason::Missing);
    let refusals = reasons.map(|reason| (Outcome::Refused(reason), Stage::of(reason)));
    refusals.chain([(Outcome::Passed, Stage::Verify), (Outcome::Passed, Stage::Decide)]).collect()
}

/// What may come of a request without any.
fn expected_without() -> Vec<(Outcome, Stage)> {
    vec![
        (Outcome::Anonymous, Stage::Verify),
        (Outcome::Refused(Reason::Missing), Stage::Extract),
        (Outcome::Refused(Reason::Missing), Stage::Decide),
        (Outcome::Refused(Reason::Ambiguous), Stage::Extract),
        (Outcome::Refused(Reason::Malformed), Stage::Extract),
    ]
}

/// No scheme has this name: they begin with a capital letter.
const NONE: &str = "none";
const OUTCOMES: usize = Reason::ALL.len() + 2;
const STAGES: usize = Stage::Decide as usize + 1;
