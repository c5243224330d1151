//! HTTP authentication for tower: who is asking (401), whether they may (403), and never the one for the other.

pub mod credentials;

pub mod identity;

pub mod clock;
pub mod error;
pub mod secret;

pub use error::{ConfigError, Reason};
pub use identity::{Identity, Verifier, VerifyError};
pub use secret::Secret;
