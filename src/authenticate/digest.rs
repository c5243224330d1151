//! Digest: reads what a client computed from its password (RFC 7616) and repeats the computation.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use http::request::Parts;

use super::scheme::{Accepted, Attempt, Scheme};
use crate::clock::Clock;
use crate::credentials::{Authorization, DigestAlgorithm, DigestCredentials};
use crate::error::{ConfigFault, Reason};
use crate::identity::VerifyError;
use crate::identity::digest_access::{Access, Candidate, DigestStore, NONCE_LIFETIME, NONCES_IN_USE, Proven};
use crate::response::{AuthenticationInfo, Challenge};
use crate::secret::Secret;

/// The Digest scheme: `qop=auth` with SHA-256, nonces that nothing is kept for, every request good once.
///
/// Its 401 has a challenge for each algorithm, each on a line of its own, with a nonce made for this answer. A nonce that is
/// merely too old is answered with `stale=true`, and clients then try again by themselves. An accepted request is answered
/// with `Authentication-Info`, which proves to the client that the server knows the password too. Credentials that cannot be
/// read, and those for another target than the request's, are answered 400.
///
/// ```
/// use portcullis::AuthenticateLayer;
/// use portcullis::authenticate::Digest;
/// use portcullis::identity::digest_access::DigestUsers;
///
/// let mut users = DigestUsers::new("intranet");
/// users.insert("alice", "correct horse")?;
/// let layer = AuthenticateLayer::new(Digest::new("intranet", users))?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
///
/// # Security
///
/// [The module of the users](crate::identity::digest_access) says what Digest does not protect from. The request target is part
/// of what is computed: wrap whole services, not routes from whose path a router has cut something off.
pub struct Digest<S> {
    store: Arc<S>,
    access: Arc<Access>,
    key_is_short: bool,
    quiet: bool,
}

impl<S> Digest<S> {
    /// The name in challenges that are to open no dialog: `xDigest`.
    pub const QUIET_NAME: &str = "xDigest";
}

impl<S: DigestStore> Digest<S> {
    /// Digest for `realm`, with the users in `store`. The realm is printable ASCII, checked when the layer is built, and part
    /// of what passwords are hashed with: a new realm makes every stored hash worthless.
    pub fn new(realm: impl Into<Arc<str>>, store: S) -> Self {
        let access = Access::new(realm.into(), NONCE_LIFETIME, NONCES_IN_USE);
        Self { store: Arc::new(store), access: Arc::new(access), key_is_short: false, quiet: false }
    }

    /// The algorithms to offer, most preferred first. Default: SHA-256 alone, the one that every client can do safely. MD5
    /// needs [`allow_md5`](Self::allow_md5) as well.
    #[must_use]
    pub fn algorithms(self, algorithms: impl IntoIterator<Item = DigestAlgorithm>) -> Self {
        let algorithms = algorithms.into_iter().collect();
        self.with(|access| access.algorithms = algorithms)
    }

    /// Allows MD5 among the [`algorithms`](Self::algorithms). Default: a layer that offers it does not build.
    ///
    /// # Security
    ///
    /// Some clients take MD5 where SHA-256 is offered as well, and whoever can change an answer under way can make all do so.
    #[must_use]
    pub fn allow_md5(self) -> Self {
        self.with(|access| access.allow_md5 = true)
    }

    /// Accepts credentials without `qop` too, in the form of RFC 2069. Default: they are refused.
    ///
    /// # Security
    ///
    /// They carry no count: whoever records one can send that request again for as long as its nonce is good.
    #[must_use]
    pub fn allow_rfc2069(self) -> Self {
        self.with(|access| access.allow_rfc2069 = true)
    }

    /// Offers to take user names hashed, so that nobody reads them on the line (RFC 7616 section 3.4.4). Default: off; few
    /// clients do it, and the store must be able to find a user by such a hash.
    #[must_use]
    pub fn userhash(self, offer: bool) -> Self {
        self.with(|access| access.userhash = offer)
    }

    /// The key that makes nonces ours, at least 32 random bytes. Default: a new one for every scheme and process.
    ///
    /// Processes that share it know each other's nonces, so that their clients need not begin anew with each; a process that
    /// is started anew then also spares browsers the question for the password. Every process counts requests for itself: a
    /// recorded one can be sent once more to each of the others, for as long as its nonce is good.
    #[must_use]
    pub fn key(mut self, key: &Secret<Vec<u8>>) -> Self {
        self.key_is_short = key.expose().len() < MIN_KEY;
        self.with(|access| access.use_key(key.expose()))
    }

    /// Asks the scripts of a page by challenges under the name [`xDigest`](Self::QUIET_NAME), for which no browser opens a dialog, as
    /// [`Basic::quiet_for_scripts`](super::Basic::quiet_for_scripts) does. One with `stale=true`, which browsers answer without
    /// asking anybody, keeps its name. Default: everybody gets the real ones.
    #[must_use]
    pub const fn quiet_for_scripts(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// How long a nonce is good, in whole seconds. Default: [`NONCE_LIFETIME`], 5 minutes.
    #[must_use]
    pub fn nonce_lifetime(self, lifetime: Duration) -> Self {
        self.with(|access| access.nonce_lifetime = lifetime)
    }

    /// How many nonces that somebody logged in with are remembered. Default: [`NONCES_IN_USE`], 65536. With more of them in
    /// use the oldest end early, which costs their clients one more request.
    #[must_use]
    pub fn nonces_in_use(self, nonces: usize) -> Self {
        self.with(|access| access.nonces_in_use = nonces)
    }

    /// The clock that nonces are made and judged by. Default: the machine's.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        self.with(|access| access.clock = Arc::new(clock))
    }

