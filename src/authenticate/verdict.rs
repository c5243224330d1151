//! The decision: a plain function of the request's head, testable without a runtime.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, COOKIE, ORIGIN, PROXY_AUTHORIZATION};
use http::request::Parts;
use http::{HeaderValue, Method};

use super::scheme::{Attempt, Scheme};
use crate::credentials::Authorization;
use crate::error::{ConfigError, ConfigFault, Reason};
use crate::identity::{Identity, VerifyError};
use crate::response::{Anonymous, ChallengeSet, Context, Rejection, Respond};

/// All that a layer knows, shared by its services and futures.
pub(super) struct Judge {
    schemes: Box<[Entry]>,
    challenges: Arc<ChallengeSet>,
    pub(super) respond: Arc<dyn Respond>,
    allow_anonymous: bool,
    allow_cors_preflight: bool,
    /// What anonymous requests carry on.
    anonymous: Arc<Context>,
}

struct Entry {
    scheme: Arc<dyn Scheme>,
    name: &'static str,
    /// What requests accepted by this scheme carry on; made once, so that handing on is a reference count.
    context: Arc<dyn Any + Send + Sync>,
    forget: Option<HeaderValue>,
}

/// What to do with a request, now.
pub(super) enum Verdict {
    Settled(Settled),
    Wait(Waiting),
}

/// What to do with a request.
pub(super) enum Settled {
    Pass(Pass),
    Refuse(Rejection),
}

/// What an accepted request carries on.
pub(super) struct Pass {
    /// `None` for the anonymous.
    pub(super) identity: Option<Identity>,
    /// A `Set-Cookie` value for the response: the browser's session is over.
    pub(super) forget: Option<HeaderValue>,
}

/// A verdict to come.
pub(super) struct Waiting {
    verdict: Pin<Box<dyn Future<Output = Result<Identity, VerifyError>> + Send>>,
    used: usize,
    ambient: bool,
}

impl Judge {
    pub(super) fn new(
        schemes: Vec<Arc<dyn Scheme>>,
        respond: Arc<dyn Respond>,
        allow_anonymous: bool,
        allow_cors_preflight: bool,
    ) -> Result<Self, ConfigError> {
        if schemes.is_empty() {
            return Err(ConfigFault::new("schemes", "there are none, so nobody could ever get in; add one").into());
        }
        let challenges = Arc::new(ChallengeSet::new(
            schemes.iter().map(|scheme| (scheme.challenge(), scheme.explains())),
            schemes.iter().flat_map(|scheme| scheme.reads().iter().copied()),
        )?);
        let context =
            |used| Arc::new(Context { challenges: Arc::clone(&challenges), used, respond: Arc::clone(&respond) });
        let entries = schemes.into_iter().enumerate().map(|(index, scheme)| Entry {
            name: scheme.challenge().scheme(),
            forget: scheme.forget(),
            context: context(Some(index)),
            scheme,
        });
        let schemes = entries.collect();
        let anonymous = context(None);
        Ok(Self { schemes, challenges, respond, allow_anonymous, allow_cors_preflight, anonymous })
    }

    /// Judges a request; a panic of a verifier becomes a refusal.
    pub(super) fn judge(&self, head: &Parts) -> Verdict {
        catch_unwind(AssertUnwindSafe(|| self.decide(head))).unwrap_or_else(|_| Verdict::Settled(self.panicked(None)))
    }

    fn decide(&self, head: &Parts) -> Verdict {
        if self.allow_cors_preflight && is_cors_preflight(head) {
            return Verdict::Settled(Settled::Pass(Pass { identity: None, forget: None }));
        }
        let mut fields = head.headers.get_all(AUTHORIZATION).iter();
        let field = fields.next();
        if fields.next().is_some() {
            return Verdict::Settled(self.refuse(Reason::Ambiguous, self.named_by_any_field(head)));
        }
        for (index, entry) in self.schemes.iter().enumerate() {
            match entry.scheme.authenticate(head) {
                Attempt::NotPresented => {}
                Attempt::Ready(verdict) => return Verdict::Settled(self.conclude(verdict, index, false)),
                Attempt::Pending(verdict) => return Verdict::Wait(Waiting { verdict, used: index, ambient: false }),
            }
        }
        match field {
            // A field of a scheme that is not ours counts as nothing sent; one that names no scheme is a mistake.
            Some(value) if Authorization::parse(value).is_err() => {
                Verdict::Settled(self.refuse(Reason::Malformed, None))
            }
            Some(_) => Verdict::Settled(self.absent(None)),
            None => self.decide_ambient(head),
        }
    }

