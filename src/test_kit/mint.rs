//! Tokens, proper and improper.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::forger;
use super::keys::{SigningKey, base64url, mac};
use super::state::State;
use crate::clock::UnixTime;
use crate::identity::jwt::Algorithm;

/// A token in the making, from [`TestIssuer::token`](super::TestIssuer::token) or
/// [`TestIssuer::logout_token`](super::TestIssuer::logout_token).
///
/// Whatever is set last holds; nothing is checked, because a test may want it wrong.
///
/// ```
/// use portcullis::identity::jwt::Algorithm;
/// use portcullis::test_kit::TestIssuer;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let issuer = TestIssuer::start().await?;
/// let good = issuer.token("alice").audience("orders-api").scope("orders:read orders:write").mint();
/// let old = issuer.token("alice").audience("orders-api").expired_ago(Duration::from_secs(90)).mint();
/// let odd = issuer.token("alice").algorithm(Algorithm::EdDSA).typ("JWT").claim("tenant", 7).without("aud").mint();
/// let opaque = issuer.token("alice").audience("orders-api").mint_opaque();
///
/// assert_eq!(good.split('.').count(), 3);
/// assert_eq!(opaque.split('.').count(), 1);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "call `mint` for the token"]
pub struct TokenBuilder<'i> {
    state: &'i State,
    now: UnixTime,
    /// What is said about the header; `None` takes a member out.
    header: Vec<(String, Option<Value>)>,
    claims: Map<String, Value>,
    raw_header: Option<Vec<u8>>,
    raw_payload: Option<Vec<u8>>,
    signer: Signer,
    signature: Option<Vec<u8>>,
}

/// Who signs.
#[derive(Clone, Debug)]
enum Signer {
    Current(Algorithm),
    Forger(Algorithm),
    Named(String),
    /// The RSA key of the first, as if it were for the second.
    Rsa(Algorithm, Algorithm),
    Secret(Algorithm, Vec<u8>),
}

impl<'i> TokenBuilder<'i> {
    /// An access token with all that RFC 9068 asks for.
    pub(super) fn access(state: &'i State, subject: &str) -> Self {
        Self::new(state, "at+jwt", DEFAULT_LIFETIME).subject(subject).claim("client_id", "test-client")
    }

    /// A logout token (OpenID Connect Back-Channel Logout 1.0 section 2.4).
    pub(super) fn logout(state: &'i State) -> Self {
        Self::new(state, "logout+jwt", LOGOUT_LIFETIME)
            .claim("events", json!({"http://schemas.openid.net/event/backchannel-logout": {}}))
    }

    fn new(state: &'i State, token_type: &str, lifetime: Duration) -> Self {
        let now = state.clock.now();
        let mut claims = Map::new();
        claims.insert("iss".to_owned(), json!(state.name));
        claims.insert("iat".to_owned(), json!(now.as_secs()));
        claims.insert("exp".to_owned(), json!(now.saturating_add(lifetime).as_secs()));
        claims.insert("jti".to_owned(), json!(state.unique()));
        let signer = Signer::Current(state.default_algorithm());
        let (header, raw_header, raw_payload, signature) = (Vec::new(), None, None, None);
        Self { state, now, header, claims, raw_header, raw_payload, signer, signature }.typ(token_type)
    }

    /// `aud` as text. Default: none, so that most verifiers refuse the token.
    pub fn audience(self, name: impl Into<String>) -> Self {
        self.claim("aud", name.into())
    }

    /// `aud` as a list.
    pub fn audiences<A: Into<String>>(self, names: impl IntoIterator<Item = A>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        self.claim("aud", names)
    }

    /// `iss`. Default: the issuer's name.
    pub fn issuer(self, name: impl Into<String>) -> Self {
        self.claim("iss", name.into())
    }

    /// `sub`. Default: what [`TestIssuer::token`](super::TestIssuer::token) was given; none in a logout token.
    pub fn subject(self, name: impl Into<String>) -> Self {
        self.claim("sub", name.into())
    }

    /// `sid`, the session at the issuer. Default: none.
    pub fn session_id(self, id: impl Into<String>) -> Self {
        self.claim("sid", id.into())
    }

    /// `jti`. Default: a new one for each call of [`TestIssuer::token`](super::TestIssuer::token).
    pub fn token_id(self, id: impl Into<String>) -> Self {
        self.claim("jti", id.into())
    }

    /// `scope`, blank-separated. Default: none.
    pub fn scope(self, scopes: impl Into<String>) -> Self {
        self.claim("scope", scopes.into())
    }

    /// `roles`. Default: none.
    pub fn roles<R: Into<String>>(self, roles: impl IntoIterator<Item = R>) -> Self {
        let roles: Vec<String> = roles.into_iter().map(Into::into).collect();
        self.claim("roles", roles)
    }

    /// Any claim.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Takes a claim out.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// `exp` so far from now, in whole seconds. Default: 5 minutes; of a logout token, 2.
    pub fn expires_in(self, time: Duration) -> Self {
        let at = self.now.saturating_add(time);
        self.claim("exp", at.as_secs())
    }

    /// `exp` so long ago, in whole seconds.
    pub fn expired_ago(self, time: Duration) -> Self {
        let at = self.now.as_secs().saturating_sub(time.as_secs());
        self.claim("exp", at)
    }

    /// `iat` so long ago, in whole seconds. Default: now.
    pub fn issued_ago(self, time: Duration) -> Self {
        let at = self.now.as_secs().saturating_sub(time.as_secs());
        self.claim("iat", at)
    }

    /// `nbf` so far from now, in whole seconds. Default: none.
    pub fn not_before_in(self, time: Duration) -> Self {
        let at = self.now.saturating_add(time);
        self.claim("nbf", at.as_secs())
    }

