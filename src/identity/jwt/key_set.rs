//! The keys of one issuer, each bound to one algorithm, and the choice among them.

use std::fmt;
use std::sync::Arc;

use super::algorithm::{Algorithm, Family};
use super::backend::{Check, MacKey, OBSTACLE, PublicKey};
use super::compact::{Compact, Header, Room};
use super::findings::{NO_KEY, NO_SIGNATURE, refused};
use super::json::Cause;
use super::standing::Standing;
use super::{jwk, pem};
use crate::error::{ConfigError, ConfigFault};
use crate::identity::error::VerifyError;
use crate::secret::Secret;

/// The keys that one issuer signs with.
///
/// A key is bound to exactly one algorithm when it is loaded, and is prepared once. A token chooses among the keys by
/// its `kid`, which must name a key exactly; a token without `kid` is accepted only if a single key fits its algorithm. In
/// a set where no key has a name, the `kid` of a token says nothing.
/// Public keys and HMAC secrets never share a set.
///
/// ```
/// use portcullis::Secret;
/// use portcullis::identity::jwt::{Algorithm, KeySet};
///
/// let current = KeySet::hmac(Algorithm::HS256, Secret::new((1..=32).collect()))?.named("2026-10");
/// let last = KeySet::hmac(Algorithm::HS256, Secret::new((2..=33).collect()))?.named("2026-09");
/// let keys = current.and(last)?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct KeySet(pub(super) Keys);

/// Two types of key, so that no public key can ever be taken for the secret of an HMAC.
#[derive(Clone)]
pub(super) enum Keys {
    Public(Vec<Named<PublicKey>>),
    Secret(Vec<Named<MacKey>>),
}

/// A key under its name.
pub(super) struct Named<K = PublicKey> {
    pub(super) key_id: Option<Arc<str>>,
    pub(super) algorithm: Algorithm,
    key: Arc<K>,
    pub(super) standing: Standing,
}

/// Why no key accepts a signature.
#[derive(Clone, Copy)]
pub(super) enum Misfit {
    /// The key that the header calls for may be one that is not known here yet.
    NoKey(Cause),
    /// Whatever the keys, or with the right one: this is no signature of it.
    Signature(Cause),
}

impl Misfit {
    pub(super) const fn cause(self) -> Cause {
        match self {
            Self::NoKey(cause) | Self::Signature(cause) => cause,
        }
    }
}

impl KeySet {
    /// The keys of a JWK set (RFC 7517): `{"keys": [..]}`. They serve the `allowed` algorithms and no other.
    ///
    /// Keys that are not for us are passed over: another `alg`, `use` or `key_ops`, an unknown type or curve. A key
    /// without `alg` serves the one allowed algorithm that fits its type and curve.
    ///
    /// # Errors
    /// Every fault of the document: no usable key, more than 100 keys, members named twice, and for each key that is
    /// meant for us what is wrong with it: too small, off its curve, private, symmetric (`oct`), or without `alg` where
    /// several allowed algorithms would fit. `allowed` must name at least one algorithm, and no HMAC.
    ///
    /// ```
    /// use portcullis::identity::jwt::{Algorithm, KeySet};
    ///
    /// let keys = KeySet::from_jwks(
    ///     r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "2026-10",
    ///         "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    ///     &[Algorithm::EdDSA],
    /// )?;
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    pub fn from_jwks(json: impl AsRef<[u8]>, allowed: &[Algorithm]) -> Result<Self, ConfigError> {
        let distinct = check_public(allowed)?;
        let keys = jwk::read_set(json.as_ref(), &distinct)?;
        Ok(Self(Keys::Public(keys)))
    }

    /// One public key in PEM: `PUBLIC KEY`, or `RSA PUBLIC KEY`. It has no name until [`named`](Self::named) gives it one.
    ///
    /// # Errors
    /// `algorithm` is an HMAC, the text holds no public key (a private key and a certificate are told apart and the
    /// remedy is said), or the key is weak, broken or does not fit `algorithm`.
    pub fn from_pem(algorithm: Algorithm, pem: &str) -> Result<Self, ConfigError> {
        if algorithm.is_symmetric() {
            let problem = format!("{algorithm} verifies with a secret; use `hmac`");
            return Err(ConfigFault::new("key", problem).into());
        }
        let key = pem::read(pem).and_then(|material| material.prepare(algorithm));
        let key = key.map_err(|problem| ConfigFault::new("key", problem))?;
        Ok(Self(Keys::Public(vec![Named::new(None, algorithm, key)])))
    }

