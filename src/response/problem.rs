//! The default body: a problem document (RFC 9457), or the same in plain text.

use std::borrow::Cow;
use std::sync::LazyLock;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::answer::whole_seconds;
use super::json;
use super::negotiate::Representation;
use super::own_refusal::OwnRefusal;
use super::rejection::{Rejection, Wanted};
use super::respond::{Reply, Respond};
use super::table::{Circumstances, Kind, Wire, wire};
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
        match Representation::preferred(&head.headers, &[Representation::Problem, Representation::Text]) {
            Representation::Text => in_text(rejection),
            Representation::Html | Representation::Problem => in_json(rejection),
        }
    }

    fn respond_to_own(&self, refusal: &OwnRefusal, headers: &HeaderMap) -> Reply {
        match Representation::preferred(headers, &[Representation::Problem, Representation::Text]) {
            Representation::Text => own_in_text(refusal),
            Representation::Html | Representation::Problem => own_in_json(refusal),
        }
    }
}

pub(super) fn in_json(rejection: &Rejection) -> Reply {
    let id = rejection.id().to_hex();
    // Hexadecimal digits are always text.
    let id = std::str::from_utf8(&id).unwrap_or_default();
    json([&*opening(rejection), id, "\"", &extras(rejection).json, "}\n"].concat())
}

pub(super) fn in_text(rejection: &Rejection) -> Reply {
    let Wire { status, title, .. } = rejection.wire();
    let id = rejection.id().to_hex();
    let id = std::str::from_utf8(&id).unwrap_or_default();
    let detail = rejection.detail();
    text([status.as_str(), " ", title, "\n", detail, &extras(rejection).text, "\nid: ", id, "\n"].concat())
}

pub(super) fn own_in_json(refusal: &OwnRefusal) -> Reply {
    // A missing page is of no type of its own, so that a hidden one looks the same.
    let kind = match refusal.status() {
        StatusCode::NOT_FOUND => String::from("about:blank"),
        _ => format!("urn:portcullis:problem:{}", refusal.code()),
    };
    let mut body = String::from("{\"type\":");
    json::push_text(&mut body, &kind);
    body.push_str(",\"title\":");
    json::push_text(&mut body, refusal.title());
    body.push_str(&format!(",\"status\":{},\"code\":", refusal.status().as_u16()));
    json::push_text(&mut body, refusal.code());
    body.push_str(",\"detail\":");
    json::push_text(&mut body, refusal.detail());
    body.push_str(&format!(",\"id\":\"{}\"}}\n", refusal.id()));
    json(body)
}

pub(super) fn own_in_text(refusal: &OwnRefusal) -> Reply {
    text(format!("{} {}\n{}\nid: {}\n", refusal.status().as_str(), refusal.title(), refusal.detail(), refusal.id()))
}

fn json(body: String) -> Reply {
    Reply::ready(const { HeaderValue::from_static("application/problem+json") }, body)
}

fn text(body: String) -> Reply {
    Reply::ready(const { HeaderValue::from_static("text/plain; charset=utf-8") }, body)
}

/// The JSON up to the id. It is the same for all refusals of a reason under the same circumstances, unless they have words of
/// their own.
fn opening(rejection: &Rejection) -> Cow<'static, str> {
    /// By circumstances, then by reason.
    static READY: LazyLock<Vec<Vec<String>>> =
        LazyLock::new(|| (0..8 * KINDS.len()).map(|bits| openings(circumstances(bits))).collect());
    let Circumstances { explains, strict, kind, proxy } = rejection.circumstances();
    let bits = usize::from(explains) | usize::from(strict) << 1 | usize::from(proxy) << 2 | (kind as usize) << 3;
    let reason = rejection.reason();
    match READY.get(bits).and_then(|ready| ready.get(reason as usize)) {
        Some(opening) if !rejection.has_own_words() => Cow::Borrowed(opening),
        _ => Cow::Owned(write_opening(reason, &rejection.wire(), rejection.detail())),
    }
}

fn circumstances(bits: usize) -> Circumstances {
    let kind = KINDS.get(bits >> 3).copied().unwrap_or_default();
    Circumstances { explains: bits & 1 != 0, strict: bits & 2 != 0, kind, proxy: bits & 4 != 0 }
}

/// In the order of their numbers.
const KINDS: [Kind; 3] = [Kind::Other, Kind::Password, Kind::Session];

fn openings(circumstances: Circumstances) -> Vec<String> {
    let write = |reason| {
        let wire = wire(reason, circumstances);
        write_opening(reason, &wire, wire.detail)
    };
    Reason::ALL.into_iter().map(write).collect()
}

fn write_opening(reason: Reason, wire: &Wire, detail: &str) -> String {
    // A hidden refusal must look like any missing page, down to its type.
    let (kind, code) = match reason {
        Reason::Hidden => (String::from("about:blank"), "not_found"),
        other => (format!("urn:portcullis:problem:{other}"), other.code()),
    };
    let Wire { status, title, .. } = wire;
    let status = status.as_u16();
    format!(r#"{{"type":"{kind}","title":"{title}","status":{status},"code":"{code}","detail":"{detail}","id":""#)
}

/// What some refusals say beyond the fixed texts; nothing is allocated where there is nothing to say.
#[derive(Default)]
struct Extras {
    json: String,
    text: String,
}

fn extras(rejection: &Rejection) -> Extras {
    let mut extras = Extras::default();
    if let Some(wanted) = rejection.wanted() {
        extras.want(wanted);
    }
    if let Some(delay) = rejection.retry_after() {
        extras.number("retry_after", whole_seconds(delay));
    }
    extras
}

impl Extras {
    fn want(&mut self, wanted: &Wanted) {
        if !wanted.scopes.is_empty() {
            self.quoted("scope", &wanted.scopes.to_scope());
        }
        if !wanted.roles.is_empty() {
            self.list("roles", wanted.roles.iter());
        }
        if let Some(age) = wanted.max_age {
            self.number("max_age", age.as_secs());
        }
        if !wanted.acr_values.is_empty() {
            self.quoted("acr_values", &wanted.acr_values.to_scope());
        }
    }

    fn quoted(&mut self, name: &str, value: &str) {
        self.begin(name);
        json::push_text(&mut self.json, value);
        self.text.push_str(value);
    }

    fn list<'a>(&mut self, name: &str, values: impl Iterator<Item = &'a str> + Clone) {
        self.begin(name);
        json::push_list(&mut self.json, values.clone());
        for (index, value) in values.enumerate() {
            self.text.push_str(if index == 0 { "" } else { ", " });
            self.text.push_str(value);
        }
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
