//! Sessions: a store, and the limits that its sessions are judged by.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::builder::{Limits, Recheck, SessionsBuilder};
use super::erased::AnyStore;
use super::error::{SessionError, StoreError};
use super::info::{NewSession, SessionInfo};
use super::key::{SessionKey, SessionOwner, SessionTicket};
use super::moment::{Moment, SteadyClock};
use super::record::SessionRecord;
use super::start::SessionStart;
use super::store::{Inserted, SessionStore};
use super::value::ValueCodec;
use crate::clock::Clock;
use crate::credentials::SessionId;
use crate::identity::identity::{AuthTime, Identity};
use crate::measure;
use crate::observe::Listener;

/// Sessions in a [store](SessionStore), under limits. See [the module](super) for the rules.
///
/// Clones are cheap and share the sessions: give one to the layer, which verifies, and one to the handlers that log in
/// and out. Where the store is in memory the verdict is always at hand ([`verify_now`](crate::Verifier::verify_now)), and reaching it
/// allocates nothing.
///
/// ```
/// use portcullis::identity::session::{MemoryStore, SessionStart, Sessions};
/// use portcullis::{Identity, Verifier};
/// use std::time::Duration;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let sessions =
///     Sessions::builder(MemoryStore::new()).idle(Duration::from_secs(15 * 60)).max_per_subject(10).build()?;
///
/// // At log-in, once the password was right:
/// let alice = Identity::assertion("staff", "alice").authenticated_now().build();
/// let started = sessions.create(&alice, SessionStart::new().label("Firefox on Linux")).await?;
///
/// // With every request:
/// let identity = sessions.verify_now(started.id()).unwrap()?;
/// assert_eq!(identity, alice);
///
/// // At log-out:
/// assert!(sessions.end(started.id()).await?);
/// assert!(sessions.verify_now(started.id()).unwrap().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Sessions {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) store: Box<dyn AnyStore>,
    pub(super) limits: Limits,
    values: Option<ValueCodec>,
    issuers: Option<Vec<Box<str>>>,
    recheck: Option<Arc<Recheck>>,
    pub(super) clock: SteadyClock,
    pub(super) listener: Listener,
    pub(super) measured: measure::Sessions,
    /// When the store was swept last, in milliseconds.
    pub(super) swept: AtomicU64,
    /// Where ids come from. Not configurable; tests make it fail and repeat itself.
    random: Random,
}

type Random = fn(&mut [u8]) -> Result<(), getrandom::Error>;

impl Sessions {
    /// Sessions in `store`, under the default limits: 30 minutes idle, 12 hours at all.
    #[must_use]
    pub fn new(store: impl SessionStore) -> Self {
        SessionsBuilder::new(store).assemble()
    }

    /// Sessions in `store`, in the making.
    pub fn builder(store: impl SessionStore) -> SessionsBuilder {
        SessionsBuilder::new(store)
    }

    pub(super) fn of(
        store: Box<dyn AnyStore>,
        limits: Limits,
        values: Option<ValueCodec>,
        issuers: Option<Vec<Box<str>>>,
        recheck: Option<Arc<Recheck>>,
        (clock, listener): (Arc<dyn Clock>, Listener),
    ) -> Self {
        let clock = SteadyClock::new(clock);
        let swept = AtomicU64::new(clock.now().as_millis());
        let (measured, random) = (measure::Sessions::new(), getrandom::fill);
        let shared = Shared { store, limits, values, issuers, recheck, clock, listener, measured, swept, random };
        Self { shared: Arc::new(shared) }
    }

    /// Begins a session for `identity`, which has just logged in.
    ///
    /// Requests with the session have this identity, with the public id of the session as `credential_id` and its end as
    /// `expires_at`. An identity authenticated with the log-in's own request is dated to now; one that was authenticated
    /// earlier, or at an unknown time, stays so.
    ///
    /// # Errors
    ///
    /// [`TooMany`](SessionError::TooMany) where the subject may not have another;
    /// [`Unavailable`](SessionError::Unavailable) where the store does not answer, is full or would lose the identity's
    /// [value](SessionsBuilder::keep_value), its issuer was not [named](SessionsBuilder::issuers), or random bytes fail.
    pub async fn create(&self, identity: &Identity, start: SessionStart) -> Result<NewSession, SessionError> {
        let Shared { store, limits, .. } = &*self.shared;
        if !self.is_ours(identity.issuer()) {
            return Err(StoreError::unavailable(FOREIGN).into());
        }
        let value = self.value_of(identity)?;
        let owner = SessionOwner::new(identity.issuer(), identity.subject());
        self.sweep_at_times().await;
        for _ in 0..MAX_TRIES {
            let key = SessionKey::new(self.random()?, &owner);
            let (id, digest) = self.id_for(key)?;
            let now = self.shared.clock.now();
            let times = limits.times(now, start.remembered);
            let record = SessionRecord::begin(identity, value.clone(), (key, digest), start.clone(), times);
            match store.insert(&record, limits.per_subject(), now).await? {
                Inserted::Begun => {
                    let begun = NewSession::new(id, record, now);
                    self.shared.measured.started();
                    self.logged_in(identity, &begun);
                    return Ok(begun);
                }
                Inserted::Taken => {}
                Inserted::TooMany => return Err(SessionError::TooMany),
            }
        }
        Err(StoreError::unavailable("the random source repeats itself").into())
    }

