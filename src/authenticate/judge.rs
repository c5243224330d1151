//! The decision: a plain function of the request's head, testable without a runtime.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};

use super::carriers::Carriers;
use super::findings::{self, explained};
use super::proxy;
use super::scheme::{Accepted, Attempt, Scheme};
use crate::credentials::Authorization;
use crate::deferred::{Addition, Additions, Decide, Passed};
use crate::error::{ConfigError, ConfigFault, Reason};
use crate::identity::{Identity, VerifyError};
use crate::measure::{Decisions, Started};
use crate::observe::Stage;
use crate::response::{Anonymous, ChallengeSet, Context, Kept, Offer, Rejection, Voice, answer};

/// All that a layer knows, shared by its services and futures.
#[derive(Clone)]
pub(super) struct Judge {
    schemes: Box<[Entry]>,
    carriers: Carriers,
    challenges: Arc<ChallengeSet>,
    pub(super) voice: Arc<Voice>,
    allow_anonymous: bool,
    allow_cors_preflight: bool,
    /// What anonymous requests carry on.
    anonymous: Arc<Context>,
}

#[derive(Clone)]
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
    Wait { verdict: Pending, used: usize, ambient: bool },
}

/// What to do with a request.
pub(super) enum Settled {
    /// Let it in, with an identity or anonymously, and perhaps tell the browser that its session is over.
    Pass {
        identity: Option<Identity>,
        addition: Option<Addition>,
        /// Who may keep the answer; `None` where the request is none of ours.
        kept: Option<Kept>,
        used: Option<usize>,
    },
    Refuse(Rejection),
}

type Pending = Pin<Box<dyn Future<Output = Result<Accepted, VerifyError>> + Send>>;

/// A verdict to come, with the head of the request it is about.
pub(super) struct Waiting {
    pub(super) verdict: Pending,
    pub(super) used: usize,
    pub(super) ambient: bool,
    pub(super) started: Started,
    /// Taken when the verdict is there.
    pub(super) head: Option<Parts>,
    pub(super) judge: Arc<Judge>,
}

impl Judge {
    pub(super) fn new(
        schemes: Vec<Arc<dyn Scheme>>,
        mut voice: Voice,
        allow_anonymous: bool,
        allow_cors_preflight: bool,
        proxy: bool,
    ) -> Result<Self, ConfigError> {
        if schemes.is_empty() {
            return Err(ConfigFault::new("schemes", "there are none, so nobody could ever get in; add one").into());
        }
        let carriers = Carriers::of(&schemes);
        let fields = schemes.iter().flat_map(|scheme| scheme.reads().iter().copied());
        let fields = fields.chain(carriers.fields().map(HeaderName::as_str));
        let challenges = if proxy {
            ChallengeSet::new(schemes.iter().map(offer), proxy::fields(fields)?, proxy)?
        } else {
            ChallengeSet::new(schemes.iter().map(offer), fields, proxy)?
        };
        let challenges = Arc::new(challenges.varying_by(voice.browsers.fields()));
        voice.schemes = schemes.iter().map(|scheme| scheme.challenge().scheme()).collect();
        voice.decisions = Arc::new(Decisions::new(&voice.schemes));
        let voice = Arc::new(voice);
        let context = |used| Arc::new(Context { challenges: Arc::clone(&challenges), used, voice: Arc::clone(&voice) });
        let entries = schemes.into_iter().enumerate().map(|(index, scheme)| Entry {
            name: scheme.challenge().scheme(),
            forget: scheme.forget(),
            context: context(Some(index)),
            scheme,
        });
        let schemes = entries.collect();
        let anonymous = context(None);
        Ok(Self { schemes, carriers, challenges, voice, allow_anonymous, allow_cors_preflight, anonymous })
    }

    /// The same, but for whether it lets in who sends no credentials.
    pub(super) fn allowing_anonymous(&self, allow_anonymous: bool) -> Self {
        Self { allow_anonymous, ..self.clone() }
    }

