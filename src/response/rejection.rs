//! A refusal with its answer decided, and THE table from reason to wire.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::challenges::ChallengeSet;
use super::rejection_id::RejectionId;
use crate::error::{Reason, Severity};
use crate::names::Names;

/// How one reason goes on the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire {
    pub(crate) status: StatusCode,
    pub(crate) challenges: Challenges,
    pub(crate) title: &'static str,
    /// What the client can do next.
    pub(crate) detail: &'static str,
    pub(crate) severity: Severity,
}

/// Which challenges an answer carries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Challenges {
    /// That of the scheme that was used, saying what went wrong, then the others as they stand.
    All,
    None,
    /// That of the scheme that was used, if its challenge says what went wrong (RFC 6750 section 3).
    Used,
}

/// Under which circumstances a reason goes on the wire.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Circumstances {
    /// The scheme that was used says in its challenge what went wrong: it takes tokens, of which the same user may get many.
    pub(crate) explains: bool,
    /// The scheme that was used calls an unreadable credential a bad request, where others call it a failed log-in.
    pub(crate) strict: bool,
    /// We guard a proxy, not an origin server: the same answers under other names (RFC 9110 section 11.7).
    pub(crate) proxy: bool,
}

/// THE table. A new reason does not compile until it has a row.
#[rustfmt::skip]
pub(crate) const fn wire(reason: Reason, circumstances: Circumstances) -> Wire {
    use Challenges::{All, None, Used};
    use Severity::{Debug, Error, Info};
    let Circumstances { explains, strict, proxy } = circumstances;
    let unauthorized = if proxy { StatusCode::PROXY_AUTHENTICATION_REQUIRED } else { StatusCode::UNAUTHORIZED };
    let (status, challenges, severity, title, detail) = match reason {
        Reason::Missing if proxy => (unauthorized, All, Debug, "Proxy authentication required",
            "Send credentials to this proxy by one of the schemes that Proxy-Authenticate names."),
        Reason::Missing => (unauthorized, All, Debug, "Authentication required",
            "Send credentials by one of the schemes that WWW-Authenticate names."),
        Reason::Malformed if strict => (StatusCode::BAD_REQUEST, Used, Debug, "Credentials cannot be read",
            "Check how the Authorization field is written, then send the request again."),
        Reason::Malformed => (unauthorized, All, Debug, "Credentials cannot be read",
            "Check how the credentials are written, then send the request again."),
        Reason::Ambiguous if proxy => (StatusCode::BAD_REQUEST, Used, Debug, "More than one credential",
            "Send one Proxy-Authorization field, and only once."),
        Reason::Ambiguous => (StatusCode::BAD_REQUEST, Used, Debug, "More than one credential",
            "Send one Authorization field, or one session cookie, and each only once."),
        Reason::Invalid => (unauthorized, All, Info, "Credentials not accepted",
            "Check the credentials, or get new ones, and try again."),
        Reason::Expired => (unauthorized, All, Debug, "Credentials expired",
            "Log in again or get a new token, then repeat the request."),
        Reason::StepUp => (unauthorized, All, Info, "Newer or stronger log-in required",
            "Log in again as asked for here, then repeat the request."),
        // A token is one of many that the same user may get; a password or a session is all there is.
        Reason::Forbidden if explains => (StatusCode::FORBIDDEN, Used, Info, "Permission missing",
            "We know who you are, and this needs a permission that your token does not give. Get one that does; if the \
             issuer gives you none, ask the owner of the service for the permission."),
        Reason::Forbidden => (StatusCode::FORBIDDEN, Used, Info, "Permission missing",
            "We know who you are, and this needs a permission that you do not have. Logging in again as the same user \
             does not help; ask the owner of the service for it."),
        Reason::CrossSite => (StatusCode::FORBIDDEN, None, Info, "Request from another site",
            "The request came from another site, or does not say from where. Open the application itself and repeat the action \
             there; a program sends its session in the Authorization field."),
        Reason::Hidden => (StatusCode::NOT_FOUND, None, Info, "Not found",
            "There is nothing at this address."),
        Reason::Throttled => (StatusCode::TOO_MANY_REQUESTS, None, Info, "Too many failed attempts",
            "Wait as long as Retry-After says, then try again."),
        Reason::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, None, Error, "Cannot be decided now",
            "The fault is on our side. Keep your credentials and try again when Retry-After has passed."),
        Reason::Misconfigured => (StatusCode::INTERNAL_SERVER_ERROR, None, Error, "Internal server error",
            "The fault is on our side. If it stays, tell the owner of the service the id of this answer."),
    };
    Wire { status, challenges, title, detail, severity }
}

/// A refusal: the reason, and all that its answer says.
///
/// It travels in the extensions of the response, for outer layers to log:
///
/// ```
/// use portcullis::response::Rejection;
///
/// fn log<B>(response: &http::Response<B>) {
///     if let Some(rejection) = response.extensions().get::<Rejection>() {
///         eprintln!("refused: {rejection}, id {}", rejection.id());
///     }
/// }
/// # log(&http::Response::new(()));
/// ```
#[derive(Clone)]
pub struct Rejection {
    reason: Reason,
    id: RejectionId,
    challenges: Option<Arc<ChallengeSet>>,
    used: Option<usize>,
    cause: Option<&'static str>,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn Error + Send + Sync>>,
    wanted: Option<Arc<Wanted>>,
    words: Option<&'static Words>,
}

