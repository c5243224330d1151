//! Stage 2, verify: whose credentials these are, if anybody's. Nothing here knows HTTP.

mod error;
#[expect(clippy::module_inception, reason = "the stage is named after the one type it makes")]
mod identity;
mod names;
mod verifier;

#[cfg(feature = "jwt")]
pub mod jwt;

pub use error::VerifyError;
pub use identity::{Assertion, AuthTime, Identity};
pub use names::Names;
pub use verifier::Verifier;
