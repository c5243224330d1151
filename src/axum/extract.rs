//! The extractors.

use std::ops::Deref;
use std::sync::Arc;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use super::refused::Refused;
use crate::error::Reason;
use crate::identity::Identity;
use crate::response::{Anonymous, Rejection};

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
