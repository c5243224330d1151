//! A session as stores hand it about.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::builder::Limits;
use super::info::SessionInfo;
use super::key::{SessionKey, SessionOwner};
use super::moment::Moment;
use super::start::SessionStart;
use crate::identity::identity::{AuthTime, Facts, Identity, Proof};

/// A session in a store. It knows the digest of its id and never the id.
///
/// Cloning costs one reference count. A store outside the process keeps the [`SessionRow`](super::SessionRow) of it.
///
/// ```
/// use portcullis::Identity;
/// use portcullis::identity::session::{MemoryStore, SessionOwner, SessionStore, Sessions};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = MemoryStore::new();
/// let sessions = Sessions::new(store.clone());
/// let started = sessions.create(&Identity::assertion("staff", "alice").build(), Default::default()).await?;
///
/// let record = &store.list(&SessionOwner::new("staff", "alice")).await?[0];
/// assert_eq!(record.key().to_string(), started.public_id());
/// assert!(record.ends_at() < record.expires_at(), "it would be idle too long");
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SessionRecord {
    pub(super) kept: Arc<Kept>,
    pub(super) last_seen: Moment,
    pub(super) ends_at: Moment,
}

/// What requests do not change. It lies in one allocation with the identity that requests are handed, and what a verdict
/// looks at lies next to the count of references, so that reaching it waits for memory once.
#[derive(Clone)]
#[repr(C)]
pub(super) struct Kept {
    pub(super) digest: [u8; 32],
    /// When its owner proved last who they are, or it began: the absolute limit counts from then.
    pub(super) proved_at: Moment,
    pub(super) expires_at: Moment,
    pub(super) remembered: bool,
    pub(super) key: SessionKey,
    /// Its credential id is the key in text.
    pub(super) facts: Facts,
    /// The application's value in JSON, where the facts have it or had it in another process.
    pub(super) value: Option<Box<str>>,
    pub(super) previous: Option<[u8; 32]>,
    pub(super) label: Option<Box<str>>,
    pub(super) address: Option<IpAddr>,
    pub(super) created_at: Moment,
}

impl Proof for Kept {
    fn facts(&self) -> &Facts {
        &self.facts
    }
}

impl SessionRecord {
    /// What finds the session.
    #[must_use]
    pub fn key(&self) -> SessionKey {
        self.kept.key
    }

    /// The digest of the id that opens the session.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.kept.digest
    }

    /// The digest of the id that opened it before the last rotation. That id opens nothing, and still
    /// [ends](super::SessionStore::delete) the session.
    #[must_use]
    pub fn previous(&self) -> Option<&[u8; 32]> {
        self.kept.previous.as_ref()
    }

    /// Whose session it is.
    #[must_use]
    pub fn owner(&self) -> SessionOwner<'_> {
        SessionOwner::new(&self.kept.facts.issuer, &self.kept.facts.subject)
    }

    /// When it began.
    #[must_use]
    pub fn created_at(&self) -> Moment {
        self.kept.created_at
    }

    /// When its last request came that was noted, or it began.
    #[must_use]
    pub const fn last_seen(&self) -> Moment {
        self.last_seen
    }

    /// When it is over, should no request come.
    #[must_use]
    pub const fn ends_at(&self) -> Moment {
        self.ends_at
    }

    /// When it is over, whatever comes.
    #[must_use]
    pub fn expires_at(&self) -> Moment {
        self.kept.expires_at
    }

    /// As it is after a noted request.
    #[must_use]
    pub const fn seen(mut self, last_seen: Moment, ends_at: Moment) -> Self {
        (self.last_seen, self.ends_at) = (last_seen, ends_at);
        self
    }

    /// The session that `identity` begins; `digest` is that of its id.
    pub(super) fn begin(
        identity: &Identity,
        value: Option<Box<str>>,
        (key, digest): (SessionKey, [u8; 32]),
        start: SessionStart,
        times: Times,
    ) -> Self {
        let Times { now, expires_at, ends_at } = times;
        let SessionStart { label, address, remembered } = start;
        let facts = facts(identity, key, now, expires_at);
        let kept = Kept {
            digest,
            proved_at: now,
            expires_at,
            remembered,
            key,
            facts,
            value,
            previous: None,
            label,
            address,
            created_at: now,
        };
        Self { kept: Arc::new(kept), last_seen: now, ends_at }
    }

    /// The same session under another id, perhaps with what has become of the identity. One that was proved with this very
    /// request begins its time anew.
    pub(super) fn renewed(
        &self,
        digest: [u8; 32],
        identity: Option<(&Identity, Option<Box<str>>)>,
        now: Moment,
        limits: &Limits,
    ) -> Self {
        let mut kept = Kept::clone(&self.kept);
        kept.previous = Some(kept.digest);
        kept.digest = digest;
        if let Some((identity, value)) = identity {
            if identity.auth_time() == AuthTime::Now {
                kept.proved_at = now;
                kept.expires_at = limits.times(now, kept.remembered).expires_at;
            }
            kept.facts = facts(identity, kept.key, now, kept.expires_at);
            kept.value = value;
        }
        let ends_at = limits.ends_at(now, kept.expires_at, kept.remembered);
        Self { kept: Arc::new(kept), last_seen: now, ends_at }
    }

    /// The identity that requests with the session have.
    pub(super) fn into_identity(self) -> Identity {
        Identity::of(self.kept)
    }

    pub(super) fn info(&self) -> SessionInfo {
        SessionInfo {
            public_id: self.key().to_string().into(),
            label: self.kept.label.clone(),
            address: self.kept.address,
            remembered: self.kept.remembered,
            created_at: self.created_at().to_unix_time(),
            last_seen: self.last_seen.to_unix_time(),
            expires_at: self.expires_at().to_unix_time(),
        }
    }
}

/// When a session begins, and when it ends.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) now: Moment,
    pub(super) expires_at: Moment,
    pub(super) ends_at: Moment,
}

/// What the identity says, as a session says it.
fn facts(identity: &Identity, key: SessionKey, now: Moment, expires_at: Moment) -> Facts {
    let mut facts = identity.facts().clone();
    facts.credential_id = Some(key.to_string().into());
    facts.expires_at = Some(expires_at.to_unix_time());
    if facts.auth_time == AuthTime::Now {
        facts.auth_time = AuthTime::At(now.to_unix_time());
    }
    facts
}

impl fmt::Debug for SessionRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRecord")
            .field("key", &self.key())
            .field("issuer", &self.kept.facts.issuer)
            .field("subject", &self.kept.facts.subject)
            .field("created_at", &self.created_at())
            .field("last_seen", &self.last_seen)
            .field("ends_at", &self.ends_at)
            .finish_non_exhaustive()
    }
}