    /// Has the schemes find what was sent to a proxy where they look for what is sent to an origin server.
    pub(super) fn prepare(&self, head: &mut Parts) {
        if self.is_for_proxy() {
            proxy::prepare(head);
        }
    }

    fn is_for_proxy(&self) -> bool {
        self.challenges.is_for_proxy()
    }

    /// Judges a request; a panic of a verifier becomes a refusal.
    pub(super) fn judge(&self, head: &Parts) -> Verdict {
        catch_unwind(AssertUnwindSafe(|| self.decide(head))).unwrap_or_else(|_| Verdict::Settled(self.panicked(None)))
    }

    fn decide(&self, head: &Parts) -> Verdict {
        if self.allow_cors_preflight && is_cors_preflight(head) {
            return Verdict::Settled(Settled::Pass { identity: None, addition: None, kept: None, used: None });
        }
        let mut fields = head.headers.get_all(AUTHORIZATION).iter();
        let field = fields.next();
        if fields.next().is_some() || self.carriers.are_several(head, field) {
            let several = head.headers.get_all(AUTHORIZATION).iter().count();
            let rejection = self.rejection(Reason::Ambiguous, self.named_by_any_field(head));
            return Verdict::Settled(Settled::Refuse(explained(rejection, &findings::ambiguous(several))));
        }
        for (index, entry) in self.carriers.in_order(&self.schemes) {
            match entry.scheme.authenticate(head) {
                Attempt::NotPresented => {}
                Attempt::Ready(verdict) => return Verdict::Settled(self.conclude(verdict, index, false)),
                Attempt::Pending(verdict) => return Verdict::Wait { verdict, used: index, ambient: false },
            }
        }
        match field {
            // A field of a scheme that is not ours counts as nothing sent; one that names no scheme is a mistake.
            Some(value) => Verdict::Settled(match Authorization::parse(value) {
                Ok(field) => self.absent(None, Some(field.scheme())),
                Err(unreadable) => {
                    Settled::Refuse(explained(self.rejection(Reason::Malformed, None), &unreadable.into()))
                }
            }),
            None => self.decide_ambient(head),
        }
    }

    fn decide_ambient(&self, head: &Parts) -> Verdict {
        let mut forget = None;
        for (index, entry) in self.schemes.iter().enumerate() {
            match entry.scheme.authenticate_ambient(head) {
                Attempt::NotPresented => {}
                Attempt::Ready(Err(error)) if self.is_stale(&error) => forget = self.forget(index, &error),
                Attempt::Ready(verdict) => return Verdict::Settled(self.conclude(verdict, index, true)),
                Attempt::Pending(verdict) => return Verdict::Wait { verdict, used: index, ambient: true },
            }
        }
        Verdict::Settled(self.absent(forget, None))
    }

    /// Nothing was presented; or a credential of a scheme that is not ours.
    fn absent(&self, forget: Option<HeaderValue>, foreign: Option<&str>) -> Settled {
        if self.allow_anonymous {
            // A cookie that is cleared for one browser is not for the next.
            let kept = if forget.is_some() { Kept::ByNobody } else { Kept::AsEver };
            Settled::Pass { identity: None, addition: forget.map(Addition::Cookie), kept: Some(kept), used: None }
        } else {
            let schemes = self.schemes.iter().map(|entry| entry.name);
            Settled::Refuse(explained(self.rejection(Reason::Missing, None), &findings::missing(schemes, foreign)))
        }
    }

    /// What makes the browser forget what it showed, unless it has something newer under the same name.
    fn forget(&self, used: usize, error: &VerifyError) -> Option<HeaderValue> {
        self.schemes.get(used).filter(|_| !error.is_superseded()).and_then(|entry| entry.forget.clone())
    }

