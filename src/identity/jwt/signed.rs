//! Other things than tokens that an issuer signs.

use super::compact::{Compact, Room};
use super::issuer::media_subtype;
use super::json::Cause;
use super::key_set::Misfit;
use super::source::IssuerKeys;
use crate::identity::error::VerifyError;

/// Why there is no payload.
pub(in crate::identity) enum Unopened {
    /// There are no keys to judge it by now.
    NoKeys(VerifyError),
    /// It is not what it should be.
    Unfit(Cause),
}

impl From<Cause> for Unopened {
    fn from(cause: Cause) -> Self {
        Self::Unfit(cause)
    }
}

impl IssuerKeys {
    /// The payload of a JWS in compact form that has this `typ` and was signed by one of these keys, which are fetched if
    /// they have to be.
    pub(in crate::identity) async fn open(&self, compact: &str, token_type: &str) -> Result<Vec<u8>, Unopened> {
        match self.open_now(compact, token_type) {
            Err(Unopened::NoKeys(_)) if self.source().miss() => {
                self.source().refresh().await;
                self.open_now(compact, token_type)
            }
            opened => opened,
        }
    }

    /// The issuer that the keys were found for by name, if they were.
    pub(in crate::identity) fn discovered_for(&self) -> Option<&str> {
        self.source().discovered_for()
    }

    fn open_now(&self, compact: &str, token_type: &str) -> Result<Vec<u8>, Unopened> {
        let jws = Compact::split(compact)?;
        let mut room = Room::new();
        let header = jws.header(&mut room)?;
        if !header.token_type.as_deref().is_some_and(|own| media_subtype(own).eq_ignore_ascii_case(token_type)) {
            return Err(Unopened::Unfit("`typ` is not the type that is required"));
        }
        let payload = jws.payload()?;
        let set = self.source().current().ok_or_else(|| Unopened::NoKeys(self.source().unavailable()))?;
        match set.check(&jws, &header) {
            Ok(_) => Ok(payload),
            Err(Misfit::NoKey(cause)) => Err(Unopened::NoKeys(VerifyError::unavailable(cause))),
            Err(Misfit::Signature(cause)) => Err(Unopened::Unfit(cause)),
        }
    }
}
