//! Why a credential did not become an identity.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::credentials::Unreadable;
use crate::error::Reason;
use crate::observe::{Finding, hint_for};

/// A verifier's "no", or its "I cannot tell".
///
/// The two are never the same thing: [`invalid`](Self::invalid) and [`expired`](Self::expired) are verdicts on the
/// credential, [`unavailable`](Self::unavailable) is a statement about ourselves, answered 503 so that nobody throws a
/// good credential away.
///
/// ```
/// use portcullis::{Reason, VerifyError};
///
/// let error = VerifyError::invalid().because("no such key");
/// assert_eq!(error.reason(), Reason::Invalid);
/// assert_eq!(error.to_string(), "the credential is not accepted: no such key");
/// ```
#[derive(Clone)]
pub struct VerifyError {
    reason: Reason,
    because: Option<&'static str>,
    hint: Option<&'static str>,
    findings: Option<Arc<[Finding]>>,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn Error + Send + Sync>>,
    superseded: bool,
}

impl VerifyError {
    /// How long a client is told to wait after [`unavailable`](Self::unavailable), unless
    /// [`with_retry_after`](Self::with_retry_after) says otherwise: 5 seconds.
    pub const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);

    const fn new(reason: Reason) -> Self {
        Self { reason, because: None, hint: None, findings: None, retry_after: None, source: None, superseded: false }
    }

    /// The credential is not accepted: wrong password, bad signature, unknown, revoked, meant for somebody else.
    /// Answered 401 with one text for all of these, so that nothing can be probed.
    #[must_use]
    pub const fn invalid() -> Self {
        Self::new(Reason::Invalid)
    }

    /// The credential was genuine and its time is over. Say this only where that is proven: after the signature held,
    /// or for a session that was ours. Answered 401 "log in again".
    #[must_use]
    pub const fn expired() -> Self {
        Self::new(Reason::Expired)
    }

    /// The credential cannot be read at all. Answered 400 for Bearer and Digest, 401 for the rest.
    #[must_use]
    pub const fn malformed() -> Self {
        Self::new(Reason::Malformed)
    }

    /// The credential was presented more than once. Answered 400.
    #[must_use]
    pub const fn ambiguous() -> Self {
        Self::new(Reason::Ambiguous)
    }

    /// A credential that browsers send by themselves came with a request from another site. Answered 403.
    #[must_use]
    pub const fn cross_site() -> Self {
        Self::new(Reason::CrossSite)
    }

    /// Too many failed attempts; the next one is welcome after `retry_after`. Answered 429.
    #[must_use]
    pub const fn throttled(retry_after: Duration) -> Self {
        let mut error = Self::new(Reason::Throttled);
        error.retry_after = Some(retry_after);
        error
    }

    /// We cannot tell whether the credential is good: a store, a key server, a pool does not answer. Answered 503.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let mut error = Self::new(Reason::Unavailable);
        error.retry_after = Some(Self::DEFAULT_RETRY_AFTER);
        error.source = Some(Arc::from(source.into()));
        error
    }

    /// Adds a cause for the operator's log. It never reaches the client.
    #[must_use]
    pub const fn because(mut self, cause: &'static str) -> Self {
        self.because = Some(cause);
        self
    }

    /// Adds what the developer or the operator can do about it, for the record of the [`Decision`](crate::observe::Decision).
    /// It never reaches the client. Default: what can be said of every refusal for the reason.
    #[must_use]
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Adds what was expected and found, for the record of the [`Decision`](crate::observe::Decision). It never reaches the
    /// client, and holds no secret.
    ///
    /// ```
    /// use portcullis::VerifyError;
    /// use portcullis::observe::Finding;
    ///
    /// let finding = Finding::about("tenant").expected("acme").found("umbrella");
    /// let error = VerifyError::invalid().because("another tenant's key").finding(finding);
    /// ```
    #[must_use]
    pub fn finding(mut self, finding: Finding) -> Self {
        let others = self.findings.as_deref().unwrap_or_default().iter().cloned();
        self.findings = Some(others.chain([finding]).collect());
        self
    }

    /// Sets how long the client is told to wait (`Retry-After`, rounded up to whole seconds).
    #[must_use]
    pub const fn with_retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// Which row of the table answers this.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The cause given with [`because`](Self::because), for logs.
    #[must_use]
    pub const fn cause(&self) -> Option<&'static str> {
        self.because
    }

    /// How long the client should wait, where the answer says so.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Says that the client has a newer credential by now: what was shown is refused, and a browser is not made to forget what
    /// it has under the same name. Default: it is, where anonymous callers are let in.
    #[must_use]
    pub const fn superseded(mut self) -> Self {
        self.superseded = true;
        self
    }

    /// The hint that was given, or what can be said of every refusal for this reason.
    pub(crate) const fn hinted(&self) -> Option<&'static str> {
        match self.hint {
            None => Some(hint_for(self.reason)),
            given => given,
        }
    }

    pub(crate) fn shared_findings(&self) -> Option<Arc<[Finding]>> {
        self.findings.clone()
    }

    pub(crate) const fn is_superseded(&self) -> bool {
        self.superseded
    }

    /// A shared handle on the source, for a rejection that outlives this error.
    pub(crate) fn shared_source(&self) -> Option<Arc<dyn Error + Send + Sync>> {
        self.source.clone()
    }
}

impl From<Unreadable> for VerifyError {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Ambiguous => Self::ambiguous().hint(unreadable.hint()),
            Unreadable::Malformed(cause) => Self::malformed().because(cause).hint(unreadable.hint()),
        }
    }
}

impl fmt::Debug for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyError")
            .field("reason", &self.reason)
            .field("because", &self.because)
            .field("retry_after", &self.retry_after)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            Reason::Ambiguous => "the credential was presented more than once",
            Reason::CrossSite => "the credential came with a request from another site",
            Reason::Expired => "the credential has expired",
            Reason::Malformed => "the credential cannot be read",
            Reason::Throttled => "too many failed attempts",
            Reason::Unavailable => "the credential cannot be checked now",
            Reason::Forbidden
            | Reason::Hidden
            | Reason::Invalid
            | Reason::Misconfigured
            | Reason::Missing
            | Reason::StepUp => "the credential is not accepted",
        })?;
        match self.because {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl Error for VerifyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
