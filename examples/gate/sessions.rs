//! What users see and do about their own sessions. No id is ever shown; public ids open nothing.

use std::sync::Arc;

use axum::body::Body;
use hyper::{HeaderMap, Response};
use portcullis::Identity;
use serde::Serialize;

use crate::login::forget;
use crate::members::Members;
use crate::problem::Problem;
use crate::reply::{done, json};

/// `GET /session/sessions`
pub(crate) async fn list(members: Arc<Members>, member: Identity, headers: HeaderMap) -> Response<Body> {
    let Ok(sessions) = members.sessions.list(member.issuer(), member.subject()).await else {
        return Problem::UNSTARTED.answer(&headers);
    };
    let entries = sessions.iter().map(|session| Entry {
        id: session.public_id(),
        current: member.credential_id() == Some(session.public_id()),
        created_at: session.created_at().as_secs(),
        last_seen: session.last_seen().as_secs(),
        label: session.label(),
    });
    json(&List { sessions: entries.collect() })
}

#[derive(Serialize)]
struct List<'a> {
    sessions: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    current: bool,
    created_at: u64,
    last_seen: u64,
    label: Option<&'a str>,
}

/// `DELETE /session/sessions/{id}`: that of another user is not found, as one that does not exist.
pub(crate) async fn end(
    members: Arc<Members>,
    member: Identity,
    public_id: String,
    headers: HeaderMap,
) -> Response<Body> {
    match members.sessions.end_public(member.issuer(), member.subject(), &public_id).await {
        Ok(true) => {}
        Ok(false) => return Problem::NOT_FOUND.answer(&headers),
        Err(_) => return Problem::UNSTARTED.answer(&headers),
    }
    tracing::info!(subject = member.subject(), "ended a session");
    let mut response = done();
    if member.credential_id() == Some(&*public_id) {
        forget(&members, &headers, &mut response);
    }
    response
}

/// `POST /session/revoke-all`: logs out everywhere, here included.
pub(crate) async fn end_all(members: Arc<Members>, member: Identity, headers: HeaderMap) -> Response<Body> {
    let Ok(ended) = members.sessions.end_all(member.issuer(), member.subject()).await else {
        return Problem::UNSTARTED.answer(&headers);
    };
    tracing::info!(subject = member.subject(), ended, "ended all sessions");
    let mut response = done();
    forget(&members, &headers, &mut response);
    response
}
