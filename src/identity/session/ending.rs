//! Ending sessions before their time, and telling of it.

use super::error::SessionError;
use super::info::NewSession;
use super::key::{SessionKey, SessionOwner, SessionTicket};
use super::sessions::Sessions;
use super::store::Ending;
use crate::credentials::SessionId;
use crate::identity::identity::Identity;
use crate::observe::Event;
use crate::trace;

impl Sessions {
    /// Ends a session: logs out. Whether there was one. It ends also where a [rotation](Self::rotate) has just given it
    /// another id.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](SessionError::Unavailable): it may live on, so the client should keep its cookie and try again.
    pub async fn end(&self, id: &SessionId) -> Result<bool, SessionError> {
        let shown = SessionTicket::of(id);
        let was_there = self.shared.store.delete(&shown).await?;
        self.shared.measured.logged_out(was_there);
        if was_there {
            let session = shown.key().to_string();
            trace::audit(&self.shared.listener, &Event::LoggedOut { session: &session });
        }
        Ok(was_there)
    }

    /// Ends all sessions of a subject: logs out everywhere. Says how many.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](SessionError::Unavailable): some may live on.
    pub async fn end_all(&self, issuer: &str, subject: &str) -> Result<usize, SessionError> {
        self.end_of(issuer, subject, Ending::All, None).await
    }

    /// Ends all sessions of a subject but the one that `identity` came with, and says how many: after a changed password.
    /// All, where it came with none.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](SessionError::Unavailable): some may live on.
    pub async fn end_others(&self, identity: &Identity) -> Result<usize, SessionError> {
        let this = identity.credential_id().and_then(SessionKey::parse);
        self.end_of(identity.issuer(), identity.subject(), this.map_or(Ending::All, Ending::AllBut), None).await
    }

    /// Ends the session of that subject with that public id. Whether there was one: another subject's is not found.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](SessionError::Unavailable): it may live on.
    pub async fn end_public(&self, issuer: &str, subject: &str, public_id: &str) -> Result<bool, SessionError> {
        let Some(key) = SessionKey::parse(public_id) else { return Ok(false) };
        Ok(self.end_of(issuer, subject, Ending::Only(key), Some(public_id)).await? > 0)
    }

    async fn end_of(
        &self,
        issuer: &str,
        subject: &str,
        which: Ending,
        credential: Option<&str>,
    ) -> Result<usize, SessionError> {
        let ended = self.shared.store.delete_of(&SessionOwner::new(issuer, subject), which).await?;
        self.shared.measured.revoked(ended);
        if ended > 0 {
            let kind = if credential.is_some() { "session" } else { "sessions" };
            let (issuer, subject, sessions) = (Some(issuer), Some(subject), Some(ended));
            trace::audit(&self.shared.listener, &Event::Revoked { kind, issuer, subject, credential, sessions });
        }
        Ok(ended)
    }

    /// Tells that somebody has logged in.
    pub(super) fn logged_in(&self, identity: &Identity, session: &NewSession) {
        let (issuer, subject) = (identity.issuer(), identity.subject());
        let event = Event::LoggedIn { issuer, subject, session: session.public_id() };
        trace::audit(&self.shared.listener, &event);
    }
}
