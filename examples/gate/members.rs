//! `[session]` at work: the sessions, who may begin one, and the routes that are about them.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::header::USER_AGENT;
use hyper::{Request, Response};
use portcullis::authenticate::{Scheme, Session};
use portcullis::identity::session::{SessionError, Sessions};
use portcullis::login::Login;
use portcullis::{Identity, Secret};
use tokio::time::timeout;
use tower::ServiceExt;

use crate::accounts::Accounts;
use crate::config::{Faults, Limits, SessionArea};
use crate::doors::Schemes;
use crate::page::page;
use crate::refusals::Refusals;
use crate::rights::{Followed, Known};

pub(crate) struct Members {
    realm: String,
    pub(crate) accounts: Accounts,
    store: Arc<Secret<String>>,
    limits: Limits,
    sessions: Sessions,
    known: Known,
    scheme: Arc<dyn Scheme>,
    login: Login,
}

/// The built-in routes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Route {
    LogIn,
    LogOut,
    /// Of one's own sessions.
    Manage,
}

impl Route {
    /// The route at a path, as it was sent.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path {
            "/login" => Some(Self::LogIn),
            "/logout" => Some(Self::LogOut),
            "/session/sessions" | "/session/revoke-all" => Some(Self::Manage),
            _ => {
                let id = path.strip_prefix("/session/sessions/")?;
                (!id.is_empty() && !id.contains('/')).then_some(Self::Manage)
            }
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LogIn => "the log-in",
            Self::LogOut => "the log-out",
            Self::Manage => "the list of one's sessions",
        })
    }
}

impl Members {
    /// The area that `area` describes; a failed log-in also names the `others`. Sessions of `previous` live on, and their
    /// store and limits are fixed as long as they do.
    pub(crate) fn build(
        realm: &str,
        area: SessionArea,
        others: &Schemes,
        refusals: &Refusals,
        previous: Option<&Self>,
    ) -> Result<Self, Faults> {
        let SessionArea { mut local, store, cookie, same_origin, limits } = area;
        let rights = mem::take(&mut local.rights);
        let kept = previous.map(|previous| &previous.accounts);
        let accounts = Accounts::build(realm, local, kept).map_err(Faults::at("session.hashing"))?;
        let (sessions, store, known) = match previous {
            Some(previous) => {
                let faults = Faults::default();
                let store = (!store.is_at(&previous.store)).then_some("store");
                for key in limits.changed(&previous.limits).chain(store) {
                    faults.add(&format!("session.{key}"), "holds for sessions that live; restart to change it");
                }
                if !faults.is_empty() {
                    return Err(faults);
                }
                (previous.sessions.clone(), Arc::clone(&previous.store), previous.known.clone())
            }
            None => {
                let known = Known::new(realm, accounts.verifier());
                let asked = known.clone();
                let (sessions, store) = store.sessions();
                let sessions = limits.hold_for(sessions).recheck(move |identity| asked.is_current(identity)).build();
                (sessions.map_err(Faults::at("session"))?, Arc::new(store), known)
            }
        };
        let followed = Followed { sessions: sessions.clone(), rights };
        let scheme = Session::new(realm.to_owned(), followed).cookie(cookie.clone()).same_origin(same_origin.clone());
        let own = Session::new(realm.to_owned(), sessions.clone()).cookie(cookie).same_origin(same_origin);
        let login = Login::builder(&own, accounts.guarded())
            .respond_with(page())
            .observer(refusals.observer())
            .hand_out_ids()
            .label(|head| {
                let agent = head.headers.get(USER_AGENT)?.to_str().ok()?;
                Some(agent.to_owned())
            });
        let login = others.iter().fold(login, |login, (_, other)| login.challenge_of(Arc::clone(other)));
        let login = login.build().map_err(Faults::at("session"))?;
        Ok(Self { realm: realm.to_owned(), accounts, store, limits, sessions, known, scheme: Arc::new(scheme), login })
    }

    /// The scheme by which members show their session.
    pub(crate) fn scheme(&self) -> Arc<dyn Scheme> {
        Arc::clone(&self.scheme)
    }

    /// Makes the new users count: from here on nobody gets in by the session of who is not the same. Returns whose those
    /// are, for [`dismiss`](Self::dismiss).
    pub(crate) fn exchange(&self) -> Vec<String> {
        let departed = self.accounts.exchange();
        self.known.exchange(&self.realm, self.accounts.verifier());
        departed
    }

    /// Ends the sessions of these users, so that they are in no list and come back with nobody. It is tidying up, and so
    /// no reload waits long for a store.
    pub(crate) async fn dismiss(&self, departed: &[String]) {
        let dismiss = async {
            for name in departed {
                match self.sessions.end_all(&self.realm, name).await {
                    Ok(0) => {}
                    Ok(ended) => tracing::info!(ended, "ended the sessions of a changed user"),
                    Err(error) => tracing::error!(%error, "cannot end the sessions of a changed user"),
                }
            }
        };
        if timeout(Duration::from_secs(1), dismiss).await.is_err() {
            tracing::error!("the sessions of changed users open nothing, and are still in the store");
        }
    }

    /// Logs a user out everywhere, and forgets that a password was right.
    pub(crate) async fn log_out_everywhere(&self, user: &Identity) -> Result<(), SessionError> {
        self.accounts.forget(user);
        // Of others there are no sessions to ask a store for.
        if user.issuer() == self.realm {
            self.sessions.end_all(user.issuer(), user.subject()).await?;
        }
        Ok(())
    }

    /// Says in the log where the store cannot be reached: asks for the sessions of nobody.
    pub(crate) async fn look_at_store(self: Arc<Self>) {
        if let Err(error) = self.sessions.list(&self.realm, "").await {
            tracing::error!(%error, "the store of sessions cannot be used; asked again with every request");
        }
    }

    /// Answers a request for one of the built-in routes.
    pub(crate) async fn answer(&self, route: Route, request: Request<Body>) -> Response<Body> {
        let Ok(response) = match route {
            Route::LogIn => self.login.log_in().oneshot(request).await,
            Route::LogOut => self.login.log_out().oneshot(request).await,
            Route::Manage => self.login.manage().below("/session").oneshot(request).await,
        };
        response.map(Body::new)
    }
}
