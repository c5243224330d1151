//! `[session]` at work: the sessions, who may begin one, and the routes that are about them.

use std::convert::Infallible;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::IntoResponse;
use hyper::header::AUTHORIZATION;
use hyper::{HeaderMap, Method, Request, Response};
use portcullis::authenticate::{Scheme, Session};
use portcullis::credentials::{Authorization, SessionCookie, SessionId, Unreadable, find_cookie};
use portcullis::identity::session::Sessions;
use portcullis::{AuthenticateLayer, Identity};
use tower::{Layer, ServiceExt, service_fn};

use crate::accounts::Accounts;
use crate::config::{Faults, Limits, SessionArea};
use crate::doors::Schemes;
use crate::problem::{self, Problem};
use crate::rights::Followed;
use crate::{login, origin, sessions};

pub(crate) struct Members {
    realm: Arc<str>,
    limits: Limits,
    pub(crate) accounts: Accounts,
    pub(crate) sessions: Sessions,
    pub(crate) cookie: SessionCookie,
    scheme: Arc<dyn Scheme>,
    /// The way in by the fields of a log-in.
    log_in: AuthenticateLayer,
    /// The way in by a session and nothing else.
    member: AuthenticateLayer,
    /// How often the users were exchanged.
    exchanges: Arc<AtomicU64>,
}

/// The built-in routes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Route<'p> {
    LogIn,
    LogOut,
    Sessions,
    Session(&'p str),
    RevokeAll,
}

impl<'p> Route<'p> {
    /// The route at a decoded path.
    pub(crate) fn of(path: &'p [u8]) -> Option<Self> {
        match path {
            b"/login" => Some(Self::LogIn),
            b"/logout" => Some(Self::LogOut),
            b"/session/sessions" => Some(Self::Sessions),
            b"/session/revoke-all" => Some(Self::RevokeAll),
            _ => {
                let id = str::from_utf8(path.strip_prefix(b"/session/sessions/")?).ok()?;
                (!id.is_empty() && !id.contains('/')).then_some(Self::Session(id))
            }
        }
    }

    const fn allowed(self) -> &'static str {
        match self {
            Self::LogIn | Self::LogOut | Self::RevokeAll => "POST",
            Self::Sessions => "GET, HEAD",
            Self::Session(_) => "DELETE",
        }
    }

    fn allows(self, method: &Method) -> bool {
        self.allowed().split(", ").any(|own| own == method.as_str())
    }

    /// Whether the route only shows things; the others care where a request comes from.
    const fn is_safe(self) -> bool {
        matches!(self, Self::Sessions)
    }
}

impl Members {
    /// The area that `area` describes; a failed log-in also names the `others`. Sessions of `previous` live on, and their
    /// limits are fixed as long as they do.
    pub(crate) fn build(
        realm: &str,
        area: SessionArea,
        others: &Schemes,
        previous: Option<&Self>,
    ) -> Result<Self, Faults> {
        let SessionArea { mut local, cookie, limits } = area;
        let sessions = match previous {
            None => limits.sessions().map_err(Faults::at("session"))?,
            Some(previous) if previous.limits == limits => previous.sessions.clone(),
            Some(previous) => {
                let (faults, problem) = (Faults::default(), "holds for sessions that live; restart to change it");
                limits.changed(&previous.limits).for_each(|key| faults.add(&format!("session.{key}"), problem));
                return Err(faults);
            }
        };
        let rights = mem::take(&mut local.rights);
        let kept = previous.map(|previous| &previous.accounts);
        let accounts = Accounts::build(realm, local, kept).map_err(Faults::at("session.hashing"))?;
        let (verifier, sessions_) = (accounts.verifier(), sessions.clone());
        let followed = Followed { realm: realm.to_owned(), sessions: sessions_, verifier, rights };
        let scheme: Arc<dyn Scheme> = Arc::new(Session::new(realm.to_owned(), followed).cookie(cookie.clone()));
        Ok(Self {
            log_in: login::layer(&scheme, accounts.guarded(), others).map_err(Faults::at("session"))?,
            member: AuthenticateLayer::new(Arc::clone(&scheme)).map_err(Faults::at("session"))?,
            exchanges: previous.map(|previous| Arc::clone(&previous.exchanges)).unwrap_or_default(),
            realm: realm.into(),
            limits,
            accounts,
            sessions,
            cookie,
            scheme,
        })
    }

