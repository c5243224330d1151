//! What a client would rather read of a success (RFC 9110 section 12.5.1).

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};

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
    let html = weight(headers, "text/html").max(weight(headers, "application/xhtml+xml"));
    let json = weight(headers, "application/json");
    match (html, json) {
        (0, 0) => Wish::Any,
        (html, json) if html > json => Wish::Html,
        _ => Wish::Json,
    }
}

/// The weight of a media type that is named, in thousandths; 0 where it is not named or not wanted.
fn weight(headers: &HeaderMap, media_type: &str) -> u16 {
    let lines = headers.get_all(ACCEPT).iter().map(HeaderValue::as_bytes).filter_map(|line| str::from_utf8(line).ok());
    let weights = lines.flat_map(|line| line.split(',')).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        parts.next().filter(|name| name.eq_ignore_ascii_case(media_type))?;
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some(quality.map_or(1000, thousandths))
    });
    weights.max().unwrap_or(0)
}

/// An unreadable weight counts as nothing wanted.
fn thousandths(quality: &str) -> u16 {
    let weight = quality.parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0);
    // The range was just checked, so the cast cannot wrap.
    (weight * 1000.0) as u16
}
