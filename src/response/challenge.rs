//! The only writer of `WWW-Authenticate`.

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
    faults: Vec<ConfigFault>,
}

impl Challenge {
    /// The longest value of a parameter, in bytes: 1024. Clients and proxies cap whole header blocks at 8 KiB.
    pub const MAX_VALUE: usize = 1024;

    /// A challenge of `scheme` without parameters yet.
    #[must_use]
    pub fn new(scheme: &'static str) -> Self {
        let mut challenge = Self { scheme, text: scheme.to_owned(), names: Vec::new(), faults: Vec::new() };
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
        if !value.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
            self.fault(name, "holds a control character or one outside ASCII; use printable ASCII");
        } else if self.begin(name, value) {
            self.text.push('"');
            for character in value.chars() {
                if matches!(character, '"' | '\\') {
                    self.text.push('\\');
                }
                self.text.push(character);
            }
            self.text.push('"');
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
        } else if self.begin(name, value) {
            self.text.push_str(value);
        }
        self
    }

    /// Writes the name, if name and length are as they should be.
    fn begin(&mut self, name: &'static str, value: &str) -> bool {
        if !is_token(name) {
            self.fault(name, NOT_A_TOKEN);
        } else if self.names.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            self.fault(name, "stands twice in one challenge; give it once");
        } else if value.len() > Self::MAX_VALUE {
            self.fault(name, "is longer than 1024 bytes; shorten it");
        } else {
            // Room for the whole parameter, with a few characters escaped.
            self.text.reserve(name.len() + value.len() + 8);
            self.text.push_str(if self.names.is_empty() { " " } else { ", " });
            self.text.push_str(name);
            self.text.push('=');
            self.names.push(name);
            return true;
        }
        false
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
        if self.names.is_empty() && faults.is_empty() {
            faults.push(ConfigFault::new(self.scheme, "needs at least one parameter; give it a realm"));
        }
        match HeaderValue::from_str(&self.text) {
            Ok(value) => ConfigError::unless_empty(faults, value),
            // The scheme's name is then to blame, and listed.
            Err(_) => ConfigError::unless_empty(faults, HeaderValue::from_static("")),
        }
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

const NOT_A_TOKEN: &str = "is not an RFC 9110 token; use letters, digits and hyphens";
