//! What a layer leaves in an accepted request for refusals further in.

use std::fmt;
use std::sync::Arc;

use super::challenges::ChallengeSet;
use super::voice::Voice;

/// What a step-up or a missing permission needs further in: it must repeat the challenges and speak with the same voice.
pub(crate) struct Context {
    pub(crate) challenges: Arc<ChallengeSet>,
    /// The scheme that carried the accepted credential.
    pub(crate) used: Option<usize>,
    pub(crate) voice: Arc<Voice>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("used", &self.used).finish_non_exhaustive()
    }
}

/// Marks a request that was let in without credentials. Not an identity, and satisfies no requirement.
#[derive(Clone, Debug)]
pub(crate) struct Anonymous(pub(crate) Arc<Context>);
