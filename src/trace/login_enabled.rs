//! Events of people who log in and out. `session` is a public id, which opens nothing.

use std::fmt::Display;

use tracing::info;

/// A session began.
pub(crate) fn logged_in(issuer: &str, subject: &str, session: &str) {
    info!(target: "portcullis", issuer, subject, session, "logged in");
}

/// A session was ended by the client that had it.
pub(crate) fn logged_out(session: &dyn Display) {
    info!(target: "portcullis", %session, "logged out");
}

/// Sessions were ended by their owner: the one that is named, or `ended` of them.
pub(crate) fn sessions_ended(issuer: &str, subject: &str, session: Option<&str>, ended: usize) {
    info!(target: "portcullis", issuer, subject, session, ended, "sessions ended");
}
