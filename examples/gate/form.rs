//! The fields of a log-in: read strictly from a form or from JSON, and presented as a scheme presents credentials.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use http_body_util::LengthLimitError;
use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use portcullis::Secret;
use portcullis::authenticate::{Attempt, Scheme};
use portcullis::credentials::{BasicCredentials, ClientAddress};
use portcullis::error::Reason;
use portcullis::response::Challenge;
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};
use tokio::time::timeout;

use crate::guarded::Guarded;
use crate::percent;
use crate::problem::Problem;

/// A user name and a password with what should follow. Travels in the request's extensions to [`FormScheme`].
#[derive(Clone)]
pub(crate) struct Form(Arc<Fields>);

struct Fields {
    username: String,
    password: Secret<String>,
    return_to: Option<String>,
}

impl Form {
    /// Reads the body of a request: each field once, and nothing repaired.
    pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Self, Problem> {
        let kind = kind(headers).ok_or(Problem::UNREADABLE_FORM)?;
        // Whoever sends a few hundred bytes more slowly than this wants something else.
        let bytes = match timeout(PATIENCE, to_bytes(body, MAX_LENGTH)).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) if error.source().is_some_and(|cause| cause.is::<LengthLimitError>()) => {
                return Err(Problem::TOO_LARGE);
            }
            Ok(Err(_)) | Err(_) => return Err(Problem::UNREADABLE_FORM),
        };
        let gathered = match kind {
            Kind::Form => from_form(&bytes),
            Kind::Json => serde_json::from_slice(&bytes).ok(),
        };
        let Gathered { username, password, return_to } = gathered.ok_or(Problem::UNREADABLE_FORM)?;
        let (username, password) = username.zip(password).ok_or(Problem::UNREADABLE_FORM)?;
        Ok(Self(Arc::new(Fields { username, password: Secret::new(password), return_to })))
    }

    /// Where the client wants to go next, unchecked.
    pub(crate) fn return_to(&self) -> Option<&str> {
        self.0.return_to.as_deref()
    }
}

/// A log-in is a few hundred bytes.
const MAX_LENGTH: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

enum Kind {
    Form,
    Json,
}

fn kind(headers: &HeaderMap) -> Option<Kind> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let media_type = value.to_str().ok()?.split(';').next()?.trim().to_ascii_lowercase();
    match media_type.as_str() {
        "application/x-www-form-urlencoded" => Some(Kind::Form),
        "application/json" => Some(Kind::Json),
        _ => None,
    }
}

#[derive(Default)]
struct Gathered {
    username: Option<String>,
    password: Option<String>,
    return_to: Option<String>,
}

impl Gathered {
    /// The place for a field of this name; others are of no interest.
    fn field(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name {
            "username" => Some(&mut self.username),
            "password" => Some(&mut self.password),
            "return_to" => Some(&mut self.return_to),
            _ => None,
        }
    }
}

/// `None` for a broken escape, text that is not UTF-8, and a field twice.
fn from_form(bytes: &[u8]) -> Option<Gathered> {
    let mut gathered = Gathered::default();
    let mut seen = BTreeSet::new();
    let decode = |text: &str| String::from_utf8(percent::decode(&text.replace('+', " "))?).ok();
    for pair in str::from_utf8(bytes).ok()?.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name)?, decode(value)?);
        if let Some(field) = gathered.field(&name) {
            *field = Some(value);
        }
        if !seen.insert(name) {
            return None;
        }
    }
    Some(gathered)
}

impl<'de> Deserialize<'de> for Gathered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object)
    }
}

/// Reads an object whose members have one name each; derived code would pass over unknown ones given twice.
struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Gathered;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with username and password")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Gathered, A::Error> {
        let mut gathered = Gathered::default();
        let mut seen = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            match gathered.field(&name) {
                Some(field) => *field = Some(members.next_value()?),
                None => drop(members.next_value::<IgnoredAny>()?),
            }
            if !seen.insert(name) {
                return Err(de::Error::custom("a member twice"));
            }
        }
        Ok(gathered)
    }
}

/// Log-in as a scheme: the credential is a [`Form`], and a failed one is answered as a failed credential is anywhere.
pub(crate) struct FormScheme {
    /// Whose challenge is sent: that of the session one would have got.
    pub(crate) session: Arc<dyn Scheme>,
    pub(crate) verifier: Arc<Guarded>,
}

impl Scheme for FormScheme {
    fn challenge(&self) -> Challenge {
        self.session.challenge()
    }

    fn authenticate(&self, head: &Parts) -> Attempt {
        let Some(Form(fields)) = head.extensions.get() else { return Attempt::NotPresented };
        match BasicCredentials::new(&fields.username, fields.password.expose()) {
            Ok(credentials) => {
                let client = head.extensions.get::<ClientAddress>().copied();
                Attempt::verify(&self.verifier, credentials.from_client(client))
            }
            Err(unreadable) => Attempt::Ready(Err(unreadable.into())),
        }
    }
}

/// A scheme that is named in challenges and cannot be used here.
pub(crate) struct NamedOnly(pub(crate) Arc<dyn Scheme>);

impl Scheme for NamedOnly {
    fn challenge(&self) -> Challenge {
        self.0.challenge()
    }

    fn fresh_challenges(&self, why: Reason) -> Vec<Challenge> {
        self.0.fresh_challenges(why)
    }

    fn authenticate(&self, _: &Parts) -> Attempt {
        Attempt::NotPresented
    }
}
