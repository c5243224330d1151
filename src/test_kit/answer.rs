//! An answer before and after something went wrong with it.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::Value;

use super::body::{AnswerBody, half};
use super::faults::{Fault, Kind};
use super::gzip;

/// What an endpoint has to say.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

/// What becomes of it on its way.
#[derive(Debug)]
pub(super) enum Delivery {
    Answered(Response<AnswerBody>),
    HangUp,
    Stall,
}

impl Answer {
    pub(super) fn new(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Self {
        let mut answer = Self { status, headers: Vec::new(), body: body.into() };
        answer.set(CONTENT_TYPE, content_type);
        answer
    }

    pub(super) fn json(body: impl Into<Bytes>) -> Self {
        Self::new(StatusCode::OK, "application/json", body)
    }

    /// An error of OAuth (RFC 6749 section 5.2).
    pub(super) fn error(status: StatusCode, code: &str, description: &str) -> Self {
        let body = serde_json::json!({"error": code, "error_description": description});
        Self::new(status, "application/json", body.to_string())
    }

    /// The same with a challenge, as a 401 must have one.
    pub(super) fn unauthorized(description: &str) -> Self {
        let mut answer = Self::error(StatusCode::UNAUTHORIZED, "invalid_client", description);
        answer.set(WWW_AUTHENTICATE, r#"Basic realm="introspection", charset="UTF-8""#);
        answer
    }

    /// Says that it must not be kept, as everything about tokens does.
    pub(super) fn not_to_be_stored(mut self) -> Self {
        self.set(CACHE_CONTROL, "no-store");
        self
    }

    /// Replaces a header. A value that is none leaves it out.
    pub(super) fn set(&mut self, name: HeaderName, value: &str) {
        self.headers.retain(|(own, _)| *own != name);
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
    }

    /// Delivers it, with what is to go wrong.
    pub(super) fn deliver(mut self, fault: Option<Fault>, extra: Vec<(HeaderName, HeaderValue)>) -> Delivery {
        let body = match fault.map(|fault| fault.kind) {
            None => AnswerBody::whole(self.body.clone()),
            Some(Kind::HangUp) => return Delivery::HangUp,
            Some(Kind::Stall) => return Delivery::Stall,
            Some(Kind::Drip(pause)) => AnswerBody::drip(self.body.clone(), pause),
            Some(Kind::Endless) => AnswerBody::endless(half(&self.body)),
            Some(Kind::Incomplete) => AnswerBody::incomplete(&self.body),
            Some(Kind::StallInBody) => AnswerBody::stalled(&self.body),
            Some(kind) => {
                self.change(kind);
                AnswerBody::whole(self.body.clone())
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        // What the test says about a header stands in the place of what we say, each time it says it.
        for (name, _) in &extra {
            response.headers_mut().remove(name);
        }
        for (name, value) in extra {
            response.headers_mut().append(name, value);
        }
        Delivery::Answered(response)
    }

    fn change(&mut self, kind: Kind) {
        match kind {
            Kind::Body { content_type, body } => *self = Self::new(StatusCode::OK, &content_type, body),
            Kind::ContentType(content_type) => self.set(CONTENT_TYPE, &content_type),
            Kind::EmptySet => *self = Self::json(r#"{"keys": []}"#),
            Kind::GzipBomb => {
                self.body = gzip::bomb(&self.body);
                self.set(CONTENT_ENCODING, "gzip");
            }
            Kind::Html => *self = Self::new(StatusCode::OK, "text/html; charset=utf-8", PAGE),
            Kind::Member(name, value) => self.set_member(&name, value),
            Kind::Padded(blanks) => {
                let mut padded = vec![b' '; blanks];
                padded.extend_from_slice(&self.body);
                self.body = padded.into();
            }
            Kind::Redirect(location) => {
                *self = Self::new(StatusCode::FOUND, "text/plain", "");
                self.set(LOCATION, &location);
            }
            Kind::Status(status) => *self = Self::error(status, "server_error", "as the test wants it"),
            Kind::Truncated => self.body = half(&self.body),
            // These change how the body arrives, not what it is.
            Kind::Drip(_) | Kind::Endless | Kind::HangUp | Kind::Incomplete | Kind::Stall | Kind::StallInBody => {}
        }
    }

    fn set_member(&mut self, name: &str, value: Value) {
        let Ok(Value::Object(mut document)) = serde_json::from_slice(&self.body) else { return };
        match value {
            Value::Null => drop(document.remove(name)),
            value => drop(document.insert(name.to_owned(), value)),
        }
        self.body = Value::Object(document).to_string().into();
    }
}

const PAGE: &str = "<!DOCTYPE html><title>Sign in</title><p>Please sign in to this network.";
