//! Who hears of sessions, for the services that begin and end them.

use super::sessions::Sessions;
use crate::observe::Listener;

impl Sessions {
    /// Whoever hears of these sessions.
    pub(crate) fn listener(&self) -> &Listener {
        &self.shared.listener
    }
}
