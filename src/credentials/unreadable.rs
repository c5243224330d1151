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

    /// What the developer of the client can do.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            Self::Ambiguous => {
                "Send the credential once: in one field, or in one cookie. Look for a proxy or a library that adds a second one."
            }
            Self::Malformed(cause) => hint_for(cause),
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

/// For each cause that is given in this part.
fn hint_for(cause: &str) -> &'static str {
    match cause {
        "the field does not begin with a scheme name and a space" => {
            "Put the name of the scheme before the credential: `Authorization: Bearer <token>`."
        }
        "nothing follows the scheme" => {
            "The credential is empty: the client has none, or a variable in it is not filled in."
        }
        "the credentials are longer than allowed" | "the token is longer than allowed" => {
            "The credential is longer than this service takes; have the issuer put less into it, or raise `max_length` of the scheme."
        }
        "the credentials are not a single token68" | "the token is not a token68" => {
            "After the scheme name comes the bare token: no quotes, no comma, no parameter, no line break."
        }
        "the scheme is not Basic" | "the scheme is not Bearer" => {
            "Read the field with the type that belongs to its scheme."
        }
        "there is no colon after the user name" | "the user name has a colon" => {
            "Encode `name:password` as a whole: the first colon ends the name, which has none itself."
        }
        "the credentials are not canonical base64" => {
            "Encode `name:password` in standard base64 (RFC 4648 section 4), with its padding and without line breaks."
        }
        "the credentials are not UTF-8" => {
            "Encode name and password as UTF-8 before base64, as `charset=\"UTF-8\"` in the challenge says."
        }
        "the user name or the password is empty" => "Send both; if the client asks its user, it was left empty there.",
        "the user name or the password is longer than allowed" => "No account has a name or a password of that length.",
        "the user name or the password holds a control character" => {
            "A control character, often a line break at the end of a file that the password was read from; trim it."
        }
        "there is no user name, or a control character" => "Send a user name, in printable characters.",
        "the session id is not 43 characters of canonical base64url" => {
            "Send the id as it was handed out, whole and unchanged; it is not a JWT and not the public id."
        }
        "the cookie's value is not visible ASCII" => {
            "Something else sets a cookie of this name; give one of the two another name."
        }
        "the text is no API key" | "the checksum of the API key does not fit" => {
            "Copy the key again, whole: part of it is missing or mistyped."
        }
        _ if cause.contains("nonce") || cause.contains("nc ") || cause.contains("cnonce") || cause.contains("qop") => {
            "The client's Digest is incomplete (RFC 7616 section 3.4): with qop come nc, of eight hexadecimal digits, and cnonce."
        }
        _ => {
            "Compare the field with the syntax of its scheme (RFC 7616 section 3.4 for Digest, RFC 9110 section 11 for all)."
        }
    }
}