    /// The scheme by which members show their session.
    pub(crate) fn scheme(&self) -> Arc<dyn Scheme> {
        Arc::clone(&self.scheme)
    }

    /// Makes the new users count. Returns those whose sessions are over, for [`dismiss`](Self::dismiss).
    pub(crate) fn exchange(&self) -> Vec<String> {
        let departed = self.accounts.exchange();
        self.exchanges.fetch_add(1, Ordering::SeqCst);
        departed
    }

    /// How often the users were exchanged. A log-in during which the number changed must not count: it may have been
    /// done with a password that is gone, and its session begun after the others were ended.
    pub(crate) fn exchanges(&self) -> u64 {
        self.exchanges.load(Ordering::SeqCst)
    }

    /// Ends the sessions of these users, and of all whom nobody knows any more.
    pub(crate) async fn dismiss(&self, departed: &[String]) {
        for name in departed {
            match self.sessions.end_all(&self.realm, name).await {
                Ok(0) => {}
                Ok(ended) => tracing::info!(ended, "ended the sessions of a changed user"),
                Err(error) => tracing::error!(%error, "cannot end the sessions of a changed user"),
            }
        }
    }

    /// Answers a request for one of the built-in routes.
    pub(crate) async fn answer(self: &Arc<Self>, route: Route<'_>, request: Request<Body>) -> Response<Body> {
        if !route.allows(request.method()) {
            return problem::method_not_allowed(request.headers(), route.allowed());
        }
        if !route.is_safe() && !origin::is_ours(&request) {
            return Problem::CROSS_SITE.answer(request.headers());
        }
        let members = Arc::clone(self);
        match route {
            Route::LogIn => login::log_in(members, &self.log_in, request).await,
            Route::LogOut => login::log_out(self, request.headers()).await,
            Route::Sessions => {
                through(&self.member, request, move |member, headers| {
                    sessions::list(Arc::clone(&members), member, headers)
                })
                .await
            }
            Route::Session(id) => {
                through(&self.member, request, move |member, headers| {
                    sessions::end(Arc::clone(&members), member, id.to_owned(), headers)
                })
                .await
            }
            Route::RevokeAll => {
                through(&self.member, request, move |member, headers| {
                    sessions::end_all(Arc::clone(&members), member, headers)
                })
                .await
            }
        }
    }

    /// The session that a request shows, if it is one in syntax: in the header, or without any in the cookie.
    pub(crate) fn shown(&self, headers: &HeaderMap) -> Result<Option<SessionId>, Unreadable> {
        if headers.contains_key(AUTHORIZATION) {
            let field = Authorization::from_headers(headers)?;
            let id = field.filter(|field| field.is("Session")).and_then(|field| field.token68().ok());
            return Ok(id.and_then(|id| SessionId::parse(id).ok()));
        }
        Ok(find_cookie(headers, self.cookie.name())?.and_then(|id| SessionId::parse(id).ok()))
    }
}

/// Lets those through `layer` whom it accepts, and has `act` answer them.
pub(crate) async fn through<F, Fut>(layer: &AuthenticateLayer, request: Request<Body>, act: F) -> Response<Body>
where
    F: Fn(Identity, HeaderMap) -> Fut + Clone + Send,
    Fut: Future<Output = Response<Body>> + Send,
{
    let service = layer.layer(service_fn(move |request: Request<Body>| {
        let act = act.clone();
        async move {
            let (mut head, _) = request.into_parts();
            Ok::<_, Infallible>(match Identity::from_request_parts(&mut head, &()).await {
                Ok(identity) => act(identity, head.headers).await,
                Err(refused) => refused.into_response(),
            })
        }
    }));
    let Ok(response) = service.oneshot(request).await;
    response.map(Body::new)
}
