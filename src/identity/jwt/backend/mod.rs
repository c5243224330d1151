//! The cryptography, one file per backend; the features choose which. All offer the same two types of key.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc_rs;
#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod none;
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
mod rust_crypto;

#[cfg(feature = "aws-lc-rs")]
pub(super) use self::aws_lc_rs::{MacKey, OBSTACLE, PublicKey};
#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
pub(super) use self::none::{MacKey, OBSTACLE, PublicKey};
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
pub(super) use self::rust_crypto::{MacKey, OBSTACLE, PublicKey};

/// A prepared key, bound to one algorithm.
pub(super) trait Check {
    /// Whether `signature` was made over `message` with this key, in the form that JWS prescribes.
    fn accepts(&self, message: &[u8], signature: &[u8]) -> bool;
}