    /// Turns a verifier's verdict into ours.
    pub(super) fn conclude(&self, verdict: Result<Accepted, VerifyError>, used: usize, ambient: bool) -> Settled {
        match verdict {
            Ok(Accepted { mut identity, header }) => {
                if let Some(entry) = self.schemes.get(used) {
                    identity.hand_on(entry.name, Arc::clone(&entry.context));
                }
                let kept = if ambient { Kept::ByNobody } else { Kept::ByClient };
                let addition = header.map(Addition::Header);
                Settled::Pass { identity: Some(identity), addition, kept: Some(kept), used: Some(used) }
            }
            Err(error) if ambient && self.is_stale(&error) => self.absent(self.forget(used, &error), None),
            Err(error) => {
                Settled::Refuse(explained(self.rejection(error.reason(), Some(used)).with_ambient(ambient), &error))
            }
        }
    }

    /// A browser cannot help sending a cookie whose session is over: where anonymous callers are welcome it counts as
    /// none sent.
    const fn is_stale(&self, error: &VerifyError) -> bool {
        self.allow_anonymous && matches!(error.reason(), Reason::Expired | Reason::Invalid | Reason::Malformed)
    }

    fn rejection(&self, reason: Reason, used: Option<usize>) -> Rejection {
        Rejection::new(reason, &self.challenges, used)
    }

    pub(super) fn panicked(&self, used: Option<usize>) -> Settled {
        Settled::Refuse(explained(self.rejection(Reason::Misconfigured, used), &findings::panicked()))
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

    /// Carries the decision out: the head for the inner service, or the answer.
    #[expect(clippy::result_large_err, reason = "the answer is moved once, into the future that gives it")]
    pub(super) fn settle(&self, settled: Settled, mut head: Parts) -> Result<Passed, Response<Bytes>> {
        match settled {
            Settled::Pass { identity, mut addition, kept, used } => {
                let who = identity.as_ref().map(|identity| (identity.issuer(), identity.subject()));
                self.voice.tell_passed(Stage::Verify, used, who, &head);
                if self.is_for_proxy() {
                    proxy::restore(&mut head);
                    proxy::rename(&mut addition);
                }
                self.hand_on(identity, &mut head);
                let caching = kept.and_then(|kept| self.challenges.caching(kept));
                Ok(Passed { head, additions: Additions { field: addition, caching } })
            }
            Settled::Refuse(rejection) => Err(answer(rejection, &self.voice, None, head)),
        }
    }

    /// Keeps credentials out of what prints headers.
    fn flag(&self, headers: &mut HeaderMap) {
        let secrets = self.challenges.secrets();
        if headers.keys_len() == headers.len() {
            // No name twice, as nearly always: looking for a few names beats looking at every field.
            for name in secrets {
                if let Some(value) = headers.get_mut(name) {
                    value.set_sensitive(true);
                }
            }
            return;
        }
        for (_, value) in headers.iter_mut().filter(|(name, _)| secrets.contains(name)) {
            value.set_sensitive(true);
        }
    }

    /// Writes the outcome into the head that the inner service will see.
    pub(super) fn hand_on(&self, identity: Option<Identity>, head: &mut Parts) {
        self.flag(&mut head.headers);
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

impl Decide for Waiting {
    fn poll_decision(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<Passed, Response<Bytes>>> {
        let settled = match catch_unwind(AssertUnwindSafe(|| self.verdict.as_mut().poll(cx))) {
            Ok(verdict) => self.judge.conclude(ready!(verdict), self.used, self.ambient),
            Err(_) => self.judge.panicked(Some(self.used)),
        };
        self.judge.voice.decisions.waited(self.used, self.started);
        match self.head.take() {
            Some(head) => Poll::Ready(self.judge.settle(settled, head)),
            None => Poll::Pending,
        }
    }
}

/// What a scheme has to say in answers.
pub(crate) fn offer(scheme: &Arc<dyn Scheme>) -> Offer {
    let is_fresh = !scheme.fresh_challenges(Reason::Missing).is_empty();
    let fresh = is_fresh.then(|| {
        let scheme = Arc::clone(scheme);
        Arc::new(move |why| scheme.fresh_challenges(why)) as Arc<_>
    });
    Offer {
        challenge: scheme.challenge(),
        explains: scheme.explains(),
        strict: scheme.is_strict(),
        fresh,
        quiet_name: scheme.quiet_name(),
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
