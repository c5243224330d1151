//! A session as it is handed out once, and as its owner sees it in a list.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::moment::Moment;
use super::record::SessionRecord;
use crate::clock::UnixTime;
use crate::credentials::SessionId;
use crate::identity::identity::Identity;

/// A session that has just begun, or has just been given another id.
///
/// ```
/// use portcullis::Identity;
/// use portcullis::identity::session::{MemoryStore, SessionStart, Sessions};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let sessions = Sessions::new(MemoryStore::new());
/// let started = sessions.create(&Identity::assertion("staff", "alice").build(), SessionStart::new()).await?;
/// assert_eq!(started.id().encode().expose().len(), 43, "for the client, once");
/// assert_eq!(started.identity().credential_id(), Some(started.public_id()));
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct NewSession {
    id: SessionId,
    identity: Identity,
    expires_at: UnixTime,
    max_age: Duration,
}

impl NewSession {
    pub(super) fn new(id: SessionId, record: SessionRecord, now: Moment) -> Self {
        let (expires_at, max_age) = (record.expires_at().to_unix_time(), record.expires_at().saturating_since(now));
        Self { id, identity: record.into_identity(), expires_at, max_age }
    }

    /// What the client shows from now on. It cannot be had again.
    #[must_use]
    pub const fn id(&self) -> &SessionId {
        &self.id
    }

    /// As [`id`](Self::id), by value.
    #[must_use]
    pub fn into_id(self) -> SessionId {
        self.id
    }

    /// The name of the session in lists and logs. It opens nothing.
    #[must_use]
    pub fn public_id(&self) -> &str {
        self.identity.credential_id().unwrap_or_default()
    }

    /// The identity that requests with this session will have.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// When the session ends at the latest.
    #[must_use]
    pub const fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// How long that is from now: the `Max-Age` of its cookie.
    #[must_use]
    pub const fn max_age(&self) -> Duration {
        self.max_age
    }
}

impl fmt::Debug for NewSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSession")
            .field("public_id", &self.public_id())
            .field("identity", &self.identity)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// A live session as its owner may see it in a list.
///
/// ```
/// use portcullis::Identity;
/// use portcullis::identity::session::{MemoryStore, SessionStart, Sessions};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let sessions = Sessions::new(MemoryStore::new());
/// let start = SessionStart::new().label("Firefox on Linux").address([192, 0, 2, 7]);
/// sessions.create(&Identity::assertion("staff", "alice").build(), start).await?;
/// for session in sessions.list("staff", "alice").await? {
///     println!("{} since {}", session.label().unwrap_or("unnamed"), session.created_at());
///     assert!(sessions.end_public("staff", "alice", session.public_id()).await?);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionInfo {
    pub(super) public_id: Box<str>,
    pub(super) label: Option<Box<str>>,
    pub(super) address: Option<IpAddr>,
    pub(super) remembered: bool,
    pub(super) created_at: UnixTime,
    pub(super) last_seen: UnixTime,
    pub(super) expires_at: UnixTime,
}

impl SessionInfo {
    /// The name by which [`end_public`](super::Sessions::end_public) ends it.
    #[must_use]
    pub fn public_id(&self) -> &str {
        &self.public_id
    }

    /// What it was called when it began: a device, a browser. What clients say of themselves proves nothing.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// From which address it began.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Whether it is of those that [last longer](super::SessionStart::remembered).
    #[must_use]
    pub const fn is_remembered(&self) -> bool {
        self.remembered
    }

    /// When it began.
    #[must_use]
    pub const fn created_at(&self) -> UnixTime {
        self.created_at
    }

    /// When its last request came, or it began; requests within a minute, or a twentieth of the idle limit where that is
    /// less, count as one.
    #[must_use]
    pub const fn last_seen(&self) -> UnixTime {
        self.last_seen
    }

    /// When it ends at the latest.
    #[must_use]
    pub const fn expires_at(&self) -> UnixTime {
        self.expires_at
    }
}
