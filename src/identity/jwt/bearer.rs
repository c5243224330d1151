//! A JWT as a bearer token.

use super::verifier::{Attempt, JwtVerifier};
use crate::credentials::BearerToken;
use crate::identity::error::VerifyError;
use crate::identity::identity::Identity;
use crate::identity::verifier::Verifier;

impl Verifier<BearerToken> for JwtVerifier {
    async fn verify(&self, token: BearerToken) -> Result<Identity, VerifyError> {
        match self.attempt(token.as_bytes()) {
            Attempt::Settled(verdict) => verdict,
            Attempt::NeedsKeys(keys) => {
                keys.source().refresh().await;
                self.verify_token(token.expose())
            }
        }
    }

    // Unless keys have to be fetched nothing here waits, so the request need not pay for a boxed future.
    fn verify_now(&self, token: &BearerToken) -> Option<Result<Identity, VerifyError>> {
        match self.attempt(token.as_bytes()) {
            Attempt::Settled(verdict) => Some(verdict),
            Attempt::NeedsKeys(_) => None,
        }
    }
}
