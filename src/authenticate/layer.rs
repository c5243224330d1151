//! The layer and all its configuration.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use tower_layer::Layer;

use super::explanation::Explanation;
use super::judge::Judge;
use super::scheme::Scheme;
use super::service::Authenticate;
use crate::error::{ConfigError, ConfigFault};
use crate::observe::{Listener, Observer};
use crate::response::{LogInPage, Problem, Respond, Voice};
use crate::trace::Sampling;

/// Wraps services so that they are called with a proven [`Identity`](crate::Identity) in the request's extensions, and
/// not at all where the credentials do not hold.
///
/// The module's documentation tells the rules. The layer has no type parameter, and cloning it costs one reference
/// count; the services it wraps need `Clone`.
///
/// ```
/// use portcullis::authenticate::{Basic, Bearer};
/// use portcullis::credentials::{BasicCredentials, BearerToken};
/// use portcullis::{AuthenticateLayer, Identity, VerifyError};
///
/// let tokens = async |_: BearerToken| Ok(Identity::assertion("orders", "ci").build());
/// let passwords = async |_: BasicCredentials| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) };
///
/// let layer = AuthenticateLayer::builder()
///     .scheme(Bearer::new("orders", tokens))
///     .scheme(Basic::new("orders", passwords))
///     .build()?;
///
/// let error = AuthenticateLayer::builder().build().unwrap_err();
/// assert!(error.to_string().contains("add one"));
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct AuthenticateLayer {
    judge: Arc<Judge>,
}

impl AuthenticateLayer {
    /// A layer of one scheme, with the defaults of [`builder`](Self::builder).
    ///
    /// # Errors
    ///
    /// As [`AuthenticateBuilder::build`].
    pub fn new(scheme: impl Scheme) -> Result<Self, ConfigError> {
        Self::builder().scheme(scheme).build()
    }

    /// Begins a layer.
    pub fn builder() -> AuthenticateBuilder {
        Self::speaking_with(Voice::new(Arc::new(Problem)))
    }

    /// Begins a layer that speaks as others do who were configured alike.
    pub(crate) fn speaking_with(voice: Voice) -> AuthenticateBuilder {
        AuthenticateBuilder {
            schemes: Vec::new(),
            log_in_page: None,
            voice,
            allow_anonymous: false,
            allow_cors_preflight: false,
            proxy: false,
        }
    }

    /// The same layer for routes where requests without credentials pass; see [`AuthenticateBuilder::allow_anonymous`].
    ///
    /// ```
    /// # use portcullis::{AuthenticateLayer, Identity, VerifyError, authenticate::Bearer, credentials::BearerToken};
    /// # let scheme = Bearer::new("shop", async |_: BearerToken| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) });
    /// let guarded = AuthenticateLayer::new(scheme)?;
    /// let optional = guarded.allow_anonymous();
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    #[must_use]
    pub fn allow_anonymous(&self) -> Self {
        Self { judge: Arc::new(self.judge.allowing_anonymous(true)) }
    }

    /// The same layer for routes where requests without credentials are answered 401.
    #[must_use]
    pub fn refuse_anonymous(&self) -> Self {
        Self { judge: Arc::new(self.judge.allowing_anonymous(false)) }
    }
}

impl AuthenticateLayer {
    /// What the layer would decide about a request with this head, and why, without any service being called: for a test, a page
    /// of the operator's, a question to support.
    ///
    /// Credentials are verified as those of a request are: a wrong password counts in a throttle, a session may be noted as
    /// used. No observer is told, and nothing is logged.
    ///
    /// ```
    /// # use portcullis::{AuthenticateLayer, Identity, VerifyError, authenticate::Bearer, credentials::BearerToken};
    /// # let scheme = Bearer::new("shop", async |_: BearerToken| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) });
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let layer = AuthenticateLayer::new(scheme)?;
    /// let (head, ()) = http::Request::get("/").body(())?.into_parts();
    /// let explanation = layer.explain(&head).await;
    /// assert_eq!(explanation.decision().status(), Some(401));
    /// println!("{}", explanation.decision());
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn explain(&self, head: &Parts) -> Explanation {
        self.judge.explain(head.clone()).await
    }
}