    /// One secret, known to the issuer and to us. It has no name until [`named`](Self::named) gives it one.
    ///
    /// # Errors
    /// `algorithm` is not an HMAC; the secret is shorter than its hash (RFC 7518 section 3.2); or it is a PEM text or a
    /// JSON document, such as a JWK set: a public key is no secret. Whether the bytes are random is not looked at.
    pub fn hmac(algorithm: Algorithm, secret: Secret<Vec<u8>>) -> Result<Self, ConfigError> {
        let fault = |problem: String| ConfigError::from(ConfigFault::new("secret", problem));
        let Family::Mac(hash) = algorithm.family() else {
            return Err(fault(format!("{algorithm} verifies with a public key; use `from_jwks` or `from_pem`")));
        };
        let bytes = secret.expose();
        if bytes.len() < hash.octets() {
            let (least, got) = (hash.octets(), bytes.len());
            return Err(fault(format!("{algorithm} needs at least {least} random bytes, here are {got}")));
        }
        if bytes.trim_ascii_start().starts_with(b"-----BEGIN ") {
            return Err(fault("a PEM text is no secret; use `from_pem` with the algorithm of that key".to_owned()));
        }
        if serde_json::from_slice::<serde_json::Map<_, _>>(bytes).is_ok() {
            return Err(fault("a JSON document is no secret; use `from_jwks` for a set of public keys".to_owned()));
        }
        let key = MacKey::new(hash, bytes).map_err(|problem| fault(problem.to_owned()))?;
        drop(secret);
        Ok(Self(Keys::Secret(vec![Named::new(None, algorithm, key)])))
    }

    /// Gives a name to those keys of the set that have none: tokens refer to it by their `kid`.
    #[must_use]
    pub fn named(mut self, key_id: impl Into<Arc<str>>) -> Self {
        fn name<K>(keys: &mut [Named<K>], key_id: &Arc<str>) {
            for key in keys.iter_mut().filter(|key| key.key_id.is_none()) {
                key.key_id = Some(Arc::clone(key_id));
            }
        }

        let key_id = key_id.into();
        match &mut self.0 {
            Keys::Public(keys) => name(keys, &key_id),
            Keys::Secret(keys) => name(keys, &key_id),
        }
        self
    }

    /// Both sets in one, as a rotation needs: the new key beside the old. Give the keys names, or tokens that carry no
    /// `kid` will fit more than one and be refused.
    ///
    /// # Errors
    /// One set holds secrets and the other public keys, or together they have more than 100 keys.
    pub fn and(self, other: Self) -> Result<Self, ConfigError> {
        let (keys, count) = match (self.0, other.0) {
            (Keys::Public(mut keys), Keys::Public(more)) => {
                keys.extend(more);
                let count = keys.len();
                (Keys::Public(keys), count)
            }
            (Keys::Secret(mut keys), Keys::Secret(more)) => {
                keys.extend(more);
                let count = keys.len();
                (Keys::Secret(keys), count)
            }
            (Keys::Public(_), Keys::Secret(_)) | (Keys::Secret(_), Keys::Public(_)) => {
                let problem = "HMAC secrets and public keys never share a set; make an issuer for each";
                return Err(ConfigFault::new("keys", problem).into());
            }
        };
        if count > MAX_KEYS {
            let problem = format!("{count} keys are more than the {MAX_KEYS} that are kept");
            return Err(ConfigFault::new("keys", problem).into());
        }
        Ok(Self(keys))
    }

    /// Checks the signature of a JWS in compact form, under the same rules for its header as for a token, and returns
    /// its payload.
    ///
    /// This is the lower half of [`JwtVerifier`](super::JwtVerifier), for other things that are signed. It says nothing
    /// about claims: not who issued the text, not for whom, not until when.
    ///
    /// # Errors
    /// [`VerifyError::invalid`], whatever is wrong.
    pub fn verify_jws(&self, compact: &str) -> Result<Vec<u8>, VerifyError> {
        let verify = || {
            let jws = Compact::split(compact)?;
            let mut room = Room::new();
            let header = jws.header(&mut room)?;
            let payload = jws.payload()?;
            self.check(&jws, &header).map_err(Misfit::cause)?;
            Ok(payload)
        };
        verify().map_err(refused)
    }