    /// Gives a session another id, and ends the old one in the same step. Everything else stays, the public id and all
    /// limits included. `None` where there is no such live session.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](SessionError::Unavailable), when the store may have done it or not.
    pub async fn rotate(&self, id: &SessionId) -> Result<Option<NewSession>, SessionError> {
        self.exchange(id, None).await
    }

    /// As [`rotate`](Self::rotate), and the session goes on with what has become of its identity: after a fresh log-in
    /// (step-up), or where roles have changed. `None` also where it is the session of somebody else.
    ///
    /// Where the identity was authenticated with this very request, as by a password, the absolute limit counts from now, and
    /// the session goes on also where [`recheck`](SessionsBuilder::recheck) no longer lets it: after a changed password. Else
    /// it ends when it would have.
    ///
    /// # Errors
    ///
    /// As [`rotate`](Self::rotate).
    pub async fn renew(&self, id: &SessionId, identity: &Identity) -> Result<Option<NewSession>, SessionError> {
        let renewed = self.exchange(id, Some(identity)).await?;
        if let Some(renewed) = &renewed {
            self.logged_in(identity, renewed);
        }
        Ok(renewed)
    }

    async fn exchange(&self, id: &SessionId, identity: Option<&Identity>) -> Result<Option<NewSession>, SessionError> {
        let (shown, now) = (SessionTicket::of(id), self.shared.clock.now());
        let Some(record) = self.alive(&shown, now).await? else { return Ok(None) };
        // Who has just proved who they are takes the session along that their new password would have ended.
        let is_proved = identity.is_some_and(|identity| identity.auth_time() == AuthTime::Now);
        if !is_proved && !self.is_current(&record) {
            return Ok(None);
        }
        let changed = match identity {
            Some(identity) if *identity != record.clone().into_identity() => return Ok(None),
            Some(identity) => Some((identity, self.value_of(identity)?)),
            None => None,
        };
        let (id, digest) = self.id_for(shown.key())?;
        let renewed = record.renewed(digest, changed, now, &self.shared.limits);
        let done = self.shared.store.rotate(&shown, &renewed).await?;
        Ok(done.then(|| NewSession::new(id, renewed, now)))
    }

    /// The live sessions of a subject, oldest first.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](SessionError::Unavailable).
    pub async fn list(&self, issuer: &str, subject: &str) -> Result<Vec<SessionInfo>, SessionError> {
        let records = self.shared.store.list(&SessionOwner::new(issuer, subject)).await?;
        let now = self.shared.clock.now();
        let is_alive = |record: &&SessionRecord| self.shared.limits.is_alive(record, now) && self.is_current(record);
        Ok(records.iter().filter(is_alive).map(SessionRecord::info).collect())
    }

    /// The live session that `shown` opens.
    async fn alive(&self, shown: &SessionTicket, now: Moment) -> Result<Option<SessionRecord>, StoreError> {
        // Fresh, since the session is to be changed.
        let loaded = self.shared.store.load_fresh(shown.key()).await;
        let loaded = loaded.and_then(|mut record| {
            record.as_mut().map_or(Ok(()), |record| self.give_value_back(record))?;
            Ok(record)
        });
        let record = match loaded {
            // No session, to which nothing can be done.
            Err(error) if error.is_damaged() => None,
            loaded => loaded?,
        };
        let Some(record) = record.filter(|record| shown.proves(record.digest())) else { return Ok(None) };
        let is_alive = self.shared.limits.is_alive(&record, now) && self.is_ours(&record.kept.facts.issuer);
        Ok(is_alive.then_some(record))
    }

    /// Whether sessions of this issuer are kept here.
    pub(super) fn is_ours(&self, issuer: &str) -> bool {
        self.shared.issuers.as_ref().is_none_or(|issuers| issuers.iter().any(|own| **own == *issuer))
    }

