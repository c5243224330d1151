//! What came of each scheme.

use std::fmt;

use super::decision::{Outcome, Stage};
use crate::error::Reason;

/// What came of one scheme of a layer.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Tried {
    /// The request has no credential of it.
    NotPresented,
    /// Its credential was found, and is good.
    Accepted,
    /// Its credential was found, and refused.
    Refused,
    /// Not asked, since another one had decided.
    NotAsked,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotPresented => "no credential was presented",
            Self::Accepted => "the credential was accepted",
            Self::Refused => "the credential was refused",
            Self::NotAsked => "not asked",
        })
    }
}

/// `schemes` are in the order in which they are asked; `used` is the one whose credential was judged.
pub(super) fn schemes_tried(
    schemes: &[&'static str],
    used: Option<usize>,
    outcome: Outcome,
    stage: Stage,
) -> impl Iterator<Item = (&'static str, Tried)> {
    // Two credentials end a request before any scheme is asked.
    let nobody_asked = outcome == Outcome::Refused(Reason::Ambiguous);
    schemes.iter().enumerate().map(move |(index, scheme)| {
        let tried = match used {
            Some(used) if index == used && (outcome == Outcome::Passed || stage == Stage::Decide) => Tried::Accepted,
            Some(used) if index == used => Tried::Refused,
            _ if nobody_asked => Tried::NotAsked,
            Some(used) if index > used => Tried::NotAsked,
            Some(_) | None => Tried::NotPresented,
        };
        (*scheme, tried)
    })
}
