//! What goes wrong with sessions that is no verdict on a credential.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::identity::error::VerifyError;

/// A store that cannot answer, or holds what is no session.
///
/// That a session is absent is no error.
///
/// ```
/// use portcullis::identity::session::StoreError;
///
/// let error = StoreError::unavailable(std::io::Error::other("connection refused"));
/// assert_eq!(error.to_string(), "the session store does not answer: connection refused");
/// assert!(!error.is_damaged());
/// ```
#[derive(Clone)]
pub struct StoreError {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Damaged(&'static str),
    Unavailable(Arc<dyn Error + Send + Sync>),
}

impl StoreError {
    /// The store does not answer, or not in time. Answered 503; the client keeps its cookie.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: Kind::Unavailable(Arc::from(source.into())) }
    }

    /// What the store holds under this key is no session: `what` says why, without a byte of it. Answered as an unknown
    /// session, and told to the operator.
    #[must_use]
    pub const fn damaged(what: &'static str) -> Self {
        Self { kind: Kind::Damaged(what) }
    }

    /// Whether the store answered with something that is no session.
    #[must_use]
    pub const fn is_damaged(&self) -> bool {
        matches!(self.kind, Kind::Damaged(_))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Damaged(what) => write!(f, "the session record is damaged: {what}"),
            Kind::Unavailable(source) => write!(f, "the session store does not answer: {source}"),
        }
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreError({self})")
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            Kind::Damaged(_) => None,
            Kind::Unavailable(source) => Some(&**source),
        }
    }
}

impl From<StoreError> for VerifyError {
    fn from(error: StoreError) -> Self {
        Self::unavailable(error)
            .because("the session store does not answer")
            .hint("See that the store can be reached and has room; the error behind this says what it answered.")
    }
}

/// Why a session was not begun, or not changed.
///
/// ```
/// use portcullis::identity::session::{SessionError, StoreError};
///
/// let error = SessionError::from(StoreError::unavailable("no route to host"));
/// assert_eq!(error.to_string(), "the session store does not answer: no route to host");
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The subject has as many sessions as it may, and [new ones are refused](super::SessionsBuilder::refuse_newest).
    #[error("the subject has as many sessions as it may")]
    TooMany,
    /// The store, or the operating system's source of random numbers, does not answer. Nothing has changed, or the
    /// session that was to begin cannot be used by anybody.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
}
