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
    parameters: Vec<Parameter>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Parameter {
    name: &'static str,
    value: Cow<'static, str>,
    form: Form,
}

/// Some parameters must be quoted, some must not be (RFC 7616 section 3.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Quoted,
    Token,
}

impl Challenge {
    /// The longest value of a parameter, in bytes: 1024. Clients and proxies cap whole header blocks at 8 KiB.
    pub const MAX_VALUE: usize = 1024;

    /// A challenge of `scheme` without parameters yet.
    #[must_use]
    pub const fn new(scheme: &'static str) -> Self {
        Self { scheme, parameters: Vec::new() }
    }

    /// `Basic` with the required realm, and the charset that makes clients send UTF-8 (RFC 7617 section 2.1).
    pub fn basic(realm: impl Into<Cow<'static, str>>) -> Self {
        Self::new("Basic").quoted("realm", realm).quoted("charset", "UTF-8")
    }

    /// `Bearer` with a realm, since at least one parameter is required (RFC 6750 section 3).
    pub fn bearer(realm: impl Into<Cow<'static, str>>) -> Self {
        Self::new("Bearer").quoted("realm", realm)
    }

    /// `Session`, our private scheme name for sessions by header or cookie.
    pub fn session(realm: impl Into<Cow<'static, str>>) -> Self {
        Self::new("Session").quoted("realm", realm)
    }

    /// Adds a parameter written as a quoted string.
    #[must_use]
    pub fn quoted(self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.with(name, value.into(), Form::Quoted)
    }

    /// Adds a parameter written bare, as `stale=true`; the value must be an RFC 9110 token.
    #[must_use]
    pub fn token(self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.with(name, value.into(), Form::Token)
    }

    fn with(mut self, name: &'static str, value: Cow<'static, str>, form: Form) -> Self {
        self.parameters.push(Parameter { name, value, form });
        self
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
    /// Lists every name that is not a token, every name used twice, every value that is too long, empty where a token is
    /// asked for, or that holds a control character or a character outside ASCII.
    pub fn to_header(&self) -> Result<HeaderValue, ConfigError> {
        let mut faults = Vec::new();
        if !is_token(self.scheme) {
            faults.push(ConfigFault::new("scheme", "is not an RFC 9110 token; use letters, digits and hyphens"));
        }
        if self.parameters.is_empty() {
            faults.push(ConfigFault::new(self.scheme, "needs at least one parameter; give it a realm"));
        }
        for (index, parameter) in self.parameters.iter().enumerate() {
            if let Some(problem) = parameter.problem() {
                faults.push(ConfigFault::new(parameter.name, problem));
            }
            let earlier = self.parameters.iter().take(index);
            if earlier.into_iter().any(|other| other.name.eq_ignore_ascii_case(parameter.name)) {
                faults.push(ConfigFault::new(parameter.name, "stands twice in one challenge; give it once"));
            }
        }
        let text = self.render();
        match HeaderValue::try_from(text) {
            Ok(value) => ConfigError::unless_empty(faults, value),
            Err(_) if faults.is_empty() => Err(ConfigFault::new(self.scheme, "is not a header value").into()),
            Err(_) => ConfigError::unless_empty(faults, HeaderValue::from_static("")),
        }
    }

    fn render(&self) -> String {
        let mut text = String::from(self.scheme);
        for (index, parameter) in self.parameters.iter().enumerate() {
            text.push_str(if index == 0 { " " } else { ", " });
            text.push_str(parameter.name);
            text.push('=');
            parameter.render_value(&mut text);
        }
        text
    }
}

impl Parameter {
    fn problem(&self) -> Option<&'static str> {
        if !is_token(self.name) {
            return Some("is not an RFC 9110 token; use letters, digits and hyphens");
        }
        if self.value.len() > Challenge::MAX_VALUE {
            return Some("is longer than 1024 bytes; shorten it");
        }
        match self.form {
            Form::Token if !is_token(&self.value) => Some("must be an RFC 9110 token"),
            // Outside ASCII a quoted string has no agreed encoding (RFC 9110 section 5.5).
            Form::Quoted if !self.value.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) => {
                Some("holds a control character or one outside ASCII; use printable ASCII")
            }
            Form::Quoted | Form::Token => None,
        }
    }

    fn render_value(&self, text: &mut String) {
        match self.form {
            Form::Token => text.push_str(&self.value),
            Form::Quoted => {
                text.push('"');
                for character in self.value.chars() {
                    if matches!(character, '"' | '\\') {
                        text.push('\\');
                    }
                    text.push(character);
                }
                text.push('"');
            }
        }
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
