//! Events of the audit: to the log and to whoever listens, from one place, so that the two cannot differ.

use tracing::field::display;
use tracing::{error, info};

use crate::observe::{Event, Listener};

/// Logs an event and tells it. Refusals are logged with more, as the decisions that they are.
pub(crate) fn audit(listener: &Listener, event: &Event<'_>) {
    match event {
        Event::LoggedIn { issuer, subject, session } => {
            info!(target: "portcullis", issuer, subject, session, "logged in");
        }
        Event::LoggedOut { session } => info!(target: "portcullis", session, "logged out"),
        Event::Locked { account, client, retry_after } => {
            let limit = if account.is_some() { "account" } else { "client" };
            let (client, retry_after) = (client.map(display), retry_after.as_secs());
            info!(target: "portcullis", limit, client, retry_after, "locked");
        }
        Event::Revoked { kind, issuer, subject, credential, sessions } => {
            let what = if sessions.is_some() { "sessions ended" } else { "revoked" };
            info!(target: "portcullis", kind, issuer, subject, credential, ended = sessions, "{what}");
        }
        Event::KeysRotated { from, added, removed } => {
            info!(target: "portcullis", from, added, removed, "keys rotated");
        }
        Event::StoreLost { store, error } => error!(target: "portcullis", store, source = %error, "out of reach"),
        Event::StoreRegained { store, after } => {
            info!(target: "portcullis", store, after = after.as_secs(), "in reach again");
        }
        Event::Refused(_) | Event::PermissionDenied(_) => {}
    }
    listener.happened(event);
}
