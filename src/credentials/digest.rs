//! Digest credentials (RFC 7616 section 3.4).

use std::borrow::Cow;
use std::fmt;

use super::authorization::Authorization;
use super::basic::BasicCredentials;
use super::digest_algorithm::DigestAlgorithm;
use super::unreadable::Unreadable;

/// What a client computed from a password, a nonce and the request: unproven, and fit to be proven.
///
/// It follows the grammar and says all that must be said; whether any of it is true is not looked at. Values arrive as the
/// text they stand for, whether they were sent quoted or bare: some clients quote `algorithm` and `qop`, which they should
/// not.
///
/// ```
/// use http::HeaderValue;
/// use portcullis::credentials::{Authorization, DigestCredentials, DigestName};
///
/// // RFC 7616 section 3.9.1
/// let value = HeaderValue::from_static(
///     "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm=SHA-256, \
///      nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
///      cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, \
///      response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\"",
/// );
/// let credentials = DigestCredentials::from_authorization(&Authorization::parse(&value)?)?;
/// assert_eq!(credentials.name(), &DigestName::Plain("Mufasa".into()));
/// assert_eq!(credentials.uri(), "/dir/index.html");
/// # Ok::<(), portcullis::credentials::Unreadable>(())
/// ```
pub struct DigestCredentials {
    name: DigestName,
    realm: String,
    nonce: String,
    uri: String,
    response: String,
    algorithm: Option<DigestAlgorithm>,
    opaque: Option<String>,
    protection: Protection,
}

/// The user name of a Digest credential, in one of its two forms.
///
/// ```
/// use portcullis::credentials::DigestName;
///
/// let name = DigestName::Plain("Mufasa".into());
/// assert_ne!(name, DigestName::Hashed("Mufasa".into()));
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 7616 has these two")]
pub enum DigestName {
    /// As people write it.
    Plain(Box<str>),
    /// The digest of `name:realm` in hexadecimal, which keeps the name from those who listen (RFC 7616 section 3.4.4).
    Hashed(Box<str>),
}

/// What `qop` says.
enum Protection {
    /// `auth`: the client adds a nonce of its own and a count.
    Auth { cnonce: String, nc: String, count: u32 },
    /// Nothing: the form of RFC 2069.
    None,
    /// Something that is not offered here.
    Other,
}

impl DigestCredentials {
    /// How long the name may be: as in Basic, 256 bytes.
    pub const MAX_NAME: usize = BasicCredentials::MAX_USERNAME;

    /// How long `nonce`, `cnonce` and `opaque` may be each: 256 bytes.
    pub const MAX_NONCE: usize = 256;

    /// Reads the credentials of a `Digest` field.
    ///
    /// # Errors
    ///
    /// [`Malformed`](Unreadable::Malformed) where a parameter breaks the grammar, comes twice, is missing or too long; where
    /// there are both `username` and `username*`, or the latter with `userhash`; where `userhash` is neither `true` nor
    /// `false`; where with `qop` there is no `cnonce`, or no `nc` of eight hexadecimal digits; where the name is empty or
    /// holds a control character.
    pub fn from_authorization(field: &Authorization<'_>) -> Result<Self, Unreadable> {
        let mut sent = Sent::default();
        for parameter in field.parameters() {
            let (name, value) = parameter?;
            if let Some(slot) = sent.slot(name) {
                *slot = Some(value);
            }
        }
        let name = sent.name()?;
        let protection = sent.protection()?;
        let algorithm = match sent.algorithm {
            None => Some(DigestAlgorithm::Md5),
            Some(name) => DigestAlgorithm::named(&name),
        };
        let opaque = sent.opaque.map(|opaque| within(opaque, "opaque is too long")).transpose()?;
        Ok(Self {
            name,
            realm: sent.realm.ok_or(Unreadable::Malformed("there is no realm"))?.into_owned(),
            nonce: within(sent.nonce.ok_or(Unreadable::Malformed("there is no nonce"))?, "the nonce is too long")?,
            uri: sent.uri.ok_or(Unreadable::Malformed("there is no uri"))?.into_owned(),
            response: sent.response.ok_or(Unreadable::Malformed("there is no response"))?.into_owned(),
            algorithm,
            opaque,
            protection,
        })
    }

    /// Whose password it is said to be.
    #[must_use]
    pub const fn name(&self) -> &DigestName {
        &self.name
    }

    /// Under which realm.
    #[must_use]
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The server's nonce, as the client sends it back.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// What is asked for: the request target, query included.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The algorithm; MD5 where none was named, as RFC 7616 section 3.4 has it, and `None` for one that is not known here.
    #[must_use]
    pub const fn algorithm(&self) -> Option<DigestAlgorithm> {
        self.algorithm
    }

    /// The server's `opaque`, as the client sends it back.
    #[must_use]
    pub fn opaque(&self) -> Option<&str> {
        self.opaque.as_deref()
    }

    /// How many requests the client says it has sent with this nonce, this one included; `None` without `qop=auth`.
    #[must_use]
    pub const fn count(&self) -> Option<u32> {
        match &self.protection {
            Protection::Auth { count, .. } => Some(*count),
            Protection::None | Protection::Other => None,
        }
    }

