//! What a session is worth that a request came with.

use super::error::StoreError;
use super::key::SessionTicket;
use super::moment::Moment;
use super::record::SessionRecord;
use super::sessions::Sessions;
use crate::credentials::SessionId;
use crate::error::{Reason, Severity};
use crate::identity::error::VerifyError;
use crate::identity::identity::Identity;
use crate::identity::verifier::Verifier;
use crate::observe::Finding;
use crate::trace;

impl Verifier<SessionId> for Sessions {
    async fn verify(&self, id: SessionId) -> Result<Identity, VerifyError> {
        self.verdict(&SessionTicket::of(&id)).await
    }

    fn verify_now(&self, id: &SessionId) -> Option<Result<Identity, VerifyError>> {
        self.verdict_now(&SessionTicket::of(id))
    }
}

impl Sessions {
    /// What a loaded record is worth.
    fn judge(&self, shown: &SessionTicket, record: Option<SessionRecord>) -> Result<Judged, VerifyError> {
        let Some(mut record) = record else { return Err(NO_SUCH_SESSION) };
        if !shown.proves(record.digest()) {
            let error = VerifyError::invalid().because("another id of the session").hint(
                "The id was exchanged at a log-in or a rotation, and this is the old one: use the one that was handed out last.",
            );
            // A request that was under way while the id was exchanged: the browser has the new one by now.
            let is_late = record.previous().is_some_and(|previous| shown.proves(previous));
            return Err(if is_late { error.superseded() } else { error });
        }
        if !self.is_ours(&record.kept.facts.issuer) {
            let issuer = record.kept.facts.issuer.to_string();
            return Err(VerifyError::invalid()
                .because("the session is of another issuer")
                .hint("Another service keeps its sessions in the same store: give each a place of its own, or name the issuer here.")
                .finding(Finding::about("issuer").expected_any_of(self.issuers()).found(issuer)));
        }
        self.give_value_back(&mut record).or_else(|error| refuse_damaged(shown, error))?;
        let (limits, now) = (&self.shared.limits, self.shared.clock.now());
        if limits.is_dated_ahead(&record, now) {
            // Ours may be the clock that is wrong, so nothing ends by it.
            let ahead = record.kept.proved_at.saturating_since(now);
            return Err(VerifyError::invalid()
                .because("the session is dated ahead of our clock")
                .hint("Compare the clocks of the processes that share the store.")
                .finding(Finding::about("begin of the session").found(format!("{} s ahead", ahead.as_secs()))));
        }
        if !limits.is_alive(&record, now) {
            let cause = "the session was idle too long or has reached its end";
            return Ok(Judged::Over(
                VerifyError::expired()
                    .because(cause)
                    .hint(
                        "Log in again; if sessions end too soon, set longer limits (`idle`, `absolute`, `remembered`).",
                    )
                    .finding(limits.why_over(&record, now)),
            ));
        }
        if !self.is_current(&record) {
            return Ok(Judged::Over(
                VerifyError::invalid()
                    .because("its owner is not what they were")
                    .hint("The password or the rights of the user have changed, or the user is gone: log in again."),
            ));
        }
        let is_due = now.saturating_since(record.last_seen()) >= limits.touch_interval();
        let touch = is_due.then(|| (now, limits.ends_at(now, record.expires_at(), record.kept.remembered)));
        Ok(Judged::Alive(record, touch))
    }

    async fn verdict(&self, shown: &SessionTicket) -> Result<Identity, VerifyError> {
        let store = &self.shared.store;
        let record = store.load(shown.key()).await.or_else(|error| refuse_damaged(shown, error))?;
        let was_there = record.is_some();
        let mut judged = self.judge(shown, record);
        if was_there && store.remembers() && !matches!(judged, Ok(Judged::Alive(..))) {
            let record = store.load_fresh(shown.key()).await.or_else(|error| refuse_damaged(shown, error))?;
            judged = self.judge(shown, record);
        }
        match judged? {
            Judged::Alive(record, None) => Ok(record.into_identity()),
            Judged::Alive(record, Some((now, ends_at))) => {
                touched(store.touch(shown.key(), now, ends_at).await?, record)
            }
            Judged::Over(error) => {
                self.ended(store.delete(shown).await?, &error);
                Err(error)
            }
        }
    }

    fn verdict_now(&self, shown: &SessionTicket) -> Option<Result<Identity, VerifyError>> {
        let store = &self.shared.store;
        let record = store.load_now(shown.key())?.or_else(|error| refuse_damaged(shown, error));
        let judged = record.and_then(|record| self.judge(shown, record));
        if store.remembers() && !matches!(judged, Ok(Judged::Alive(..))) {
            return None;
        }
        Some(match judged {
            Ok(Judged::Alive(record, None)) => Ok(record.into_identity()),
            Ok(Judged::Alive(record, Some((now, ends_at)))) => {
                let is_there = store.touch_now(shown.key(), now, ends_at)?;
                is_there.map_err(VerifyError::from).and_then(|is_there| touched(is_there, record))
            }
            Ok(Judged::Over(error)) => Err(match store.delete_now(shown)? {
                Ok(was_there) => {
                    self.ended(was_there, &error);
                    error
                }
                Err(unable) => unable.into(),
            }),
            Err(error) => Err(error),
        })
    }

    /// A session was found to be over.
    fn ended(&self, was_there: bool, why: &VerifyError) {
        let count = usize::from(was_there);
        match why.reason() {
            Reason::Expired => self.shared.measured.expired(count),
            _ => self.shared.measured.revoked(count),
        }
    }
}

const NO_SUCH_SESSION: VerifyError = VerifyError::invalid()
    .because("no such session")
    .hint("It has ended and was cleared away, or is in another store: with sessions in memory, after a restart or in another process.");

/// What a session is worth that was found.
enum Judged {
    /// All, and perhaps the request is to be noted: when, and when the session is over then.
    Alive(SessionRecord, Option<(Moment, Moment)>),
    /// Nothing; it is to be cleared away.
    Over(VerifyError),
}

/// The request was noted, if the session is still there: else it ended meanwhile.
fn touched(is_there: bool, record: SessionRecord) -> Result<Identity, VerifyError> {
    if is_there {
        Ok(record.into_identity())
    } else {
        Err(VerifyError::invalid()
            .because("the session has just ended")
            .hint("It was ended while the request came, by a log-out here or elsewhere: log in again."))
    }
}

/// Something that is no session lets nobody in, and is no outage either.
fn refuse_damaged<T>(shown: &SessionTicket, error: StoreError) -> Result<T, VerifyError> {
    if !error.is_damaged() {
        return Err(error.into());
    }
    trace::happened(Severity::Error, "a session is damaged", &shown.key(), Some(&error));
    Err(VerifyError::invalid().because("the session is damaged").hint(
        "What the store holds is no session of this version: see who else writes there. The log says what is wrong.",
    ))
}
