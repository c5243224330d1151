//! Passwords behind the limit of failures, if there is one.

use portcullis::credentials::BasicCredentials;
use portcullis::identity::password::PasswordVerifier;
use portcullis::identity::throttle::{Throttle, Throttled};
use portcullis::{Identity, Verifier, VerifyError};

/// Checks user names and passwords, as often as may be failed.
#[derive(Clone)]
pub(crate) enum Guarded {
    Throttled(Throttled<PasswordVerifier>),
    Open(PasswordVerifier),
}

impl Guarded {
    pub(crate) fn new(verifier: PasswordVerifier, throttle: Option<&Throttle>) -> Self {
        match throttle {
            Some(throttle) => Self::Throttled(throttle.around(verifier)),
            None => Self::Open(verifier),
        }
    }
}

impl Verifier<BasicCredentials> for Guarded {
    async fn verify(&self, credentials: BasicCredentials) -> Result<Identity, VerifyError> {
        match self {
            Self::Throttled(verifier) => verifier.verify(credentials).await,
            Self::Open(verifier) => verifier.verify(credentials).await,
        }
    }

    fn verify_now(&self, credentials: &BasicCredentials) -> Option<Result<Identity, VerifyError>> {
        match self {
            Self::Throttled(verifier) => verifier.verify_now(credentials),
            Self::Open(verifier) => verifier.verify_now(credentials),
        }
    }

    fn forget(&self, subject: &Identity) {
        match self {
            Self::Throttled(verifier) => verifier.forget(subject),
            Self::Open(verifier) => verifier.forget(subject),
        }
    }
}
