//! The refusal that handlers return.

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;

use crate::identity::{Identity, VerifyError};
use crate::response::{Anonymous, Context, Rejection, Voice, answer};

/// A refusal as the layer outside would have answered it: what the extractors here reject with, and what a handler
/// returns that has verified something by itself, the password of a log-in form for one.
///
/// ```
/// use axum::{Form, extract::State};
/// use http::request::Parts;
/// use portcullis::axum::Refused;
/// use portcullis::credentials::BasicCredentials;
/// use portcullis::identity::password::PasswordVerifier;
/// use portcullis::{Verifier, VerifyError};
///
/// #[derive(serde::Deserialize)]
/// struct Login { user: String, password: String }
///
/// /// On a route with an `AuthenticateLayer` that allows the anonymous.
/// async fn login(
///     State(passwords): State<PasswordVerifier>,
///     head: Parts,
///     Form(form): Form<Login>,
/// ) -> Result<String, Refused> {
///     let verify = async { passwords.verify(BasicCredentials::new(&form.user, &form.password)?).await };
///     let identity = verify.await.map_err(|error: VerifyError| Refused::new(error, &head))?;
///     Ok(format!("welcome, {}", identity.subject()))
/// }
/// ```
#[derive(Debug)]
pub struct Refused(Box<Response>);

impl Refused {
    /// The answer to a request with this head, whose credentials a verifier did not accept. Its challenges are those of
    /// the layer outside; without one, the answer is a 500 that says so.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "takes what `map_err` gives")]
    pub fn new(error: VerifyError, head: &Parts) -> Self {
        let rejection = match outside(head) {
            Some(context) => Rejection::new(error.reason(), &context.challenges, None)
                .with_cause(error.cause())
                .with_hint(error.hinted())
                .with_findings(error.shared_findings())
                .with_retry_after(error.retry_after())
                .with_source(error.shared_source()),
            None => Rejection::forgotten_layer(),
        };
        Self::answer(rejection, head)
    }

    pub(super) fn answer(rejection: Rejection, head: &Parts) -> Self {
        let voice = match outside(head) {
            Some(context) => &*context.voice,
            None => Voice::of_nobody(),
        };
        let who = head.extensions.get::<Identity>().map(|identity| (identity.issuer(), identity.subject()));
        Self(Box::new(answer(rejection, voice, who, head.clone()).map(Body::from)))
    }
}

/// What the layer outside has left in the request, if there is one.
fn outside(head: &Parts) -> Option<&Context> {
    match (head.extensions.get::<Identity>(), head.extensions.get::<Anonymous>()) {
        (Some(identity), _) => identity.handed_on(),
        (None, Some(Anonymous(context))) => Some(context),
        (None, None) => None,
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        *self.0
    }
}
