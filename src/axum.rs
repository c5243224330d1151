//! Extractors for axum handlers.
//!
//! | argument | anonymous | no `AuthenticateLayer` outside |
//! |---|---|---|
//! | [`Identity`] | 401 with the challenges of the layer | 500 that says so |
//! | `Option<Identity>` | `None` | 500 that says so |
//! | [`Value<T>`] | 401 with the challenges of the layer | 500 that says so |
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
use crate::identity::Identity;
use crate::response::{Anonymous, Problem, Rejection, Respond, answer};

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
            (None, None) => Err(Refused::new(Rejection::forgotten_layer(), &Problem, parts)),
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
            Refused::new(Rejection::misconfigured(cause), &Problem, parts)
        })
    }
}

fn required(parts: &Parts) -> Result<Identity, Refused> {
    match (parts.extensions.get::<Identity>(), parts.extensions.get::<Anonymous>()) {
        (Some(identity), _) => Ok(identity.clone()),
        (None, Some(Anonymous(context))) => {
            Err(Refused::new(Rejection::new(Reason::Missing, &context.challenges, None), &*context.respond, parts))
        }
        (None, None) => Err(Refused::new(Rejection::forgotten_layer(), &Problem, parts)),
    }
}

/// The answer where an extractor finds no identity.
///
/// ```
/// use axum::response::IntoResponse;
/// use portcullis::axum::Refused;
///
/// fn pass_on(refused: Refused) -> axum::response::Response {
///     refused.into_response()
/// }
/// ```
#[derive(Debug)]
pub struct Refused(Box<Response>);

impl Refused {
    fn new(rejection: Rejection, respond: &dyn Respond, parts: &Parts) -> Self {
        Self(Box::new(answer(rejection, respond, parts.clone()).map(Body::from)))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        *self.0
    }
}
