//! What is known of a refusal in a log-in.

use super::rejection::Rejection;

impl Rejection {
    /// Says that a user name and a password were judged, though the challenge is that of a session.
    pub(crate) const fn with_password(mut self) -> Self {
        self.password = true;
        self
    }
}
