//! When a token may be used: judged whenever it is.

use std::time::Duration;

use super::claims::Claims;
use super::findings;
use super::json::Cause;
use crate::clock::UnixTime;
use crate::identity::error::VerifyError;

/// From when to when a token may be used by its own word, widened by how far the clocks may differ.
#[derive(Clone, Copy, Debug)]
pub(in crate::identity) struct Window {
    begins: UnixTime,
    ends: UnixTime,
    /// By how much both were widened.
    leeway_secs: u8,
    /// What is said before it begins: which of the times lies ahead.
    ahead: Ahead,
}

impl Window {
    pub(in crate::identity) fn of(claims: &Claims<'_>, ends: UnixTime, leeway: Duration) -> Self {
        let times = [
            (claims.not_before, Ahead::NotBefore),
            (claims.issued_at, Ahead::IssuedAt),
            // A log-in that is still to come would stay fresh until then.
            (claims.auth_time, Ahead::AuthTime),
        ];
        let known = times.into_iter().filter_map(|(time, ahead)| Some((time?, ahead)));
        let (latest, ahead) = known.max_by_key(|(time, _)| *time).unwrap_or((UnixTime::from_secs(0), Ahead::NotBefore));
        let leeway_secs = u8::try_from(leeway.as_secs()).unwrap_or(u8::MAX);
        Self { begins: latest.saturating_sub(leeway), ends: ends.saturating_add(leeway), leeway_secs, ahead }
    }

    /// Whether `now` lies within.
    ///
    /// # Errors
    /// Invalid before it, expired after it.
    pub(in crate::identity) fn check(&self, now: UnixTime) -> Result<(), VerifyError> {
        if now < self.begins {
            let (cause, claim) = self.ahead.told();
            return Err(findings::early(cause, claim, self.begins, self.leeway(), now));
        }
        if now >= self.ends {
            return Err(findings::expired(self.ends, self.leeway(), now));
        }
        Ok(())
    }

    /// A minute at most, by the settings.
    fn leeway(&self) -> Duration {
        Duration::from_secs(self.leeway_secs.into())
    }
}

/// Which time of a token lies ahead.
#[derive(Clone, Copy, Debug)]
enum Ahead {
    NotBefore,
    IssuedAt,
    AuthTime,
}

impl Ahead {
    const fn told(self) -> (Cause, &'static str) {
        match self {
            Self::NotBefore => ("not valid yet (`nbf`)", "nbf"),
            Self::IssuedAt => ("issued in the future (`iat`)", "iat"),
            Self::AuthTime => ("authenticated in the future (`auth_time`)", "auth_time"),
        }
    }
}
