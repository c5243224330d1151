//! The decision about one request.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use http::Response;
use http::request::Parts;

use super::evaluate::{Answer, Case, Failure, Truth, address};
use super::findings::{findings, hint};
use super::requirement::Requirement;
use crate::clock::Clock;
use crate::deferred::{Additions, Decide, Guarded, Passed};
use crate::error::Reason;
use crate::identity::{Identity, VerifyError};
use crate::observe::{Decision, Stage};
use crate::response::{Anonymous, Context, Rejection, Respond, Voice, answer, record};

/// All that a layer knows, shared by its services and futures.
#[derive(Clone)]
pub(super) struct Rule {
    pub(super) requirement: Requirement,
    pub(super) hidden: bool,
    pub(super) clock: Arc<dyn Clock>,
    /// Where not set, the responder of the layer outside answers.
    pub(super) respond: Option<Arc<dyn Respond>>,
}

/// What to do with a request, now.
pub(super) enum Verdict {
    Allow,
    Ask(Identity),
    Refuse(Rejection),
}

type Pending = Pin<Box<dyn Future<Output = (Result<(), Rejection>, Parts)> + Send>>;

/// A decision to come. The future owns the head meanwhile and gives it back.
pub(super) struct Deciding {
    rule: Arc<Rule>,
    decision: Pending,
}

impl Rule {
    pub(super) fn judge(&self, head: &Parts) -> Verdict {
        let Some(identity) = head.extensions.get::<Identity>() else {
            return Verdict::Refuse(match head.extensions.get::<Anonymous>() {
                Some(Anonymous(context)) => {
                    Rejection::new(Reason::Missing, &context.challenges, None).with_stage(Stage::Decide)
                }
                None => Rejection::forgotten_layer(),
            });
        };
        let Some(context) = identity.handed_on::<Context>() else {
            return Verdict::Refuse(Rejection::forgotten_layer());
        };
        let case = Case { identity, head, clock: &*self.clock, answers: &[] };
        let verdict = || match case.truth(&self.requirement) {
            Truth::Yes => Verdict::Allow,
            Truth::Open => Verdict::Ask(identity.clone()),
            Truth::No => Verdict::Refuse(self.refusal(&case, context)),
            Truth::Unable => Verdict::Refuse(unable(context, None)),
        };
        // Explaining a refusal asks policies again, so the refusal is made in here too.
        catch_unwind(AssertUnwindSafe(verdict)).unwrap_or_else(|_| Verdict::Refuse(panicked(context)))
    }

    /// Why the requirement is not met.
    fn refusal(&self, case: &Case<'_>, context: &Context) -> Rejection {
        let (failure, wanted) = case.explain(&self.requirement);
        let reason = match failure {
            Failure::Hidden => Reason::Hidden,
            Failure::Forbidden if self.hidden => Reason::Hidden,
            Failure::Forbidden => Reason::Forbidden,
            Failure::StepUp => Reason::StepUp,
        };
        let rejection = Rejection::new(reason, &context.challenges, context.used);
        let findings = findings(&wanted, case.identity, case.clock);
        let rejection = rejection.with_findings(Some(findings)).with_hint(hint(&wanted));
        // A hidden refusal that named a scope would not hide much.
        if reason == Reason::Hidden { rejection } else { rejection.with_wanted(wanted) }
    }

    /// Asks the policies that have to wait, one after the other, and no more of them than the verdict needs.
    async fn ask(&self, identity: &Identity, head: &Parts) -> Result<(), Rejection> {
        let Some(context) = identity.handed_on::<Context>() else { return Err(Rejection::forgotten_layer()) };
        let mut answers = Vec::new();
        let mut trouble = None;
        loop {
            let case = Case { identity, head, clock: &*self.clock, answers: &answers };
            match case.truth(&self.requirement) {
                Truth::Yes => return Ok(()),
                Truth::No => return Err(self.refusal(&case, context)),
                Truth::Unable => return Err(unable(context, trouble)),
                Truth::Open => {}
            }
            let Some(policy) = case.open_policy(&self.requirement) else { return Err(unable(context, trouble)) };
            let answer = match policy.decide(identity, head).await {
                Ok(decision) => Answer::Decided(decision),
                Err(error) => {
                    trouble = Some(Arc::from(error));
                    Answer::Unable
                }
            };
            answers.push((address(policy), answer));
        }
    }

