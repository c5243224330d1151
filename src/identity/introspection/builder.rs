//! The verifier in the making.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::answer::{IssuerName, OwnHost, Rules};
use super::answer_cache::AnswerCache;
use super::client_auth::ClientAuth;
use super::endpoint::{Endpoint, JSON, SIGNED};
use super::remembered::Remembered;
use super::signed_answer::SignedAnswers;
use super::under_way::UnderWay;
use super::verifier::{IntrospectionVerifier, Shared};
use crate::clock::{Clock, SystemClock};
use crate::error::{ConfigError, ConfigFault};
use crate::identity::jwt::{IssuerKeys, Terms};
use crate::identity::revocation::{ErasedRevocations, Revocations};
use crate::observe::{Listener, Observer, Reach};
use crate::outbound::{Call, Client};

/// An [`IntrospectionVerifier`] in the making; begun by [`IntrospectionVerifier::builder`].
///
/// Texts are compared byte for byte: a trailing slash or another case is another issuer, another audience.
///
/// ```
/// use portcullis::Secret;
/// use portcullis::identity::introspection::{AnswerCache, ClientAuth, IntrospectionVerifier};
/// use std::time::Duration;
///
/// let secret = Secret::new(String::from("kJ3vX9qLw2rT8mZs5bYc"));
/// let verifier = IntrospectionVerifier::builder("https://id.example/introspect", ClientAuth::post("gate", secret))
///     .issuer("https://id.example")
///     .audience(["orders-api"])
///     .roles_claim("realm_access.roles")
///     .cache(AnswerCache::new().active_for(Duration::from_secs(5)))
///     .build()?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct IntrospectionBuilder {
    endpoint: Box<str>,
    auth: ClientAuth,
    issuer: Option<Arc<str>>,
    terms: Terms,
    may_lack_audience: bool,
    signed: Option<(Box<str>, IssuerKeys)>,
    client: Option<Client>,
    deadline: Duration,
    max_bytes: usize,
    max_requests: usize,
    cache: AnswerCache,
    clock: Arc<dyn Clock>,
    listener: Listener,
    revocations: Option<Arc<dyn ErasedRevocations>>,
}

