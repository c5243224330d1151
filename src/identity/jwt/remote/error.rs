//! Why an attempt to fetch keys brought none.

use std::borrow::Cow;
use std::time::Duration;

use crate::outbound::CallError;

/// For logs and [`KeysState`](super::KeysState). Addresses are shown without their query; of what the other side sent, only
/// names are.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("{address}: {cause}")]
    Call { address: String, cause: CallError },
    #[error("{address}: {problem}")]
    KeySet { address: String, problem: Cow<'static, str> },
    #[error("{address}: {problem}")]
    Metadata { address: String, problem: &'static str },
    #[error("{address}: the metadata is that of the issuer {named:?}, and not of {asked:?}, letter for letter")]
    WrongIssuer { address: String, named: String, asked: Box<str> },
    #[error("{address}: the metadata names a `jwks_uri` that {problem}")]
    KeysAddress { address: String, problem: &'static str },
    #[error(
        "{address}: the metadata names keys at {host:?}, another host than the issuer's; \
         `allow_keys_from` allows it if it is the issuer's too"
    )]
    ForeignKeys { address: String, host: String },
    #[error("no metadata (status 404) at any of the places where it may be: {0}")]
    NoMetadata(String),
    #[error("not finished within {0:?}")]
    Late(Duration),
    #[error("the task that fetches panicked")]
    Panicked,
    #[error("the task that fetches was stopped with its runtime")]
    Stopped,
}