impl<S> Layer<S> for AuthenticateLayer {
    type Service = Authenticate<S>;

    fn layer(&self, inner: S) -> Authenticate<S> {
        Authenticate::new(inner, Arc::clone(&self.judge))
    }
}

/// An [`AuthenticateLayer`] in the making.
///
/// ```
/// # use portcullis::{AuthenticateLayer, Identity, VerifyError, authenticate::Bearer, credentials::BearerToken};
/// # let scheme = Bearer::new("shop", async |_: BearerToken| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) });
/// let layer = AuthenticateLayer::builder().scheme(scheme).allow_anonymous().build()?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct AuthenticateBuilder {
    schemes: Vec<Arc<dyn Scheme>>,
    pub(super) voice: Voice,
    log_in_page: Option<Box<str>>,
    allow_anonymous: bool,
    allow_cors_preflight: bool,
    proxy: bool,
}

impl AuthenticateBuilder {
    /// Adds a scheme. The order is the order in which schemes are asked and their challenges are sent; some proxies
    /// relay only the first challenge, so the one that must survive comes first. Required at least once.
    pub fn scheme(mut self, scheme: impl Scheme) -> Self {
        self.schemes.push(Arc::new(scheme));
        self
    }

    /// Lets requests without credentials pass, without an identity. Default: they are answered 401.
    ///
    /// # Security
    ///
    /// Whatever lies inside must ask for the identity itself, or stand behind a
    /// [`RequireLayer`](crate::RequireLayer). Credentials that were sent and failed are refused all the same; only a
    /// session cookie that is unknown or expired counts as none sent, and is cleared.
    pub const fn allow_anonymous(mut self) -> Self {
        self.allow_anonymous = true;
        self
    }

    /// Lets CORS preflights pass without credentials, which browsers never send with them: `OPTIONS` with both `Origin`
    /// and `Access-Control-Request-Method`. Default: they are answered 401. Any other `OPTIONS` stays guarded.
    ///
    /// # Security
    ///
    /// Put a CORS layer directly inside, so that a preflight is answered there and reaches no handler. With the CORS
    /// layer outside, which is simpler, this switch is not needed.
    pub const fn allow_cors_preflight(mut self) -> Self {
        self.allow_cors_preflight = true;
        self
    }

    /// Guards a forward proxy in place of an origin server (RFC 9110 section 11.7). Default: an origin server.
    ///
    /// Credentials are then read from `Proxy-Authorization` and no other field, a refusal is 407 with
    /// `Proxy-Authenticate`, and the credentials end here: the field is taken out of the request. `Authorization` is for the
    /// server behind the proxy: it is neither looked at nor changed. The layer takes no scheme that reads other fields, such
    /// as [`Session`](super::Session).
    ///
    /// ```
    /// # use portcullis::{AuthenticateLayer, Identity, VerifyError, authenticate::Basic, credentials::BasicCredentials};
    /// # let verifier = async |_: BasicCredentials| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) };
    /// let layer = AuthenticateLayer::builder().proxy().scheme(Basic::new("way out", verifier)).build()?;
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    pub const fn proxy(mut self) -> Self {
        self.proxy = true;
        self
    }

    /// Sets who writes the bodies of refusals. Default: [`Problem`].
    pub fn respond_with(mut self, respond: impl Respond) -> Self {
        self.voice.respond = Arc::new(respond);
        self
    }

