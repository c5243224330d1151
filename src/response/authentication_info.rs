//! What an accepted client is told.

use http::HeaderValue;

use super::challenge::push_quoted;

/// The value of `Authentication-Info` (RFC 7615): parameters as in a challenge, without a scheme.
#[derive(Default)]
pub(crate) struct AuthenticationInfo {
    text: String,
}

impl AuthenticationInfo {
    pub(crate) fn quoted(mut self, name: &str, value: &str) -> Self {
        self.separate();
        push_quoted(&mut self.text, name, value);
        self
    }

    /// `value` is a token.
    pub(crate) fn token(mut self, name: &str, value: &str) -> Self {
        self.separate();
        self.text.push_str(name);
        self.text.push('=');
        self.text.push_str(value);
        self
    }

    /// `None` where a value holds a control character or one outside ASCII: what a client chose is not sent back then.
    pub(crate) fn to_header(&self) -> Option<HeaderValue> {
        if self.text.is_ascii() { HeaderValue::from_str(&self.text).ok() } else { None }
    }

    fn separate(&mut self) {
        if !self.text.is_empty() {
            self.text.push_str(", ");
        }
    }
}
