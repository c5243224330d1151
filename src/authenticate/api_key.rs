//! API keys: reads a key from a header field of its own, or from where other schemes put theirs.

use std::borrow::Cow;
use std::fmt;

use http::HeaderName;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::scheme::{Accepted, Attempt, Carrier, Scheme};
use crate::credentials::{ApiKey, Authorization, has_shape, key_in_basic};
use crate::identity::VerifyError;
use crate::identity::api_key::ApiKeyVerifier;
use crate::response::Challenge;

/// The ApiKey scheme: `X-API-Key: <key>`, or `Authorization: ApiKey <key>`.
///
/// The scheme name is private to this crate, so that a 401 has a challenge; its parameter `header` names the field. With
/// [`also_bearer`](Self::also_bearer) and [`also_basic`](Self::also_basic) keys are found where other programs put them. A
/// key there is told by its prefix, and with Basic by its whole shape, so the schemes `Bearer` and `Basic` may stand beside
/// this one, in any order, and get all the rest; a key that fails is not handed on to them.
///
/// A request with a key in the field and credentials in `Authorization` is ambiguous, and answered 400.
///
/// ```
/// use portcullis::AuthenticateLayer;
/// use portcullis::authenticate::{ApiKeys, Bearer};
/// use portcullis::identity::api_key::{ApiKeyVerifier, MemoryApiKeys};
/// # use portcullis::{Identity, VerifyError, credentials::BearerToken};
/// # use http::HeaderName;
/// # let tokens = async |_: BearerToken| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) };
///
/// let keys = ApiKeyVerifier::new("orders", ["acme"], MemoryApiKeys::new())?;
/// let layer = AuthenticateLayer::builder()
///     .scheme(Bearer::new("orders", tokens))
///     .scheme(ApiKeys::new("orders", keys).header(HeaderName::from_static("x-orders-key")).also_bearer())
///     .build()?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
pub struct ApiKeys {
    realm: Cow<'static, str>,
    verifier: ApiKeyVerifier,
    header: HeaderName,
    bearer: bool,
    basic: bool,
}

impl ApiKeys {
    /// The field that is read unless configured otherwise: `X-API-Key`.
    pub const DEFAULT_HEADER: HeaderName = HeaderName::from_static("x-api-key");

    /// Keys for `realm`: printable ASCII, checked when the layer is built.
    pub fn new(realm: impl Into<Cow<'static, str>>, verifier: ApiKeyVerifier) -> Self {
        Self { realm: realm.into(), verifier, header: Self::DEFAULT_HEADER, bearer: false, basic: false }
    }

    /// The header field that carries the key. Default: [`X-API-Key`](Self::DEFAULT_HEADER).
    #[must_use]
    pub fn header(mut self, name: HeaderName) -> Self {
        self.header = name;
        self
    }

    /// Also takes keys as bearer tokens: `Authorization: Bearer <key>`. Default: no.
    #[must_use]
    pub const fn also_bearer(mut self) -> Self {
        self.bearer = true;
        self
    }

    /// Also takes keys from `Authorization: Basic`, where programs know nothing else: as the password of any user name
    /// (`git` and `x-access-token:<key>`), or as the user name with any password or none (`curl -u <key>:`). Default: no.
    #[must_use]
    pub const fn also_basic(mut self) -> Self {
        self.basic = true;
        self
    }

    fn attempt(&self, text: &str) -> Attempt {
        if let Some(verdict) = self.verifier.verdict_now(text) {
            return Attempt::Ready(verdict.map(Accepted::from));
        }
        match ApiKey::parse(text) {
            Ok(key) => {
                let verifier = self.verifier.clone();
                Attempt::Pending(Box::pin(async move { verifier.verdict(key.expose()).await.map(Accepted::from) }))
            }
            Err(unreadable) => Attempt::Ready(Err(VerifyError::from(unreadable))),
        }
    }

    fn authenticate_field(&self, head: &Parts) -> Attempt {
        let mut lines = head.headers.get_all(&self.header).iter();
        match (lines.next(), lines.next()) {
            (None, _) => Attempt::NotPresented,
            (Some(_), Some(_)) => Attempt::Ready(Err(VerifyError::ambiguous())),
            (Some(line), None) => match str::from_utf8(line.as_bytes()) {
                Ok(text) => self.attempt(text),
                Err(_) => Attempt::Ready(Err(VerifyError::malformed()
                    .because("the API key is not UTF-8")
                    .hint("Keys are letters, digits and underscores: copy the key again."))),
            },
        }
    }

    /// A key under the name of Basic: one that is nobody else's.
    fn authenticate_basic(&self, field: &Authorization<'_>) -> Attempt {
        // Whatever else is wrong with the field, the scheme Basic says.
        let Ok(text) = key_in_basic(field) else { return Attempt::NotPresented };
        let (username, password) = text.expose().split_once(':').unwrap_or_default();
        // A name may begin as keys do: `acme_bob`.
        let is_key = |text| self.verifier.claims(text) && has_shape(text);
        match (is_key(username), is_key(password)) {
            (false, false) => Attempt::NotPresented,
            (true, false) => self.attempt(username),
            (false, true) => self.attempt(password),
            (true, true) => Attempt::Ready(Err(VerifyError::ambiguous())),
        }
    }
}

impl Scheme for ApiKeys {
    fn challenge(&self) -> Challenge {
        Challenge::new(NAME).quoted("realm", &self.realm).quoted("header", self.header.as_str())
    }

    fn authenticate(&self, head: &Parts) -> Attempt {
        let Some(value) = head.headers.get(AUTHORIZATION) else { return self.authenticate_field(head) };
        match Authorization::parse(value) {
            Ok(field) if field.is(NAME) => match field.token68() {
                Ok(text) => self.attempt(text),
                Err(unreadable) => Attempt::Ready(Err(VerifyError::from(unreadable))),
            },
            Ok(field) if self.bearer && field.is("Bearer") => match field.token68() {
                Ok(text) if self.verifier.claims(text) => self.attempt(text),
                _ => Attempt::NotPresented,
            },
            Ok(field) if self.basic && field.is("Basic") => self.authenticate_basic(&field),
            _ => self.authenticate_field(head),
        }
    }

    fn carriers(&self) -> Vec<Carrier> {
        let mut carriers = vec![Carrier::Authorization(NAME), Carrier::Field(self.header.clone())];
        carriers.extend(self.bearer.then_some(Carrier::Shared("Bearer")));
        carriers.extend(self.basic.then_some(Carrier::Shared("Basic")));
        carriers
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeys")
            .field("realm", &self.realm)
            .field("verifier", &self.verifier)
            .field("header", &self.header)
            .field("bearer", &self.bearer)
            .field("basic", &self.basic)
            .finish()
    }
}

const NAME: &str = "ApiKey";
