//! What people see and do about their own sessions. No id is shown; public ids open nothing.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use serde::Serialize;

use super::reply::{done, json, see_other};
use super::routes::Route;
use super::settings::Settings;
use super::wish::{Wish, wish};
use crate::identity::Identity;
use crate::identity::session::{SessionError, SessionInfo};
use crate::response::{Rejection, answer};

/// Answers a request that a layer has let in; its route stands in the extensions.
pub(super) async fn manage<B>(settings: Arc<Settings>, request: Request<B>) -> Response<Bytes> {
    let (mut head, _) = request.into_parts();
    let Some(member) = head.extensions.get::<Identity>().cloned() else {
        return answer(Rejection::forgotten_layer(), &settings.voice, None, head);
    };
    let Some(route) = head.extensions.remove::<Route>() else { return settings.not_found(head) };
    let done = match route {
        Route::List => list(&settings, &member).await,
        Route::End(public_id) => match end(&settings, &member, &public_id, &head).await {
            Ok(None) => return settings.not_found(head),
            Ok(Some(response)) => Ok(response),
            Err(error) => Err(error),
        },
        Route::EndOthers => end_others(&settings, &member, &head).await,
        Route::EndAll => end_all(&settings, &member, &head).await,
    };
    done.unwrap_or_else(|error| settings.unfinished(error, head))
}

type Answer = Result<Response<Bytes>, SessionError>;

async fn list(settings: &Settings, member: &Identity) -> Answer {
    let sessions = settings.sessions().list(member.issuer(), member.subject()).await?;
    let entries = sessions.iter().map(|session| Entry::of(session, member));
    Ok(json(&List { sessions: entries.collect() }))
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
    expires_at: u64,
    remembered: bool,
    label: Option<&'a str>,
    address: Option<String>,
}

impl<'a> Entry<'a> {
    fn of(session: &'a SessionInfo, member: &Identity) -> Self {
        Self {
            id: session.public_id(),
            current: member.credential_id() == Some(session.public_id()),
            created_at: session.created_at().as_secs(),
            last_seen: session.last_seen().as_secs(),
            expires_at: session.expires_at().as_secs(),
            remembered: session.is_remembered(),
            label: session.label(),
            address: session.address().map(|address| address.to_string()),
        }
    }
}

/// One session; `None` where the member has none of that id: another's is not found, as one that does not exist.
async fn end(
    settings: &Settings,
    member: &Identity,
    public_id: &str,
    head: &Parts,
) -> Result<Option<Response<Bytes>>, SessionError> {
    if !settings.sessions().end_public(member.issuer(), member.subject(), public_id).await? {
        return Ok(None);
    }
    settings.tell_ended(member, Some(public_id), 1);
    let is_this = member.credential_id() == Some(public_id);
    Ok(Some(if is_this { gone(settings, head) } else { stayed(settings, head) }))
}

async fn end_others(settings: &Settings, member: &Identity, head: &Parts) -> Answer {
    settings.verifier.forget(member);
    let ended = settings.sessions().end_others(member).await?;
    settings.tell_ended(member, None, ended);
    Ok(stayed(settings, head))
}

async fn end_all(settings: &Settings, member: &Identity, head: &Parts) -> Answer {
    settings.verifier.forget(member);
    let ended = settings.sessions().end_all(member.issuer(), member.subject()).await?;
    settings.tell_ended(member, None, ended);
    Ok(gone(settings, head))
}

/// The member is still logged in here.
fn stayed(settings: &Settings, head: &Parts) -> Response<Bytes> {
    let is_page = wish(&head.headers) == Wish::Html;
    if is_page { see_other(settings.sessions_page.clone()) } else { done() }
}

/// The member is logged out here.
fn gone(settings: &Settings, head: &Parts) -> Response<Bytes> {
    let is_page = wish(&head.headers) == Wish::Html;
    let mut response = if is_page { see_other(settings.after_log_out.clone()) } else { done() };
    settings.clear_cookie(&head.headers, &mut response);
    response
}
