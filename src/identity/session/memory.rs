//! Sessions in the memory of this process.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::limits::{Limits, MemorySessionsBuilder};
use super::record::{NewSession, Record, SessionInfo};
use super::table::Table;
use crate::clock::Clock;
use crate::credentials::SessionId;
use crate::identity::digest::Digest;
use crate::identity::error::VerifyError;
use crate::identity::identity::Identity;
use crate::identity::verifier::Verifier;

/// Sessions in memory: fast, bounded, and gone with the process. See [the module](super) for the rules.
///
/// Clones are cheap and share the sessions: give one to the layer, which verifies, and one to the handlers that log in
/// and out. The verdict is always at hand ([`Verifier::verify_now`]), and reaching it allocates nothing.
///
/// ```
/// use portcullis::identity::session::MemorySessions;
/// use portcullis::{Identity, Verifier};
/// use std::time::Duration;
///
/// let sessions = MemorySessions::builder().idle(Duration::from_secs(15 * 60)).max_per_subject(10).build()?;
///
/// // At log-in, once the password was right:
/// let alice = Identity::assertion("staff", "alice").authenticated_now().build();
/// let started = sessions.create(&alice, Some("Firefox on Linux"))?;
///
/// // With every request:
/// let identity = sessions.verify_now(started.id()).unwrap()?;
/// assert_eq!(identity, alice);
///
/// // At log-out:
/// assert!(sessions.end(started.id()));
/// assert!(sessions.verify_now(started.id()).unwrap().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MemorySessions {
    shared: Arc<Shared>,
}

struct Shared {
    limits: Limits,
    clock: Arc<dyn Clock>,
    table: RwLock<Table>,
    /// Where ids come from. Not configurable; tests make it fail and repeat itself.
    random: Random,
}

type Random = fn(&mut [u8]) -> Result<(), getrandom::Error>;

#[expect(clippy::must_use_candidate, reason = "what ends sessions is called for that, not for its result")]
impl MemorySessions {
    /// Sessions in the making, with the default limits.
    pub fn builder() -> MemorySessionsBuilder {
        MemorySessionsBuilder::new()
    }

    pub(super) fn new(limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self { shared: Arc::new(Shared { limits, clock, table: RwLock::default(), random: getrandom::fill }) }
    }

    /// Begins a session for `identity`, which has just logged in. `label` says to its owner which one it is, such as the
    /// name of a browser; of a long one the first 256 bytes are kept.
    ///
    /// Requests with the session have this identity, with the public id of the session as `credential_id` and its end as
    /// `expires_at`. An identity authenticated with the log-in's own request is dated to now; one that was authenticated
    /// earlier, or at an unknown time, stays so.
    ///
    /// # Errors
    ///
    /// *Unavailable* when there are as many live sessions as there may be, or the operating system gives no random bytes.
    pub fn create(&self, identity: &Identity, label: Option<&str>) -> Result<NewSession, VerifyError> {
        let public_id = URL_SAFE_NO_PAD.encode(self.random::<16>()?);
        // Read before the record is dated, or the cookie's whole seconds would fall one short of the limit.
        let now = self.now();
        let record = Record::new(identity, public_id, label, &self.shared.limits, &*self.shared.clock);
        let mut table = self.write();
        // First what can fail without a trace: making room may end an older session.
        let (id, digest) = self.fresh_id(&table)?;
        table
            .make_room(identity, now, &self.shared.limits)
            .map_err(|_| VerifyError::unavailable(NotBegun::Full).because("as many live sessions as there may be"))?;
        let started = NewSession::new(id, &record, now);
        table.insert(digest, record);
        Ok(started)
    }

    /// Gives a session another id, and ends the old one in the same step. Everything else stays, the public id and both
    /// limits included. `None` where there is no such live session.
    ///
    /// Where rights change, [`create`](Self::create) a session with the new identity and [`end`](Self::end) this one.
    ///
    /// # Errors
    ///
    /// *Unavailable* when the operating system gives no random bytes. The old id stays good then.
    pub fn rotate(&self, id: &SessionId) -> Result<Option<NewSession>, VerifyError> {
        let (old, now) = (digest(id), self.now());
        let mut table = self.write();
        if self.alive(&table, &old, now).is_none() {
            return Ok(None);
        }
        let (id, new) = self.fresh_id(&table)?;
        table.rename(&old, new);
        Ok(table.get(&new).map(|record| NewSession::new(id, record, now)))
    }