/// What is said in the place of the table's words, where more is known of what happened.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) title: &'static str,
    pub(crate) detail: &'static str,
}

/// What a requirement asked for and did not find.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) scopes: Names,
    pub(crate) roles: Names,
    pub(crate) max_age: Option<Duration>,
    pub(crate) acr_values: Names,
}

impl Rejection {
    /// A refusal under a layer whose challenges are known; `used` is the scheme that carried the credential.
    pub(crate) fn new(reason: Reason, challenges: &Arc<ChallengeSet>, used: Option<usize>) -> Self {
        Self { challenges: Some(Arc::clone(challenges)), used, ..Self::bare(reason) }
    }

    /// A refusal outside any layer that could have authenticated somebody.
    pub(crate) fn forgotten_layer() -> Self {
        Self::misconfigured(FORGOTTEN_LAYER.detail).with_words(&FORGOTTEN_LAYER)
    }

    /// The server is put together wrongly, in a way that has nothing to do with the layer's schemes.
    pub(crate) fn misconfigured(cause: &'static str) -> Self {
        Self { cause: Some(cause), ..Self::bare(Reason::Misconfigured) }
    }

    pub(crate) const fn with_words(mut self, words: &'static Words) -> Self {
        self.words = Some(words);
        self
    }

    pub(crate) const fn has_own_words(&self) -> bool {
        self.words.is_some()
    }

    fn bare(reason: Reason) -> Self {
        Self {
            reason,
            id: RejectionId::next(),
            challenges: None,
            used: None,
            cause: None,
            retry_after: None,
            source: None,
            wanted: None,
            words: None,
        }
    }

    pub(crate) const fn with_cause(mut self, cause: Option<&'static str>) -> Self {
        self.cause = cause;
        self
    }

    pub(crate) const fn with_retry_after(mut self, delay: Option<Duration>) -> Self {
        self.retry_after = delay;
        self
    }

    pub(crate) fn with_source(mut self, source: Option<Arc<dyn Error + Send + Sync>>) -> Self {
        self.source = source;
        self
    }

    pub(crate) fn with_wanted(mut self, wanted: Wanted) -> Self {
        self.wanted = Some(Arc::new(wanted));
        self
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.wire().status
    }

    /// A name for this one refusal, the same in the body, the log and here, for a client to quote to support.
    #[must_use]
    pub const fn id(&self) -> RejectionId {
        self.id
    }

    /// What exactly was wrong, for the operator's log; the client is not told.
    #[must_use]
    pub const fn cause(&self) -> Option<&'static str> {
        self.cause
    }

    /// How long the client is told to wait.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// How loudly to log this.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.wire().severity
    }

    /// The short text of the answer.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.wire().title
    }

    /// What the client is told to do next.
    #[must_use]
    pub fn detail(&self) -> &'static str {
        self.wire().detail
    }

    /// The scopes that are missing, in the order of the requirement.
    pub fn missing_scopes(&self) -> impl Iterator<Item = &str> {
        self.wanted.iter().flat_map(|wanted| wanted.scopes.iter())
    }

    /// The roles of which one is missing or all are.
    pub fn missing_roles(&self) -> impl Iterator<Item = &str> {
        self.wanted.iter().flat_map(|wanted| wanted.roles.iter())
    }

    /// How old the log-in may be, where it was too old (RFC 9470).
    #[must_use]
    pub fn max_age(&self) -> Option<Duration> {
        self.wanted.as_ref()?.max_age
    }

    /// The authentication contexts of which one is asked for, best first (RFC 9470).
    pub fn acr_values(&self) -> impl Iterator<Item = &str> {
        self.wanted.iter().flat_map(|wanted| wanted.acr_values.iter())
    }

    pub(crate) fn wanted(&self) -> Option<&Wanted> {
        self.wanted.as_deref()
    }

    pub(crate) fn wire(&self) -> Wire {
        let wire = wire(self.reason, self.circumstances());
        match self.words {
            Some(&Words { title, detail }) => Wire { title, detail, ..wire },
            None => wire,
        }
    }

    pub(crate) fn circumstances(&self) -> Circumstances {
        let Some(challenges) = &self.challenges else { return Circumstances::default() };
        Circumstances {
            explains: self.explains(),
            strict: self.used.is_some_and(|used| challenges.is_strict(used)),
            proxy: challenges.is_for_proxy(),
        }
    }

    /// Whether the scheme that was used says in its challenge what went wrong.
    pub(crate) fn explains(&self) -> bool {
        match (&self.challenges, self.used) {
            (Some(challenges), Some(used)) => challenges.explains(used),
            _ => false,
        }
    }

    pub(crate) fn challenges(&self) -> Option<&ChallengeSet> {
        self.challenges.as_deref()
    }

    pub(crate) const fn used(&self) -> Option<usize> {
        self.used
    }
}

/// Said aloud: no client provoked it, and the developer is who will read it.
const FORGOTTEN_LAYER: Words = Words {
    title: "Internal server error",
    detail: "No AuthenticateLayer is around this, so nobody was authenticated. Add one, or move it further out: in axum the \
             layer added last is outermost.",
};

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("reason", &self.reason)
            .field("id", &self.id)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.code())?;
        match self.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl Error for Rejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
