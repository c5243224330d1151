//! What a client would rather read of a refusal (RFC 9110 section 12.5.1).

use hyper::HeaderMap;
use hyper::header::ACCEPT;

/// Whether plain text is ranked above JSON.
pub(crate) fn prefers_text(headers: &HeaderMap) -> bool {
    let json = weight(headers, "application/json").max(weight(headers, "application/problem+json"));
    weight(headers, "text/plain") > json
}

/// The weight of a media type that is named, in thousandths; 0 where it is not named or not wanted.
fn weight(headers: &HeaderMap, media_type: &str) -> u16 {
    let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
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
