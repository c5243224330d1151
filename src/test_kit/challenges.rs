//! Challenges as a client reads them: by a parser that is not ours.

use std::fmt;

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;
use http_auth::parse_challenges;

/// The challenges of an answer (RFC 9110 section 11.6.1), read by the crate `http-auth`.
///
/// ```
/// use http::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
/// use portcullis::test_kit::Challenges;
///
/// let mut headers = HeaderMap::new();
/// headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="orders", error="invalid_token""#));
/// headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(r#"Basic realm="staff", charset="UTF-8""#));
///
/// let challenges = Challenges::of(&headers);
/// assert_eq!(challenges.schemes(), ["Bearer", "Basic"]);
/// assert_eq!(challenges.get("basic").and_then(|basic| basic.param("realm")), Some("staff"));
/// challenges.assert_bearer_error("invalid_token");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Challenges {
    lines: Vec<String>,
    parsed: Vec<ParsedChallenge>,
    faults: Vec<String>,
}

impl Challenges {
    /// Those in `headers`, whether each has a line of its own or several share one.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let (mut lines, mut parsed, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        for value in headers.get_all(WWW_AUTHENTICATE) {
            let line = String::from_utf8_lossy(value.as_bytes()).into_owned();
            match parse_challenges(&line) {
                Ok(challenges) => parsed.extend(challenges.iter().map(|challenge| {
                    ParsedChallenge {
                        scheme: challenge.scheme.to_owned(),
                        params: challenge
                            .params
                            .iter()
                            .map(|(name, value)| ((*name).to_owned(), value.to_unescaped()))
                            .collect(),
                    }
                })),
                Err(error) => faults.push(format!("no challenge can be read: {error}")),
            }
            lines.push(line);
        }
        for challenge in &parsed {
            if let Some(name) = challenge.repeated() {
                faults.push(format!("{} has {name} twice", challenge.scheme));
            }
        }
        Self { lines, parsed, faults }
    }

    /// The names of the schemes as they are spelled, in their order.
    #[must_use]
    pub fn schemes(&self) -> Vec<&str> {
        self.parsed.iter().map(ParsedChallenge::scheme).collect()
    }

    /// The first challenge of `scheme`, compared without case.
    #[must_use]
    pub fn get(&self, scheme: &str) -> Option<&ParsedChallenge> {
        self.parsed.iter().find(|challenge| challenge.scheme.eq_ignore_ascii_case(scheme))
    }

    /// All challenges, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &ParsedChallenge> {
        self.parsed.iter()
    }

    /// What is wrong with the field: a line that cannot be read, a parameter that comes twice.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }
}

/// The lines as they came, for the message of an assertion that failed.
impl fmt::Display for Challenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lines.is_empty() {
            return f.write_str("there is no WWW-Authenticate");
        }
        self.lines.iter().try_for_each(|line| write!(f, "\n  WWW-Authenticate: {line}"))?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n  ({fault})"))
    }
}

/// One challenge that was read.
///
/// ```
/// use http::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
/// use portcullis::test_kit::Challenges;
///
/// let mut headers = HeaderMap::new();
/// headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer scope="orders:read orders:write""#));
/// let challenges = Challenges::of(&headers);
///
/// let bearer = challenges.get("Bearer").ok_or("no Bearer challenge")?;
/// assert_eq!(bearer.param("Scope"), Some("orders:read orders:write"));
/// assert_eq!(bearer.param("error"), None);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParsedChallenge {
    scheme: String,
    params: Vec<(String, String)>,
}

impl ParsedChallenge {
    /// The name of its scheme as it is spelled.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The value of a parameter without quotes and backslashes; names are compared without case.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All parameters, in their order.
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.params.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn repeated(&self) -> Option<&str> {
        let before = |index: usize| self.params.iter().take(index);
        let mut names = self.params.iter().map(|(name, _)| name.as_str()).enumerate();
        names
            .find(|(index, name)| before(*index).any(|(other, _)| other.eq_ignore_ascii_case(name)))
            .map(|(_, name)| name)
    }
}
