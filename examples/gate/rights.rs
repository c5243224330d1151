//! Who members are, as the users of today have it, and what they may, as the configuration of today has it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use portcullis::credentials::SessionId;
use portcullis::identity::password::PasswordVerifier;
use portcullis::identity::session::Sessions;
use portcullis::{Identity, Verifier, VerifyError};

use crate::config::Rights;

/// The users of the moment, and the realm they are of. Sessions outlive them: a store keeps those of years ago.
#[derive(Clone)]
pub(crate) struct Known(Arc<RwLock<(String, PasswordVerifier)>>);

impl Known {
    pub(crate) fn new(realm: &str, verifier: PasswordVerifier) -> Self {
        Self(Arc::new(RwLock::new((realm.to_owned(), verifier))))
    }

    pub(crate) fn exchange(&self, realm: &str, verifier: PasswordVerifier) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = (realm.to_owned(), verifier);
    }

    /// Whether somebody is still a user here, with the password they logged in with.
    pub(crate) fn is_current(&self, identity: &Identity) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (realm, verifier) = &*known;
        identity.issuer() == realm && verifier.is_current(identity)
    }
}

/// Sessions with the rights of today: what was taken from a user by a reload is not kept by being logged in.
pub(crate) struct Followed {
    pub(crate) sessions: Sessions,
    pub(crate) rights: HashMap<String, Rights>,
}

impl Followed {
    fn follow(&self, identity: Identity) -> Identity {
        let granted = self.rights.get(identity.subject());
        if granted.is_none() && identity.roles().is_empty() && identity.scopes().is_empty() {
            return identity;
        }
        let Rights { roles, scopes } = granted.cloned().unwrap_or_default();
        identity.to_assertion().roles(roles).scopes(scopes).build()
    }
}

impl Verifier<SessionId> for Followed {
    async fn verify(&self, id: SessionId) -> Result<Identity, VerifyError> {
        self.sessions.verify(id).await.map(|identity| self.follow(identity))
    }

    fn verify_now(&self, id: &SessionId) -> Option<Result<Identity, VerifyError>> {
        self.sessions.verify_now(id).map(|verdict| verdict.map(|identity| self.follow(identity)))
    }
}
