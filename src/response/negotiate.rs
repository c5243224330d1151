//! Which of our representations a client would rather read (RFC 9110 section 12.5.1).

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};

/// The representations of a refusal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Representation {
    Problem,
    Text,
}

/// `Text` where `Accept` ranks `text/plain` above JSON, else `Problem`: a refusal is never answered 406.
pub(crate) fn representation(headers: &HeaderMap) -> Representation {
    let (mut problem, mut text) = (Rank::default(), Rank::default());
    let lines = headers.get_all(ACCEPT).iter().map(HeaderValue::as_bytes).filter(|line| line.is_ascii());
    // Split as bytes: cheaper than text where the pieces are this short.
    for range in lines.flat_map(|line| line.split(|&byte| byte == b',')) {
        let mut parts = range.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
        let Some(media) = parts.next() else { continue };
        let weight = parts.find_map(quality).unwrap_or(1000);
        let is = |name: &str| media.eq_ignore_ascii_case(name.as_bytes());
        if is("*/*") {
            problem.see(1, weight);
            text.see(1, weight);
        } else if is("application/*") {
            problem.see(2, weight);
        } else if is("text/*") {
            text.see(2, weight);
        } else if is("application/json") || is("application/problem+json") {
            problem.see(3, weight);
        } else if is("text/plain") {
            text.see(3, weight);
        }
    }
    if text.weight > problem.weight { Representation::Text } else { Representation::Problem }
}

/// The weight given by the most specific range that matched.
#[derive(Default)]
struct Rank {
    specificity: u8,
    weight: u16,
}

impl Rank {
    fn see(&mut self, specificity: u8, weight: u16) {
        if specificity > self.specificity || (specificity == self.specificity && weight > self.weight) {
            *self = Self { specificity, weight };
        }
    }
}

/// A `q` parameter in thousandths; `None` for other parameters. An unreadable weight counts as nothing wanted.
fn quality(parameter: &[u8]) -> Option<u16> {
    let [b'q' | b'Q', rest @ ..] = parameter else { return None };
    let value = str::from_utf8(rest.trim_ascii_start().strip_prefix(b"=")?.trim_ascii()).unwrap_or_default();
    let weight = value.parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0);
    // The range was just checked, so the cast neither wraps nor loses more than the three digits a weight may have.
    Some((weight * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::{Representation, representation};
    use http::{HeaderMap, HeaderValue, header::ACCEPT};

    fn chosen(accept: &'static str) -> Representation {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        representation(&headers)
    }

    #[test]
    fn problem_json_is_the_answer_unless_text_is_preferred() {
        assert_eq!(representation(&HeaderMap::new()), Representation::Problem);
        for accept in ["*/*", "text/html, */*;q=0.8", "text/plain, application/json", "image/png", "text/plain;q=x", ""]
        {
            assert_eq!(chosen(accept), Representation::Problem, "{accept}");
        }
        for accept in
            ["text/plain", "TEXT/PLAIN", "text/*", "application/json;q=0.5, text/plain;q=0.8", "text/plain, */*;q=0.1"]
        {
            assert_eq!(chosen(accept), Representation::Text, "{accept}");
        }
    }
}
