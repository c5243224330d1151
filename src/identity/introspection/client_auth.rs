//! How this service proves to the issuer who is asking.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::assertion::assertion;
use super::signing_key::{SigningFailed, SigningKey};
use crate::clock::UnixTime;
use crate::error::ConfigFault;
use crate::outbound::append_encoded;
use crate::secret::Secret;

/// What this service, a client of the issuer, shows when it asks about a token (RFC 7662 section 2.1 requires that).
///
/// ```
/// use portcullis::Secret;
/// use portcullis::identity::introspection::ClientAuth;
///
/// let secret = Secret::new(String::from("kJ3vX9qLw2rT8mZs5bYc"));
/// let auth = ClientAuth::basic("gate", secret);
/// assert!(format!("{auth:?}").contains("gate"));
/// ```
#[must_use = "it does nothing until an `IntrospectionVerifier` gets it"]
pub struct ClientAuth {
    client_id: Box<str>,
    method: Method,
    assertion_audience: Option<Box<str>>,
}

enum Method {
    Basic(Secret<String>),
    Post(Secret<String>),
    PrivateKeyJwt(Box<SigningKey>),
}

/// What goes along with one request.
pub(super) enum Proof<'c> {
    /// The whole value of the field `Authorization`.
    Authorization(&'c Secret<String>),
    Secret {
        client_id: &'c str,
        secret: &'c Secret<String>,
    },
    Assertion(Secret<String>),
}

impl ClientAuth {
    /// Name and secret as HTTP Basic (`client_secret_basic`), both form-encoded first, as RFC 6749 section 2.3.1 wants.
    pub fn basic(client_id: impl Into<Box<str>>, secret: Secret<String>) -> Self {
        Self::new(client_id.into(), Method::Basic(secret))
    }

    /// Name and secret as members of the form (`client_secret_post`). RFC 6749 section 2.3.1 recommends the former.
    pub fn post(client_id: impl Into<Box<str>>, secret: Secret<String>) -> Self {
        Self::new(client_id.into(), Method::Post(secret))
    }

    /// A JWT signed for each request (`private_key_jwt`, RFC 7523 section 2.2): with an id of its own, good for one
    /// minute.
    pub fn private_key_jwt(client_id: impl Into<Box<str>>, key: SigningKey) -> Self {
        Self::new(client_id.into(), Method::PrivateKeyJwt(Box::new(key)))
    }

    /// The `aud` of these JWTs: what the issuer calls itself there. Default: the
    /// [issuer](super::IntrospectionBuilder::issuer) where one is configured, which is the value that cannot be turned
    /// against another issuer, else the address that is asked. Some issuers want the address of their token endpoint.
    pub fn assertion_audience(mut self, audience: impl Into<Box<str>>) -> Self {
        self.assertion_audience = Some(audience.into());
        self
    }

    const fn new(client_id: Box<str>, method: Method) -> Self {
        Self { client_id, method, assertion_audience: None }
    }

    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(super) fn faults(&self) -> Vec<ConfigFault> {
        let mut faults = Vec::new();
        let mut fault = |setting, problem| faults.push(ConfigFault::new(setting, problem));
        if self.client_id.is_empty() {
            fault("client_id", "is empty; it is the name under which the issuer knows this service");
        }
        match &self.method {
            Method::Basic(secret) | Method::Post(secret) => {
                if secret.expose().is_empty() {
                    fault("client_secret", "is empty; fill it in");
                }
                if self.assertion_audience.is_some() {
                    fault("assertion_audience", "is for `private_key_jwt`; remove it");
                }
            }
            Method::PrivateKeyJwt(_) => {
                if self.assertion_audience.as_deref().is_some_and(str::is_empty) {
                    fault("assertion_audience", "is empty; remove it or fill it in");
                }
            }
        }
        faults
    }

    /// Does what need not be done for each request. `audience` is the default of `assertion_audience`.
    pub(super) fn prepare(mut self, audience: &str) -> Self {
        if let Method::Basic(secret) = &self.method {
            self.method = Method::Basic(basic(&self.client_id, secret));
        }
        self.assertion_audience.get_or_insert_with(|| audience.into());
        self
    }

    /// After [`prepare`](Self::prepare).
    pub(super) fn prove(&self, now: UnixTime) -> Result<Proof<'_>, SigningFailed> {
        let client_id = &*self.client_id;
        Ok(match &self.method {
            Method::Basic(value) => Proof::Authorization(value),
            Method::Post(secret) => Proof::Secret { client_id, secret },
            Method::PrivateKeyJwt(key) => {
                let audience = self.assertion_audience.as_deref().unwrap_or_default();
                Proof::Assertion(assertion(key, client_id, audience, now)?)
            }
        })
    }
}

impl fmt::Debug for ClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match self.method {
            Method::Basic(_) => "client_secret_basic",
            Method::Post(_) => "client_secret_post",
            Method::PrivateKeyJwt(_) => "private_key_jwt",
        };
        f.debug_struct("ClientAuth")
            .field("client_id", &self.client_id)
            .field("method", &method)
            .finish_non_exhaustive()
    }
}

/// The value of `Authorization`. All room is made before anything is written, so that growing leaves no copy behind.
fn basic(client_id: &str, secret: &Secret<String>) -> Secret<String> {
    let longest = 3 * (client_id.len() + secret.expose().len()) + 1;
    let mut pair = Secret::new(String::with_capacity(longest));
    append_encoded(pair.expose_mut(), client_id);
    pair.expose_mut().push(':');
    append_encoded(pair.expose_mut(), secret.expose());
    let mut value = Secret::new(String::with_capacity(BASIC.len() + longest.div_ceil(3) * 4));
    value.expose_mut().push_str(BASIC);
    STANDARD.encode_string(pair.expose(), value.expose_mut());
    value
}

const BASIC: &str = "Basic ";

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6749 section 2.3.1: a colon in the name would else begin the secret
    #[test]
    fn name_and_secret_are_form_encoded_before_they_become_basic() {
        let value = basic("https://api.example/:1", &Secret::new("a b%é".to_owned()));
        let pair = STANDARD.decode(value.expose().strip_prefix("Basic ").unwrap()).unwrap();
        assert_eq!(pair, b"https%3A%2F%2Fapi.example%2F%3A1:a+b%25%C3%A9");
    }
}
