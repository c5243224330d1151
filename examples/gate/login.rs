//! Logging in and out.

use std::sync::Arc;

use axum::body::Body;
use hyper::header::{AUTHORIZATION, CACHE_CONTROL, COOKIE, SET_COOKIE, USER_AGENT};
use hyper::http::HeaderValue;
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Request, Response, StatusCode};
use portcullis::authenticate::Scheme;
use portcullis::credentials::Unreadable;
use portcullis::identity::session::{NewSession, SessionStart, SessionTicket};
use portcullis::{AuthenticateLayer, ConfigError};
use serde::Serialize;

use crate::accept::{Wish, wish};
use crate::doors::Schemes;
use crate::form::{Form, FormScheme, NamedOnly};
use crate::guarded::Guarded;
use crate::members::{Members, through};
use crate::path;
use crate::problem::Problem;
use crate::reply::{done, json, see_other};

/// The layer that judges log-ins; a failed one names the session's challenge first, then the `others`.
pub(crate) fn layer(
    session: &Arc<dyn Scheme>,
    verifier: Guarded,
    others: &Schemes,
) -> Result<AuthenticateLayer, ConfigError> {
    let form = FormScheme { session: Arc::clone(session), verifier: Arc::new(verifier) };
    let named = others.iter().map(|(_, scheme)| NamedOnly(Arc::clone(scheme)));
    named.fold(AuthenticateLayer::builder().scheme(form), |builder, scheme| builder.scheme(scheme)).build()
}

/// `POST /login`: a new session for a right password, and an end to the one that the client had.
pub(crate) async fn log_in(members: Arc<Members>, layer: &AuthenticateLayer, request: Request<Body>) -> Response<Body> {
    let (mut head, body) = request.into_parts();
    let old = match members.shown(&head.headers) {
        Ok(old) => old,
        // What is no session cannot be ended, and must not stand in the way of one.
        Err(Unreadable::Malformed(_)) => None,
        Err(_) => return Problem::AMBIGUOUS.answer(&head.headers),
    };
    let form = match Form::read(&head.headers, body).await {
        Ok(form) => form,
        Err(problem) => return problem.answer(&head.headers),
    };
    // Here the form is the credential, whatever else was sent.
    head.headers.remove(AUTHORIZATION);
    head.headers.remove(COOKIE);
    head.extensions.insert(form.clone());
    let old = Arc::new(old);
    loop {
        let exchanges = members.exchanges();
        let (begin, form, old) = (Arc::clone(&members), form.clone(), Arc::clone(&old));
        let request = Request::from_parts(head.clone(), Body::empty());
        let answer = through(layer, request, move |identity, headers| {
            let (begin, form, old) = (Arc::clone(&begin), form.clone(), Arc::clone(&old));
            async move {
                // First, so that the new session takes the place of the old one where their number is limited.
                if let Some(old) = &*old {
                    if begin.sessions.end(old).await.is_err() {
                        return Problem::UNSTARTED.answer(&headers);
                    }
                }
                let Ok(started) = begin.sessions.create(&identity, start(&headers)).await else {
                    return Problem::UNSTARTED.answer(&headers);
                };
                if begin.exchanges() != exchanges {
                    drop(begin.sessions.end(started.id()).await);
                    return Problem::UNSTARTED.answer(&headers);
                }
                tracing::info!(subject = identity.subject(), session = started.public_id(), "logged in");
                welcome(&begin, &started, &headers, form.return_to())
            }
        });
        let answer = answer.await;
        // Overtaken by a reload: judged again, by the users of now.
        if answer.status() != StatusCode::SERVICE_UNAVAILABLE || members.exchanges() == exchanges {
            return answer;
        }
    }
}

/// Hands the session out, in the way the client asked for.
fn welcome(members: &Members, started: &NewSession, headers: &HeaderMap, return_to: Option<&str>) -> Response<Body> {
    let mut response = match wish(headers) {
        Wish::Html => see_other(return_to.and_then(own_path).unwrap_or(HOME)),
        Wish::Json => {
            let id = started.id().encode();
            json(&LoggedIn { session: id.expose(), expires_at: started.expires_at().as_secs() })
        }
        Wish::Any => done(),
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(SET_COOKIE, members.cookie.set(started.id(), started.max_age()));
    response
}

#[derive(Serialize)]
struct LoggedIn<'a> {
    session: &'a str,
    expires_at: u64,
}

/// `POST /logout`: ends the session here, then in the browser. Without a session there is nothing left to do.
pub(crate) async fn log_out(members: &Members, headers: &HeaderMap) -> Response<Body> {
    match members.shown(headers) {
        Ok(Some(id)) => {
            let session = SessionTicket::of(&id).key();
            match members.sessions.end(&id).await {
                Ok(true) => tracing::info!(%session, "logged out"),
                Ok(false) => {}
                Err(_) => return Problem::UNSTARTED.answer(headers),
            }
        }
        Ok(None) | Err(Unreadable::Malformed(_)) => {}
        Err(_) => return Problem::AMBIGUOUS.answer(headers),
    }
    let mut response = if wish(headers) == Wish::Html { see_other(HOME) } else { done() };
    forget(members, headers, &mut response);
    response
}

/// Clears the cookie, unless a header spoke for the client: then the cookie is none of our business.
pub(crate) fn forget(members: &Members, headers: &HeaderMap, response: &mut Response<Body>) {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !headers.contains_key(AUTHORIZATION) {
        response.headers_mut().insert(SET_COOKIE, members.cookie.clear());
    }
}

/// Where people go who did not say where.
const HOME: &str = "/";

/// `text` if it is a path on this server and nothing that a browser could take for another: it reads back to itself, and
/// its decoded path has neither controls nor escapes.
fn own_path(text: &str) -> Option<&str> {
    let path = text.split('?').next().filter(|_| text.len() <= MAX_RETURN_TO)?;
    let decoded = String::from_utf8(path::read(path).ok()?).ok()?;
    let plain = !decoded.contains(|character: char| character.is_control() || character == '%');
    let graphic = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let same = text.parse::<PathAndQuery>().is_ok_and(|parsed| parsed.as_str() == text);
    (plain && graphic && same).then_some(text)
}

const MAX_RETURN_TO: usize = 2048;

/// What the user will know the session by. Only printable ASCII is taken from what clients call themselves.
fn start(headers: &HeaderMap) -> SessionStart {
    match headers.get(USER_AGENT).and_then(|text| text.to_str().ok()) {
        Some(text) => SessionStart::new().label(text),
        None => SessionStart::new(),
    }
}
