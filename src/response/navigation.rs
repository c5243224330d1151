//! Who is asking in a browser: people who go to a page, or its scripts (Fetch Metadata Request Headers).

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::negotiate::Representation;

/// What [`is_navigation`] looks at beside `Accept`.
pub(super) const TELL_NAVIGATIONS: [HeaderName; 3] = [SEC_FETCH_DEST, SEC_FETCH_MODE, X_REQUESTED_WITH];

/// What [`is_from_script`] looks at.
pub(super) const TELL_SCRIPTS: [HeaderName; 2] = [SEC_FETCH_MODE, X_REQUESTED_WITH];

/// Whether people will see the answer as the page of a tab. Where a browser says so it is believed: no page can say it for
/// another request. Browsers that do not say, and all of them over plain HTTP, are known by what they would rather read.
pub(super) fn is_navigation(head: &Parts) -> bool {
    let headers = &head.headers;
    if !matches!(head.method, Method::GET | Method::HEAD) {
        false
    } else if headers.contains_key(SEC_FETCH_MODE) || headers.contains_key(SEC_FETCH_DEST) {
        says(headers, &SEC_FETCH_MODE, "navigate") && says(headers, &SEC_FETCH_DEST, "document")
    } else {
        prefers_page(headers) && !headers.contains_key(X_REQUESTED_WITH)
    }
}

/// Whether a page asks for something, or a script of one does, so that a dialog would come out of the blue.
pub(super) fn is_from_script(headers: &HeaderMap) -> bool {
    let by_library = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"xmlhttprequest");
    headers.get_all(SEC_FETCH_MODE).iter().any(|mode| mode != "navigate")
        || headers.get_all(X_REQUESTED_WITH).iter().any(by_library)
}

/// Whether a field is there once, with this value.
fn says(headers: &HeaderMap, name: &HeaderName, value: &str) -> bool {
    let mut values = headers.get_all(name).iter();
    values.next().is_some_and(|own| own == value) && values.next().is_none()
}

/// Whether a page is named, and wanted more than what programs read. `*/*` and `text/*` name nothing.
fn prefers_page(headers: &HeaderMap) -> bool {
    let among = [Representation::Problem, Representation::Html, Representation::Text];
    Representation::preferred(headers, &among) == Representation::Html && Representation::Html.is_named(headers)
}

const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");
