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
/// Browsers answer its challenge with a dialog. Where scripts of a page call the service too, have it say so to them in a way that
/// opens none: [`quiet_for_scripts`](Self::quiet_for_scripts).
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
    quiet: bool,
}

impl<V> Basic<V> {
    /// The name in challenges that are to open no dialog: `xBasic`.
    pub const QUIET_NAME: &str = "xBasic";
}

impl<V: Verifier<BasicCredentials>> Basic<V> {
    /// Basic for `realm`, which browsers show to people and use to tell password areas apart: printable ASCII, checked
    /// when the layer is built.
    pub fn new(realm: impl Into<Cow<'static, str>>, verifier: V) -> Self {
        Self { realm: realm.into(), verifier: Arc::new(verifier), quiet: false }
    }

    /// Asks the scripts of a page by a challenge under the name [`xBasic`](Self::QUIET_NAME), for which no browser opens a dialog: a
    /// 401 is then theirs to read. People who go to a page, and programs, get the real one, and credentials are taken from all of
    /// them as ever. Default: everybody gets the real one.
    ///
    /// A browser then no longer answers such a 401 by itself with what people typed before: it sends that along unasked to the
    /// folder of the page that asked for it and below (RFC 7617 section 2.2), so let the page lie above what its scripts call.
    ///
    /// ```
    /// # use portcullis::{AuthenticateLayer, Identity, VerifyError, credentials::BasicCredentials};
    /// # let verifier = async |_: BasicCredentials| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) };
    /// use portcullis::authenticate::Basic;
    ///
    /// let layer = AuthenticateLayer::new(Basic::new("staff", verifier).quiet_for_scripts())?;
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn quiet_for_scripts(mut self) -> Self {
        self.quiet = true;
        self
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

    fn quiet_name(&self) -> Option<&'static str> {
        self.quiet.then_some(Self::QUIET_NAME)
    }
}

impl<V> fmt::Debug for Basic<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Basic").field("realm", &self.realm).field("quiet", &self.quiet).finish_non_exhaustive()
    }
}
