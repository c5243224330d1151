//! A refusal with its answer decided.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::challenges::ChallengeSet;
use super::table::{Circumstances, Kind, Wire, wire};
use crate::error::{Reason, Severity};
use crate::names::Names;
use crate::observe::{DecisionId, Finding, Stage, hint_for};

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
    id: DecisionId,
    challenges: Option<Arc<ChallengeSet>>,
    used: Option<usize>,
    /// The credential came by itself, as a cookie does.
    ambient: bool,
    stage: Stage,
    cause: Option<&'static str>,
    hint: Option<&'static str>,
    findings: Option<Arc<[Finding]>>,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn Error + Send + Sync>>,
    wanted: Option<Arc<Wanted>>,
    words: Option<&'static Words>,
    /// A log-in was refused, by whatever scheme it is challenged.
    pub(super) password: bool,
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
        let hint = "Add an AuthenticateLayer around this service, further out than whatever asks for an identity.";
        Self::misconfigured(FORGOTTEN_LAYER.detail).with_words(&FORGOTTEN_LAYER).with_hint(Some(hint))
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
            id: DecisionId::next(),
            challenges: None,
            used: None,
            ambient: false,
            stage: Stage::of(reason),
            cause: None,
            hint: Some(hint_for(reason)),
            findings: None,
            retry_after: None,
            source: None,
            wanted: None,
            words: None,
            password: false,
        }
    }

    pub(crate) const fn with_cause(mut self, cause: Option<&'static str>) -> Self {
        self.cause = cause;
        self
    }

    pub(crate) const fn with_hint(mut self, hint: Option<&'static str>) -> Self {
        self.hint = hint;
        self
    }

    pub(crate) fn with_findings(mut self, findings: Option<Arc<[Finding]>>) -> Self {
        self.findings = findings;
        self
    }

    /// Says that a browser sent the credential by itself.
    pub(crate) const fn with_ambient(mut self, ambient: bool) -> Self {
        self.ambient = ambient;
        self
    }

    /// Says which stage refused, where it is not the one that [`Stage::of`] would guess.
    pub(crate) const fn with_stage(mut self, stage: Stage) -> Self {
        self.stage = stage;
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

    /// The status of the answer, where that is not the way to a [log-in page](crate::authenticate::AuthenticateBuilder::log_in_page),
    /// and unless it is one of gRPC, which has 200.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.wire().status
    }

    /// The code of the answer where it is one of gRPC, such as 16, `UNAUTHENTICATED`.
    #[must_use]
    pub fn grpc_code(&self) -> u16 {
        self.wire().grpc as u16
    }

    /// A name for this one refusal, the same in the body, the log and here, for a client to quote to support.
    #[must_use]
    pub const fn id(&self) -> DecisionId {
        self.id
    }

    /// The scheme that carried the credential, such as `Bearer`.
    #[must_use]
    pub fn scheme(&self) -> Option<&'static str> {
        self.challenges.as_ref()?.scheme(self.used?)
    }

    /// Whether it was a user name with a password that was judged, by Basic, by Digest or in a log-in.
    #[must_use]
    pub fn is_of_password(&self) -> bool {
        self.password || matches!(self.scheme(), Some("Basic" | "Digest"))
    }

    /// What exactly was wrong, for the operator's log; the client is not told.
    #[must_use]
    pub const fn cause(&self) -> Option<&'static str> {
        self.cause
    }

    /// Which stage refused.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// What the developer or the operator can do; the client is not told.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        self.hint
    }

    /// What was expected and found, for the operator's log; the client is not told.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        self.findings.as_deref().unwrap_or_default()
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
            kind: self.kind(),
            proxy: challenges.is_for_proxy(),
        }
    }

    fn kind(&self) -> Kind {
        match self.scheme() {
            _ if self.is_of_password() => Kind::Password,
            Some("Session") => Kind::Session,
            Some(_) | None => Kind::Other,
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

    /// Whether a browser sent the credential by itself.
    pub(crate) const fn is_ambient(&self) -> bool {
        self.ambient
    }

    pub(crate) fn shared_source(&self) -> Option<Arc<dyn Error + Send + Sync>> {
        self.source.clone()
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
