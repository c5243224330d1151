//! What the three services share, and how all of them refuse.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, ORIGIN, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::verifier::AnyVerifier;
use crate::authenticate::{Session, explained, panicked};
use crate::credentials::{Authorization, SessionId, Unreadable, find_cookie};
use crate::error::Reason;
use crate::identity::session::{SessionError, SessionTicket, Sessions};
use crate::identity::{Identity, VerifyError};
use crate::observe::Event;
use crate::response::{ChallengeSet, OwnRefusal, Rejection, Voice, Words, answer, without_body_for_head};

/// All that was configured.
pub(super) struct Settings {
    pub(super) scheme: Session<Sessions>,
    pub(super) verifier: Box<dyn AnyVerifier>,
    /// The session's, then those that are named beside it.
    pub(super) challenges: Arc<ChallengeSet>,
    pub(super) voice: Voice,
    pub(super) home: HeaderValue,
    pub(super) after_log_out: HeaderValue,
    pub(super) sessions_page: HeaderValue,
    pub(super) remember_me: bool,
    pub(super) hand_out_ids: bool,
    pub(super) label: Box<Label>,
}

/// Names a session after the request that begins it.
pub(super) type Label = dyn Fn(&Parts) -> Option<String> + Send + Sync;

impl Settings {
    pub(super) fn sessions(&self) -> &Sessions {
        self.scheme.verifier()
    }

    /// The session that a request shows, if it is one in syntax: in the header, or without any in the cookie. What is no
    /// session stands in nobody's way.
    pub(super) fn shown(&self, headers: &HeaderMap) -> Result<Option<SessionId>, VerifyError> {
        let shown = if headers.contains_key(AUTHORIZATION) {
            Authorization::from_headers(headers).map(|field| {
                let id = field.filter(|field| field.is("Session")).and_then(|field| field.token68().ok());
                id.and_then(|id| SessionId::parse(id).ok())
            })
        } else {
            let name = self.scheme.session_cookie().name();
            find_cookie(headers, name).map(|text| text.and_then(|text| SessionId::parse(text).ok()))
        };
        match shown {
            Err(Unreadable::Malformed(_)) => Ok(None),
            other => other.map_err(VerifyError::from),
        }
    }

    /// The same-origin rule, where a browser says where the request comes from. One that says nothing is none: there
    /// has been no browser since 2020 that sends neither field with a form. And a program has nobody's cookie but its own.
    pub(super) fn check_origin(&self, head: &Parts) -> Result<(), VerifyError> {
        let says = |name: &HeaderName| head.headers.contains_key(name);
        if says(&SEC_FETCH_SITE) || says(&ORIGIN) { self.scheme.check_origin(head) } else { Ok(()) }
    }

    /// Clears the cookie, and the pages that were seen with it, unless a header spoke for the client: then the cookie is none
    /// of our business.
    pub(super) fn clear_cookie(&self, request: &HeaderMap, response: &mut Response<Bytes>) {
        if !request.contains_key(AUTHORIZATION) {
            response.headers_mut().insert(SET_COOKIE, self.scheme.session_cookie().clear());
            // Chromium may go back to a page that said `no-store` by showing it as it was left, unless a cookie has changed
            // meanwhile; and it can miss that of the page to which the log-in led.
            response.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\""));
        }
    }

    /// Tells what the sessions have told already, unless their observer is the same: then it has heard it.
    pub(super) fn tell(&self, event: &Event<'_>) {
        if self.voice.listener != *self.sessions().listener() {
            self.voice.listener.happened(event);
        }
    }

    pub(super) fn tell_logged_out(&self, id: &SessionId) {
        let session = SessionTicket::of(id).key().to_string();
        self.tell(&Event::LoggedOut { session: &session });
    }

    pub(super) fn tell_ended(&self, member: &Identity, credential: Option<&str>, ended: usize) {
        let kind = if credential.is_some() { "session" } else { "sessions" };
        let (issuer, subject, sessions) = (Some(member.issuer()), Some(member.subject()), Some(ended));
        if ended > 0 {
            self.tell(&Event::Revoked { kind, issuer, subject, credential, sessions });
        }
    }

    /// The answer of the table.
    pub(super) fn refuse(&self, error: &VerifyError, head: Parts) -> Response<Bytes> {
        let rejection = Rejection::new(error.reason(), &self.challenges, Some(0)).with_password();
        let rejection = explained(rejection, error);
        answer(rejection, &self.voice, None, head)
    }

    /// The answer of the table, in words for what happened here.
    pub(super) fn refuse_saying(
        &self,
        reason: Reason,
        words: &'static Words,
        (cause, hint): (&'static str, &'static str),
        head: Parts,
    ) -> Response<Bytes> {
        let rejection = Rejection::new(reason, &self.challenges, Some(0)).with_cause(Some(cause)).with_hint(Some(hint));
        let rejection = rejection.with_words(words);
        answer(rejection, &self.voice, None, head)
    }

    /// The answer where sessions could not be begun, ended or listed.
    pub(super) fn unfinished(&self, error: SessionError, head: Parts) -> Response<Bytes> {
        match error {
            SessionError::TooMany => self.refuse_saying(Reason::Forbidden, &TOO_MANY, MANY_SESSIONS, head),
            SessionError::Unavailable(error) => self.refuse(&VerifyError::from(error), head),
        }
    }

    /// The verifier is at fault, and not the client.
    pub(super) fn panicked(&self, head: Parts) -> Response<Bytes> {
        let rejection = Rejection::new(Reason::Misconfigured, &self.challenges, Some(0));
        answer(explained(rejection, &panicked()), &self.voice, None, head)
    }

    /// 405.
    pub(super) fn method_not_allowed(&self, allowed: &'static str, head: &Parts) -> Response<Bytes> {
        let refusal = OwnRefusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "Method not allowed",
            "Use one of the methods that Allow names.",
        );
        self.answer_own(&refusal.header(ALLOW, HeaderValue::from_static(allowed)), head)
    }

    /// 413.
    pub(super) fn too_large(&self, head: &Parts) -> Response<Bytes> {
        let refusal = OwnRefusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "Too large",
            "Send the fields of a log-in and nothing else: 64 KiB at most.",
        );
        self.answer_own(&refusal, head)
    }

    fn answer_own(&self, refusal: &OwnRefusal, head: &Parts) -> Response<Bytes> {
        without_body_for_head(&head.method, refusal.answer(&*self.voice.respond, &head.headers))
    }

    /// There is nothing at this address.
    pub(super) fn not_found(&self, head: Parts) -> Response<Bytes> {
        let rejection = Rejection::new(Reason::Hidden, &self.challenges, None)
            .with_cause(Some("no such session, or no such address"))
            .with_hint(Some(
                "The session has ended or is another user's; if it is the address, see where the service is mounted.",
            ));
        answer(rejection, &self.voice, None, head)
    }
}

/// An answer that nobody may keep.
pub(super) fn not_stored(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Cause and hint.
const MANY_SESSIONS: (&str, &str) =
    ("too many sessions", "Allow more (`max_per_subject`), or have the oldest end: leave `refuse_newest` out.");

const TOO_MANY: Words = Words {
    title: "Too many sessions",
    detail: "The password was right, and you are logged in in as many places as you may be. Log out in one of them, then \
             try again.",
};

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
