//! The decision: whether Digest credentials are good.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::ha1::Ha1;
use super::nonces::{Issued, Nonces};
use super::store::{DigestQuery, DigestUser};
use super::uses::{Use, Uses};
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::credentials::{DigestAlgorithm, DigestCredentials, DigestName};
use crate::identity::error::VerifyError;
use crate::identity::identity::Identity;
use crate::observe::Finding;

/// All that is decided by, but for the users.
pub(crate) struct Access {
    pub(crate) realm: Arc<str>,
    /// Most preferred first.
    pub(crate) algorithms: Vec<DigestAlgorithm>,
    pub(crate) allow_md5: bool,
    pub(crate) allow_rfc2069: bool,
    pub(crate) userhash: bool,
    pub(crate) nonce_lifetime: Duration,
    pub(crate) nonces_in_use: usize,
    pub(crate) clock: Arc<dyn Clock>,
    /// None where the system has no randomness to give.
    nonces: Option<Nonces>,
    /// What clients must send back unchanged.
    opaque: String,
    uses: Uses,
}

/// Credentials that are worth looking for their user.
pub(crate) struct Candidate {
    pub(crate) query: DigestQuery,
    pub(crate) issued: Issued,
}

/// Credentials that hold.
pub(crate) struct Proven {
    pub(crate) identity: Identity,
    /// That we know the password too.
    pub(crate) rspauth: String,
    /// The nonce to go on with, where the one that was used ends soon.
    pub(crate) next_nonce: Option<String>,
}

impl Access {
    pub(crate) fn new(realm: Arc<str>, nonce_lifetime: Duration, nonces_in_use: usize) -> Self {
        let mut access = Self {
            realm,
            algorithms: vec![DigestAlgorithm::Sha256],
            allow_md5: false,
            allow_rfc2069: false,
            userhash: false,
            nonce_lifetime,
            nonces_in_use,
            clock: Arc::new(SystemClock),
            nonces: None,
            opaque: String::new(),
            uses: Uses::default(),
        };
        let mut key = zeroize::Zeroizing::new([0; 32]);
        if getrandom::fill(&mut *key).is_ok() {
            access.use_key(&*key);
        }
        access
    }

    /// Makes nonces with this key.
    pub(crate) fn use_key(&mut self, key: &[u8]) {
        self.nonces = getrandom::u64().ok().and_then(|start| Nonces::new(key, start));
        self.opaque = self.nonces.as_ref().map(|nonces| nonces.opaque(&self.realm)).unwrap_or_default();
    }

    /// Whether nonces can be made.
    pub(crate) const fn has_key(&self) -> bool {
        self.nonces.is_some()
    }

    /// Called before the first request.
    pub(crate) fn begin(&self) {
        self.uses.begin(self.clock.now());
    }

    /// A nonce for a challenge.
    pub(crate) fn nonce(&self) -> String {
        self.nonces.as_ref().map(|nonces| nonces.fresh(&self.realm, self.clock.now())).unwrap_or_default()
    }

    pub(crate) fn opaque(&self) -> &str {
        &self.opaque
    }

    /// What can be told without the user: whom to look for, if there is a point in it.
    pub(crate) fn candidate(&self, credentials: &DigestCredentials) -> Result<Candidate, VerifyError> {
        let invalid = |cause| Err(refused(cause));
        let Some(algorithm) = credentials.algorithm().filter(|algorithm| self.algorithms.contains(algorithm)) else {
            let offered = self.algorithms.iter().map(|algorithm| algorithm.name());
            let finding = Finding::about("algorithm").expected_any_of(offered);
            let claimed = credentials.algorithm().map(DigestAlgorithm::name);
            return Err(refused("the algorithm was not offered").finding(match claimed {
                Some(name) => finding.claimed(name),
                None => finding,
            }));
        };
        if credentials.is_rfc2069() && !self.allow_rfc2069 {
            return invalid("there is no qop: the form of RFC 2069 is not allowed");
        }
        if !credentials.is_rfc2069() && credentials.count().is_none() {
            return invalid("the qop was not offered");
        }
        if credentials.realm() != &*self.realm {
            let finding = Finding::about("realm").expected(self.realm.to_string()).claims(credentials.realm());
            return Err(refused("the realm is another one").finding(finding));
        }
        if credentials.opaque() != Some(&*self.opaque) {
            return invalid("opaque did not come back as it was sent");
        }
        if !self.userhash && matches!(credentials.name(), DigestName::Hashed(_)) {
            return invalid("the name is hashed, which was not offered");
        }
        let issued = self.nonces.as_ref().and_then(|nonces| nonces.read(credentials.nonce(), &self.realm));
        let Some(issued) = issued else { return invalid("the nonce is not ours") };
        let query = DigestQuery::new(credentials.name().clone(), Arc::clone(&self.realm), algorithm);
        Ok(Candidate { query, issued })
    }

