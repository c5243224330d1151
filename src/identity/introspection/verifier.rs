//! The verifier that asks the issuer.

use std::fmt;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::builder::IntrospectionBuilder;
use super::client_auth::ClientAuth;
use super::endpoint::Endpoint;
use super::error::Unanswered;
use super::remembered::{Remembered, Verdict};
use super::under_way::{Entered, UnderWay};
use crate::clock::Clock;
use crate::credentials::BearerToken;
use crate::error::Reason;
use crate::identity::digest::Digest;
use crate::identity::error::VerifyError;
use crate::identity::identity::Identity;
use crate::identity::revocation::ErasedRevocations;
use crate::identity::verifier::Verifier;
use crate::secret::Secret;

/// Verifies tokens by asking their issuer (RFC 7662): opaque ones, that mean nothing to anybody else.
///
/// However many requests come with one token, one question is under way for it; its answer is
/// [remembered](super::AnswerCache) for a while. The token's time, and its [revocation](crate::identity::revocation),
/// are judged on every use. Where the issuer's word cannot be had, or not be understood, the verdict is *unavailable*
/// and never *invalid*, and is not remembered.
///
/// Clones share everything. Needs a tokio runtime.
///
/// ```
/// use portcullis::Secret;
/// use portcullis::authenticate::Bearer;
/// use portcullis::identity::introspection::{ClientAuth, IntrospectionVerifier};
///
/// let secret = Secret::new(String::from("kJ3vX9qLw2rT8mZs5bYc"));
/// let verifier = IntrospectionVerifier::builder("https://id.example/introspect", ClientAuth::basic("gate", secret))
///     .issuer("https://id.example")
///     .audience(["orders-api"])
///     .build()?;
/// let scheme = Bearer::new("orders", verifier);
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct IntrospectionVerifier(Arc<Shared>);

pub(super) struct Shared {
    pub(super) endpoint: Endpoint,
    pub(super) remembered: Remembered,
    pub(super) under_way: Arc<UnderWay>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) revocations: Option<Arc<dyn ErasedRevocations>>,
}

impl IntrospectionVerifier {
    /// A verifier in the making, which asks at `endpoint`, a fixed https address, and shows `auth` there.
    pub fn builder(endpoint: impl Into<Box<str>>, auth: ClientAuth) -> IntrospectionBuilder {
        IntrospectionBuilder::new(endpoint.into(), auth)
    }

    /// How many answers are remembered now.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.0.remembered.len()
    }

    /// Whose token this is, by the issuer's word.
    ///
    /// # Errors
    /// [`VerifyError::unavailable`] where that cannot be had now; [`VerifyError::expired`] for an active token whose
    /// own time is over; [`VerifyError::invalid`] for everything else, with a cause for the log.
    pub async fn verify_token(&self, token: &str) -> Result<Identity, VerifyError> {
        let digest = Digest::of([token.as_bytes()]);
        if let Some((_, verdict)) = self.0.recall(&digest, token) {
            self.0.remembered.lookups.hit();
            return verdict;
        }
        self.0.remembered.lookups.missed();
        let verdict = self.0.ask(digest, token).await;
        self.0.admit(verdict, token)
    }

    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }
}

impl Shared {
    /// What is remembered of a token and what it comes to now; nothing where the issuer has to be asked.
    fn recall(&self, digest: &Digest, token: &str) -> Option<(Verdict, Result<Identity, VerifyError>)> {
        let verdict = self.remembered.get(digest, self.clock.monotonic())?;
        match self.admit(verdict.clone(), token) {
            // Its end may have been moved meanwhile.
            Err(error) if verdict.is_ok() && error.reason() == Reason::Expired => None,
            now => Some((verdict, now)),
        }
    }

    fn admit(&self, verdict: Verdict, token: &str) -> Result<Identity, VerifyError> {
        let accepted = verdict?;
        accepted.admit(token.as_bytes(), self.clock.now(), self.revocations.as_deref())?;
        Ok(Identity::of(accepted))
    }

    /// Asks the issuer, or waits with whoever does.
    async fn ask(self: &Arc<Self>, digest: Digest, token: &str) -> Verdict {
        let unavailable = |unanswered: Unanswered| unanswered.into();
        let mut waiting = match self.under_way.enter(digest) {
            Entered::Joined(waiting) => waiting,
            Entered::Full => return Err(unavailable(Unanswered::Full(self.endpoint.name()))),
            Entered::First(question, waiting) => {
                let runtime = Handle::try_current().map_err(|_| unavailable(Unanswered::NoRuntime))?;
                let (shared, token) = (Arc::clone(self), Secret::new(token.to_owned()));
                // In a task of its own: whoever asked first may leave without harm to those who joined.
                runtime.spawn(async move { question.answer(shared.answer(digest, &token).await) });
                waiting
            }
        };
        match waiting.wait_for(Option::is_some).await.map(|verdict| verdict.clone()) {
            Ok(Some(verdict)) => verdict,
            Ok(None) | Err(_) => Err(unavailable(Unanswered::Dropped(self.endpoint.name()))),
        }
    }

    async fn answer(&self, digest: Digest, token: &Secret<String>) -> Verdict {
        // Another question may have ended between the look into the memory and this one.
        if let Some((verdict, _)) = self.recall(&digest, token.expose()) {
            return verdict;
        }
        let asked = self.clock.monotonic();
        let verdict = self.endpoint.ask(token).await;
        // An active token that is past its end is remembered as briefly as one that is not active.
        let lasting = match self.admit(verdict.clone(), token.expose()) {
            Err(error) if error.reason() == Reason::Expired => Err(error),
            _ => verdict.clone(),
        };
        self.remembered.insert(digest, &lasting, asked);
        verdict
    }
}

impl Verifier<BearerToken> for IntrospectionVerifier {
    async fn verify(&self, token: BearerToken) -> Result<Identity, VerifyError> {
        self.verify_token(token.expose()).await
    }

    fn verify_now(&self, token: &BearerToken) -> Option<Result<Identity, VerifyError>> {
        let token = token.expose();
        let (_, verdict) = self.0.recall(&Digest::of([token.as_bytes()]), token)?;
        self.0.remembered.lookups.hit();
        Some(verdict)
    }
}

impl fmt::Debug for IntrospectionVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionVerifier")
            .field("endpoint", &self.0.endpoint.address)
            .field("remembered", &self.remembered())
            .finish_non_exhaustive()
    }
}
