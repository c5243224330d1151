//! What a client would rather read of a success.

use http::HeaderMap;

use crate::response::Representation;

/// How an answer that could be many things is given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wish {
    /// Nothing was asked for by name; `*/*` asks for nothing in particular.
    Any,
    Html,
    Json,
}

/// `Html` where a page is ranked above JSON, `Json` where JSON is asked for.
pub(super) fn wish(headers: &HeaderMap) -> Wish {
    match Representation::preferred(headers, &[Representation::Problem, Representation::Html]) {
        Representation::Html => Wish::Html,
        _ if Representation::Problem.is_named(headers) => Wish::Json,
        _ => Wish::Any,
    }
}
