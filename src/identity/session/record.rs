//! One session, as it is kept and as it is shown.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::limits::Limits;
use crate::clock::{Clock, UnixTime};
use crate::credentials::SessionId;
use crate::identity::identity::{AuthTime, Identity};

/// A live session. It knows neither its id nor the digest of it.
pub(super) struct Record {
    /// As it is handed to every request; its credential id is the public id of the session.
    identity: Identity,
    label: Option<Box<str>>,
    created_at: UnixTime,
    expires_at: UnixTime,
    /// Monotonic times.
    created: Duration,
    end: Duration,
    /// Milliseconds of monotonic time: an atomic, so that requests need no more than shared access.
    last_seen: AtomicU64,
}

impl Record {
    pub(super) fn new(
        identity: &Identity,
        public_id: String,
        label: Option<&str>,
        limits: &Limits,
        clock: &dyn Clock,
    ) -> Self {
        let (created_at, created) = (clock.now(), clock.monotonic());
        let expires_at = created_at.saturating_add(limits.absolute);
        let assertion = identity.to_assertion().credential_id(public_id).expires_at(expires_at);
        let assertion = match identity.auth_time() {
            AuthTime::Now => assertion.authenticated_at(created_at),
            // Beginning a session proves nothing anew.
            AuthTime::At(_) | AuthTime::Unknown => assertion,
        };
        Self {
            identity: assertion.build(),
            label: label.map(|label| cut(label).into()),
            created_at,
            expires_at,
            created,
            end: created.saturating_add(limits.absolute),
            last_seen: AtomicU64::new(millis(created)),
        }
    }

    pub(super) const fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(super) fn public_id(&self) -> &str {
        self.identity.credential_id().unwrap_or_default()
    }

    pub(super) fn is_alive(&self, now: Duration, limits: &Limits) -> bool {
        now < self.end && now.saturating_sub(self.last_seen()) < limits.idle
    }

    /// Notes a request. Of two at once the later one counts.
    pub(super) fn touch(&self, now: Duration) {
        self.last_seen.fetch_max(millis(now), Ordering::Relaxed);
    }

    pub(super) fn info(&self) -> SessionInfo {
        SessionInfo {
            public_id: self.public_id().into(),
            label: self.label.clone(),
            created_at: self.created_at,
            last_seen: self.created_at.saturating_add(self.last_seen().saturating_sub(self.created)),
            expires_at: self.expires_at,
        }
    }

    fn last_seen(&self) -> Duration {
        Duration::from_millis(self.last_seen.load(Ordering::Relaxed))
    }
}

/// A session that has just begun, or has just been given another id.
///
/// ```
/// use portcullis::Identity;
/// use portcullis::identity::session::MemorySessions;
///
/// let sessions = MemorySessions::builder().build()?;
/// let started = sessions.create(&Identity::assertion("staff", "alice").build(), None)?;
/// assert_eq!(started.id().encode().expose().len(), 43, "for the client, once");
/// assert_eq!(started.identity().credential_id(), Some(started.public_id()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct NewSession {
    id: SessionId,
    identity: Identity,
    expires_at: UnixTime,
    max_age: Duration,
}

impl NewSession {
    pub(super) fn new(id: SessionId, record: &Record, now: Duration) -> Self {
        let max_age = record.end.saturating_sub(now);
        Self { id, identity: record.identity.clone(), expires_at: record.expires_at, max_age }
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
/// use portcullis::identity::session::MemorySessions;
///
/// let sessions = MemorySessions::builder().build()?;
/// sessions.create(&Identity::assertion("staff", "alice").build(), Some("Firefox on Linux"))?;
/// for session in sessions.list("staff", "alice") {
///     println!("{} since {}", session.label().unwrap_or("unnamed"), session.created_at());
///     assert!(sessions.end_public("staff", "alice", session.public_id()));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionInfo {
    public_id: Box<str>,
    label: Option<Box<str>>,
    created_at: UnixTime,
    last_seen: UnixTime,
    expires_at: UnixTime,
}

impl SessionInfo {
    /// The name by which [`end_public`](super::MemorySessions::end_public) ends it.
    #[must_use]
    pub fn public_id(&self) -> &str {
        &self.public_id
    }

    /// What the application called it when it began: a device, a browser. At most the first 256 bytes of that.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// When it began.
    #[must_use]
    pub const fn created_at(&self) -> UnixTime {
        self.created_at
    }

    /// When its last request came, or it began.
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

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Labels are made from what clients send, so they are kept short.
fn cut(label: &str) -> &str {
    let mut end = label.len().min(MAX_LABEL);
    while !label.is_char_boundary(end) {
        end -= 1;
    }
    label.get(..end).unwrap_or_default()
}

const MAX_LABEL: usize = 256;
