//! Session: reads a session id from the header or the cookie and has a verifier find the session.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use http::request::Parts;

use super::scheme::{Attempt, Scheme};
use crate::credentials::{Authorization, SessionCookie, SessionId, find_cookie};
use crate::identity::{Verifier, VerifyError};
use crate::response::Challenge;

/// The Session scheme: `Authorization: Session <id>`, or the same id in a cookie.
///
/// The scheme name is private to this crate, so that a 401 on a route for browsers has a challenge (RFC 9110 wants one)
/// and no browser opens a dialog. The cookie is looked at only where the request has no `Authorization` field.
///
/// ```
/// use portcullis::authenticate::Session;
/// use portcullis::identity::session::{MemoryStore, Sessions};
///
/// let scheme = Session::new("shop", Sessions::new(MemoryStore::new()));
/// ```
pub struct Session<V> {
    realm: Cow<'static, str>,
    cookie: SessionCookie,
    verifier: Arc<V>,
}

impl<V: Verifier<SessionId>> Session<V> {
    /// Sessions for `realm` (printable ASCII, checked when the layer is built), by the cookie
    /// [`SessionCookie::default`] describes.
    pub fn new(realm: impl Into<Cow<'static, str>>, verifier: V) -> Self {
        Self { realm: realm.into(), cookie: SessionCookie::default(), verifier: Arc::new(verifier) }
    }

    /// The cookie that carries the id. Default: `__Host-session`, Secure, HttpOnly, SameSite=Lax, Path=/.
    #[must_use]
    pub fn cookie(mut self, cookie: SessionCookie) -> Self {
        self.cookie = cookie;
        self
    }
}

impl<V: Verifier<SessionId>> Scheme for Session<V> {
    fn challenge(&self) -> Challenge {
        Challenge::session(&self.realm)
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
        match find_cookie(&head.headers, self.cookie.name()) {
            Ok(None) => Attempt::NotPresented,
            Ok(Some(text)) => match SessionId::parse(text) {
                Ok(id) => Attempt::verify(&self.verifier, id),
                // A cookie that cannot be an id of ours is no different from one that is unknown.
                Err(_) => Attempt::Ready(Err(VerifyError::invalid().because("the cookie holds no session id"))),
            },
            Err(unreadable) => Attempt::Ready(Err(VerifyError::from(unreadable))),
        }
    }

    fn forget(&self) -> Option<HeaderValue> {
        Some(self.cookie.clear())
    }

    fn reads(&self) -> &[&str] {
        &["authorization", "cookie"]
    }
}

impl<V> fmt::Debug for Session<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("realm", &self.realm).field("cookie", &self.cookie).finish_non_exhaustive()
    }
}
