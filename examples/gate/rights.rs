//! What members may, as the configuration of today has it.

use std::collections::HashMap;

use portcullis::credentials::SessionId;
use portcullis::identity::password::PasswordVerifier;
use portcullis::identity::session::Sessions;
use portcullis::{Identity, Verifier, VerifyError};

use crate::config::Rights;

/// Sessions with the rights of today: what was taken from a user by a reload is not kept by being logged in.
pub(crate) struct Followed {
    pub(crate) realm: String,
    pub(crate) sessions: Sessions,
    pub(crate) verifier: PasswordVerifier,
    pub(crate) rights: HashMap<String, Rights>,
}

impl Followed {
    fn follow(&self, identity: Identity) -> Result<Identity, VerifyError> {
        if identity.issuer() != self.realm {
            return Err(VerifyError::invalid().because("the session began under another realm"));
        }
        if !self.verifier.contains(identity.subject()) {
            return Err(VerifyError::invalid().because("the user is gone"));
        }
        let granted = self.rights.get(identity.subject());
        if granted.is_none() && identity.roles().is_empty() && identity.scopes().is_empty() {
            return Ok(identity);
        }
        let Rights { roles, scopes } = granted.cloned().unwrap_or_default();
        Ok(identity.to_assertion().roles(roles).scopes(scopes).build())
    }
}

impl Verifier<SessionId> for Followed {
    async fn verify(&self, id: SessionId) -> Result<Identity, VerifyError> {
        self.follow(self.sessions.verify(id).await?)
    }

    fn verify_now(&self, id: &SessionId) -> Option<Result<Identity, VerifyError>> {
        self.sessions.verify_now(id).map(|verdict| self.follow(verdict?))
    }
}
