//! Log-in, log-out and the list of sessions: one configuration for all three.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use http::request::Parts;

use super::label::label;
use super::service::{LogIn, LogOut, Manage};
use super::settings::{Label, Settings};
use super::verifier::AnyVerifier;
use crate::authenticate::{AuthenticateLayer, Scheme, Session, offer};
use crate::credentials::BasicCredentials;
use crate::error::{ConfigError, ConfigFault};
use crate::identity::Verifier;
use crate::identity::session::Sessions;
use crate::observe::{Listener, Observer};
use crate::response::{ChallengeSet, Offer, Problem, Respond, Voice, own_path};

/// Logging in and out, ready to be put into a router; see [the module](super) for what each service does.
///
/// Cloning costs one reference count or two.
///
/// ```
/// use portcullis::authenticate::Session;
/// use portcullis::identity::password::{PasswordVerifier, Users};
/// use portcullis::identity::session::{MemoryStore, Sessions};
/// use portcullis::login::Login;
///
/// let scheme = Session::new("bank", Sessions::new(MemoryStore::new()));
/// let login = Login::builder(&scheme, PasswordVerifier::new("bank", Users::new()))
///     .home("/account")
///     .after_log_out("/goodbye")
///     .remember_me()
///     .build()?;
///
/// let app: axum::Router = axum::Router::new()
///     .route_service("/login", login.log_in())
///     .route_service("/logout", login.log_out())
///     .nest_service("/session", login.manage());
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Login {
    settings: Arc<Settings>,
    /// Lets in who shows a session, and nobody else.
    members: AuthenticateLayer,
}

impl Login {
    /// The defaults: who logs in gets to `/`.
    ///
    /// # Errors
    ///
    /// As [`LoginBuilder::build`].
    pub fn new(scheme: &Session<Sessions>, passwords: impl Verifier<BasicCredentials>) -> Result<Self, ConfigError> {
        Self::builder(scheme, passwords).build()
    }

    /// Begins a configuration. `scheme` says whose sessions, in which cookie, and which origins are ours; give the same one to
    /// the [`AuthenticateLayer`]. `passwords` is any verifier, a [`Throttled`](crate::identity::throttle::Throttled) one too.
    pub fn builder(scheme: &Session<Sessions>, passwords: impl Verifier<BasicCredentials>) -> LoginBuilder {
        LoginBuilder {
            scheme: scheme.clone(),
            verifier: Box::new(passwords),
            others: Vec::new(),
            voice: Voice::new(Arc::new(Problem)),
            home: "/".into(),
            after_log_out: "/".into(),
            sessions_page: "/".into(),
            remember_me: false,
            hand_out_ids: false,
            label: Box::new(|head| label(&head.headers)),
        }
    }

    /// `POST`: a session for a right password.
    #[must_use]
    pub fn log_in(&self) -> LogIn {
        LogIn::new(Arc::clone(&self.settings))
    }

    /// `POST`: ends the session that the client shows.
    #[must_use]
    pub fn log_out(&self) -> LogOut {
        LogOut::new(Arc::clone(&self.settings))
    }

    /// The sessions of who is logged in: to see, and to end.
    #[must_use]
    pub fn manage(&self) -> Manage {
        Manage::new(Arc::clone(&self.settings), &self.members)
    }
}

/// A [`Login`] in the making.
///
/// ```
/// # use portcullis::{Identity, VerifyError, authenticate::Session, credentials::BasicCredentials};
/// # use portcullis::identity::session::{MemoryStore, Sessions};
/// # use portcullis::login::Login;
/// # let scheme = Session::new("bank", Sessions::new(MemoryStore::new()));
/// # let passwords = async |_: BasicCredentials| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) };
/// let error = Login::builder(&scheme, passwords).home("//elsewhere").after_log_out("bye").build().unwrap_err();
/// assert_eq!(error.faults().len(), 2);
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct LoginBuilder {
    scheme: Session<Sessions>,
    verifier: Box<dyn AnyVerifier>,
    others: Vec<Arc<dyn Scheme>>,
    voice: Voice,
    home: Box<str>,
    after_log_out: Box<str>,
    sessions_page: Box<str>,
    remember_me: bool,
    hand_out_ids: bool,
    label: Box<Label>,
}

impl LoginBuilder {
    /// Where browsers go after a log-in that did not say where. Default: `/`.
    pub fn home(mut self, path: impl Into<Box<str>>) -> Self {
        self.home = path.into();
        self
    }

    /// Where browsers go after a log-out. Default: `/`.
    pub fn after_log_out(mut self, path: impl Into<Box<str>>) -> Self {
        self.after_log_out = path.into();
        self
    }

