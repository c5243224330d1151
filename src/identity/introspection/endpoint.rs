//! The issuer's introspection endpoint: one question, one answer.

use std::sync::Arc;

use bytes::Bytes;

use super::answer::Rules;
use super::client_auth::{ClientAuth, Proof};
use super::error::Unanswered;
use super::remembered::Verdict;
use super::signed_answer::SignedAnswers;
use crate::clock::{Clock, within};
use crate::error::Severity;
use crate::identity::jwt::Unopened;
use crate::observe::{Event, Listener, Reach};
use crate::outbound::{Address, Call, CallError, Client};
use crate::secret::Secret;
use crate::trace;

pub(super) struct Endpoint {
    pub(super) client: Client,
    pub(super) address: Address,
    pub(super) auth: ClientAuth,
    pub(super) call: Call,
    pub(super) signed: Option<SignedAnswers>,
    pub(super) rules: Rules,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) listener: Listener,
    pub(super) reach: Reach,
}

impl Endpoint {
    /// What the issuer says of `token`, within the deadline.
    pub(super) async fn ask(&self, token: &Secret<String>) -> Verdict {
        let answer = within(self.call.deadline, self.judge(token)).await;
        let verdict = answer.unwrap_or_else(|_| Err(Unanswered::Late(self.name(), self.call.deadline)));
        match verdict {
            Ok(verdict) => {
                if let Some(after) = self.reach.answered(|| self.clock.monotonic()) {
                    trace::audit(&self.listener, &Event::StoreRegained { store: &self.store(), after });
                }
                verdict
            }
            Err(unanswered) => {
                trace::happened(Severity::Error, "a token could not be introspected", &self.name(), Some(&unanswered));
                if self.reach.failed(|| self.clock.monotonic()) {
                    self.listener.happened(&Event::StoreLost { store: &self.store(), error: &unanswered });
                }
                Err(unanswered.into())
            }
        }
    }

    /// What it is called in events.
    fn store(&self) -> String {
        format!("introspection at {}", self.address)
    }

    pub(super) fn name(&self) -> Box<str> {
        self.address.to_string().into()
    }

    async fn judge(&self, token: &Secret<String>) -> Result<Verdict, Unanswered> {
        let unreadable = |cause| Unanswered::Unreadable { endpoint: self.name(), cause };
        let body = match self.post(token).await {
            // A connection that was kept may be gone by now, and a question may be asked twice.
            Err(Unanswered::Call { source: CallError::Broken(_), .. }) => self.post(token).await?,
            answer => answer?,
        };
        let verdict = match &self.signed {
            None => self.rules.judge(&body),
            Some(signed) => {
                let opened = signed.open(&body, self.clock.now()).await;
                let answer = opened.map_err(|unopened| match unopened {
                    Unopened::Unfit(cause) => unreadable(cause),
                    Unopened::NoKeys(source) => Unanswered::Keys { endpoint: self.name(), source },
                })?;
                self.rules.judge(&answer)
            }
        };
        Ok(verdict.map_err(unreadable)?.map(Arc::new))
    }

    async fn post(&self, token: &Secret<String>) -> Result<Bytes, Unanswered> {
        let proof = self.auth.prove(self.clock.now()).map_err(|_| Unanswered::Unsigned(self.name()))?;
        let mut form = vec![("token", token.expose().as_str()), ("token_type_hint", "access_token")];
        let mut authorization = None;
        match &proof {
            Proof::Authorization(value) => authorization = Some(*value),
            Proof::Secret { client_id, secret } => {
                form.extend([("client_id", *client_id), ("client_secret", secret.expose())]);
            }
            Proof::Assertion(assertion) => {
                form.extend([("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.expose())]);
            }
        }
        match self.client.post_form(&self.address, authorization, &form, self.call).await {
            Ok(reply) => Ok(reply.body),
            Err(CallError::Status(status @ (401 | 403))) => Err(Unanswered::OurCredentials(self.name(), status)),
            Err(source) => Err(Unanswered::Call { endpoint: self.name(), source }),
        }
    }
}

/// The media types of answers.
pub(super) const JSON: &[&str] = &["application/json"];
pub(super) const SIGNED: &[&str] = &["application/token-introspection+jwt"];

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
