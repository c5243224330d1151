//! The verifier of JWT access tokens.

use std::fmt;
use std::sync::Arc;

use super::claims::Claims;
use super::compact::{Compact, Room};
use super::issuer::Issuer;
use super::json::Cause;
use crate::clock::{Clock, SystemClock};
use crate::error::{ConfigError, ConfigFault};
use crate::identity::error::VerifyError;
use crate::identity::identity::Identity;

/// Verifies JWT access tokens of one or more issuers with keys that are at hand.
///
/// The order is fixed: size and shape, header, issuer and its key, signature, and only then what the claims say. So
/// nothing of a token is believed, and no difference is shown to its sender, before its signature held. Cloning costs two
/// reference counts.
///
/// ```
/// use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeySet};
/// use portcullis::{Reason, Secret};
///
/// let keys = KeySet::hmac(Algorithm::HS256, Secret::new((1..=32).collect()))?;
/// let verifier = JwtVerifier::new([Issuer::new("https://id.example", ["orders-api"], keys)])?;
///
/// let refused = verifier.verify_token("eyJhbGciOiJub25lIn0.e30.").unwrap_err();
/// assert_eq!(refused.reason(), Reason::Invalid);
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct JwtVerifier {
    /// Sorted by name, each name once.
    issuers: Arc<[Issuer]>,
    clock: Arc<dyn Clock>,
}

impl JwtVerifier {
    /// A verifier that accepts tokens of `issuers` and of nobody else. The `iss` of a token chooses among them.
    ///
    /// # Errors
    /// Every fault of every issuer: an empty name, no audience or an empty one, too much leeway, a path that is none.
    /// Also no issuer at all, or one name twice; put several keys into one set instead.
    pub fn new(issuers: impl IntoIterator<Item = Issuer>) -> Result<Self, ConfigError> {
        let mut issuers: Vec<Issuer> = issuers.into_iter().collect();
        let mut faults: Vec<_> = issuers.iter().flat_map(Issuer::faults).collect();
        if issuers.is_empty() {
            faults.push(ConfigFault::new("issuer", "name at least one issuer whose tokens are accepted"));
        }
        issuers.sort_by(|one, other| one.name.cmp(&other.name));
        for (one, next) in issuers.iter().zip(issuers.iter().skip(1)) {
            if one.name == next.name {
                let problem = format!("{:?} is given twice; combine the keys with `KeySet::and`", one.name);
                faults.push(ConfigFault::new("issuer", problem));
            }
        }
        ConfigError::unless_empty(faults, Self { issuers: issuers.into(), clock: Arc::new(SystemClock) })
    }

    /// Where the time comes from. Default: the [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Whose token this is. Pure computation, fit to run where the request is handled.
    ///
    /// # Errors
    /// [`VerifyError::expired`] for a token that was genuine and ours until its time ended; [`VerifyError::invalid`]
    /// for everything else, with a cause for the log.
    pub fn verify_token(&self, token: &str) -> Result<Identity, VerifyError> {
        let invalid = |cause| VerifyError::invalid().because(cause);
        let jws = Compact::split(token).map_err(invalid)?;
        let mut room = Room::new();
        let header = jws.header(&mut room).map_err(invalid)?;
        let payload = jws.payload().map_err(invalid)?;
        let claims = Claims::read(&payload).map_err(invalid)?;
        let issuer = self.issuer(&claims).map_err(invalid)?;
        issuer.check_type(&header).map_err(invalid)?;
        issuer.keys.check(&jws, &header).map_err(invalid)?;
        issuer.judge(claims, &payload, self.clock.now())
    }

    fn issuer(&self, claims: &Claims<'_>) -> Result<&Issuer, Cause> {
        let name = claims.issuer.as_deref().ok_or("no `iss`")?;
        let index = self.issuers.binary_search_by(|issuer| (*issuer.name).cmp(name)).ok();
        index.and_then(|index| self.issuers.get(index)).ok_or("`iss` is not an issuer known here")
    }
}

impl fmt::Debug for JwtVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtVerifier").field("issuers", &self.issuers).finish_non_exhaustive()
    }
}