    /// Ends a session: logs out. Whether it was alive.
    pub fn end(&self, id: &SessionId) -> bool {
        let (digest, now) = (digest(id), self.now());
        self.write().remove(&digest).is_some_and(|record| record.is_alive(now, &self.shared.limits))
    }

    /// Ends all sessions of a subject: logs out everywhere. Says how many.
    pub fn end_all(&self, issuer: &str, subject: &str) -> usize {
        self.end_of(&mut self.write(), &key(issuer, subject), |_, _| true)
    }

    /// Ends all other sessions of whose session this is, and says how many: after a changed password. None where this
    /// one is not alive.
    pub fn end_others(&self, id: &SessionId) -> usize {
        let (this, now) = (digest(id), self.now());
        let mut table = self.write();
        let Some(record) = self.alive(&table, &this, now) else { return 0 };
        let subject = record.identity().clone();
        self.end_of(&mut table, &subject, |other, _| *other != this)
    }

    /// Ends the session of that subject with that public id. Whether there was one: another subject's is not found.
    pub fn end_public(&self, issuer: &str, subject: &str, public_id: &str) -> bool {
        self.end_of(&mut self.write(), &key(issuer, subject), |_, record| record.public_id() == public_id) > 0
    }

    /// Keeps the sessions whose identity satisfies `keep`, and says how many live ones ended: when users are gone, or
    /// their rights have changed.
    pub fn retain(&self, keep: impl Fn(&Identity) -> bool) -> usize {
        let now = self.now();
        let mut table = self.write();
        table.retain(|record| record.is_alive(now, &self.shared.limits));
        table.retain(|record| keep(record.identity()))
    }

    /// The live sessions of a subject, oldest first.
    #[must_use]
    pub fn list(&self, issuer: &str, subject: &str) -> Vec<SessionInfo> {
        let now = self.now();
        self.read().list(&key(issuer, subject), |record| record.is_alive(now, &self.shared.limits))
    }

    /// The public id of a live session: to mark the current one in a list.
    #[must_use]
    pub fn public_id(&self, id: &SessionId) -> Option<String> {
        let (digest, now) = (digest(id), self.now());
        self.alive(&self.read(), &digest, now).map(|record| record.public_id().into())
    }

    /// How many sessions are kept, of which some may have ended by a limit and not been cleared away yet.
    #[must_use]
    pub fn count(&self) -> usize {
        self.read().len()
    }

    fn end_of(&self, table: &mut Table, subject: &Identity, ends: impl Fn(&Digest, &Record) -> bool) -> usize {
        let now = self.now();
        table.remove_of(subject, |_, record| !record.is_alive(now, &self.shared.limits));
        table.remove_of(subject, ends)
    }

    fn alive<'a>(&self, table: &'a Table, digest: &Digest, now: Duration) -> Option<&'a Record> {
        table.get(digest).filter(|record| record.is_alive(now, &self.shared.limits))
    }

    fn verdict(&self, id: &SessionId) -> Result<Identity, VerifyError> {
        let digest = digest(id);
        {
            let table = self.read();
            let Some(record) = table.get(&digest) else {
                return Err(VerifyError::invalid().because("no such session"));
            };
            let now = self.now();
            if record.is_alive(now, &self.shared.limits) {
                record.touch(now);
                return Ok(record.identity().clone());
            }
        }
        self.write().remove(&digest);
        Err(VerifyError::expired().because("the session was idle too long or has reached its end"))
    }

    /// An id that names no session yet. The caller holds the lock until it does.
    fn fresh_id(&self, table: &Table) -> Result<(SessionId, Digest), VerifyError> {
        for _ in 0..MAX_TRIES {
            let id = SessionId::from_bytes(self.random()?);
            let digest = digest(&id);
            if !table.contains(&digest) {
                return Ok((id, digest));
            }
        }
        Err(VerifyError::unavailable(NotBegun::Repeating).because("the random source repeats itself"))
    }

    fn random<const N: usize>(&self) -> Result<[u8; N], VerifyError> {
        let mut bytes = [0; N];
        (self.shared.random)(&mut bytes)
            .map_err(|error| VerifyError::unavailable(error).because("the random source fails"))?;
        Ok(bytes)
    }

    fn now(&self) -> Duration {
        self.shared.clock.monotonic()
    }

    // A panic in a caller's `keep` poisons the lock, and leaves the table whole.
    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.shared.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.shared.table.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Verifier<SessionId> for MemorySessions {
    async fn verify(&self, id: SessionId) -> Result<Identity, VerifyError> {
        self.verdict(&id)
    }

    fn verify_now(&self, id: &SessionId) -> Option<Result<Identity, VerifyError>> {
        Some(self.verdict(id))
    }
}

