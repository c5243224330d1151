//! The assertions of the test kit: the one place of the crate that panics, because it is called by tests, to fail them.
#![expect(clippy::panic, reason = "an assertion fails a test by panicking")]

use http::{HeaderMap, StatusCode};

use super::challenges::Challenges;
use super::forgeries::{Forgery, Genuine};

impl Challenges {
    /// Asserts that there is a Bearer challenge with this `error` (RFC 6750 section 3.1), and that the field is well
    /// formed.
    ///
    /// # Panics
    /// If not; the message shows what was there.
    #[track_caller]
    pub fn assert_bearer_error(&self, error: &str) {
        self.assert_well_formed();
        let found = self.get("Bearer").and_then(|bearer| bearer.param("error"));
        if found != Some(error) {
            panic!("expected a Bearer challenge with error={error:?}; {self}");
        }
    }

    /// Asserts that no challenge has an `error`, as where nothing was presented (RFC 6750 section 3), that there is at
    /// least one challenge, and that the field is well formed.
    ///
    /// # Panics
    /// If not; the message shows what was there.
    #[track_caller]
    pub fn assert_no_error(&self) {
        self.assert_well_formed();
        if self.iter().next().is_none() || self.iter().any(|challenge| challenge.param("error").is_some()) {
            panic!("expected challenges without an error; {self}");
        }
    }

    /// Asserts that these are the schemes, in this order and with nothing beside them; none for no challenge at all.
    ///
    /// # Panics
    /// If not; the message shows what was there.
    #[track_caller]
    pub fn assert_schemes(&self, schemes: &[&str]) {
        self.assert_well_formed();
        if self.schemes() != schemes {
            panic!("expected challenges of {schemes:?}; {self}");
        }
    }

    /// Asserts that a Bearer challenge has a parameter of this value: `scope`, `resource_metadata`, `acr_values`.
    ///
    /// # Panics
    /// If not; the message shows what was there.
    #[track_caller]
    pub fn assert_bearer_param(&self, name: &str, value: &str) {
        self.assert_well_formed();
        let found = self.get("Bearer").and_then(|bearer| bearer.param(name));
        if found != Some(value) {
            panic!("expected a Bearer challenge with {name}={value:?}; {self}");
        }
    }

    #[track_caller]
    fn assert_well_formed(&self) {
        if !self.faults().is_empty() {
            panic!("expected challenges that can be read; {self}");
        }
    }
}

impl Forgery {
    /// Asserts that an answer refuses this token as it must be refused: by its [status](Self::status), and by a Bearer
    /// challenge with its [error](Self::bearer_error).
    ///
    /// # Panics
    /// If not; the message names the forgery and shows what was there.
    #[track_caller]
    pub fn assert_refused(&self, status: StatusCode, headers: &HeaderMap) {
        let (name, expected) = (self.name(), self.status());
        let challenges = Challenges::of(headers);
        if status != expected {
            panic!("{name}: expected {expected}, and it is {status}; {challenges}");
        }
        let found = challenges.get("Bearer").and_then(|bearer| bearer.param("error"));
        if found != Some(self.bearer_error()) || !challenges.faults().is_empty() {
            panic!("{name}: expected a Bearer challenge with error={:?}; {challenges}", self.bearer_error());
        }
    }
}

impl Genuine {
    /// Asserts that an answer does not refuse this token: its status is neither 400, 401, 403, 429 nor of a failure of
    /// the server.
    ///
    /// # Panics
    /// If not; the message names the token and shows what was there.
    #[track_caller]
    pub fn assert_accepted(&self, status: StatusCode, headers: &HeaderMap) {
        if status.is_server_error() || [400, 401, 403, 429].contains(&status.as_u16()) {
            panic!("{}: expected to be let in, and it is {status}; {}", self.name(), Challenges::of(headers));
        }
    }
}