    fn decide_ambient(&self, head: &Parts) -> Verdict {
        let mut forget = None;
        for (index, entry) in self.schemes.iter().enumerate() {
            match entry.scheme.authenticate_ambient(head) {
                Attempt::NotPresented => {}
                Attempt::Ready(Err(error)) if self.is_stale(&error) => forget.clone_from(&entry.forget),
                Attempt::Ready(verdict) => return Verdict::Settled(self.conclude(verdict, index, true)),
                Attempt::Pending(verdict) => return Verdict::Wait(Waiting { verdict, used: index, ambient: true }),
            }
        }
        Verdict::Settled(self.absent(forget))
    }

    /// Nothing was presented.
    fn absent(&self, forget: Option<HeaderValue>) -> Settled {
        if self.allow_anonymous {
            Settled::Pass(Pass { identity: None, forget })
        } else {
            self.refuse(Reason::Missing, None)
        }
    }

    /// Turns a verifier's verdict into ours.
    fn conclude(&self, verdict: Result<Identity, VerifyError>, used: usize, ambient: bool) -> Settled {
        match verdict {
            Ok(mut identity) => {
                if let Some(entry) = self.schemes.get(used) {
                    identity.hand_on(entry.name, Arc::clone(&entry.context));
                }
                Settled::Pass(Pass { identity: Some(identity), forget: None })
            }
            Err(error) if ambient && self.is_stale(&error) => {
                self.absent(self.schemes.get(used).and_then(|entry| entry.forget.clone()))
            }
            Err(error) => Settled::Refuse(
                Rejection::new(error.reason(), &self.challenges, Some(used))
                    .with_cause(error.cause())
                    .with_retry_after(error.retry_after())
                    .with_source(error.shared_source()),
            ),
        }
    }

    /// A browser cannot help sending a cookie whose session is over: where anonymous callers are welcome it counts as
    /// none sent.
    const fn is_stale(&self, error: &VerifyError) -> bool {
        self.allow_anonymous && matches!(error.reason(), Reason::Expired | Reason::Invalid | Reason::Malformed)
    }

    fn refuse(&self, reason: Reason, used: Option<usize>) -> Settled {
        Settled::Refuse(Rejection::new(reason, &self.challenges, used))
    }

    fn panicked(&self, used: Option<usize>) -> Settled {
        let rejection = Rejection::new(Reason::Misconfigured, &self.challenges, used);
        Settled::Refuse(rejection.with_cause(Some("the verifier panicked")))
    }

    /// The first of our schemes that one of several `Authorization` fields names; one that explains itself comes first.
    fn named_by_any_field(&self, head: &Parts) -> Option<usize> {
        let named = |entry: &Entry| {
            let fields = head.headers.get_all(AUTHORIZATION).iter();
            fields.filter_map(|value| Authorization::parse(value).ok()).any(|field| field.is(entry.name))
        };
        let explaining = self.schemes.iter().position(|entry| entry.scheme.explains() && named(entry));
        explaining.or_else(|| self.schemes.iter().position(named))
    }

    /// Writes the outcome into the head that the inner service will see.
    pub(super) fn hand_on(&self, identity: Option<Identity>, head: &mut Parts) {
        for (name, value) in &mut head.headers {
            if name == AUTHORIZATION || name == COOKIE || name == PROXY_AUTHORIZATION {
                value.set_sensitive(true);
            }
        }
        match identity {
            Some(identity) => {
                head.extensions.insert(identity);
            }
            None => {
                // An identity from a layer of ours further out stands; any other was planted.
                let outer = head.extensions.get::<Identity>().map(|outer| outer.handed_on::<Context>().is_some());
                if outer == Some(false) {
                    head.extensions.remove::<Identity>();
                }
                if outer != Some(true) {
                    head.extensions.insert(Anonymous(Arc::clone(&self.anonymous)));
                }
            }
        }
    }
}

impl Waiting {
    /// Polls the verifier; a panic becomes a refusal.
    pub(super) fn poll(&mut self, judge: &Judge, cx: &mut TaskContext<'_>) -> Poll<Settled> {
        match catch_unwind(AssertUnwindSafe(|| self.verdict.as_mut().poll(cx))) {
            Ok(verdict) => verdict.map(|verdict| judge.conclude(verdict, self.used, self.ambient)),
            Err(_) => Poll::Ready(judge.panicked(Some(self.used))),
        }
    }
}

/// The Fetch standard's preflight, recognised by its three marks.
fn is_cors_preflight(head: &Parts) -> bool {
    head.method == Method::OPTIONS
        && head.headers.contains_key(ORIGIN)
        && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge")
            .field("schemes", &self.schemes.iter().map(|entry| entry.name).collect::<Vec<_>>())
            .field("allow_anonymous", &self.allow_anonymous)
            .field("allow_cors_preflight", &self.allow_cors_preflight)
            .finish_non_exhaustive()
    }
}