impl fmt::Debug for MemorySessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySessions")
            .field("limits", &self.shared.limits)
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}

/// Why a session was not begun.
#[derive(Debug, thiserror::Error)]
enum NotBegun {
    #[error("as many live sessions as there may be")]
    Full,
    #[error("the random source repeats itself")]
    Repeating,
}

/// A single repetition has a chance of one in 2^200 and less.
const MAX_TRIES: usize = 3;

fn digest(id: &SessionId) -> Digest {
    Digest::of([id.expose()])
}

fn key(issuer: &str, subject: &str) -> Identity {
    Identity::assertion(issuer, subject).build()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::error::Reason;

    thread_local! {
        static NEXT: Cell<u8> = const { Cell::new(0) };
    }

    fn with(per_subject: usize, random: Random) -> MemorySessions {
        let MemorySessions { shared } = MemorySessions::builder().max_per_subject(per_subject).build().unwrap();
        let Shared { limits, clock, table, .. } = Arc::into_inner(shared).unwrap();
        MemorySessions { shared: Arc::new(Shared { limits, clock, table, random }) }
    }

    fn alice() -> Identity {
        Identity::assertion("staff", "alice").build()
    }

    #[test]
    fn without_random_bytes_no_session_begins_and_none_is_lost() {
        let sessions = with(9, |bytes| {
            bytes.fill(1);
            if NEXT.replace(1) == 0 || bytes.len() == 32 { Ok(()) } else { Err(getrandom::Error::UNSUPPORTED) }
        });
        let started = sessions.create(&alice(), None).unwrap();
        assert_eq!(sessions.create(&alice(), None).unwrap_err().reason(), Reason::Unavailable);
        assert!(sessions.verdict(started.id()).is_ok());
        assert_eq!(sessions.count(), 1);
    }

    #[test]
    fn an_id_that_exists_is_never_given_twice() {
        // 0, 0, 0, 1, 1, 1, …: every id comes three times.
        let sessions = with(9, |bytes| {
            if bytes.len() == 32 {
                bytes.fill(NEXT.replace(NEXT.get() + 1) / 3);
            }
            Ok(())
        });
        let first = sessions.create(&alice(), None).unwrap();
        let bob = sessions.create(&Identity::assertion("staff", "bob").build(), None).unwrap();
        assert_ne!(first.id().expose(), bob.id().expose());
        assert_eq!(sessions.verdict(first.id()).unwrap().subject(), "alice");
        assert_eq!(sessions.verdict(bob.id()).unwrap().subject(), "bob");
        let rotated = sessions.rotate(first.id()).unwrap().unwrap();
        assert_eq!(sessions.verdict(bob.id()).unwrap().subject(), "bob");
        assert_eq!(sessions.verdict(rotated.id()).unwrap().subject(), "alice");
    }

    #[test]
    fn a_source_that_only_repeats_itself_gives_up() {
        let sessions = with(1, |_| Ok(()));
        let first = sessions.create(&alice(), None).unwrap();
        assert_eq!(sessions.create(&alice(), None).unwrap_err().reason(), Reason::Unavailable);
        assert_eq!(sessions.rotate(first.id()).unwrap_err().reason(), Reason::Unavailable);
        assert!(sessions.verdict(first.id()).is_ok());
    }
}
