//! Which of our languages a client reads best (RFC 9110 section 12.5.4, by the lookup of RFC 4647 section 3.4).

use http::header::ACCEPT_LANGUAGE;
use http::{HeaderMap, HeaderValue};

use super::texts::PageTexts;
use crate::response::negotiate::quality;

/// The texts whose language is ranked highest, else the first.
pub(super) fn preferred<'a>(languages: &'a [PageTexts], headers: &HeaderMap) -> Option<&'a PageTexts> {
    let mut best: Option<(&PageTexts, u16)> = None;
    let lines = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|line: &HeaderValue| line.to_str().ok());
    for range in lines.flat_map(|line| line.split(',')).take(MAX_RANGES) {
        let (range, parameters) = range.split_once(';').unwrap_or((range, ""));
        let weight = quality(parameters.trim().as_bytes()).unwrap_or(1000);
        if best.is_none_or(|(_, best)| weight > best)
            && weight > 0
            && let Some(found) = look_up(languages, range.trim())
        {
            best = Some((found, weight));
        }
    }
    best.map(|(found, _)| found).or(languages.first())
}

/// `de-CH` finds `de` where there is no `de-CH`.
fn look_up<'a>(languages: &'a [PageTexts], mut range: &str) -> Option<&'a PageTexts> {
    loop {
        if let Some(found) = languages.iter().find(|texts| texts.language.eq_ignore_ascii_case(range)) {
            return Some(found);
        }
        range = range.rsplit_once('-')?.0;
        // A single letter opens what was just taken away.
        if let Some((shorter, [_])) = range.rsplit_once('-').map(|(shorter, last)| (shorter, last.as_bytes())) {
            range = shorter;
        }
    }
}

/// Whether it is a language tag in form (RFC 5646 section 2.1).
pub(super) fn is_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let is_part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_first = |part: &str| part.len() >= 2 && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    tag.len() <= 35 && parts.next().is_some_and(|part| is_part(part) && is_first(part)) && parts.all(is_part)
}

/// Nobody reads so many languages.
const MAX_RANGES: usize = 50;