    /// Where browsers go after they ended some of their sessions and are still logged in. Default: `/`.
    pub fn sessions_page(mut self, path: impl Into<Box<str>>) -> Self {
        self.sessions_page = path.into();
        self
    }

    /// Reads the field `remember`, by which people choose a session that lasts as long as
    /// [`remembered`](crate::identity::session::SessionsBuilder::remembered) says. Default: the field is of no interest.
    pub const fn remember_me(mut self) -> Self {
        self.remember_me = true;
        self
    }

    /// Gives the session's id to programs that ask for JSON, in the body too, for `Authorization: Session`. Default: it is in
    /// the cookie alone.
    ///
    /// # Security
    ///
    /// A script of a page can then read the id from its own log-in, which the cookie with `HttpOnly` does not allow.
    pub const fn hand_out_ids(mut self) -> Self {
        self.hand_out_ids = true;
        self
    }

    /// Names another scheme in the challenges of a failed log-in, as the layer that guards the routes does. Call it once for
    /// each, in their order. Default: the session's challenge stands alone.
    pub fn challenge_of(mut self, scheme: impl Scheme) -> Self {
        self.others.push(Arc::new(scheme));
        self
    }

    /// Chooses how a session is called in the list that its owner sees. Default: browser and system as the client names
    /// itself, such as `Firefox on Linux`.
    pub fn label(mut self, label: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.label = Box::new(label);
        self
    }

    /// Sets who writes the bodies of refusals; [`LogInAttempt`](super::LogInAttempt) shows how to fill a form again. Default:
    /// [`Problem`].
    pub fn respond_with(mut self, respond: impl Respond) -> Self {
        self.voice.respond = Arc::new(respond);
        self
    }

    /// Sets who hears of log-ins, log-outs and what is refused of them. Default: nobody.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.voice.listener = Listener::new(observer);
        self
    }

    /// The services.
    ///
    /// # Errors
    ///
    /// Lists every fault at once: an address that is no path of this server, a realm or an origin of the scheme that no layer
    /// would take, one scheme name twice.
    pub fn build(self) -> Result<Login, ConfigError> {
        let mut faults = Vec::new();
        let home = path("home", &self.home, &mut faults);
        let after_log_out = path("after_log_out", &self.after_log_out, &mut faults);
        let sessions_page = path("sessions_page", &self.sessions_page, &mut faults);
        let (scheme, mut voice) = (self.scheme, self.voice);
        let session: Arc<dyn Scheme> = Arc::new(scheme.clone());
        // What cannot be read of a log-in is a bad request, and no failed log-in.
        let session_offer = Offer { strict: true, ..offer(&session) };
        let fields = session.reads().iter().copied();
        let offers = std::iter::once(session_offer).chain(self.others.iter().map(offer));
        let challenges = ChallengeSet::new(offers, fields, false);
        let names = std::iter::once(&session).chain(&self.others).map(|scheme| scheme.challenge().scheme());
        voice.schemes = names.collect();
        let members = AuthenticateLayer::speaking_with(voice.clone()).scheme(session).build();
        if let Err(error) = &challenges {
            faults.extend(error.clone());
        } else if let Err(error) = &members {
            faults.extend(error.clone());
        }
        ConfigError::unless_empty(faults, ())?;
        let (challenges, members) = (Arc::new(challenges?), members?);
        let settings = Settings {
            scheme,
            verifier: self.verifier,
            challenges,
            voice,
            home,
            after_log_out,
            sessions_page,
            remember_me: self.remember_me,
            hand_out_ids: self.hand_out_ids,
            label: self.label,
        };
        Ok(Login { settings: Arc::new(settings), members })
    }
}

fn path(setting: &'static str, path: &str, faults: &mut Vec<ConfigFault>) -> HeaderValue {
    match own_path(path).map(HeaderValue::from_str) {
        Some(Ok(path)) => path,
        _ => {
            faults.push(ConfigFault::new(
                setting,
                "is no path of this server: begin it with one slash, without a host, dots, backslashes or a fragment",
            ));
            HeaderValue::from_static("/")
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { scheme, home, after_log_out, sessions_page, remember_me, hand_out_ids, .. } = &*self.settings;
        f.debug_struct("Login")
            .field("scheme", scheme)
            .field("home", home)
            .field("after_log_out", after_log_out)
            .field("sessions_page", sessions_page)
            .field("remember_me", remember_me)
            .field("hand_out_ids", hand_out_ids)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LoginBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginBuilder").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}