    /// The answer to a refused request, by the responder that is nearest.
    pub(super) fn answer(&self, rejection: Rejection, head: Parts) -> Response<Bytes> {
        let identity = head.extensions.get::<Identity>().cloned();
        let outer = outside(&head).map(|context| Arc::clone(&context.voice));
        let outer = outer.as_deref().unwrap_or_else(|| Voice::of_nobody());
        let who = identity.as_ref().map(who);
        match &self.respond {
            Some(respond) => answer(rejection, &outer.with_respond(Arc::clone(respond)), who, head),
            None => answer(rejection, outer, who, head),
        }
    }

    /// Tells whoever listens that a request is let in.
    pub(super) fn tell_allowed(head: &Parts) {
        let Some(identity) = head.extensions.get::<Identity>() else { return };
        if let Some(context) = identity.handed_on::<Context>() {
            context.voice.tell_passed(Stage::Decide, context.used, Some(who(identity)), head);
        }
    }

    /// The record of the decision about a request with this head, which goes nowhere.
    pub(super) async fn explain(&self, head: &Parts) -> Decision<'static> {
        let refused = match self.judge(head) {
            Verdict::Allow => None,
            Verdict::Ask(identity) => match Guarded(Box::pin(self.ask(&identity, head))).await {
                Some(decision) => decision.err(),
                None => Some(panicked_over(&identity)),
            },
            Verdict::Refuse(rejection) => Some(rejection),
        };
        let context = outside(head);
        let voice = match context {
            Some(context) => &context.voice,
            None => Voice::of_nobody(),
        };
        let who = head.extensions.get::<Identity>().map(who);
        match refused {
            Some(rejection) => record::refused(&rejection, voice, who, head).into_owned(),
            None => {
                record::passed(Stage::Decide, voice, context.and_then(|context| context.used), who, head).into_owned()
            }
        }
    }
}

/// What the layer outside has left in the request, if there is one.
fn outside(head: &Parts) -> Option<&Context> {
    match (head.extensions.get::<Identity>(), head.extensions.get::<Anonymous>()) {
        (Some(identity), _) => identity.handed_on::<Context>(),
        (None, Some(Anonymous(context))) => Some(context),
        (None, None) => None,
    }
}

fn who(identity: &Identity) -> (&str, &str) {
    (identity.issuer(), identity.subject())
}

fn unable(context: &Context, source: Option<Arc<dyn Error + Send + Sync>>) -> Rejection {
    Rejection::new(Reason::Unavailable, &context.challenges, context.used)
        .with_stage(Stage::Decide)
        .with_cause(Some("a policy could not decide"))
        .with_retry_after(Some(VerifyError::DEFAULT_RETRY_AFTER))
        .with_source(source)
}

fn panicked(context: &Context) -> Rejection {
    Rejection::new(Reason::Misconfigured, &context.challenges, context.used)
        .with_stage(Stage::Decide)
        .with_cause(Some("a policy panicked"))
}

fn panicked_over(identity: &Identity) -> Rejection {
    identity.handed_on::<Context>().map_or_else(Rejection::forgotten_layer, panicked)
}

impl Deciding {
    pub(super) fn new(rule: Arc<Rule>, identity: Identity, head: Parts) -> Self {
        let asking = Arc::clone(&rule);
        // The one box on this path: a policy that waits does I/O, beside which an allocation is nothing.
        let decision = Box::pin(async move {
            let asked = Guarded(Box::pin(asking.ask(&identity, &head))).await;
            let decision = match asked {
                Some(decision) => decision,
                None => Err(panicked_over(&identity)),
            };
            (decision, head)
        });
        Self { rule, decision }
    }
}

impl Decide for Deciding {
    fn poll_decision(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<Passed, Response<Bytes>>> {
        let (decision, head) = ready!(self.decision.as_mut().poll(cx));
        Poll::Ready(match decision {
            Ok(()) => {
                Rule::tell_allowed(&head);
                Ok(Passed { head, additions: Additions::default() })
            }
            Err(rejection) => Err(self.rule.answer(rejection, head)),
        })
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("requirement", &self.requirement)
            .field("hidden", &self.hidden)
            .finish_non_exhaustive()
    }
}
