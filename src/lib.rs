//! HTTP authentication for tower: who is asking (401), whether they may (403), and never the one for the other.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod credentials;

pub mod identity;

pub mod permission;

pub mod response;

pub mod authenticate;

#[cfg(feature = "axum")]
pub mod axum;
pub mod clock;
mod deferred;
pub mod error;
mod names;
mod secret;
mod trace;

pub use authenticate::AuthenticateLayer;
pub use error::{ConfigError, Reason};
pub use identity::{Identity, Verifier, VerifyError};
pub use permission::RequireLayer;
pub use secret::Secret;