    /// The names of the keys that have one, and the algorithms that there are keys for, each once.
    pub(super) fn names(&self) -> (Vec<&str>, Vec<Algorithm>) {
        fn of<K>(keys: &[Named<K>]) -> (Vec<&str>, Vec<Algorithm>) {
            let mut algorithms: Vec<_> = keys.iter().map(|key| key.algorithm).collect();
            algorithms.sort_by_key(|algorithm| algorithm.name());
            algorithms.dedup();
            (keys.iter().filter_map(|key| key.key_id.as_deref()).collect(), algorithms)
        }

        match &self.0 {
            Keys::Public(keys) => of(keys),
            Keys::Secret(keys) => of(keys),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match &self.0 {
            Keys::Public(keys) => keys.is_empty(),
            Keys::Secret(keys) => keys.is_empty(),
        }
    }

    /// The standing of the key that made the signature, which is the one that the header calls for.
    pub(super) fn check(&self, jws: &Compact<'_>, header: &Header<'_>) -> Result<&Standing, Misfit> {
        let mut room = Room::new();
        let signature = jws.signature(&mut room).map_err(Misfit::Signature)?;
        match &self.0 {
            Keys::Public(keys) => check(keys, header, jws.signing_input, signature),
            Keys::Secret(keys) => check(keys, header, jws.signing_input, signature),
        }
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Keys::Public(keys) => f.debug_tuple("KeySet").field(keys).finish(),
            Keys::Secret(keys) => f.debug_tuple("KeySet").field(keys).finish(),
        }
    }
}

impl<K> Named<K> {
    pub(super) fn new(key_id: Option<&str>, algorithm: Algorithm, key: K) -> Self {
        Self { key_id: key_id.map(Arc::from), algorithm, key: Arc::new(key), standing: Standing::default() }
    }
}

// By hand, because a derived one would ask the key to be `Clone` too.
impl<K> Clone for Named<K> {
    fn clone(&self) -> Self {
        Self {
            key_id: self.key_id.clone(),
            algorithm: self.algorithm,
            key: Arc::clone(&self.key),
            standing: self.standing.clone(),
        }
    }
}

impl<K> fmt::Debug for Named<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("kid", &self.key_id).field("alg", &self.algorithm).finish_non_exhaustive()
    }
}

fn check<'k, K: Check>(
    keys: &'k [Named<K>],
    header: &Header<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<&'k Standing, Misfit> {
    let accepts = |named: &&Named<K>| named.key.accepts(message, signature);
    let mut fitting = keys.iter().filter(|named| named.algorithm == header.algorithm);
    let has_names = keys.iter().any(|named| named.key_id.is_some());
    let genuine = match &header.key_id {
        Some(key_id) if has_names => {
            let mut namesakes =
                fitting.filter(|named| named.key_id.as_deref() == Some(key_id)).take(MAX_TRIES).peekable();
            if namesakes.peek().is_none() {
                return Err(Misfit::NoKey(NO_KEY));
            }
            namesakes.find(accepts)
        }
        // Keys from PEM texts and secrets may have no names; what the issuer calls them then says nothing.
        Some(_) | None => match (fitting.next(), fitting.next()) {
            (Some(only), None) => Some(only).filter(accepts),
            (Some(_), Some(_)) => {
                return Err(Misfit::Signature("no `kid` that tells keys apart, and more than one fits `alg`"));
            }
            (None, _) => return Err(Misfit::NoKey(NO_KEY)),
        },
    };
    match genuine {
        Some(named) => Ok(&named.standing),
        None if has_names && header.key_id.is_some() => Err(Misfit::Signature(NO_SIGNATURE)),
        // Where keys or tokens have no names, a new key is told from the old by nothing else.
        None => Err(Misfit::NoKey(NO_SIGNATURE)),
    }
}

/// The algorithms that the keys of a public set may serve, each once; or every fault of the list.
pub(super) fn check_public(allowed: &[Algorithm]) -> Result<Vec<Algorithm>, ConfigError> {
    // Said here, since a key that is fetched later could only be left out.
    let mut faults: Vec<_> = OBSTACLE.map(|problem| ConfigFault::new("algorithms", problem)).into_iter().collect();
    if allowed.is_empty() {
        faults.push(ConfigFault::new("algorithms", "name at least one algorithm that the issuer signs with"));
    }
    let mut distinct = Vec::new();
    for &algorithm in allowed {
        if algorithm.is_symmetric() {
            let problem = format!("{algorithm} needs a secret, which a public set cannot hold; use `KeySet::hmac`");
            faults.push(ConfigFault::new("algorithms", problem));
        }
        if !distinct.contains(&algorithm) {
            distinct.push(algorithm);
        }
    }
    ConfigError::unless_empty(faults, distinct)
}

/// A set with more keys is a mistake or an attack.
pub(super) const MAX_KEYS: usize = 100;
/// How many keys of one name are tried on one token.
const MAX_TRIES: usize = 4;
