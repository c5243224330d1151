//! Whether what a log-in found is still so.

use super::verifier::PasswordVerifier;
use crate::identity::identity::Identity;

impl PasswordVerifier {
    /// Whether an identity that a log-in here made is still what it was: the user is there, not disabled, and has the password
    /// of then. For [`recheck`](crate::identity::session::SessionsBuilder::recheck), so that their sessions end by
    /// themselves, also those that a store kept over a restart. It costs a look into memory.
    ///
    /// An identity carries a fingerprint of the stored hash, of 8 bytes; it is kept in sessions, and by
    /// [`to_assertion`](Identity::to_assertion). A hash that [`on_rehash`](Self::on_rehash) was given counts as the same
    /// password. An identity without a fingerprint is judged by its name: so are users with a hash that is quick to guess (`{SHA}`,
    /// `$apr1$`), of which a fingerprint would tell too much. Those of another issuer are not judged, nor are
    /// users in a store, of whom nothing is known here: `true`. End the sessions of such a user where the password is changed.
    ///
    /// ```
    /// # #[cfg(feature = "session")] {
    /// use portcullis::identity::password::{PasswordVerifier, Users};
    /// use portcullis::identity::session::{MemoryStore, Sessions};
    ///
    /// let passwords = PasswordVerifier::new("bank", Users::new());
    /// let known = passwords.clone();
    /// let sessions = Sessions::builder(MemoryStore::new()).recheck(move |identity| known.is_current(identity)).build()?;
    /// # }
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    #[must_use]
    pub fn is_current(&self, identity: &Identity) -> bool {
        identity.issuer() != &*self.shared.issuer
            || self.shared.directory.is_current(identity.subject(), identity.facts().stamp)
    }
}