    /// Whose sessions are kept here, where not everybody's.
    pub(super) fn issuers(&self) -> impl Iterator<Item = &str> {
        self.shared.issuers.iter().flatten().map(|issuer| &**issuer)
    }

    pub(super) fn is_current(&self, record: &SessionRecord) -> bool {
        self.shared.recheck.as_ref().is_none_or(|is_current| is_current(&record.clone().into_identity()))
    }

    pub(super) fn give_value_back(&self, record: &mut SessionRecord) -> Result<(), StoreError> {
        self.shared.values.as_ref().map_or(Ok(()), |values| values.read(record))
    }

    fn value_of(&self, identity: &Identity) -> Result<Option<Box<str>>, StoreError> {
        self.shared.values.as_ref().map_or(Ok(None), |values| values.write(identity))
    }

    /// A new id that has this key, and its digest.
    fn id_for(&self, key: SessionKey) -> Result<(SessionId, [u8; 32]), StoreError> {
        let id = SessionId::from_halves(&self.random()?, key.as_bytes());
        let digest = *SessionTicket::of(&id).digest();
        Ok((id, digest))
    }

    fn random(&self) -> Result<[u8; 16], StoreError> {
        let mut bytes = [0; 16];
        (self.shared.random)(&mut bytes).map_err(StoreError::unavailable)?;
        Ok(bytes)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("limits", &self.shared.limits).finish_non_exhaustive()
    }
}

const FOREIGN: &str = "the identity's issuer is none of those whose sessions are kept here: name it with `issuers`";
/// A single repetition has a chance of one in 2^100 and less.
const MAX_TRIES: usize = 3;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;
    use crate::identity::session::MemoryStore;
    use crate::identity::verifier::Verifier;

    fn with_random(random: Random) -> (Sessions, MemoryStore) {
        let store = MemoryStore::new();
        let mut sessions = Sessions::new(store.clone());
        Arc::get_mut(&mut sessions.shared).unwrap().random = random;
        (sessions, store)
    }

    fn alice() -> Identity {
        Identity::assertion("staff", "alice").build()
    }

    #[tokio::test]
    async fn without_random_bytes_no_session_begins_and_none_is_rotated() {
        let (sessions, store) = with_random(|_| Err(getrandom::Error::UNSUPPORTED));
        let error = sessions.create(&alice(), SessionStart::new()).await.unwrap_err();
        assert!(matches!(error, SessionError::Unavailable(_)), "{error}");
        assert_eq!(store.count(), 0);

        let started = Sessions::new(store.clone()).create(&alice(), SessionStart::new()).await.unwrap();
        sessions.rotate(started.id()).await.unwrap_err();
        sessions.renew(started.id(), &alice()).await.unwrap_err();
        assert!(sessions.verify_now(started.id()).unwrap().is_ok(), "the session goes on as it was");
    }

    #[tokio::test]
    async fn an_id_that_comes_a_second_time_overwrites_nothing() {
        let (sessions, store) = with_random(|bytes| {
            bytes.fill(7);
            Ok(())
        });
        let first = sessions.create(&alice(), SessionStart::new().label("first")).await.unwrap();
        let error = sessions.create(&alice(), SessionStart::new().label("second")).await.unwrap_err();
        assert!(error.to_string().contains("repeats itself"), "{error}");
        let listed = sessions.list("staff", "alice").await.unwrap();
        assert_eq!((store.count(), listed[0].label()), (1, Some("first")));
        assert!(sessions.verify_now(first.id()).unwrap().is_ok());
    }

    #[tokio::test]
    async fn an_id_that_comes_a_second_time_is_made_anew() {
        static NEXT: AtomicU8 = AtomicU8::new(0);
        // Each id needs two: 0 and 1, then 0 and 1 again, which are taken, then others.
        let (sessions, store) = with_random(|bytes| {
            let call = NEXT.fetch_add(1, Ordering::Relaxed);
            bytes.fill(if call < 4 { call % 2 } else { call });
            Ok(())
        });
        let first = sessions.create(&alice(), SessionStart::new()).await.unwrap();
        let second = sessions.create(&alice(), SessionStart::new()).await.unwrap();
        assert_ne!(first.public_id(), second.public_id());
        assert!(sessions.verify_now(first.id()).unwrap().is_ok() && sessions.verify_now(second.id()).unwrap().is_ok());
        assert_eq!((store.count(), NEXT.load(Ordering::Relaxed)), (2, 6));
    }
}