    /// `typ` of the header. Default: `at+jwt`; of a logout token, `logout+jwt`.
    pub fn typ(self, token_type: impl Into<String>) -> Self {
        self.header("typ", token_type.into())
    }

    /// Any member of the header. `alg` and `kid` are those of the signing key until set here, and setting them changes
    /// nothing about who signs.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.header.push((name.into(), Some(value.into())));
        self
    }

    /// Takes a member of the header out.
    pub fn without_header(mut self, name: impl Into<String>) -> Self {
        self.header.push((name.into(), None));
        self
    }

    /// These bytes as the header, whatever else is said about it.
    pub fn raw_header(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw_header = Some(bytes.into());
        self
    }

    /// These bytes as the payload, whatever else is said about claims.
    pub fn raw_payload(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw_payload = Some(bytes.into());
        self
    }

    /// Signs with the issuer's current key for `algorithm`. Default: the first of the issuer's algorithms. Where the
    /// issuer has no such key, the token has an empty signature.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.signer = Signer::Current(algorithm);
        self
    }

    /// Signs with the key of this `kid`, whether it is published, retired or never was. Where the issuer has none of
    /// that name, the token has an empty signature.
    pub fn key(mut self, key_id: impl Into<String>) -> Self {
        self.signer = Signer::Named(key_id.into());
        self
    }

    /// Signs with a key of somebody else, for `algorithm` and under the `kid` of the issuer's key.
    pub fn forged(mut self, algorithm: Algorithm) -> Self {
        self.signer = Signer::Forger(algorithm);
        self
    }

    /// Signs with the RSA key for `own`, but as `algorithm`, which the header then says.
    pub(super) fn rsa_key_as(mut self, own: Algorithm, algorithm: Algorithm) -> Self {
        self.signer = Signer::Rsa(own, algorithm);
        self
    }

    /// Authenticates with an HMAC; the header has no `kid`. For any other algorithm than `HS256`, `HS384` and `HS512`,
    /// it is made with SHA-256.
    pub fn secret(mut self, algorithm: Algorithm, secret: impl Into<Vec<u8>>) -> Self {
        self.signer = Signer::Secret(algorithm, secret.into());
        self
    }

    /// These bytes as the signature; none for an empty one. The header is that of the key that would have signed.
    pub fn signature(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.signature = Some(bytes.into());
        self
    }

    /// The token.
    #[must_use]
    pub fn mint(self) -> String {
        let input = format!("{}.{}", base64url(self.header_bytes()), base64url(self.payload_bytes()));
        format!("{input}.{}", base64url(self.sign(input.as_bytes())))
    }

    /// An opaque token that stands for these claims at the issuer's introspection endpoint. What is said about header
    /// and key plays no part. A claim `active` is told instead of the truth.
    #[must_use]
    pub fn mint_opaque(self) -> String {
        let token = self.state.unique();
        self.state.grants().insert(token.clone(), self.claims);
        token
    }

    pub(super) fn header_bytes(&self) -> Vec<u8> {
        if let Some(bytes) = &self.raw_header {
            return bytes.clone();
        }
        let (algorithm, key_id) = self.names();
        let mut header = Map::new();
        header.insert("alg".to_owned(), json!(algorithm.name()));
        header.extend(key_id.map(|key_id| ("kid".to_owned(), json!(key_id))));
        for (name, value) in &self.header {
            match value {
                Some(value) => drop(header.insert(name.clone(), value.clone())),
                None => drop(header.remove(name)),
            }
        }
        Value::Object(header).to_string().into_bytes()
    }

    pub(super) fn payload_bytes(&self) -> Vec<u8> {
        self.raw_payload.clone().unwrap_or_else(|| Value::Object(self.claims.clone()).to_string().into_bytes())
    }

    /// `alg` and `kid` of whoever signs.
    fn names(&self) -> (Algorithm, Option<String>) {
        let id = |algorithm| self.state.current_key(algorithm).map(|key| key.id.clone());
        match &self.signer {
            Signer::Current(algorithm) | Signer::Forger(algorithm) => (*algorithm, id(*algorithm)),
            Signer::Named(key_id) => {
                let algorithm = self.state.keys().named(key_id).map(|key| key.algorithm);
                (algorithm.unwrap_or_else(|| self.state.default_algorithm()), Some(key_id.clone()))
            }
            Signer::Rsa(own, algorithm) => (*algorithm, id(*own)),
            Signer::Secret(algorithm, _) => (*algorithm, None),
        }
    }

    /// The signature of any text by whoever signs.
    pub(super) fn sign(&self, input: &[u8]) -> Vec<u8> {
        if let Some(bytes) = &self.signature {
            return bytes.clone();
        }
        let key = match &self.signer {
            Signer::Secret(algorithm, secret) => return mac(*algorithm, secret, input),
            Signer::Rsa(own, algorithm) => {
                let key = self.state.current_key(*own);
                return key.map(|key| key.sign_as(*algorithm, input)).unwrap_or_default();
            }
            Signer::Current(algorithm) => self.state.current_key(*algorithm),
            Signer::Forger(algorithm) => forger::key(*algorithm),
            Signer::Named(key_id) => self.state.keys().named(key_id),
        };
        key.map(|key| key.sign(input)).unwrap_or_default()
    }
}

/// A JWS in compact form.
pub(super) fn sign(key: &SigningKey, header: &str, payload: &str) -> String {
    let input = format!("{}.{}", base64url(header), base64url(payload));
    format!("{input}.{}", base64url(key.sign(input.as_bytes())))
}

const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);
const LOGOUT_LIFETIME: Duration = Duration::from_secs(120);
