//! What users see and do about their own sessions. No id is ever shown; public ids open nothing.

use axum::body::Body;
use hyper::{HeaderMap, Response};
use portcullis::Identity;
use serde::Serialize;

use crate::login::forget;
use crate::members::Members;
use crate::problem::Problem;
use crate::reply::{done, json};

/// `GET /session/sessions`
pub(crate) fn list(members: &Members, member: &Identity) -> Response<Body> {
    let sessions = members.sessions.list(member.issuer(), member.subject());
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
pub(crate) fn end(members: &Members, member: &Identity, public_id: &str, headers: &HeaderMap) -> Response<Body> {
    if !members.sessions.end_public(member.issuer(), member.subject(), public_id) {
        return Problem::NOT_FOUND.answer(headers);
    }
    tracing::info!(subject = member.subject(), "ended a session");
    let mut response = done();
    if member.credential_id() == Some(public_id) {
        forget(members, headers, &mut response);
    }
    response
}

/// `POST /session/revoke-all`: logs out everywhere, here included.
pub(crate) fn end_all(members: &Members, member: &Identity, headers: &HeaderMap) -> Response<Body> {
    let ended = members.sessions.end_all(member.issuer(), member.subject());
    tracing::info!(subject = member.subject(), ended, "ended all sessions");
    let mut response = done();
    forget(members, headers, &mut response);
    response
}
