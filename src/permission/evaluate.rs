//! Judging a requirement: allocates nothing where the answer is yes.

use http::request::Parts;

use super::policy::{Decision, ErasedPolicy};
use super::requirement::{Kind, Requirement};
use crate::clock::Clock;
use crate::identity::Identity;
use crate::response::Wanted;

/// What is known of a requirement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Truth {
    No,
    /// A policy has to be asked.
    Open,
    /// A policy was asked and could not tell.
    Unable,
    Yes,
}

/// Why it is not met; a later one outweighs an earlier one where all parts are required.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Failure {
    StepUp,
    Forbidden,
    Hidden,
}

/// What a policy that was asked has said.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Decided(Decision),
    Unable,
}

/// The request under judgement, and the answers of the policies that had to be asked, in the order they were met.
pub(super) struct Case<'a> {
    pub(super) identity: &'a Identity,
    pub(super) head: &'a Parts,
    pub(super) clock: &'a dyn Clock,
    pub(super) answers: &'a [(usize, Answer)],
}

impl Case<'_> {
    pub(super) fn truth(&self, requirement: &Requirement) -> Truth {
        let yes_if = |met: bool| if met { Truth::Yes } else { Truth::No };
        match &requirement.0 {
            Kind::Acr(values) => {
                yes_if(self.identity.acr().is_some_and(|own| values.iter().any(|value| **value == *own)))
            }
            // The first part that says no decides; then what is open must be asked before what is broken is reported.
            Kind::All(parts) => self.strongest(parts, [Truth::No, Truth::Open, Truth::Unable]).unwrap_or(Truth::Yes),
            Kind::Any(parts) => self.strongest(parts, [Truth::Yes, Truth::Open, Truth::Unable]).unwrap_or(Truth::No),
            Kind::Authenticated => Truth::Yes,
            Kind::ByPath(paths) => paths.required(self.head).map_or(Truth::No, |part| self.truth(part)),
            Kind::MaxAge(age) => yes_if(self.identity.auth_time().is_fresh(self.clock.now(), *age)),
            Kind::Policy(policy) => match self.answer(&**policy) {
                None => Truth::Open,
                Some(Answer::Unable) => Truth::Unable,
                Some(Answer::Decided(decision)) => yes_if(decision == Decision::Allow),
            },
            Kind::Role(name) => yes_if(self.identity.roles().contains(name)),
            Kind::Scope(name) => yes_if(self.identity.scopes().contains(name)),
        }
    }

    /// The first of `order` that any part has; a part with `order[0]` ends the search.
    fn strongest(&self, parts: &[Requirement], order: [Truth; 3]) -> Option<Truth> {
        let mut best = order.len();
        for part in parts {
            let truth = self.truth(part);
            if let Some(rank) = order.iter().position(|other| *other == truth) {
                best = best.min(rank);
            }
            if best == 0 {
                break;
            }
        }
        order.get(best).copied()
    }

    fn answer(&self, policy: &dyn ErasedPolicy) -> Option<Answer> {
        let asked = self.answers.iter().find(|(who, _)| *who == address(policy)).map(|(_, answer)| *answer);
        asked.or_else(|| policy.decide_now(self.identity, self.head).map(Answer::Decided))
    }

    /// The first policy whose answer the verdict needs.
    pub(super) fn open_policy<'r>(&self, requirement: &'r Requirement) -> Option<&'r dyn ErasedPolicy> {
        match &requirement.0 {
            Kind::All(parts) | Kind::Any(parts) => {
                parts.iter().filter(|part| self.truth(part) == Truth::Open).find_map(|part| self.open_policy(part))
            }
            Kind::ByPath(paths) => self.open_policy(paths.required(self.head)?),
            Kind::Policy(policy) if self.answer(&**policy).is_none() => Some(&**policy),
            Kind::Acr(_) | Kind::Authenticated | Kind::MaxAge(_) | Kind::Policy(_) | Kind::Role(_) | Kind::Scope(_) => {
                None
            }
        }
    }

    /// Why a requirement whose truth is no is not met, and what is wanted.
    pub(super) fn explain(&self, requirement: &Requirement) -> (Failure, Wanted) {
        let failure = self.failure(requirement).unwrap_or(Failure::Forbidden);
        let mut wanted = Wanted::default();
        self.collect(requirement, failure, &mut wanted);
        (failure, wanted)
    }

    fn failure(&self, requirement: &Requirement) -> Option<Failure> {
        if self.truth(requirement) != Truth::No {
            return None;
        }
        match &requirement.0 {
            Kind::All(parts) => parts.iter().filter_map(|part| self.failure(part)).max(),
            // Whatever the client can do about it by itself comes first.
            Kind::Any(parts) => parts.iter().filter_map(|part| self.failure(part)).min(),
            Kind::Acr(_) | Kind::MaxAge(_) => Some(Failure::StepUp),
            Kind::ByPath(paths) => match paths.required(self.head) {
                Some(part) => self.failure(part),
                None => Some(Failure::Forbidden),
            },
            Kind::Policy(policy) => match self.answer(&**policy) {
                Some(Answer::Decided(Decision::Hide)) => Some(Failure::Hidden),
                _ => Some(Failure::Forbidden),
            },
            Kind::Authenticated | Kind::Role(_) | Kind::Scope(_) => Some(Failure::Forbidden),
        }
    }

    /// Gathers what the parts that fail in this way ask for.
    fn collect(&self, requirement: &Requirement, failure: Failure, wanted: &mut Wanted) {
        if self.failure(requirement) != Some(failure) {
            return;
        }
        match &requirement.0 {
            Kind::All(parts) | Kind::Any(parts) => parts.iter().for_each(|part| self.collect(part, failure, wanted)),
            Kind::Acr(values) => values.iter().for_each(|value| wanted.acr_values.push_new(value)),
            Kind::ByPath(paths) => {
                if let Some(part) = paths.required(self.head) {
                    self.collect(part, failure, wanted);
                }
            }
            Kind::MaxAge(age) => wanted.max_age = Some(wanted.max_age.map_or(*age, |other| other.min(*age))),
            Kind::Role(name) => wanted.roles.push_new(name),
            Kind::Scope(name) => wanted.scopes.push_new(name),
            Kind::Authenticated | Kind::Policy(_) => {}
        }
    }
}

/// Two requirements may share one policy; it is then asked once.
pub(super) fn address(policy: &dyn ErasedPolicy) -> usize {
    std::ptr::from_ref(policy).cast::<()>().addr()
}
