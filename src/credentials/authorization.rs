//! The `Authorization` field (RFC 9110 section 11.6.2): one line, a scheme, and what the scheme makes of the rest.

use std::fmt;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use super::grammar::{is_token_byte, is_token68, split_while};
use super::parameters::Parameters;
use super::unreadable::Unreadable;

/// The one `Authorization` field of a request, split into its scheme and the rest.
///
/// Only the scheme is read at first, so that credentials of a scheme that nobody here speaks are not ours rather than
/// malformed. The rest is read strictly as soon as [`token68`](Self::token68) or [`parameters`](Self::parameters) asks.
///
/// ```
/// use http::HeaderValue;
/// use portcullis::credentials::Authorization;
///
/// let value = HeaderValue::from_static("bearer mF_9.B5f-4.1JqM");
/// let field = Authorization::parse(&value)?;
/// assert!(field.is("Bearer"));
/// assert_eq!(field.token68()?, "mF_9.B5f-4.1JqM");
/// # Ok::<(), portcullis::credentials::Unreadable>(())
/// ```
#[derive(Clone, Copy)]
pub struct Authorization<'a> {
    scheme: &'a str,
    /// Empty, or beginning with a space.
    rest: &'a [u8],
}

impl<'a> Authorization<'a> {
    /// Finds and splits the field; `None` where the request has none.
    ///
    /// # Errors
    ///
    /// [`Ambiguous`](Unreadable::Ambiguous) for two or more lines, even equal ones: the field is not a list (RFC 9110
    /// section 5.3), and servers that picked one have been split from proxies that picked the other. Else as
    /// [`parse`](Self::parse).
    pub fn from_headers(headers: &'a HeaderMap) -> Result<Option<Self>, Unreadable> {
        let mut lines = headers.get_all(AUTHORIZATION).iter();
        match (lines.next(), lines.next()) {
            (None, _) => Ok(None),
            (Some(line), None) => Self::parse(line).map(Some),
            (Some(_), Some(_)) => Err(Unreadable::Ambiguous),
        }
    }

    /// Splits one field value.
    ///
    /// # Errors
    ///
    /// [`Malformed`](Unreadable::Malformed) where the value does not begin with a token that ends at a space or at the
    /// end of the value: it is empty, begins with a blank, or has a tab, a colon or a non-ASCII byte after the name.
    pub fn parse(value: &'a HeaderValue) -> Result<Self, Unreadable> {
        let (scheme, rest) = split_while(value.as_bytes(), is_token_byte);
        match (str::from_utf8(scheme), rest.first()) {
            (Ok(scheme), None | Some(b' ')) if !scheme.is_empty() => Ok(Self { scheme, rest }),
            _ => Err(Unreadable::Malformed("the field does not begin with a scheme name and a space")),
        }
    }

    /// The scheme's name as the client spelled it.
    #[must_use]
    pub const fn scheme(&self) -> &'a str {
        self.scheme
    }

    /// Whether the scheme is `scheme`, in any case (RFC 9110 section 11.1).
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The credentials as one token68: how Basic, Bearer and Session carry theirs.
    ///
    /// # Errors
    ///
    /// [`Malformed`](Unreadable::Malformed) where nothing follows the scheme, or what follows its spaces is anything but
    /// letters, digits and `-._~+/` with `=` only at the end. A second word, a comma, a quote, a tab or a trailing blank
    /// is refused, not cut off.
    pub fn token68(&self) -> Result<&'a str, Unreadable> {
        str::from_utf8(self.token68_within(usize::MAX)?).map_err(|_| NOT_TOKEN68)
    }

    /// As [`token68`](Self::token68), refusing more than `max_length` bytes before anything looks at them, and for where
    /// nobody reads the text.
    pub(super) fn token68_within(&self, max_length: usize) -> Result<&'a [u8], Unreadable> {
        let token = self.after_spaces();
        if token.is_empty() {
            return Err(Unreadable::Malformed("nothing follows the scheme"));
        }
        if token.len() > max_length {
            return Err(Unreadable::Malformed("the credentials are longer than allowed"));
        }
        if is_token68(token) { Ok(token) } else { Err(NOT_TOKEN68) }
    }

    /// The credentials as a list of `name=value` parameters: how Digest and its like carry theirs. Nothing after the
    /// scheme is an empty list.
    #[must_use]
    pub fn parameters(&self) -> Parameters<'a> {
        Parameters::new(self.after_spaces())
    }

    fn after_spaces(&self) -> &'a [u8] {
        split_while(self.rest, |byte| byte == b' ').1
    }
}

impl fmt::Debug for Authorization<'_> {
    /// The scheme is left out as well: people send their key alone, and it then stands where the scheme should.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization").finish_non_exhaustive()
    }
}

const NOT_TOKEN68: Unreadable = Unreadable::Malformed("the credentials are not a single token68");
