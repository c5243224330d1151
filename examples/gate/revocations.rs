//! `POST /revocations` of the admin port: ends tokens before their time.

use axum::body::{Body, to_bytes};
use hyper::Response;
use hyper::http::request::Parts;
use portcullis::identity::revocation::{Revocation, Revocations};
use serde::Deserialize;

use crate::gate::Gate;
use crate::problem::Problem;
use crate::reply::done;

/// What ends: a token, all of a session, or all of a subject until now; each under the name that its issuer has for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    issuer: String,
    jti: Option<String>,
    sid: Option<String>,
    subject: Option<String>,
}

/// In force when this returns. Of a local user the sessions here end as well, and remembered passwords are forgotten.
pub(crate) async fn revoke(gate: &Gate, head: &Parts, body: Body) -> Response<Body> {
    let Ok(body) = to_bytes(body, MAX_BODY).await else { return Problem::UNREADABLE_ORDER.answer(&head.headers) };
    let Ok(order) = serde_json::from_slice::<Order>(&body) else {
        return Problem::UNREADABLE_ORDER.answer(&head.headers);
    };
    let Some(revocation) = order.revocation() else { return Problem::UNREADABLE_ORDER.answer(&head.headers) };
    if let Err(error) = gate.kept.revocations.revoke(revocation).await {
        tracing::error!(%error, "cannot revoke");
        return Problem::NOT_REVOKED.answer(&head.headers);
    }
    if let Some(subject) = &order.subject
        && let Err(error) = gate.log_out_everywhere(&order.issuer, subject).await
    {
        tracing::error!(%error, "cannot end the sessions of a subject");
        return Problem::SESSIONS_LEFT.answer(&head.headers);
    }
    tracing::info!(issuer = order.issuer, "revoked");
    done()
}

impl Order {
    /// Exactly one thing, by a name that is one.
    fn revocation(&self) -> Option<Revocation> {
        let Self { issuer, jti, sid, subject } = self;
        let (name, revoke): (_, fn(&str, &str) -> Revocation) = match (jti, sid, subject) {
            (Some(id), None, None) => (id, Revocation::token_id),
            (None, Some(id), None) => (id, Revocation::session_id),
            (None, None, Some(subject)) => (subject, Revocation::subject),
            _ => return None,
        };
        (!issuer.is_empty() && !name.is_empty()).then(|| revoke(issuer, name))
    }
}

const MAX_BODY: usize = 64 * 1024;
