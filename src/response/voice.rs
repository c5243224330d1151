//! How refusals are answered, and who hears of them.

use std::fmt;
use std::sync::{Arc, LazyLock};

use super::browsers::Browsers;
use super::grpc::Grpcs;
use super::problem::Problem;
use super::respond::Respond;
use crate::measure::Decisions;
use crate::observe::Listener;
use crate::trace::Sampling;

/// What a layer and those further in share: they speak with one voice.
#[derive(Clone)]
pub(crate) struct Voice {
    pub(crate) respond: Arc<dyn Respond>,
    pub(crate) grpc: Grpcs,
    pub(crate) listener: Listener,
    pub(crate) sampling: Arc<Sampling>,
    pub(crate) browsers: Browsers,
    pub(crate) decisions: Arc<Decisions>,
    /// The names of the layer's schemes, in the order in which they are asked.
    pub(crate) schemes: Arc<[&'static str]>,
}

impl Voice {
    /// How many refusals of one reason are logged in a second, unless somebody says otherwise.
    pub(crate) const DEFAULT_LOGGED_PER_SECOND: u32 = 20;

    /// As a layer answers for which nothing was chosen.
    pub(crate) fn new(respond: Arc<dyn Respond>) -> Self {
        Self {
            respond,
            grpc: Grpcs::AS_OTHERS,
            listener: Listener::default(),
            sampling: Arc::new(Sampling::new(Self::DEFAULT_LOGGED_PER_SECOND)),
            browsers: Browsers::default(),
            decisions: Arc::new(Decisions::new(&[])),
            schemes: Arc::default(),
        }
    }

    /// Where there is no layer that could have said how.
    pub(crate) fn of_nobody() -> &'static Self {
        static NOBODY: LazyLock<Voice> = LazyLock::new(|| Voice::new(Arc::new(Problem)));
        &NOBODY
    }

    /// The same with another choice of bodies.
    pub(crate) fn with_respond(&self, respond: Arc<dyn Respond>) -> Self {
        Self { respond, ..self.clone() }
    }
}

impl fmt::Debug for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Voice")
            .field("grpc", &self.grpc)
            .field("listener", &self.listener)
            .field("sampling", &self.sampling)
            .finish_non_exhaustive()
    }
}