    /// Sends people who go to a page and are not logged in to the one where they can be: 303, with the path and query that they
    /// asked for in `return_to`, which the services of `login` take. Default: they are answered 401 as everybody is.
    ///
    /// `path` is a path of this server as browsers see it, perhaps with a query: `/login`, `/login?lang=de`. The
    /// [`RequireLayer`](crate::RequireLayer)s inside send people there too. Scripts, frames, images and programs are never sent
    /// anywhere: [the guide](crate::guide::browsers) has the rules. The responder is not asked.
    ///
    /// ```
    /// # use portcullis::{AuthenticateLayer, Identity, VerifyError, authenticate::Session, credentials::SessionId};
    /// # use tower::{Layer, ServiceExt, service_fn};
    /// # let scheme = Session::new("shop", async |_: SessionId| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) });
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let layer = AuthenticateLayer::builder().scheme(scheme).log_in_page("/login").build()?;
    /// # let service = layer.layer(service_fn(async |_: http::Request<String>| {
    /// #     Ok::<_, std::convert::Infallible>(http::Response::new(String::new()))
    /// # }));
    /// let request = http::Request::get("/orders?page=2").header("accept", "text/html").body(String::new())?;
    /// let answer = service.oneshot(request).await?;
    /// assert_eq!(answer.status(), 303);
    /// assert_eq!(answer.headers()["location"], "/login?return_to=/orders%3Fpage%3D2");
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn log_in_page(mut self, path: impl Into<Box<str>>) -> Self {
        self.log_in_page = Some(path.into());
        self
    }

    /// Tells browsers that scripts of other origins may read `WWW-Authenticate` and `Retry-After` of refusals
    /// (`Access-Control-Expose-Headers`), of those of gRPC also its code and message, where the request names its origin. Default:
    /// they may read status and body alone.
    ///
    /// A CORS layer outside must let those origins read at all. One that has a list of exposed fields of its own writes that in
    /// place of this: name them there.
    pub const fn expose_to_scripts(mut self) -> Self {
        self.voice.browsers.exposes = true;
        self
    }

    /// Sets who hears of every decision, those of the [`RequireLayer`](crate::RequireLayer)s inside among them. Default: nobody.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use portcullis::{AuthenticateLayer, Identity, VerifyError, authenticate::Bearer, credentials::BearerToken};
    /// # let scheme = Bearer::new("shop", async |_: BearerToken| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) });
    /// use portcullis::observe::RecentRefusals;
    ///
    /// let recent = Arc::new(RecentRefusals::new(100));
    /// let layer = AuthenticateLayer::builder().scheme(scheme).observer(recent.clone()).build()?;
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.voice.listener = Listener::new(observer);
        self
    }

    /// How many refusals of each reason are logged in a second (feature `tracing`); those beyond are counted, and the next one
    /// that is logged says how many they were (`unlogged`). So a flood of refusals is no flood of lines. Observers and metrics
    /// hear of each one. Default: 20.
    pub fn log_at_most(mut self, per_second: u32) -> Self {
        self.voice.sampling = Arc::new(Sampling::new(per_second));
        self
    }

    /// The layer.
    ///
    /// # Errors
    ///
    /// Lists every fault at once: no scheme, one scheme name twice, a realm that cannot stand in a header, a scheme that a
    /// [`proxy`](Self::proxy) cannot use, a [`log_in_page`](Self::log_in_page) that is no path of this server.
    pub fn build(self) -> Result<AuthenticateLayer, ConfigError> {
        let Self { schemes, mut voice, log_in_page, allow_anonymous, allow_cors_preflight, proxy } = self;
        let mut faults = Vec::new();
        for (setting, is_set) in [("log_in_page", log_in_page.is_some()), ("expose_to_scripts", voice.browsers.exposes)]
        {
            if proxy && is_set {
                faults.push(ConfigFault::new(setting, "is for an origin server; leave it out of a layer for a proxy"));
            }
        }
        match log_in_page.as_deref().map(LogInPage::new).transpose() {
            Ok(page) => voice.browsers.log_in_page = page,
            Err(fault) => faults.push(fault),
        }
        let judge = Judge::new(schemes, voice, allow_anonymous, allow_cors_preflight, proxy);
        if let Err(error) = &judge {
            faults.extend(error.clone());
        }
        ConfigError::unless_empty(faults, ())?;
        Ok(AuthenticateLayer { judge: Arc::new(judge?) })
    }
}

impl fmt::Debug for AuthenticateBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticateBuilder")
            .field("schemes", &self.schemes.len())
            .field("allow_anonymous", &self.allow_anonymous)
            .field("allow_cors_preflight", &self.allow_cors_preflight)
            .field("proxy", &self.proxy)
            .field("voice", &self.voice)
            .finish_non_exhaustive()
    }
}
