//! What goes wrong with a database.

use crate::clock::Late;
use crate::identity::session::error::StoreError;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("every connection to the database is in use")]
    Busy,
    #[error("{0}")]
    Damaged(&'static str),
    #[error(transparent)]
    Driver(#[from] sqlx::Error),
    #[error("the database did not answer in time")]
    Late,
    #[error(
        "the sessions in the database are of version {found}, and this program knows them up to {known}: a newer one has \
         changed them; run that, or give this one a database of its own"
    )]
    Newer { found: i64, known: i64 },
    /// The row is one by its form, and no session by what it says.
    #[error(transparent)]
    NoSession(StoreError),
    #[error("a database is asked inside a runtime of tokio alone")]
    NoRuntime,
}

impl From<Late> for Fault {
    fn from(_: Late) -> Self {
        Self::Late
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Damaged(what) => Self::damaged(what),
            Fault::NoSession(error) => error,
            fault => Self::unavailable(fault),
        }
    }
}