    /// Nobody else holds what is changed here before a request is judged.
    fn with(mut self, change: impl FnOnce(&mut Access)) -> Self {
        if let Some(access) = Arc::get_mut(&mut self.access) {
            change(access);
        }
        self
    }

    fn attempt(&self, field: &Authorization<'_>, head: &Parts) -> Result<Attempt, VerifyError> {
        let credentials = DigestCredentials::from_authorization(field)?;
        if !credentials.is_for(head) {
            return Err(VerifyError::malformed()
                .because("uri names another target than the request")
                .hint("The client signs another path than it asks for, or a proxy rewrites the path on the way: let it come unchanged."));
        }
        let Candidate { query, issued } = self.access.candidate(&credentials)?;
        if let Some(found) = self.store.find_now(&query) {
            let proven = self.access.conclude(&credentials, head.method.as_str(), issued, found?)?;
            return Ok(Attempt::Ready(Ok(accepted(proven, &credentials))));
        }
        let (store, access, method) = (Arc::clone(&self.store), Arc::clone(&self.access), head.method.clone());
        Ok(Attempt::Pending(Box::pin(async move {
            let found = store.find(query).await?;
            let proven = access.conclude(&credentials, method.as_str(), issued, found)?;
            Ok(accepted(proven, &credentials))
        })))
    }
}

/// Adds what proves to the client that the server knows the password (RFC 7616 section 3.5).
fn accepted(proven: Proven, credentials: &DigestCredentials) -> Accepted {
    let accepted = Accepted::from(proven.identity);
    let Some((nc, cnonce)) = credentials.auth() else { return accepted };
    let info = AuthenticationInfo::default()
        .quoted("rspauth", &proven.rspauth)
        .token("qop", "auth")
        .token("nc", nc)
        .quoted("cnonce", cnonce);
    let info = proven.next_nonce.iter().fold(info, |info, nonce| info.quoted("nextnonce", nonce));
    match info.to_header() {
        Some(value) => accepted.answering(const { HeaderName::from_static("authentication-info") }, value),
        None => accepted,
    }
}

impl<S: DigestStore> Scheme for Digest<S> {
    fn challenge(&self) -> Challenge {
        self.access.begin();
        let plain = Challenge::new("Digest").quoted("realm", &self.access.realm);
        let algorithms = &self.access.algorithms;
        let repeats = algorithms
            .iter()
            .enumerate()
            .any(|(index, one)| algorithms.iter().skip(index + 1).any(|other| one == other));
        let has_md5 = algorithms.contains(&DigestAlgorithm::Md5);
        let faults = [
            (algorithms.is_empty(), "algorithms", "there are none; offer at least SHA-256"),
            (repeats, "algorithms", "has one twice; offer each once"),
            (
                has_md5 && !self.access.allow_md5,
                "algorithms",
                "has MD5, which is broken; leave it out, or call `allow_md5`",
            ),
            (self.key_is_short, "key", "is shorter than 32 bytes; take 32 random ones"),
            (!self.access.has_key(), "key", "cannot be made: the system gives no randomness"),
            (
                self.access.nonce_lifetime < Duration::from_secs(1),
                "nonce_lifetime",
                "is less than a second; give it minutes",
            ),
            (self.access.nonces_in_use == 0, "nonces_in_use", "is 0, so nobody could ever get in; give it thousands"),
        ];
        faults
            .into_iter()
            .filter(|fault| fault.0)
            .fold(plain, |plain, (_, setting, problem)| plain.with_fault(ConfigFault::new(setting, problem)))
    }

    /// One for each algorithm (RFC 7616 section 3.7), each with a nonce of its own.
    fn fresh_challenges(&self, why: Reason) -> Vec<Challenge> {
        let Access { realm, algorithms, userhash, .. } = &*self.access;
        let challenge = |algorithm: &DigestAlgorithm| {
            let challenge = Challenge::new("Digest")
                .quoted("realm", realm)
                .quoted("qop", "auth")
                .token("algorithm", algorithm.name())
                .quoted("nonce", self.access.nonce())
                .quoted("opaque", self.access.opaque())
                .token("charset", "UTF-8");
            let challenge = if *userhash { challenge.token("userhash", "true") } else { challenge };
            // Said only where the response was right.
            if why == Reason::Expired { challenge.token("stale", "true") } else { challenge }
        };
        algorithms.iter().map(challenge).collect()
    }

    fn authenticate(&self, head: &Parts) -> Attempt {
        match Authorization::from_headers(&head.headers) {
            Ok(Some(field)) if field.is("Digest") => {
                self.attempt(&field, head).unwrap_or_else(|error| Attempt::Ready(Err(error)))
            }
            _ => Attempt::NotPresented,
        }
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn quiet_name(&self) -> Option<&'static str> {
        self.quiet.then_some(Self::QUIET_NAME)
    }
}

impl<S> fmt::Debug for Digest<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digest").field("access", &self.access).finish_non_exhaustive()
    }
}

/// Shorter than the output of the MAC's hash a key is the weakest part (RFC 2104 section 3).
const MIN_KEY: usize = 32;
