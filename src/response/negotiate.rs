//! Which of our representations a client would rather read (RFC 9110 section 12.5.1): the one reader of `Accept`.

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};

/// The ways in which a refusal can be told.
///
/// A hook need not read `Accept` itself:
///
/// ```
/// use http::request::Parts;
/// use portcullis::response::{Problem, Rejection, Reply, Representation, Respond};
///
/// fn hook(rejection: &Rejection, head: &Parts) -> Reply {
///     match Representation::preferred(&head.headers, &[Representation::Problem, Representation::Html]) {
///         Representation::Html => Reply::new("text/html; charset=utf-8", format!("<!doctype html>…{}", rejection.id())),
///         _ => Problem.respond(rejection, head),
///     }
/// }
/// # let _: &dyn Respond = &hook;
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Representation {
    /// A page for people: `text/html`, and whoever asks for `application/xhtml+xml` means one too.
    Html,
    /// A document for programs: `application/problem+json` (RFC 9457), and whoever asks for `application/json` gets it too.
    Problem,
    /// `text/plain`.
    Text,
}

impl Representation {
    /// That of `among` which `Accept` ranks highest. Where several rank alike it is the first of them, as it is for a client
    /// that wants none of them or says nothing: a refusal is never answered 406. Without any, `Problem`.
    ///
    /// ```
    /// use http::header::{ACCEPT, HeaderMap, HeaderValue};
    /// use portcullis::response::Representation::{self, Html, Problem, Text};
    ///
    /// let mut headers = HeaderMap::new();
    /// assert_eq!(Representation::preferred(&headers, &[Problem, Html, Text]), Problem);
    /// headers.insert(ACCEPT, HeaderValue::from_static("text/html, */*;q=0.8"));
    /// assert_eq!(Representation::preferred(&headers, &[Problem, Html, Text]), Html);
    /// ```
    #[must_use]
    pub fn preferred(headers: &HeaderMap, among: &[Self]) -> Self {
        let accept = Accept::read(headers);
        let first = among.first().copied().unwrap_or(Self::Problem);
        among.iter().fold(first, |best, &next| if accept.weight(next) > accept.weight(best) { next } else { best })
    }

    /// Whether `Accept` asks for it by name: `*/*` asks for nothing in particular.
    ///
    /// ```
    /// use http::header::{ACCEPT, HeaderMap, HeaderValue};
    /// use portcullis::response::Representation;
    ///
    /// let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json, */*"))]);
    /// assert!(Representation::Problem.is_named(&headers));
    /// assert!(!Representation::Text.is_named(&headers));
    /// ```
    #[must_use]
    pub fn is_named(self, headers: &HeaderMap) -> bool {
        let accept = Accept::read(headers);
        let rank = accept.rank(self);
        rank.specificity >= Rank::OF_OTHER_KIND && rank.weight > 0
    }
}

/// What `Accept` says of each representation.
#[derive(Default)]
struct Accept {
    html: Rank,
    problem: Rank,
    text: Rank,
}

impl Accept {
    fn read(headers: &HeaderMap) -> Self {
        let mut accept = Self::default();
        let lines = headers.get_all(ACCEPT).iter().map(HeaderValue::as_bytes).filter(|line| line.is_ascii());
        // Split as bytes: cheaper than text where the pieces are this short.
        for range in lines.flat_map(|line| line.split(unquoted(b','))) {
            accept.see(range);
        }
        accept
    }

    fn see(&mut self, range: &[u8]) {
        let mut parts = range.split(unquoted(b';')).map(<[u8]>::trim_ascii);
        let Some(media) = parts.next() else { return };
        let (mut weight, mut named) = (1000, Rank::NAMED);
        for parameter in parts {
            match quality(parameter) {
                // What follows the weight is no part of the media type.
                Some(quality) => {
                    weight = quality;
                    break;
                }
                None if is_ours(parameter) => {}
                None => named = Rank::OF_OTHER_KIND,
            }
        }
        let is = |name: &str| media.eq_ignore_ascii_case(name.as_bytes());
        if is("*/*") {
            self.html.see(Rank::ANYTHING, weight);
            self.problem.see(Rank::ANYTHING, weight);
            self.text.see(Rank::ANYTHING, weight);
        } else if is("application/*") {
            self.problem.see(Rank::HALF_NAMED, weight);
        } else if is("text/*") {
            self.html.see(Rank::HALF_NAMED, weight);
            self.text.see(Rank::HALF_NAMED, weight);
        } else if is("application/json") || is("application/problem+json") {
            self.problem.see(named, weight);
        } else if is("text/html") || is("application/xhtml+xml") {
            self.html.see(named, weight);
        } else if is("text/plain") {
            self.text.see(named, weight);
        }
    }

    const fn weight(&self, representation: Representation) -> u16 {
        self.rank(representation).weight
    }

    const fn rank(&self, representation: Representation) -> &Rank {
        match representation {
            Representation::Html => &self.html,
            Representation::Problem => &self.problem,
            Representation::Text => &self.text,
        }
    }
}

/// The weight given by the most specific range that matched.
#[derive(Default)]
struct Rank {
    specificity: u8,
    weight: u16,
}

impl Rank {
    const ANYTHING: u8 = 1;
    const HALF_NAMED: u8 = 2;
    /// Named, with parameters that ours has not: who wants HTML of some level would rather have ours than none.
    const OF_OTHER_KIND: u8 = 3;
    const NAMED: u8 = 4;

    const fn see(&mut self, specificity: u8, weight: u16) {
        if specificity > self.specificity || (specificity == self.specificity && weight > self.weight) {
            *self = Self { specificity, weight };
        }
    }
}

/// Finds `separator` outside quoted strings, which may hold it.
fn unquoted(separator: u8) -> impl FnMut(&u8) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    move |&byte| {
        let is_literal = std::mem::take(&mut escaped);
        match byte {
            b'"' if !is_literal => quoted = !quoted,
            b'\\' if quoted && !is_literal => escaped = true,
            _ => {}
        }
        byte == separator && !quoted
    }
}

/// Whether our representations have this parameter.
fn is_ours(parameter: &[u8]) -> bool {
    ["", "charset=utf-8", "charset=\"utf-8\""].iter().any(|ours| parameter.eq_ignore_ascii_case(ours.as_bytes()))
}

/// A `q` parameter in thousandths; `None` for other parameters. An unreadable weight counts as nothing wanted.
pub(super) fn quality(parameter: &[u8]) -> Option<u16> {
    let [b'q' | b'Q', rest @ ..] = parameter else { return None };
    let value = str::from_utf8(rest.trim_ascii_start().strip_prefix(b"=")?.trim_ascii()).unwrap_or_default();
    let weight = value.parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0);
    // The range was just checked, so the cast neither wraps nor loses more than the three digits a weight may have.
    Some((weight * 1000.0).round() as u16)
}