    /// The verdict. An unknown user costs the same arithmetic.
    pub(crate) fn conclude(
        &self,
        credentials: &DigestCredentials,
        method: &str,
        issued: Issued,
        found: Option<DigestUser>,
    ) -> Result<Proven, VerifyError> {
        let algorithm = credentials.algorithm().unwrap_or(DigestAlgorithm::Sha256);
        let ha1 = found.as_ref().map_or_else(|| Ha1::of_nobody(algorithm), |user| user.ha1.clone());
        let proves = ha1.proves(credentials, method);
        let Some(DigestUser { identity, .. }) = found else {
            return Err(refused("no such user"));
        };
        if !proves {
            return Err(refused("the response is wrong"));
        }
        let oldest = self.oldest(self.nonce_lifetime);
        if issued.time() < oldest {
            let age = self.clock.now().saturating_since(issued.time());
            let finding = Finding::about("nonce").expected(format!("at most {} s old", self.nonce_lifetime.as_secs()));
            return Err(VerifyError::expired()
                .because("the nonce is too old")
                .hint("Nothing to do: the client asks again with the new nonce, unless it does not understand `stale`.")
                .finding(finding.found(format!("{} s old", age.as_secs()))));
        }
        if let Some(count) = credentials.count() {
            match self.uses.note(issued, count, oldest, self.nonces_in_use) {
                Use::First => {}
                Use::Again => return Err(refused("the request was sent before")),
                Use::Forgotten => {
                    return Err(VerifyError::expired().because("the nonce is too old to be remembered").hint(
                        "More nonces are in use than are remembered: raise `nonces_in_use` if that comes often.",
                    ));
                }
            }
        }
        let ends_soon = issued.time() < self.oldest(self.nonce_lifetime / 2);
        Ok(Proven { identity, rspauth: ha1.rspauth(credentials), next_nonce: ends_soon.then(|| self.nonce()) })
    }

    /// When a nonce was made that reaches this age now.
    fn oldest(&self, age: Duration) -> UnixTime {
        UnixTime::from_secs(self.clock.now().as_secs().saturating_sub(age.as_secs()))
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("realm", &self.realm)
            .field("algorithms", &self.algorithms)
            .field("allow_md5", &self.allow_md5)
            .field("allow_rfc2069", &self.allow_rfc2069)
            .field("userhash", &self.userhash)
            .field("nonce_lifetime", &self.nonce_lifetime)
            .field("nonces_in_use", &self.nonces_in_use)
            .finish_non_exhaustive()
    }
}

/// Invalid credentials, and what can be done.
fn refused(cause: &'static str) -> VerifyError {
    VerifyError::invalid().because(cause).hint(match cause {
        "the algorithm was not offered" => "The client does not know the algorithms that are offered; SHA-256 is what most do.",
        "there is no qop: the form of RFC 2069 is not allowed" | "the qop was not offered" => {
            "The client leaves qop=auth out: it is older than RFC 2617, or written by hand."
        }
        "the realm is another one" => "The client answers the challenge of another service, or has kept an old one.",
        "opaque did not come back as it was sent" => "The client changes opaque, or answers a challenge that another process made with another key.",
        "the name is hashed, which was not offered" => "Offer `userhash`, or have the client send the name.",
        "the nonce is not ours" => {
            "The challenge was made by another process, or before a restart: give all processes the same key for nonces."
        }
        "no such user" => "Look for a mistyped name, or for users of another environment.",
        "the request was sent before" => "The client sends a count twice, or somebody repeats its requests: look who.",
        _ => {
            "The password is wrong, or the client and the stored hash disagree about realm, name, algorithm, method or uri; a proxy \
             that rewrites the path breaks Digest too."
        }
    })
}
