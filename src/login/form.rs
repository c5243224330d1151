//! The body of a log-in: read within bounds, and taken apart.

use std::pin::pin;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body::Body;
use http_body_util::BodyExt as _;
use zeroize::Zeroizing;

use super::fields::Fields;
use super::service::LogIn;
use super::{json, urlencoded};
use crate::clock::within;
use crate::secret::Secret;

/// A user name and a password, with what should follow.
pub(super) struct Form {
    pub(super) username: Secret<String>,
    pub(super) password: Secret<String>,
    /// Where the client wants to go next, unchecked.
    pub(super) return_to: Option<Secret<String>>,
    pub(super) remember: bool,
}

/// Why there is no form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NoForm {
    TooLarge,
    Unreadable(&'static str),
}

impl Form {
    /// Reads the body of a request.
    pub(super) async fn read<B>(headers: &HeaderMap, body: B, may_remember: bool) -> Result<Self, NoForm>
    where
        B: Body<Data = Bytes>,
    {
        let read = match kind(headers) {
            Some(Kind::Form) => urlencoded::read,
            Some(Kind::Json) => json::read,
            None => return Err(NoForm::Unreadable("the log-in is neither a form nor JSON")),
        };
        let bytes = match within(LogIn::BODY_DEADLINE, collected(body)).await {
            Ok(bytes) => bytes?,
            Err(_) => return Err(NoForm::Unreadable("the log-in came too slowly")),
        };
        let fields = read(&bytes, may_remember).ok_or(NoForm::Unreadable("the log-in is not well-formed"))?;
        let Fields { username: Some(username), password: Some(password), return_to, remember, .. } = fields else {
            return Err(NoForm::Unreadable("the log-in lacks a user name or a password"));
        };
        Ok(Self { username, password, return_to, remember: remember.unwrap_or_default() })
    }
}

/// The whole body, in memory that is wiped.
async fn collected<B: Body<Data = Bytes>>(body: B) -> Result<Zeroizing<Vec<u8>>, NoForm> {
    let expected = body.size_hint();
    if expected.lower() > LogIn::MAX_BODY as u64 {
        return Err(NoForm::TooLarge);
    }
    // Sized once: what grows leaves copies behind.
    let room = expected.exact().and_then(|length| usize::try_from(length).ok()).unwrap_or(LogIn::MAX_BODY);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room.min(LogIn::MAX_BODY)));
    let mut body = pin!(body);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| NoForm::Unreadable("the log-in broke off"))?;
        let Some(data) = frame.data_ref() else { continue };
        if bytes.len() + data.len() > LogIn::MAX_BODY {
            return Err(NoForm::TooLarge);
        }
        bytes.extend_from_slice(data);
    }
    Ok(bytes)
}

/// What the developer of the page can do, for each cause of [`NoForm::Unreadable`].
pub(super) fn hint(cause: &str) -> &'static str {
    match cause {
        "the log-in is neither a form nor JSON" => {
            "Send Content-Type application/x-www-form-urlencoded or application/json, once; a form needs no `enctype`."
        }
        "the log-in lacks a user name or a password" => "Name the fields of the form `username` and `password`.",
        "the log-in came too slowly" | "the log-in broke off" => {
            "The connection of the client is slow or broke: nothing to do, unless it is often."
        }
        _ => "Send each field once, percent-encoded in a form or as members of one JSON object, in UTF-8.",
    }
}

enum Kind {
    Form,
    Json,
}

fn kind(headers: &HeaderMap) -> Option<Kind> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let media_type = value.to_str().ok()?.split(';').next()?.trim();
    let is = |name| media_type.eq_ignore_ascii_case(name);
    if is("application/x-www-form-urlencoded") {
        Some(Kind::Form)
    } else if is("application/json") {
        Some(Kind::Json)
    } else {
        None
    }
}