    /// Whether it is in the form of RFC 2069, without `qop`: a recorded one can be sent again for as long as the nonce is
    /// good.
    #[must_use]
    pub const fn is_rfc2069(&self) -> bool {
        matches!(self.protection, Protection::None)
    }

    /// `nc` and `cnonce` as they were sent, where `qop` is `auth`.
    pub(crate) fn auth(&self) -> Option<(&str, &str)> {
        match &self.protection {
            Protection::Auth { cnonce, nc, .. } => Some((nc, cnonce)),
            Protection::None | Protection::Other => None,
        }
    }

    pub(crate) fn response(&self) -> &str {
        &self.response
    }
}

impl fmt::Debug for DigestCredentials {
    /// The response is fit to guess the password from, and people type passwords where the name belongs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestCredentials").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl fmt::Debug for DigestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain(..)",
            Self::Hashed(_) => "Hashed(..)",
        })
    }
}

/// The parameters that matter, as they were sent.
#[derive(Default)]
struct Sent<'a> {
    username: Option<Cow<'a, str>>,
    extended: Option<Cow<'a, str>>,
    userhash: Option<Cow<'a, str>>,
    realm: Option<Cow<'a, str>>,
    nonce: Option<Cow<'a, str>>,
    uri: Option<Cow<'a, str>>,
    response: Option<Cow<'a, str>>,
    algorithm: Option<Cow<'a, str>>,
    opaque: Option<Cow<'a, str>>,
    qop: Option<Cow<'a, str>>,
    cnonce: Option<Cow<'a, str>>,
    nc: Option<Cow<'a, str>>,
}

impl<'a> Sent<'a> {
    fn slot(&mut self, name: &str) -> Option<&mut Option<Cow<'a, str>>> {
        let slots = [
            ("username", &mut self.username),
            ("username*", &mut self.extended),
            ("userhash", &mut self.userhash),
            ("realm", &mut self.realm),
            ("nonce", &mut self.nonce),
            ("uri", &mut self.uri),
            ("response", &mut self.response),
            ("algorithm", &mut self.algorithm),
            ("opaque", &mut self.opaque),
            ("qop", &mut self.qop),
            ("cnonce", &mut self.cnonce),
            ("nc", &mut self.nc),
        ];
        slots.into_iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, slot)| slot)
    }

    fn name(&mut self) -> Result<DigestName, Unreadable> {
        let hashed = match self.userhash.as_deref() {
            None => false,
            Some(word) if word.eq_ignore_ascii_case("false") => false,
            Some(word) if word.eq_ignore_ascii_case("true") => true,
            Some(_) => return Err(Unreadable::Malformed("userhash is neither true nor false")),
        };
        let name: Box<str> = match (self.username.take(), self.extended.take()) {
            (Some(name), None) => name.into(),
            (None, Some(_)) if hashed => return Err(Unreadable::Malformed("a hashed name has no need of username*")),
            (None, Some(name)) => extended(&name)?.into(),
            (None, None) => return Err(Unreadable::Malformed("there is no user name")),
            (Some(_), Some(_)) => return Err(Unreadable::Malformed("there are both username and username*")),
        };
        if name.is_empty() || name.len() > DigestCredentials::MAX_NAME || name.chars().any(char::is_control) {
            return Err(Unreadable::Malformed("the user name is empty, too long, or holds a control character"));
        }
        Ok(if hashed { DigestName::Hashed(name) } else { DigestName::Plain(name) })
    }

    fn protection(&mut self) -> Result<Protection, Unreadable> {
        match self.qop.as_deref() {
            None => return Ok(Protection::None),
            Some(qop) if !qop.eq_ignore_ascii_case("auth") => return Ok(Protection::Other),
            Some(_) => {}
        }
        let cnonce = self.cnonce.take().ok_or(Unreadable::Malformed("qop is there and cnonce is not"))?;
        let nc = self.nc.take().ok_or(Unreadable::Malformed("qop is there and nc is not"))?;
        if nc.len() != 8 || !nc.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Unreadable::Malformed("nc is not eight hexadecimal digits"));
        }
        let count = u32::from_str_radix(&nc, 16).map_err(|_| Unreadable::Malformed("nc is no number"))?;
        Ok(Protection::Auth { cnonce: within(cnonce, "cnonce is too long")?, nc: nc.into_owned(), count })
    }
}

fn within(text: Cow<'_, str>, too_long: &'static str) -> Result<String, Unreadable> {
    if text.len() > DigestCredentials::MAX_NONCE { Err(Unreadable::Malformed(too_long)) } else { Ok(text.into_owned()) }
}

/// `UTF-8''` and percent-encoded bytes (RFC 8187 section 3.2.1), which is all that RFC 7616 section 3.4 allows.
fn extended(value: &str) -> Result<String, Unreadable> {
    let malformed = Unreadable::Malformed("username* is not UTF-8'' and percent-encoded UTF-8");
    let (charset, encoded) = value.split_once("''").ok_or(malformed)?;
    if !charset.eq_ignore_ascii_case("UTF-8") {
        return Err(malformed);
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => match (rest.next().and_then(hex_digit), rest.next().and_then(hex_digit)) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return Err(malformed),
            },
            b'*' | b'\'' | b'(' | b')' | b'"' | b' ' => return Err(malformed),
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| malformed)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
