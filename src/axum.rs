//! Extractors for axum handlers, and [`Refused`] for handlers that verify something by themselves.
//!
//! | argument | anonymous | no `AuthenticateLayer` outside |
//! |---|---|---|
//! | [`Identity`] | 401 with the challenges of the layer | 500 that says so |
//! | `Option<Identity>` | `None` | 500 that says so |
//! | [`Value<T>`] | 401 with the challenges of the layer | 500 that says so |
//!
//! `Router::layer` is around the routes that were added before it and around none that come after: add every route that
//! is to be guarded before the `AuthenticateLayer`.
//!
//! ```
//! use axum::{Router, routing::get};
//! use portcullis::authenticate::Bearer;
//! use portcullis::identity::token::TokenVerifier;
//! use portcullis::permission::scope;
//! use portcullis::{AuthenticateLayer, Identity, RequireLayer};
//!
//! async fn list(identity: Identity) -> String {
//!     format!("the orders of {}", identity.subject())
//! }
//!
//! let app: Router = Router::new()
//!     .route("/orders", get(list).layer(RequireLayer::new(scope("orders:read"))?))
//!     .layer(AuthenticateLayer::new(Bearer::new("orders", TokenVerifier::new()))?);
//! # Ok::<(), portcullis::ConfigError>(())
//! ```

use std::ops::Deref;
use std::sync::Arc;

use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;

use crate::error::Reason;
use crate::identity::{Identity, VerifyError};
use crate::response::{Anonymous, Context, Rejection, Voice, answer};

impl<S: Send + Sync> FromRequestParts<S> for Identity {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        required(parts)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Identity {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Refused> {
        match (parts.extensions.get::<Self>(), parts.extensions.get::<Anonymous>()) {
            (Some(identity), _) => Ok(Some(identity.clone())),
            (None, Some(_)) => Ok(None),
            (None, None) => Err(Refused::answer(Rejection::forgotten_layer(), parts)),
        }
    }
}

/// The application's own value of the identity ([`Identity::get`]): JWT claims, a database row.
///
/// Where the identity has no value, or one of another type, the server is put together wrongly: 500.
///
/// ```
/// use portcullis::axum::Value;
///
/// struct Account { plan: String }
///
/// async fn plan(account: Value<Account>) -> String {
///     account.plan.clone()
/// }
/// ```
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "taken apart in the arguments of handlers: `Value(account): Value<Account>`"
)]
pub struct Value<T>(pub Arc<T>);

impl<T> Deref for Value<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<S: Send + Sync, T: Send + Sync + 'static> FromRequestParts<S> for Value<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let identity = required(parts)?;
        identity.get_shared().map(Self).ok_or_else(|| {
            let cause = "the identity carries no value of the type that the handler asks for";
            Refused::answer(Rejection::misconfigured(cause), parts)
        })
    }
}

fn required(parts: &Parts) -> Result<Identity, Refused> {
    match (parts.extensions.get::<Identity>(), parts.extensions.get::<Anonymous>()) {
        (Some(identity), _) => Ok(identity.clone()),
        (None, Some(Anonymous(context))) => {
            Err(Refused::answer(Rejection::new(Reason::Missing, &context.challenges, None), parts))
        }
        (None, None) => Err(Refused::answer(Rejection::forgotten_layer(), parts)),
    }
}

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

    fn answer(rejection: Rejection, head: &Parts) -> Self {
        let voice = outside(head).map_or_else(|| Voice::of_nobody(), |context| &*context.voice);
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
