//! What caches are told of the answer to a request that was let in.

use http::header::{CACHE_CONTROL, VARY};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Who may keep an answer, where the service inside does not say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kept {
    /// Whoever HTTP lets keep it: it is for anybody.
    AsEver,
    /// The client that sent its credential on purpose.
    ByClient,
    /// Nobody: whoever uses the browser after a log-out sees nothing by going back.
    ByNobody,
}

/// What is said beside an answer.
#[derive(Debug)]
pub(crate) struct Caching {
    kept: Kept,
    vary: HeaderValue,
}

impl Caching {
    /// `vary` names the fields by which the answers differ, as [`vary_by`] writes them.
    pub(super) const fn new(kept: Kept, vary: HeaderValue) -> Self {
        Self { kept, vary }
    }

    /// Adds what the service inside did not say itself.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        let control = match self.kept {
            Kept::AsEver => None,
            Kept::ByClient => Some(const { HeaderValue::from_static("private") }),
            Kept::ByNobody => Some(const { HeaderValue::from_static("no-store") }),
        };
        // Answers have few fields: one look at all of them is quicker than looking up two names.
        let (is_controlled, varies) = headers.keys().fold((false, false), |(is_controlled, varies), name| {
            (is_controlled | (name == CACHE_CONTROL), varies | (name == VARY))
        });
        if let Some(control) = control.filter(|_| !is_controlled) {
            headers.append(CACHE_CONTROL, control);
        }
        let missing = if varies { missing(self.vary, headers) } else { Some(self.vary) };
        if let Some(missing) = missing.filter(|missing| !missing.is_empty()) {
            headers.append(VARY, missing);
        }
    }
}

/// Those names of `vary` that are not said yet.
fn missing(vary: HeaderValue, headers: &HeaderMap) -> Option<HeaderValue> {
    let said = headers.get_all(VARY);
    let is_said = |name: &[u8]| said.iter().flat_map(names).any(|said| said.eq_ignore_ascii_case(name));
    if is_said(b"*") {
        return None;
    }
    let missing = || names(&vary).filter(|name| !is_said(name));
    match missing().count() {
        0 => None,
        count if count == names(&vary).count() => Some(vary),
        _ => HeaderValue::from_bytes(&missing().collect::<Vec<_>>().join(&b", "[..])).ok(),
    }
}

fn names(vary: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    vary.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii)
}

/// The value of `Vary` that names `fields`, each once; `None` where they are too many for one value.
pub(super) fn vary_by<'a>(fields: impl Iterator<Item = &'a HeaderName>) -> Option<HeaderValue> {
    let mut names: Vec<&str> = Vec::new();
    for name in fields.map(HeaderName::as_str) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let names = names.join(", ");
    // A clone of these shares no count with other requests.
    match names.as_str() {
        "authorization" => Some(const { HeaderValue::from_static("authorization") }),
        "authorization, cookie" => Some(const { HeaderValue::from_static("authorization, cookie") }),
        _ => HeaderValue::try_from(names).ok(),
    }
}

/// The value with the names of more fields, each once.
pub(super) fn vary_too(vary: HeaderValue, fields: impl Iterator<Item = HeaderName>) -> HeaderValue {
    fields.fold(vary, |vary, field| {
        if names(&vary).any(|said| said.eq_ignore_ascii_case(field.as_str().as_bytes())) {
            return vary;
        }
        let longer = [vary.as_bytes(), b", ", field.as_str().as_bytes()].concat();
        HeaderValue::try_from(longer).unwrap_or(vary)
    })
}
