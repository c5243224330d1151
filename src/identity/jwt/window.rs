//! When a token may be used: judged whenever it is.

use std::time::Duration;

use super::claims::Claims;
use super::json::Cause;
use crate::clock::UnixTime;
use crate::identity::error::VerifyError;

/// From when to when a token may be used by its own word, widened by how far the clocks may differ.
#[derive(Clone, Copy, Debug)]
pub(in crate::identity) struct Window {
    begins: UnixTime,
    ends: UnixTime,
    /// What is said before it begins: which of the times lies ahead.
    ahead: Cause,
}

impl Window {
    pub(in crate::identity) fn of(claims: &Claims<'_>, ends: UnixTime, leeway: Duration) -> Self {
        let times = [
            (claims.not_before, "not valid yet (`nbf`)"),
            (claims.issued_at, "issued in the future (`iat`)"),
            // A log-in that is still to come would stay fresh until then.
            (claims.auth_time, "authenticated in the future (`auth_time`)"),
        ];
        let known = times.into_iter().filter_map(|(time, ahead)| Some((time?, ahead)));
        let (latest, ahead) = known.max_by_key(|(time, _)| *time).unwrap_or((UnixTime::from_secs(0), ""));
        Self { begins: latest.saturating_sub(leeway), ends: ends.saturating_add(leeway), ahead }
    }

    /// Whether `now` lies within.
    ///
    /// # Errors
    /// Invalid before it, expired after it.
    pub(in crate::identity) fn check(&self, now: UnixTime) -> Result<(), VerifyError> {
        if now < self.begins {
            return Err(VerifyError::invalid().because(self.ahead));
        }
        if now >= self.ends {
            return Err(VerifyError::expired());
        }
        Ok(())
    }
}
