//! What was expected and what was found in its place.

use std::borrow::Cow;
use std::fmt;

/// One thing that a credential or an identity was held against: what was expected, and what was found. For operators and
/// developers; no client is told.
///
/// What stands in a credential that is not proven is only claimed, and may be anything: texts are cut at 128 bytes, and
/// everything that could confuse a log is escaped where a finding is printed. A finding never holds a secret.
///
/// ```
/// use portcullis::observe::Finding;
///
/// let finding = Finding::about("issuer").expected("https://id.example").claimed("https://evil.example\n");
/// assert_eq!(finding.to_string(), r#"issuer: expected "https://id.example", claimed "https://evil.example\n""#);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    about: &'static str,
    expected: Option<Cow<'static, str>>,
    found: Option<Cow<'static, str>>,
    proven: bool,
}

impl Finding {
    /// The longest text that is kept, in bytes: 128.
    pub const MAX_TEXT: usize = 128;

    /// A finding about `what`: a claim, a scope, a moment.
    #[must_use]
    pub const fn about(what: &'static str) -> Self {
        Self { about: what, expected: None, found: None, proven: true }
    }

    /// What would have been right. Default: not told.
    #[must_use]
    pub fn expected(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.expected = Some(cut(text.into()));
        self
    }

    /// Several things of which one would have been right; of many, the first. Without any, nothing is told.
    ///
    /// ```
    /// use portcullis::observe::Finding;
    ///
    /// let finding = Finding::about("audience").expected_any_of(["orders", "invoices"]).found("shop");
    /// assert_eq!(finding.to_string(), r#"audience: expected "orders or invoices", found "shop""#);
    /// ```
    #[must_use]
    pub fn expected_any_of<'t>(mut self, texts: impl IntoIterator<Item = &'t str>) -> Self {
        self.expected = join(texts, " or ").map(|texts| cut(texts.into()));
        self
    }

    /// What is known to be there. Default: nothing.
    #[must_use]
    pub fn found(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.found = Some(cut(text.into()));
        self.proven = true;
        self
    }

    /// What a credential says of itself before anything about it is proven. Default: nothing.
    #[must_use]
    pub fn claimed(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.found = Some(cut(text.into()));
        self.proven = false;
        self
    }

    /// As [`claimed`](Self::claimed), of a text that may be long: of it no more is copied than is kept.
    pub(crate) fn claims(self, text: &str) -> Self {
        self.claimed(beginning(text).to_owned())
    }

    /// What this is about.
    #[must_use]
    pub const fn what(&self) -> &'static str {
        self.about
    }

    /// What would have been right.
    #[must_use]
    pub fn expectation(&self) -> Option<&str> {
        self.expected.as_deref()
    }

    /// What was there, whether proven or claimed.
    #[must_use]
    pub fn presence(&self) -> Option<&str> {
        self.found.as_deref()
    }

    /// Whether what was there is proven, and not only claimed by whoever made the credential.
    #[must_use]
    pub const fn is_proven(&self) -> bool {
        self.proven
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.about)?;
        let found = if self.proven { "found" } else { "claimed" };
        match (&self.expected, &self.found) {
            (Some(expected), Some(there)) => write!(f, ": expected {expected:?}, {found} {there:?}"),
            (Some(expected), None) => write!(f, ": expected {expected:?}, found nothing"),
            (None, Some(there)) => write!(f, ": {found} {there:?}"),
            (None, None) => Ok(()),
        }
    }
}

/// A little more than is kept, so that it is told that something was cut.
fn beginning(text: &str) -> &str {
    let end = (0..=text.len().min(Finding::MAX_TEXT + 4)).rev().find(|&end| text.is_char_boundary(end));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

/// Of many, as many as are kept.
fn join<'t>(texts: impl IntoIterator<Item = &'t str>, between: &str) -> Option<String> {
    let mut texts = texts.into_iter();
    let mut joined = texts.next()?.to_owned();
    for text in texts {
        if joined.len() > Finding::MAX_TEXT {
            break;
        }
        joined.push_str(between);
        joined.push_str(text);
    }
    Some(joined)
}

fn cut(text: Cow<'static, str>) -> Cow<'static, str> {
    if text.len() <= Finding::MAX_TEXT {
        return text;
    }
    let end = (0..=Finding::MAX_TEXT - '…'.len_utf8()).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    let kept = text.get(..end).unwrap_or_default();
    Cow::Owned([kept, "…"].concat())
}

#[cfg(test)]
mod tests {
    use super::Finding;

    #[test]
    fn a_long_or_forged_text_is_one_short_line() {
        let long = Finding::about("kid").claimed("ä".repeat(1000));
        assert!(long.presence().unwrap().len() <= Finding::MAX_TEXT);
        assert!(long.presence().unwrap().ends_with('…'));
        let forged = Finding::about("kid").claimed("a\r\nINFO all is well\u{202e}\u{1b}[2J");
        assert_eq!(forged.to_string(), r#"kid: claimed "a\r\nINFO all is well\u{202e}\u{1b}[2J""#);
    }
}
