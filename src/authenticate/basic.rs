//! Basic: reads user name and password (RFC 7617) and has a verifier judge them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::request::Parts;

use super::scheme::{Attempt, Scheme};
use crate::credentials::{Authorization, BasicCredentials, ClientAddress};
use crate::identity::{Verifier, VerifyError};
use crate::response::Challenge;

/// The Basic scheme.
///
/// Browsers answer its challenge with a dialog; leave it out of APIs that scripts of a page call.
///
/// A [`ClientAddress`] in the request's extensions is handed to the verifier with the credentials.
///
/// ```
/// use portcullis::authenticate::Basic;
/// use portcullis::identity::password::{PasswordVerifier, User, Users, hash_password};
///
/// let mut users = Users::new();
/// users.insert("alice", User::new(&hash_password("correct horse")?)?)?;
/// let scheme = Basic::new("staff", PasswordVerifier::new("staff", users));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Basic<V> {
    realm: Cow<'static, str>,
    verifier: Arc<V>,
}

impl<V: Verifier<BasicCredentials>> Basic<V> {
    /// Basic for `realm`, which browsers show to people and use to tell password areas apart: printable ASCII, checked
    /// when the layer is built.
    pub fn new(realm: impl Into<Cow<'static, str>>, verifier: V) -> Self {
        Self { realm: realm.into(), verifier: Arc::new(verifier) }
    }
}

impl<V: Verifier<BasicCredentials>> Scheme for Basic<V> {
    fn challenge(&self) -> Challenge {
        Challenge::basic(&self.realm)
    }

    fn authenticate(&self, head: &Parts) -> Attempt {
        match Authorization::from_headers(&head.headers) {
            Ok(Some(field)) if field.is("Basic") => match BasicCredentials::from_authorization(&field) {
                Ok(credentials) => {
                    let client = head.extensions.get::<ClientAddress>().copied();
                    Attempt::verify(&self.verifier, credentials.from_client(client))
                }
                Err(unreadable) => Attempt::Ready(Err(VerifyError::from(unreadable))),
            },
            _ => Attempt::NotPresented,
        }
    }
}

impl<V> fmt::Debug for Basic<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Basic").field("realm", &self.realm).finish_non_exhaustive()
    }
}
