//! The questions that are under way: one for each token, however many wait for it, and not too many in all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::remembered::Verdict;
use crate::identity::digest::Digest;

pub(super) struct UnderWay {
    questions: Mutex<HashMap<Digest, Waiting>>,
    max: usize,
}

/// Where the verdict will be; it ends without one if the question was dropped.
pub(super) type Waiting = watch::Receiver<Option<Verdict>>;

pub(super) enum Entered {
    /// Somebody asks already.
    Joined(Waiting),
    /// The caller has to ask.
    First(Question, Waiting),
    /// As many questions as may be are under way.
    Full,
}

impl UnderWay {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { questions: Mutex::default(), max })
    }

    pub(super) fn enter(self: &Arc<Self>, token: Digest) -> Entered {
        let mut questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = questions.get(&token) {
            return Entered::Joined(waiting.clone());
        }
        if questions.len() >= self.max {
            return Entered::Full;
        }
        let (verdict, waiting) = watch::channel(None);
        questions.insert(token, waiting.clone());
        Entered::First(Question { token, verdict, under_way: Arc::clone(self) }, waiting)
    }
}

/// A question under way, until this is dropped: so one that ends by a panic, or with its runtime, blocks no later one.
pub(super) struct Question {
    token: Digest,
    verdict: watch::Sender<Option<Verdict>>,
    under_way: Arc<UnderWay>,
}

impl Question {
    pub(super) fn answer(self, verdict: Verdict) {
        self.verdict.send_replace(Some(verdict));
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.under_way.questions.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.token);
    }
}