impl IntrospectionBuilder {
    /// How long a question may take unless [`deadline`](Self::deadline) says otherwise.
    pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);
    /// How large an answer may be unless [`max_bytes`](Self::max_bytes) says otherwise: 64 KiB.
    pub const DEFAULT_MAX_BYTES: usize = 64 * 1024;
    /// How many questions may be under way unless [`max_requests`](Self::max_requests) says otherwise.
    pub const DEFAULT_MAX_REQUESTS: usize = 64;

    pub(super) fn new(endpoint: Box<str>, auth: ClientAuth) -> Self {
        Self {
            endpoint,
            auth,
            issuer: None,
            terms: Terms::new(Vec::new()),
            may_lack_audience: false,
            signed: None,
            client: None,
            deadline: Self::DEFAULT_DEADLINE,
            max_bytes: Self::DEFAULT_MAX_BYTES,
            max_requests: Self::DEFAULT_MAX_REQUESTS,
            cache: AnswerCache::new(),
            clock: Arc::new(SystemClock),
            listener: Listener::default(),
            revocations: None,
        }
    }

    /// What the issuer calls this service in `aud`: one of these must be in an answer, which may name others too.
    /// Required.
    pub fn audience<A: Into<Box<str>>>(mut self, audience: impl IntoIterator<Item = A>) -> Self {
        self.terms.audience = audience.into_iter().map(Into::into).collect();
        self
    }

    /// Also accepts a token if the answer does not say whom it is for; an `aud` that is there must name us all the
    /// same. Default: such a token is refused.
    ///
    /// Then every token of the issuer without an audience opens this service: those for other services, and where the
    /// issuer answers for them too, refresh tokens.
    pub const fn allow_missing_audience(mut self) -> Self {
        self.may_lack_audience = true;
        self
    }

    /// The issuer's name, which subjects are known under; an `iss` in an answer must be the same. Name it as for the
    /// JWTs of the same issuer, so that a subject is the same identity by either kind of token.
    ///
    /// Default: that of [`signed_answers`](Self::signed_answers), else the `iss` of the answer if it is on the
    /// endpoint's host, and the endpoint's origin where there is none.
    pub fn issuer(mut self, name: impl Into<Arc<str>>) -> Self {
        self.issuer = Some(name.into());
        self
    }

    /// Asks for answers that are JWTs signed by the issuer (RFC 9701) and believes no other. Their `iss` is `issuer`,
    /// their `aud` our client id or one of [`audience`](Self::audience). Encrypted answers cannot be read. Default:
    /// JSON, which TLS alone protects.
    pub fn signed_answers(mut self, issuer: impl Into<Box<str>>, keys: impl Into<IssuerKeys>) -> Self {
        self.signed = Some((issuer.into(), keys.into()));
        self
    }

    /// How far the clocks of issuer and service may differ, in whole seconds. Default: 30 seconds; at most 60.
    pub const fn leeway(mut self, leeway: Duration) -> Self {
        self.terms.leeway = leeway;
        self
    }

    /// The member with the scopes: blank-separated text or a list of text, at a path such as `access.scopes`. Default:
    /// `scope` (RFC 7662 section 2.2), else `scp`; where both are present they must say the same.
    pub fn scopes_claim(mut self, path: impl Into<Box<str>>) -> Self {
        self.terms.scopes_claim = Some(path.into());
        self
    }

    /// The member with the roles: a list of text, at a path such as `realm_access.roles`. Default: `roles`. An answer
    /// without it gives no roles.
    pub fn roles_claim(mut self, path: impl Into<Box<str>>) -> Self {
        self.terms.roles_claim = Some(path.into());
        self
    }

    /// Also reads the whole answer as a `T`, kept in [`Identity::get::<T>`](crate::Identity::get). Default: nothing. A
    /// token whose answer does not fit `T` is refused, so make optional what may be missing.
    pub fn claims<T: DeserializeOwned + Send + Sync + 'static>(mut self) -> Self {
        self.terms.read_as::<T>();
        self
    }

    /// How much is remembered, and for how long. Default: 10 000 active tokens for 60 seconds, as many others for 10.
    pub const fn cache(mut self, limits: AnswerCache) -> Self {
        self.cache = limits;
        self
    }

    /// The list of tokens, sessions and subjects that have ended before their time; asked for every use of a token.
    /// Default: none.
    pub fn revocations(mut self, revocations: impl Revocations) -> Self {
        self.revocations = Some(Arc::new(revocations));
        self
    }

    /// The client to ask with: for an issuer whose certificate is not on the Mozilla list, or, in tests, one that is on this
    /// machine and has no certificate
    /// ([`danger_allow_http_loopback`](crate::outbound::ClientBuilder::danger_allow_http_loopback)). Default: one of its own.
    pub fn client(mut self, client: Client) -> Self {
        self.client = Some(client);
        self
    }

    /// How long a question may take as a whole, from the connection to the last byte and the keys of a signed answer.
    /// Default: 5 seconds; at most 60.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How large an answer may be. Default: 64 KiB.
    pub const fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// How many questions may be under way. Default: 64. A request that needs one more is answered 503 at once.
    /// Tokens that strangers make up count too, so limit the rate of requests in front of this.
    pub const fn max_requests(mut self, max_requests: usize) -> Self {
        self.max_requests = max_requests;
        self
    }

    /// Where the time comes from. Default: the machine's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Who hears when the endpoint does not answer, or does so again, once for each outage. Default: nobody but the log.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.listener = Listener::new(observer);
        self
    }

    /// The verifier. Nothing is asked yet, so a service starts whether its issuer is up or not.
    ///
    /// # Errors
    /// Every fault: an endpoint that is not https, no audience, an empty name, keys of another issuer, a limit out of
    /// its range.
    pub fn build(self) -> Result<IntrospectionVerifier, ConfigError> {
        let mut faults = self.faults();
        let client = match self.client {
            Some(client) => client,
            None => Client::builder().build()?,
        };
        let address = client.address(&self.endpoint).map_err(|problem| ConfigFault::new("endpoint", problem));
        faults.extend(address.as_ref().err().cloned());
        ConfigError::unless_empty(faults, ())?;
        let address = address?;
        let named = self.issuer.or_else(|| self.signed.as_ref().map(|(issuer, _)| Arc::from(&**issuer)));
        let auth = self.auth.prepare(named.as_deref().unwrap_or(&self.endpoint));
        let signed = self.signed.map(|(issuer, keys)| {
            let names = [auth.client_id().into()].into_iter().chain(self.terms.audience.iter().cloned());
            SignedAnswers { issuer, keys, audience: names.collect(), leeway: self.terms.leeway }
        });
        let issuer = named.map_or_else(
            || {
                let origin = origin(&self.endpoint).into();
                IssuerName::NotConfigured(Box::new(OwnHost {
                    endpoint: address.clone(),
                    client: client.clone(),
                    origin,
                }))
            },
            IssuerName::Configured,
        );
        let accept = if signed.is_some() { SIGNED } else { JSON };
        Ok(IntrospectionVerifier::new(Arc::new(Shared {
            endpoint: Endpoint {
                client,
                address,
                auth,
                call: Call { deadline: self.deadline, max_bytes: self.max_bytes, accept },
                signed,
                rules: Rules { issuer, terms: self.terms, may_lack_audience: self.may_lack_audience },
                clock: Arc::clone(&self.clock),
                listener: self.listener,
                reach: Reach::default(),
            },
            remembered: Remembered::new(self.cache),
            under_way: UnderWay::new(self.max_requests),
            clock: self.clock,
            revocations: self.revocations,
        })))
    }

    fn faults(&self) -> Vec<ConfigFault> {
        let mut faults = self.auth.faults();
        // Not by the endpoint's address, which may hold a password.
        faults.extend(self.terms.faults(self.issuer.as_deref().unwrap_or("the issuer")));
        let mut fault = |setting: &'static str, problem: String| faults.push(ConfigFault::new(setting, problem));
        if self.issuer.as_deref().is_some_and(str::is_empty) {
            fault("issuer", "is empty; leave it out or fill it in".to_owned());
        }
        if let Some((issuer, keys)) = &self.signed {
            if issuer.is_empty() {
                fault("signed_answers", "the issuer is empty; it is the `iss` of the answers".to_owned());
            }
            if let Some(other) = keys.discovered_for().filter(|other| **other != **issuer) {
                fault("signed_answers", format!("{issuer:?} is given the keys of {other:?}; name the one they are of"));
            }
        }
        if self.deadline.is_zero() || self.deadline > MAX_DEADLINE {
            fault("deadline", format!("{:?} is not between zero and {MAX_DEADLINE:?}", self.deadline));
        }
        if self.max_bytes == 0 {
            fault("max_bytes", "is zero, so that no answer could be read".to_owned());
        }
        if self.max_requests == 0 {
            fault("max_requests", "is zero, so that nothing could be asked".to_owned());
        }
        faults
    }
}

impl fmt::Debug for IntrospectionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionBuilder")
            .field("auth", &self.auth)
            .field("audience", &self.terms.audience)
            .field("cache", &self.cache)
            .field("deadline", &self.deadline)
            .field("max_bytes", &self.max_bytes)
            .field("max_requests", &self.max_requests)
            .finish_non_exhaustive()
    }
}

/// Scheme and authority of an address that was looked at.
fn origin(address: &str) -> &str {
    let authority = address.find("://").map_or(0, |colon| colon + 3);
    let end = address.get(authority..).and_then(|rest| rest.find(['/', '?']));
    end.and_then(|end| address.get(..authority + end)).unwrap_or(address)
}

const MAX_DEADLINE: Duration = Duration::from_secs(60);
