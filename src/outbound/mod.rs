//! The client that asks issuers: for their keys, their metadata, their verdict on a token.
//!
//! It is made for one kind of answer, a small JSON document at an address that was configured, and refuses what else may
//! happen: another scheme than https, a redirect, a compressed answer, one that is too large or too slow. It takes no proxy
//! from the environment. Most services never name it; [`Client::builder`] is for those whose issuer has a certificate of
//! their own.

mod address;
mod call;
mod client;
mod error;
#[cfg(feature = "introspection")]
mod form;

pub use client::{Client, ClientBuilder};

pub(crate) use address::Address;
pub(crate) use call::Call;
pub(crate) use error::CallError;
#[cfg(feature = "introspection")]
pub(crate) use form::append_encoded;
