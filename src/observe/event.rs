//! What belongs into an audit log.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use super::claimed::Claimed;
use super::decision::Decision;

/// Something that an audit log should know. It holds no secret; names that nobody has proven are [`Claimed`].
///
/// ```
/// use portcullis::observe::{Event, Observer};
///
/// struct Audit;
///
/// impl Observer for Audit {
///     fn happened(&self, event: &Event<'_>) {
///         match event {
///             Event::LoggedIn { issuer, subject, .. } => println!("{subject} of {issuer} logged in"),
///             Event::Refused(decision) | Event::PermissionDenied(decision) => println!("{}", decision.id()),
///             other => println!("{}", other.name()),
///         }
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A session began. `session` is its public id, which opens nothing.
    #[non_exhaustive]
    LoggedIn {
        /// Who vouches for the subject.
        issuer: &'a str,
        /// Who logged in.
        subject: &'a str,
        /// The public id of the session.
        session: &'a str,
    },
    /// A session was ended by the client that had it.
    #[non_exhaustive]
    LoggedOut {
        /// The public id of the session.
        session: &'a str,
    },
    /// A request was refused, whoever sent it, for another reason than a missing permission.
    Refused(&'a Decision<'a>),
    /// An identity that is known lacks a permission.
    PermissionDenied(&'a Decision<'a>),
    /// Guesses came too fast: an account or a client has to wait.
    #[non_exhaustive]
    Locked {
        /// The account, where its limit was reached.
        account: Option<Claimed<'a>>,
        /// The client, where its address is known.
        client: Option<IpAddr>,
        /// How long.
        retry_after: Duration,
    },
    /// Credentials were ended before their time.
    #[non_exhaustive]
    Revoked {
        /// Whose issuer it is.
        issuer: &'a str,
        /// Whose credentials, where all of a subject ended.
        subject: Option<&'a str>,
        /// Which one (`jti`, `sid`, the public id of a session), where it was one.
        credential: Option<&'a str>,
        /// How many sessions ended, where they were counted.
        sessions: Option<usize>,
    },
    /// An issuer's set of keys has changed.
    #[non_exhaustive]
    KeysRotated {
        /// The issuer, or the address that the keys come from.
        from: &'a str,
        /// How many are new.
        added: usize,
        /// How many are gone.
        removed: usize,
    },
    /// Something that decisions need does not answer any more. Told once, and not for each request.
    #[non_exhaustive]
    StoreLost {
        /// Which one: `sessions`, `throttle`, `revocations`, `keys of …`.
        store: &'a str,
        /// What it said.
        error: &'a (dyn Error + 'static),
    },
    /// It answers again.
    #[non_exhaustive]
    StoreRegained {
        /// Which one.
        store: &'a str,
        /// How long it was away.
        after: Duration,
    },
}

impl Event<'_> {
    /// A stable name for programs, such as `logged_in`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::LoggedIn { .. } => "logged_in",
            Self::LoggedOut { .. } => "logged_out",
            Self::Refused(_) => "refused",
            Self::PermissionDenied(_) => "permission_denied",
            Self::Locked { .. } => "locked",
            Self::Revoked { .. } => "revoked",
            Self::KeysRotated { .. } => "keys_rotated",
            Self::StoreLost { .. } => "store_lost",
            Self::StoreRegained { .. } => "store_regained",
        }
    }
}
