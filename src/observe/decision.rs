//! The record of one decision.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::decision_id::DecisionId;
use super::finding::Finding;
use super::tried::{Tried, schemes_tried};
use crate::clock::UnixTime;
use crate::error::{Reason, Severity};

/// Which stage of a request's path decided.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Stage {
    /// Finding and reading credentials.
    Extract,
    /// Finding out whether they are true.
    Verify,
    /// Whether a known identity may.
    Decide,
}

impl Stage {
    /// A stable name for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Extract => "extract",
            Self::Verify => "verify",
            Self::Decide => "decide",
        }
    }

    /// The stage that refuses for `reason`, unless somebody knows better.
    pub(crate) const fn of(reason: Reason) -> Self {
        match reason {
            Reason::Ambiguous | Reason::Malformed | Reason::Missing => Self::Extract,
            Reason::CrossSite
            | Reason::Expired
            | Reason::Invalid
            | Reason::Misconfigured
            | Reason::Throttled
            | Reason::Unavailable => Self::Verify,
            Reason::Forbidden | Reason::Hidden | Reason::StepUp => Self::Decide,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a decision ended.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// The request goes on, with an identity.
    Passed,
    /// The request goes on, without one.
    Anonymous,
    /// It ends here.
    Refused(Reason),
}

impl Outcome {
    /// A stable name for programs: `passed`, `anonymous`, or the [code](Reason::code) of the reason.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Anonymous => "anonymous",
            Self::Refused(reason) => reason.code(),
        }
    }
}

/// Why a request was let in or refused: everything that whoever runs or writes the service may know, and no secret. The client
/// is told the [id](Self::id) and, of a refusal, a safe text.
///
/// Each layer makes one for each request that it decides about, if anybody listens: an [`Observer`](super::Observer), or the
/// log (feature `tracing`). [`AuthenticateLayer::explain`](crate::AuthenticateLayer::explain) and
/// [`RequireLayer::explain`](crate::RequireLayer::explain) make one on demand. Printed, it tells the verdict step by step.
///
/// ```
/// use portcullis::observe::{Decision, Observer, Outcome};
///
/// struct Denials;
///
/// impl Observer for Denials {
///     fn decided(&self, decision: &Decision<'_>) {
///         if let Outcome::Refused(reason) = decision.outcome() {
///             println!("{} {}: {reason}, {:?}", decision.id(), decision.route().unwrap_or("?"), decision.hint());
///         }
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Decision<'a> {
    pub(crate) id: DecisionId,
    pub(crate) at: UnixTime,
    pub(crate) outcome: Outcome,
    pub(crate) stage: Stage,
    pub(crate) status: Option<u16>,
    pub(crate) severity: Severity,
    pub(crate) method: Cow<'a, str>,
    pub(crate) route: Option<Cow<'a, str>>,
    pub(crate) schemes: Cow<'a, [&'static str]>,
    pub(crate) used: Option<usize>,
    pub(crate) subject: Option<(Cow<'a, str>, Cow<'a, str>)>,
    pub(crate) cause: Option<&'static str>,
    pub(crate) hint: Option<&'static str>,
    pub(crate) findings: Cow<'a, [Finding]>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) told: Option<(&'static str, &'static str)>,
    pub(crate) source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Decision<'_> {
    /// Its name. The client that is refused is told the same.
    #[must_use]
    pub const fn id(&self) -> DecisionId {
        self.id
    }

    /// When it was made.
    #[must_use]
    pub const fn at(&self) -> UnixTime {
        self.at
    }

    /// How it ended.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Which stage decided.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// The reason of a refusal.
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        match self.outcome {
            Outcome::Refused(reason) => Some(reason),
            Outcome::Passed | Outcome::Anonymous => None,
        }
    }

    /// The HTTP status of a refusal.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        self.status
    }

    /// How loudly to log it.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// The method of the request.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The route that the router matched, where that is known (see [`Route`](super::Route)). Never the path of the request, in
    /// which secrets may stand.
    #[must_use]
    pub fn route(&self) -> Option<&str> {
        self.route.as_deref()
    }

    /// The schemes of the layer in the order in which they were asked, and what came of each.
    pub fn schemes_tried(&self) -> impl Iterator<Item = (&'static str, Tried)> {
        schemes_tried(&self.schemes, self.used, self.outcome, self.stage)
    }

    /// The scheme whose credential was judged.
    #[must_use]
    pub fn scheme(&self) -> Option<&'static str> {
        self.schemes.get(self.used?).copied()
    }

    /// The issuer of the identity, where one was proven.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.subject.as_ref().map(|(issuer, _)| &**issuer)
    }

    /// The subject of the identity, where one was proven.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_ref().map(|(_, subject)| &**subject)
    }

    /// What exactly was wrong. The text may change with a release; the [reason](Self::reason) is for programs.
    #[must_use]
    pub const fn cause(&self) -> Option<&'static str> {
        self.cause
    }

    /// What the developer or the operator can do.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        self.hint
    }

    /// What was expected, and found.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How long the client is told to wait.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The error behind an outage.
    #[must_use]
    pub fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }

    /// The same, to be kept.
    #[must_use]
    pub fn into_owned(self) -> Decision<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Decision {
            method: owned(self.method),
            route: self.route.map(owned),
            schemes: Cow::Owned(self.schemes.into_owned()),
            subject: self.subject.map(|(issuer, subject)| (owned(issuer), owned(subject))),
            findings: Cow::Owned(self.findings.into_owned()),
            id: self.id,
            at: self.at,
            outcome: self.outcome,
            stage: self.stage,
            status: self.status,
            severity: self.severity,
            used: self.used,
            cause: self.cause,
            hint: self.hint,
            retry_after: self.retry_after,
            told: self.told,
            source: self.source,
        }
    }
}

/// The verdict, step by step, a line each.
impl fmt::Display for Decision<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.route().unwrap_or("(route not known)"))?;
        // Who decides about somebody who is known asks no schemes.
        let is_about = |scheme| self.stage != Stage::Decide || self.scheme() == Some(scheme);
        for (scheme, tried) in self.schemes_tried().filter(|(scheme, _)| is_about(scheme)) {
            write!(f, "\n  {scheme}: {tried}")?;
        }
        if let (Some(issuer), Some(subject)) = (self.issuer(), self.subject()) {
            write!(f, "\n  identity: {subject:?} of {issuer:?}")?;
        }
        match (self.outcome, self.status) {
            (Outcome::Passed, _) => write!(f, "\n  {}: passed", self.stage)?,
            (Outcome::Anonymous, _) => write!(f, "\n  {}: passed, without an identity", self.stage)?,
            (Outcome::Refused(reason), Some(status)) => write!(f, "\n  {}: refused, {status} {reason}", self.stage)?,
            (Outcome::Refused(reason), None) => write!(f, "\n  {}: refused, {reason}", self.stage)?,
        }
        if let Some(cause) = self.cause {
            write!(f, "\n  cause: {cause}")?;
        }
        for finding in self.findings() {
            write!(f, "\n  {finding}")?;
        }
        if let Some(source) = self.source() {
            write!(f, "\n  behind it: {}", source.to_string().escape_debug())?;
        }
        if let Some(hint) = self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        if let Some((title, detail)) = self.told {
            write!(f, "\n  the client is told: {title}. {detail}")?;
        }
        Ok(())
    }
}
