//! Why something that was presented could not be read.

use std::error::Error;
use std::fmt;

use crate::error::Reason;

/// Credentials were presented, and what they are cannot be told.
///
/// This is never the same as "nothing was presented", which every reader here answers with `Ok(None)`.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
/// use portcullis::Reason;
/// use portcullis::credentials::{Authorization, Unreadable};
///
/// let mut headers = HeaderMap::new();
/// headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer good"));
/// headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer planted"));
///
/// let error = Authorization::from_headers(&headers).unwrap_err();
/// assert_eq!(error, Unreadable::Ambiguous);
/// assert_eq!(error.reason(), Reason::Ambiguous);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Unreadable {
    /// It was presented more than once, and nothing says which one counts.
    Ambiguous,
    /// It breaks the syntax or a limit. The text is the cause, for logs; it holds nothing of what the client sent.
    Malformed(&'static str),
}

impl Unreadable {
    /// Which row of the table answers this.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Ambiguous => Reason::Ambiguous,
            Self::Malformed(_) => Reason::Malformed,
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ambiguous => f.write_str("presented more than once"),
            Self::Malformed(cause) => write!(f, "cannot be read: {cause}"),
        }
    }
}

impl Error for Unreadable {}
