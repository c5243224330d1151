//! The cookie that carries a session id: its name and the attributes that it is set with.

use std::fmt::Write;
use std::time::Duration;

use http::HeaderValue;

use super::grammar::is_token_byte;
use super::session_id::SessionId;
use crate::error::ConfigFault;

/// The name of a cookie, checked.
///
/// ```
/// use portcullis::credentials::CookieName;
///
/// let name = CookieName::new("__Host-session")?;
/// assert_eq!(name.as_str(), "__Host-session");
/// assert!(name.requires_secure());
/// assert!(CookieName::new("my session").is_err());
/// # Ok::<(), portcullis::error::ConfigFault>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CookieName(Box<str>);

impl CookieName {
    /// Checks `name`.
    ///
    /// # Errors
    ///
    /// A fault where `name` is not a token (RFC 6265 section 4.1.1), or begins with `__Host-`, `__Secure-` or `__Http-` in
    /// another spelling: some browsers keep the prefix's promise for it and some do not.
    pub fn new(name: &str) -> Result<Self, ConfigFault> {
        if name.is_empty() || !name.bytes().all(is_token_byte) {
            return Err(fault("use letters, digits and any of !#$%&'*+-.^_`|~, and at least one of them"));
        }
        let misspelled = |prefix: &&str| !name.starts_with(prefix) && starts_with_ignoring_case(name, prefix);
        if PREFIXES.iter().any(misspelled) {
            return Err(fault("spell the prefix __Host-, __Secure- or __Http-, in this case"));
        }
        Ok(Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name begins with a prefix for which browsers drop the cookie unless it has `Secure`. What else the
    /// prefixes demand (`Path=/`, no `Domain`, `HttpOnly`) a [`SessionCookie`] always has.
    #[must_use]
    pub fn requires_secure(&self) -> bool {
        PREFIXES.iter().any(|prefix| self.0.starts_with(prefix))
    }
}

/// How the session cookie is set and cleared.
///
/// Always `HttpOnly`, `Path=/` and without `Domain`; by default also `Secure` and `SameSite=Lax`.
///
/// ```
/// use std::time::Duration;
/// use portcullis::credentials::{CookieName, SessionCookie, SessionId};
///
/// let cookie = SessionCookie::new(CookieName::new("__Host-id")?).same_site_strict();
/// let set = cookie.set(&SessionId::from_bytes([0; 32]), Duration::from_secs(3600));
/// assert_eq!(
///     set,
///     "__Host-id=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; Max-Age=3600; Path=/; HttpOnly; SameSite=Strict; Secure"
/// );
/// assert!(set.is_sensitive());
/// # Ok::<(), portcullis::error::ConfigFault>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionCookie {
    name: CookieName,
    same_site: &'static str,
    secure: bool,
}

impl Default for SessionCookie {
    /// The cookie `__Host-session`.
    fn default() -> Self {
        Self::new(CookieName("__Host-session".into()))
    }
}

impl SessionCookie {
    /// A cookie called `name`, with the default attributes.
    #[must_use]
    pub const fn new(name: CookieName) -> Self {
        Self { name, same_site: "Lax", secure: true }
    }

    /// Keeps the cookie out of every request that another site begins, plain links included. Default: `Lax`, which sends
    /// it when the user follows a link. Whoever comes in by a link then arrives logged out and must reload.
    #[must_use]
    pub const fn same_site_strict(mut self) -> Self {
        self.same_site = "Strict";
        self
    }

    /// Lets browsers send the cookie over plain HTTP. Default: `Secure`, with which some of them also
    /// take it from `http://localhost`.
    ///
    /// # Security
    ///
    /// Anybody on the network path can then read the id and is logged in.
    ///
    /// # Errors
    ///
    /// A fault where the name [requires](CookieName::requires_secure) `Secure`.
    pub fn allow_insecure(mut self) -> Result<Self, ConfigFault> {
        if self.name.requires_secure() {
            return Err(fault("browsers drop a cookie of this prefix without Secure: use a name without it, or HTTPS"));
        }
        self.secure = false;
        Ok(self)
    }

    /// The cookie's name, as [`find_cookie`](super::find_cookie) takes it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Whether browsers keep the cookie to HTTPS.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// The `Set-Cookie` value that hands `id` to the client for `max_age`, in whole seconds rounded down. Flagged
    /// sensitive.
    #[must_use]
    pub fn set(&self, id: &SessionId, max_age: Duration) -> HeaderValue {
        let mut value = self.render(id.encode().expose(), max_age);
        value.set_sensitive(true);
        value
    }

    /// The `Set-Cookie` value that makes the client forget the cookie.
    #[must_use]
    pub fn clear(&self) -> HeaderValue {
        self.render("", Duration::ZERO)
    }

    fn render(&self, id: &str, max_age: Duration) -> HeaderValue {
        let Self { name, same_site, secure } = self;
        // Room for all of it: a string that grows leaves copies of the id behind.
        let mut text = String::with_capacity(name.as_str().len() + id.len() + ROOM_FOR_ATTRIBUTES);
        let secure = if *secure { "; Secure" } else { "" };
        let name = name.as_str();
        let seconds = max_age.as_secs();
        // Writing to a string cannot fail, and a token, base64url and these words are all that is in it.
        let _ = write!(text, "{name}={id}; Max-Age={seconds}; Path=/; HttpOnly; SameSite={same_site}{secure}");
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

fn fault(problem: &'static str) -> ConfigFault {
    ConfigFault::new("cookie", problem)
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// What browsers look for (RFC 6265bis section 4.1.3); `__Host-Http-` is covered by the first.
const PREFIXES: [&str; 3] = ["__Host-", "__Secure-", "__Http-"];

/// The attributes with the longest number and the longest word, and a few bytes to spare.
const ROOM_FOR_ATTRIBUTES: usize = 96;
