//! Session: reads a session id from the header or the cookie and has a verifier find the session.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use http::request::Parts;

use super::same_origin::SameOrigin;
use super::scheme::{Attempt, Scheme};
use crate::credentials::{Authorization, SessionCookie, SessionId, find_cookie_bytes, visible};
use crate::identity::{Verifier, VerifyError};
use crate::response::Challenge;

/// The Session scheme: `Authorization: Session <id>`, or the same id in a cookie.
///
/// The scheme name is private to this crate, so that a 401 on a route for browsers has a challenge (RFC 9110 wants one)
/// and no browser opens a dialog. The cookie is looked at only where the request has no `Authorization` field.
///
/// A request that may change something is let in by its cookie only where it comes from a page of ours: see
/// [`SameOrigin`]. From elsewhere it is answered 403, once the session was found: a session that is unknown is 401 as
/// always. The header needs no such proof, since no browser sends it by itself.
///
/// Cloning is cheap, so that a service which logs people in can share the settings.
///
/// ```
/// use portcullis::authenticate::Session;
/// use portcullis::identity::session::{MemoryStore, Sessions};
///
/// let scheme = Session::new("shop", Sessions::new(MemoryStore::new()));
/// ```
pub struct Session<V> {
    settings: Arc<Settings>,
    verifier: Arc<V>,
}

#[derive(Clone, Debug)]
struct Settings {
    realm: Cow<'static, str>,
    cookie: SessionCookie,
    same_origin: SameOrigin,
}

impl<V: Verifier<SessionId>> Session<V> {
    /// Sessions for `realm` (printable ASCII, checked when the layer is built), by the cookie
    /// [`SessionCookie::default`] describes.
    pub fn new(realm: impl Into<Cow<'static, str>>, verifier: V) -> Self {
        let settings =
            Settings { realm: realm.into(), cookie: SessionCookie::default(), same_origin: SameOrigin::default() };
        Self { settings: Arc::new(settings), verifier: Arc::new(verifier) }
    }
}

impl<V> Session<V> {
    /// The cookie that carries the id. Default: `__Host-session`, Secure, HttpOnly, SameSite=Lax, Path=/.
    #[must_use]
    pub fn cookie(mut self, cookie: SessionCookie) -> Self {
        Arc::make_mut(&mut self.settings).cookie = cookie;
        self
    }

    /// Which requests may change something with the cookie. Default: those of the origin that they are sent to.
    ///
    /// ```
    /// # use portcullis::{AuthenticateLayer, Identity, VerifyError, credentials::SessionId};
    /// # let sessions = async |_: SessionId| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) };
    /// use portcullis::authenticate::{SameOrigin, Session};
    ///
    /// let scheme = Session::new("shop", sessions).same_origin(SameOrigin::default().own_origin("https://shop.example"));
    /// let layer = AuthenticateLayer::new(scheme)?;
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    #[must_use]
    pub fn same_origin(mut self, rule: SameOrigin) -> Self {
        Arc::make_mut(&mut self.settings).same_origin = rule;
        self
    }

    /// The realm that challenges name.
    #[must_use]
    pub fn realm(&self) -> &str {
        &self.settings.realm
    }

    /// The cookie, for who sets and clears it.
    #[must_use]
    pub fn session_cookie(&self) -> &SessionCookie {
        &self.settings.cookie
    }

    /// Who finds the sessions.
    #[must_use]
    pub const fn verifier(&self) -> &Arc<V> {
        &self.verifier
    }

    /// Holds a request against the same-origin rule, for who sets and clears the cookie: a log-in from elsewhere would
    /// have people act in an account that is not theirs.
    ///
    /// # Errors
    ///
    /// As [`SameOrigin::check`]. Where the cookie is not `Secure`, pages that came over plain HTTP are ours too.
    pub fn check_origin(&self, head: &Parts) -> Result<(), VerifyError> {
        self.settings.same_origin.judge(head, !self.settings.cookie.is_secure())
    }
}

impl<V: Verifier<SessionId>> Scheme for Session<V> {
    fn challenge(&self) -> Challenge {
        let faults = self.settings.same_origin.faults().iter().cloned();
        faults.fold(Challenge::session(self.realm()), Challenge::with_fault)
    }

    fn authenticate(&self, head: &Parts) -> Attempt {
        match Authorization::from_headers(&head.headers) {
            Ok(Some(field)) if field.is("Session") => match field.token68().and_then(SessionId::parse) {
                Ok(id) => Attempt::verify(&self.verifier, id),
                Err(unreadable) => Attempt::Ready(Err(VerifyError::from(unreadable))),
            },
            _ => Attempt::NotPresented,
        }
    }

    fn authenticate_ambient(&self, head: &Parts) -> Attempt {
        match find_cookie_bytes(&head.headers, self.settings.cookie.name()) {
            Ok(None) => Attempt::NotPresented,
            Ok(Some(value)) => match SessionId::parse_bytes(value) {
                Ok(id) => Attempt::verify(&self.verifier, id).provided(|| self.check_origin(head)),
                // A text that cannot be an id of ours is no different from one that is unknown.
                Err(_) => Attempt::Ready(Err(match visible(value) {
                    Ok(_) => VerifyError::invalid()
                        .because("the cookie holds no session id")
                        .hint("Something else sets a cookie of this name, or the browser has one of an older version: clear it."),
                    Err(unreadable) => VerifyError::from(unreadable),
                })),
            },
            Err(unreadable) => Attempt::Ready(Err(VerifyError::from(unreadable))),
        }
    }

    fn forget(&self) -> Option<HeaderValue> {
        Some(self.settings.cookie.clear())
    }

    fn reads(&self) -> &[&str] {
        &["authorization", "cookie"]
    }
}

impl<V> Clone for Session<V> {
    fn clone(&self) -> Self {
        Self { settings: Arc::clone(&self.settings), verifier: Arc::clone(&self.verifier) }
    }
}

impl<V> fmt::Debug for Session<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { realm, cookie, same_origin } = &*self.settings;
        f.debug_struct("Session")
            .field("realm", realm)
            .field("cookie", cookie)
            .field("same_origin", same_origin)
            .finish_non_exhaustive()
    }
}
