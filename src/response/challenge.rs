//! The only writer of `WWW-Authenticate`.

use std::borrow::Cow;

use http::HeaderValue;

use crate::error::{ConfigError, ConfigFault};

/// One challenge: a scheme and its parameters (RFC 9110 section 11.6.1).
///
/// Values are checked when the layer is built and escaped here, so that writing a challenge cannot fail while a request
/// waits. Parameters keep their order and are separated by commas; each challenge is a header line of its own, because
/// browsers give up on a joined list that starts with a scheme they do not know.
///
/// ```
/// use portcullis::response::Challenge;
///
/// let challenge = Challenge::basic("the \"vault\"");
/// assert_eq!(challenge.to_header()?, r#"Basic realm="the \"vault\"", charset="UTF-8""#);
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Challenge {
    scheme: &'static str,
    /// The challenge as far as it has come: adding to a ready one costs no more than what is added.
    text: String,
    names: Vec<&'static str>,
    /// Name and whole parameter of what a refusal may know better.
    suggestions: Vec<(&'static str, String)>,
    faults: Vec<ConfigFault>,
}

impl Challenge {
    /// The longest value of a parameter, in bytes: 1024. Clients and proxies cap whole header blocks at 8 KiB.
    pub const MAX_VALUE: usize = 1024;

    /// A challenge of `scheme` without parameters yet.
    #[must_use]
    pub fn new(scheme: &'static str) -> Self {
        let text = scheme.to_owned();
        let mut challenge = Self { scheme, text, names: Vec::new(), suggestions: Vec::new(), faults: Vec::new() };
        if !is_token(scheme) {
            challenge.fault("scheme", NOT_A_TOKEN);
        }
        challenge
    }

    /// `Basic` with the required realm, and the charset that makes clients send UTF-8 (RFC 7617 section 2.1).
    pub fn basic(realm: impl AsRef<str>) -> Self {
        Self::new("Basic").quoted("realm", realm).quoted("charset", "UTF-8")
    }

    /// `Bearer` with a realm, since at least one parameter is required (RFC 6750 section 3).
    pub fn bearer(realm: impl AsRef<str>) -> Self {
        Self::new("Bearer").quoted("realm", realm)
    }

    /// `Session`, our private scheme name for sessions by header or cookie.
    pub fn session(realm: impl AsRef<str>) -> Self {
        Self::new("Session").quoted("realm", realm)
    }

    /// Adds a parameter written as a quoted string. The value is printable ASCII: outside it a quoted string has no
    /// agreed encoding (RFC 9110 section 5.5).
    #[must_use]
    pub fn quoted(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        if self.is_quotable(name, value) && self.is_new(name, value) {
            self.separate(name, value);
            push_quoted(&mut self.text, name, value);
        }
        self
    }

    /// Adds a parameter written bare, as `stale=true`, which some must be (RFC 7616 section 3.3). The value is an RFC
    /// 9110 token.
    #[must_use]
    pub fn token(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        if !is_token(value) {
            self.fault(name, "must be an RFC 9110 token");
        } else if self.is_new(name, value) {
            self.separate(name, value);
            self.text.push_str(name);
            self.text.push('=');
            self.text.push_str(value);
        }
        self
    }

    /// Adds a parameter as [`quoted`](Self::quoted) does, for the answers that say how to authenticate (401): the last one,
    /// and only where the refusal itself has nothing of that name to say. So the `scope` that a client is told to ask for
    /// stands beside no other: it gives way to what a permission wants, and an answer that no new token helps lacks it.
    ///
    /// ```
    /// use portcullis::response::Challenge;
    ///
    /// let challenge = Challenge::bearer("orders").suggested("scope", "orders:read");
    /// assert_eq!(challenge.to_header()?, r#"Bearer realm="orders", scope="orders:read""#);
    /// let challenge = challenge.quoted("scope", "orders:write");
    /// assert_eq!(challenge.to_header()?, r#"Bearer realm="orders", scope="orders:write""#);
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    #[must_use]
    pub fn suggested(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        if self.suggestions.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            self.fault(name, TWICE);
        } else if self.is_quotable(name, value) && self.is_fit(name, value) {
            let mut parameter = String::new();
            push_quoted(&mut parameter, name, value);
            self.suggestions.push((name, parameter));
        }
        self
    }

    /// The challenge for an answer that asks for no other credential.
    pub(super) fn without_suggestions(mut self) -> Self {
        self.suggestions.clear();
        self
    }

    /// The same under another name.
    pub(super) fn under(mut self, scheme: &'static str) -> Self {
        if !is_token(scheme) {
            self.fault("scheme", NOT_A_TOKEN);
        }
        self.text = [scheme, self.text.strip_prefix(self.scheme).unwrap_or_default()].concat();
        self.scheme = scheme;
        self
    }

    fn is_quotable(&mut self, name: &'static str, value: &str) -> bool {
        let is_quotable = value.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
        if !is_quotable {
            self.fault(name, "holds a control character or one outside ASCII; use printable ASCII");
        }
        is_quotable
    }

    fn is_new(&mut self, name: &'static str, value: &str) -> bool {
        let is_new = !self.has(name);
        if !is_new {
            self.fault(name, TWICE);
        }
        is_new && self.is_fit(name, value)
    }

    fn is_fit(&mut self, name: &'static str, value: &str) -> bool {
        if !is_token(name) {
            self.fault(name, NOT_A_TOKEN);
        } else if value.len() > Self::MAX_VALUE {
            self.fault(name, "is longer than 1024 bytes; shorten it");
        } else {
            return true;
        }
        false
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|other| other.eq_ignore_ascii_case(name))
    }

    /// Makes room for a parameter, with a few characters escaped, and separates it from what stands before.
    fn separate(&mut self, name: &'static str, value: &str) {
        self.text.reserve(name.len() + value.len() + 8);
        self.text.push_str(if self.names.is_empty() { " " } else { ", " });
        self.names.push(name);
    }

    /// A challenge that fails the build of its layer: a scheme has the settings checked there that no challenge shows.
    pub(crate) fn with_fault(mut self, fault: ConfigFault) -> Self {
        self.faults.push(fault);
        self
    }

    fn fault(&mut self, setting: &'static str, problem: &'static str) {
        self.faults.push(ConfigFault::new(setting, problem));
    }

    /// The scheme's name.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// The header value.
    ///
    /// # Errors
    ///
    /// Lists every name that is not a token, every name used twice, every value that is too long, that is not a token
    /// where one is asked for, or that holds a control character or a character outside ASCII; or that there is no
    /// parameter at all.
    pub fn to_header(&self) -> Result<HeaderValue, ConfigError> {
        let mut faults = self.faults.clone();
        let mut text = Cow::Borrowed(&*self.text);
        for (name, parameter) in &self.suggestions {
            if !self.has(name) {
                text += if text.len() == self.scheme.len() { " " } else { ", " };
                text += &**parameter;
            }
        }
        if text.len() == self.scheme.len() && faults.is_empty() {
            faults.push(ConfigFault::new(self.scheme, "needs at least one parameter; give it a realm"));
        }
        match HeaderValue::from_str(&text) {
            Ok(value) => ConfigError::unless_empty(faults, value),
            // The scheme's name is then to blame, and listed.
            Err(_) => ConfigError::unless_empty(faults, HeaderValue::from_static("")),
        }
    }
}

pub(super) fn push_quoted(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str("=\"");
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

const NOT_A_TOKEN: &str = "is not an RFC 9110 token; use letters, digits and hyphens";
const TWICE: &str = "stands twice in one challenge; give it once";
