//! Logging in.

use std::sync::Arc;

use bytes::Bytes;
use http::header::SET_COOKIE;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response};
use http_body::Body;
use serde::Serialize;

use super::attempt::LogInAttempt;
use super::form::{Form, NoForm, hint};
use super::reply::{done, json, see_other};
use super::settings::Settings;
use super::wish::{Wish, wish};
use crate::credentials::{BasicCredentials, ClientAddress, SessionId};
use crate::error::Reason;
use crate::identity::session::{NewSession, SessionError, SessionStart};
use crate::identity::{Identity, VerifyError};
use crate::observe::Event;
use crate::response::{Words, own_path};

/// A session for a right password, and an end to the one that the client had.
pub(super) async fn log_in<B>(settings: Arc<Settings>, request: Request<B>) -> Response<Bytes>
where
    B: Body<Data = Bytes>,
{
    let (mut head, body) = request.into_parts();
    if head.method != Method::POST {
        return settings.method_not_allowed("POST", &head);
    }
    // Nothing is read for somebody who is sent by another site.
    let shown = match settings.check_origin(&head).and_then(|()| settings.shown(&head.headers)) {
        Ok(shown) => shown,
        Err(error) => return settings.refuse(&error, head),
    };
    let form = match Form::read(&head.headers, body, settings.remember_me).await {
        Ok(form) => form,
        Err(NoForm::TooLarge) => return settings.too_large(&head),
        Err(NoForm::Unreadable(cause)) => {
            return settings.refuse_saying(Reason::Malformed, &UNREADABLE, (cause, hint(cause)), head);
        }
    };
    let Form { username, password, return_to, remember } = form;
    let return_to = return_to.as_ref().and_then(|path| own_path(path.expose()));
    let credentials = BasicCredentials::new(username.expose(), password.expose());
    drop(password);
    head.extensions.insert(LogInAttempt::new(username, return_to, remember));
    let verdict = match credentials {
        Ok(credentials) => {
            let client = head.extensions.get::<ClientAddress>().copied();
            settings.verifier.verify(credentials.from_client(client)).await
        }
        // A name that nobody can have is answered like one that nobody has.
        Err(_) => Some(Err(VerifyError::invalid()
            .because("no user can have this name or this password")
            .hint("A name or a password that is empty, too long, or holds a control character or a colon: have the page say so."))),
    };
    let identity = match verdict {
        Some(Ok(identity)) => identity,
        Some(Err(error)) => return settings.refuse(&error, head),
        None => return settings.panicked(head),
    };
    let start = start(&settings, &head, remember);
    match begin(&settings, &identity, shown.as_ref(), start, remember).await {
        Ok(session) => {
            let (issuer, subject) = (identity.issuer(), identity.subject());
            settings.tell(&Event::LoggedIn { issuer, subject, session: session.public_id() });
            welcome(&settings, &session, &head, return_to)
        }
        Err(error) => settings.unfinished(error, head),
    }
}

/// Begins a session, and ends the one that was shown. Where that is of the same subject it goes on, under a new id: the
/// list of sessions keeps one entry for the device. One that is to last longer cannot go on, and begins.
async fn begin(
    settings: &Settings,
    identity: &Identity,
    shown: Option<&SessionId>,
    start: SessionStart,
    remember: bool,
) -> Result<NewSession, SessionError> {
    let sessions = settings.sessions();
    if let Some(shown) = shown {
        if !remember && let Some(renewed) = sessions.renew(shown, identity).await? {
            return Ok(renewed);
        }
        // First, so that the new one takes its place where their number is limited.
        if sessions.end(shown).await? {
            settings.tell_logged_out(shown);
        }
    }
    sessions.create(identity, start).await
}

/// What the user will know the session by.
fn start(settings: &Settings, head: &Parts, remember: bool) -> SessionStart {
    let mut start = SessionStart::new();
    if let Some(label) = (settings.label)(head) {
        start = start.label(&label);
    }
    if let Some(client) = head.extensions.get::<ClientAddress>() {
        start = start.address(client.ip());
    }
    if remember { start.remembered() } else { start }
}

/// Hands the session out, in the way the client asked for.
fn welcome(settings: &Settings, session: &NewSession, head: &Parts, return_to: Option<&str>) -> Response<Bytes> {
    let mut response = match wish(&head.headers) {
        Wish::Html => {
            let path = return_to.and_then(|path| HeaderValue::from_str(path).ok());
            see_other(path.unwrap_or_else(|| settings.home.clone()))
        }
        Wish::Json if settings.hand_out_ids => {
            let id = session.id().encode();
            json(&LoggedIn { session: id.expose(), expires_at: session.expires_at().as_secs() })
        }
        Wish::Json | Wish::Any => done(),
    };
    let cookie = settings.scheme.session_cookie().set(session.id(), session.max_age());
    response.headers_mut().insert(SET_COOKIE, cookie);
    response
}

#[derive(Serialize)]
struct LoggedIn<'a> {
    session: &'a str,
    expires_at: u64,
}

const UNREADABLE: Words = Words {
    title: "Log-in cannot be read",
    detail: "Send username and password, each once, as a form (application/x-www-form-urlencoded) or as a JSON object.",
};
