//! The default body: a problem document (RFC 9457), or the same in plain text.

use http::HeaderValue;
use http::request::Parts;

use super::negotiate::{Representation, representation};
use super::rejection::{Rejection, Wire};
use super::respond::{Reply, Respond};
use crate::error::Reason;

/// Answers refusals with `application/problem+json`, or `text/plain` where `Accept` prefers it. The default.
///
/// Members: `type` (a URN, stable), `title`, `status`, `code` ([`Reason::code`]), `detail` (what to do next), `id`, and
/// where they apply `scope`, `roles`, `retry_after` (seconds), `max_age` (seconds), `acr_values`.
///
/// ```
/// use portcullis::AuthenticateLayer;
/// use portcullis::response::Problem;
/// # use portcullis::{Identity, VerifyError, authenticate::Bearer, credentials::BearerToken};
/// # let scheme = Bearer::new("orders", async |_: BearerToken| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) });
///
/// let layer = AuthenticateLayer::builder().scheme(scheme).respond_with(Problem).build()?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "holds nothing: what could be set is a responder of one's own")]
pub struct Problem;

impl Respond for Problem {
    fn respond(&self, rejection: &Rejection, head: &Parts) -> Reply {
        let wire = rejection.wire();
        let extras = extras(rejection);
        let id = rejection.id().to_hex();
        // Hexadecimal digits are always text.
        let id = std::str::from_utf8(&id).unwrap_or_default();
        match representation(&head.headers) {
            Representation::Problem => Reply::ready(
                const { HeaderValue::from_static("application/problem+json") },
                json(rejection.reason(), &wire, detail(rejection, &wire), id, &extras),
            ),
            Representation::Text => Reply::ready(
                const { HeaderValue::from_static("text/plain; charset=utf-8") },
                text(&wire, detail(rejection, &wire), id, &extras),
            ),
        }
    }
}

/// A layer that was forgotten is said aloud: no client provoked it, and the developer is who will read it.
fn detail(rejection: &Rejection, wire: &Wire) -> &'static str {
    if rejection.is_forgotten_layer() { Rejection::FORGOTTEN_LAYER } else { wire.detail }
}

/// What some refusals say beyond the fixed texts; nothing is allocated where there is nothing to say.
#[derive(Default)]
struct Extras {
    json: String,
    text: String,
}

fn extras(rejection: &Rejection) -> Extras {
    let mut extras = Extras::default();
    let scopes: Vec<&str> = rejection.missing_scopes().collect();
    if !scopes.is_empty() {
        extras.quoted("scope", &scopes.join(" "));
    }
    let mut roles = rejection.missing_roles().peekable();
    if roles.peek().is_some() {
        extras.list("roles", roles);
    }
    if let Some(delay) = rejection.retry_after() {
        extras.number("retry_after", super::answer::whole_seconds(delay));
    }
    if let Some(age) = rejection.max_age() {
        extras.number("max_age", age.as_secs());
    }
    let acr: Vec<&str> = rejection.acr_values().collect();
    if !acr.is_empty() {
        extras.quoted("acr_values", &acr.join(" "));
    }
    extras
}

impl Extras {
    fn quoted(&mut self, name: &str, value: &str) {
        self.begin(name);
        push_json_text(&mut self.json, value);
        self.text.push_str(value);
    }

    fn list<'a>(&mut self, name: &str, values: impl Iterator<Item = &'a str>) {
        self.begin(name);
        for (index, value) in values.enumerate() {
            self.json.push(if index == 0 { '[' } else { ',' });
            push_json_text(&mut self.json, value);
            self.text.push_str(if index == 0 { "" } else { ", " });
            self.text.push_str(value);
        }
        self.json.push(']');
    }

    fn number(&mut self, name: &str, value: u64) {
        self.begin(name);
        self.json.push_str(&value.to_string());
        self.text.push_str(&value.to_string());
    }

    fn begin(&mut self, name: &str) {
        self.json.push_str(",\"");
        self.json.push_str(name);
        self.json.push_str("\":");
        self.text.push('\n');
        self.text.push_str(name);
        self.text.push_str(": ");
    }
}

// One concatenation of known pieces is one allocation of the exact size.
fn json(reason: Reason, wire: &Wire, detail: &str, id: &str, extras: &Extras) -> String {
    // A hidden refusal must look like any missing page, down to its type.
    let (kind, code) = match reason {
        Reason::Hidden => ("about:blank", "not_found"),
        other => ("urn:portcullis:problem:", other.code()),
    };
    let kind_suffix = if reason == Reason::Hidden { "" } else { code };
    [
        "{\"type\":\"",
        kind,
        kind_suffix,
        "\",\"title\":\"",
        wire.title,
        "\",\"status\":",
        wire.status.as_str(),
        ",\"code\":\"",
        code,
        "\",\"detail\":\"",
        detail,
        "\",\"id\":\"",
        id,
        "\"",
        &extras.json,
        "}\n",
    ]
    .concat()
}

fn text(wire: &Wire, detail: &str, id: &str, extras: &Extras) -> String {
    [wire.status.as_str(), " ", wire.title, "\n", detail, &extras.text, "\nid: ", id, "\n"].concat()
}

/// Appends `value` as a JSON string (RFC 8259 section 7).
fn push_json_text(json: &mut String, value: &str) {
    json.push('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => {
                json.push('\\');
                json.push(character);
            }
            '\u{0}'..='\u{1f}' => json.push_str(&format!("\\u{:04x}", u32::from(character))),
            other => json.push(other),
        }
    }
    json.push('"');
}
