//! One issuer and the rules its tokens are held to.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::source::IssuerKeys;
use super::terms::Terms;
use crate::error::ConfigFault;

/// An issuer whose tokens are accepted: its name, our names in its tokens, its keys, and the rules in between.
///
/// Texts are compared byte for byte: a trailing slash or another case is another issuer, another audience.
///
/// ```
/// use portcullis::Secret;
/// use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeySet};
/// use std::time::Duration;
///
/// # #[derive(serde::Deserialize)] struct MyClaims { tenant: u64 }
/// let keys = KeySet::hmac(Algorithm::HS256, Secret::new((1..=32).collect()))?;
/// let issuer = Issuer::new("https://id.example", ["orders-api"], keys)
///     .token_type("at+jwt")
///     .leeway(Duration::from_secs(5))
///     .roles_claim("realm_access.roles")
///     .claims::<MyClaims>();
/// let verifier = JwtVerifier::new([issuer])?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[must_use = "an issuer does nothing until a `JwtVerifier` gets it"]
pub struct Issuer {
    pub(super) name: Arc<str>,
    pub(super) keys: IssuerKeys,
    pub(super) terms: Terms,
    pub(super) profile: Profile,
    pub(super) token_type: Option<Box<str>>,
    /// Our names in logout tokens; empty for those in access tokens.
    pub(super) clients: Vec<Box<str>>,
}

impl Issuer {
    /// The clocks of issuer and service may differ by this much unless [`leeway`](Self::leeway) says otherwise.
    pub const DEFAULT_LEEWAY: Duration = Terms::DEFAULT_LEEWAY;
    /// The most that [`leeway`](Self::leeway) may say.
    pub const MAX_LEEWAY: Duration = Terms::MAX_LEEWAY;

    /// An issuer called `name` in the `iss` of its tokens, which signs with `keys` and calls this service by one of
    /// `audience`: one of them must be in a token's `aud`, which may name others too.
    ///
    /// What is wrong with these is told by [`JwtVerifier::new`](super::JwtVerifier::new).
    pub fn new<A: Into<Box<str>>>(
        name: impl Into<Arc<str>>,
        audience: impl IntoIterator<Item = A>,
        keys: impl Into<IssuerKeys>,
    ) -> Self {
        Self {
            name: name.into(),
            keys: keys.into(),
            terms: Terms::new(audience.into_iter().map(Into::into).collect()),
            profile: Profile::Jwt,
            token_type: None,
            clients: Vec::new(),
        }
    }

    /// What tokens of this issuer must have beyond what every access token must. Default: [`Profile::Jwt`].
    pub const fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// The `typ` that tokens must have, such as `at+jwt` (RFC 9068). Compared without case; `application/` before it
    /// makes no difference. Default: any, or none. Naming it keeps tokens of other kinds by the same issuer out.
    pub fn token_type(mut self, token_type: impl Into<Box<str>>) -> Self {
        self.token_type = Some(token_type.into());
        self
    }

    /// How far the clocks of issuer and service may differ, in whole seconds. Default: 30 seconds; at most 60. A token
    /// stays usable that much longer than it says.
    pub const fn leeway(mut self, leeway: Duration) -> Self {
        self.terms.leeway = leeway;
        self
    }

    /// The claim with the scopes: blank-separated text or a list of text, at a path such as `access.scopes`. Default:
    /// `scope` (text), else `scp` (text or list); a token where both are present and differ is refused.
    pub fn scopes_claim(mut self, path: impl Into<Box<str>>) -> Self {
        self.terms.scopes_claim = Some(path.into());
        self
    }

    /// The claim with the roles: a list of text, at a path such as `realm_access.roles`. Default: `roles`. A member
    /// whose own name has dots (`https://id.example/roles`) is found as well. A token without it has no roles.
    pub fn roles_claim(mut self, path: impl Into<Box<str>>) -> Self {
        self.terms.roles_claim = Some(path.into());
        self
    }

    /// What the issuer calls our applications in the `aud` of its logout tokens: their client ids (OpenID Connect
    /// Back-Channel Logout 1.0 section 2.4). Default: the names given to [`new`](Self::new).
    pub fn logout_clients<C: Into<Box<str>>>(mut self, clients: impl IntoIterator<Item = C>) -> Self {
        self.clients = clients.into_iter().map(Into::into).collect();
        self
    }

    /// Also reads the whole payload as a `T`, kept in [`Identity::get::<T>`](crate::Identity::get). Default: nothing. A
    /// token whose payload does not fit `T` is refused, so make optional what may be missing.
    pub fn claims<T: DeserializeOwned + Send + Sync + 'static>(mut self) -> Self {
        self.terms.read_as::<T>();
        self
    }

    /// What is wrong with this configuration.
    pub(super) fn faults(&self) -> Vec<ConfigFault> {
        let mut faults = Vec::new();
        let mut fault = |setting: &'static str, problem: String| faults.push(ConfigFault::new(setting, problem));
        if self.name.is_empty() {
            fault("issuer", "is empty; it is the `iss` of the tokens, letter for letter".to_owned());
        }
        if self.clients.iter().any(|name| name.is_empty()) {
            fault("logout_clients", format!("one name for {:?} is empty; remove it or fill it in", self.name));
        }
        if let Some(other) = self.keys.source().discovered_for().filter(|other| **other != *self.name) {
            fault(
                "issuer",
                format!("{:?} is given the keys of {other:?}; name the one that they were found for", self.name),
            );
        }
        if self.profile == Profile::Rfc9068 && self.token_type.is_some() {
            fault("token_type", "is `at+jwt` by the profile of RFC 9068; leave one of the two out".to_owned());
        }
        if self.token_type.as_deref().is_some_and(|name| media_subtype(name).is_empty()) {
            fault("token_type", "is empty; name a type such as `at+jwt`, or leave it out".to_owned());
        }
        faults.extend(self.terms.faults(&self.name));
        faults
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("name", &self.name)
            .field("audience", &self.terms.audience)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// What is asked of the access tokens of an issuer.
///
/// ```
/// # use portcullis::{Secret, identity::jwt::{Algorithm, KeySet}};
/// use portcullis::identity::jwt::{Issuer, Profile};
///
/// # let keys = KeySet::hmac(Algorithm::HS256, Secret::new((1..=32).collect()))?;
/// let issuer = Issuer::new("https://id.example", ["orders-api"], keys).profile(Profile::Rfc9068);
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Profile {
    /// Any JWT with `iss`, `sub`, `aud` and `exp` that is not plainly a token of another kind.
    Jwt,
    /// The profile of RFC 9068: `typ` is `at+jwt`, and `client_id`, `iat` and `jti` are there too (sections 2.2 and 4).
    Rfc9068,
}

/// `at+jwt` of `application/at+jwt`; the prefix may be left out where no other slash follows (RFC 7515 section 4.1.9).
pub(super) fn media_subtype(token_type: &str) -> &str {
    match token_type.split_once('/') {
        Some((kind, subtype)) if kind.eq_ignore_ascii_case("application") && !subtype.contains('/') => subtype,
        _ => token_type,
    }
}
