//! A JWT as a bearer token.

use super::verifier::JwtVerifier;
use crate::credentials::BearerToken;
use crate::identity::error::VerifyError;
use crate::identity::identity::Identity;
use crate::identity::verifier::Verifier;

impl Verifier<BearerToken> for JwtVerifier {
    async fn verify(&self, token: BearerToken) -> Result<Identity, VerifyError> {
        self.verify_token(token.expose())
    }

    // Nothing here waits, so the request need not pay for a boxed future.
    fn verify_now(&self, token: &BearerToken) -> Option<Result<Identity, VerifyError>> {
        Some(self.verify_token(token.expose()))
    }
}
