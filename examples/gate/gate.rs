//! One configuration at work: everything that a reload exchanges at a stroke.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use axum::body::Body;
use hyper::header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use hyper::{Method, Request, Response};
use portcullis::Identity;
use portcullis::authenticate::{ApiKeys, Basic, Scheme};
use portcullis::credentials::TrustedProxies;
use portcullis::identity::api_key::ApiKeyVerifier;
use portcullis::identity::session::SessionError;
use portcullis::resource::ProtectedResource;
use tokio::runtime::Handle;
use tower::ServiceExt;

use crate::accounts::Accounts;
use crate::arrival::Arrival;
use crate::bearer;
use crate::behind::Behind;
use crate::config::{Config, Faults, Keys, SchemeName};
use crate::digest::Digests;
use crate::doors::{Counters, Doors, Schemes};
use crate::explain::Verdict;
use crate::forward_auth::{self, About};
use crate::kept::Kept;
use crate::members::{Members, Route};
use crate::path;
use crate::problem::Problem;
use crate::rare::Rare;

pub(crate) struct Gate {
    cors_preflight: bool,
    trusted_proxies: TrustedProxies,
    behind: Behind,
    doors: Doors,
    pub(crate) counters: Counters,
    basic: Option<Accounts>,
    digest: Option<Digests>,
    members: Option<Arc<Members>>,
    resource: Option<ProtectedResource>,
    /// Of each issuer.
    keys: Vec<(String, Keys)>,
    pub(crate) kept: Kept,
    /// When it was last said that somebody asks who may not.
    unbelieved: Rare,
}

impl Gate {
    /// Puts `config` to work, with what may live on from `previous`: sessions, threads, counters. Changes nothing there.
    pub(crate) fn build(config: Config, previous: Option<&Self>) -> Result<Self, Faults> {
        let Config { realm, schemes: order, cors_preflight, trusted_proxies, tokens, kept, rules, .. } = config;
        let Config { basic, session, digest, api_keys, mode, .. } = config;
        let before = previous.and_then(|previous| previous.basic.as_ref());
        let basic = basic.map(|local| Accounts::build(&realm, local, before)).transpose();
        let basic = basic.map_err(Faults::at("basic.hashing"))?;

        let before = previous.and_then(|previous| previous.digest.as_ref());
        let digest = digest.map(|area| Digests::build(&realm, area, before));

        let keys = api_keys.map(|ring| {
            let verifier = ApiKeyVerifier::new(realm.clone(), &ring.prefixes, ring.keys)?;
            Ok((verifier, ring.header))
        });
        let keys = keys.transpose().map_err(Faults::at("api_keys"))?;

        let mut schemes: Schemes = Vec::new();
        for name in &order {
            let scheme: Option<Arc<dyn Scheme>> = match name {
                SchemeName::Bearer => {
                    let keys = keys.as_ref().map(|(verifier, _)| verifier);
                    tokens.as_ref().and_then(|tokens| bearer::scheme(&realm, tokens, keys))
                }
                SchemeName::Basic => {
                    basic.as_ref().map(|basic| Arc::new(Basic::new(realm.clone(), basic.guarded())) as _)
                }
                SchemeName::Digest => digest.as_ref().map(Digests::scheme),
                SchemeName::ApiKey => keys.clone().map(|(verifier, header)| {
                    Arc::new(ApiKeys::new(realm.clone(), verifier).header(header).also_bearer().also_basic()) as _
                }),
                // Stands for itself below: its challenges need those of the others.
                SchemeName::Session => None,
            };
            schemes.extend(scheme.map(|scheme| (*name, scheme)));
        }
        let cookie = session.as_ref().map(|area| area.cookie.name().to_owned());
        let behind = Behind::build(mode, cookie.as_deref(), keys.as_ref().map(|(_, header)| header));
        let before = previous.and_then(|previous| previous.members.as_deref());
        let members = session
            .map(|area| Members::build(&realm, area, &schemes, &kept.refusals, before))
            .transpose()?
            .map(Arc::new);
        let place = order.iter().position(|name| *name == SchemeName::Session);
        if let Some((place, members)) = place.zip(members.as_ref()) {
            schemes.insert(place, (SchemeName::Session, members.scheme()));
        }

        let counters = Counters::build(&rules, previous.map(|previous| &previous.counters));
        let doors = Doors::build(rules, &schemes, &counters, &behind, &kept.refusals).map_err(Faults::at("rule"))?;
        let (keys, resource) = tokens.map(|tokens| (tokens.keys, tokens.resource)).unwrap_or_default();
        Ok(Self {
            cors_preflight,
            trusted_proxies,
            behind,
            doors,
            counters,
            basic,
            digest,
            members,
            resource,
            keys,
            kept,
            unbelieved: Rare::new(Duration::from_secs(60)),
        })
    }

    /// Answers one request, which came over a connection from `peer`.
    pub(crate) async fn answer(&self, mut request: Request<Body>, peer: IpAddr) -> Response<Body> {
        let about = match self.receive(&mut request, peer) {
            Ok(about) => about,
            Err(cause) => {
                tracing::debug!(cause, "unclear question");
                return Problem::UNCLEAR_QUESTION.answer(request.headers());
            }
        };
        if request.method() == Method::CONNECT {
            return Problem::TUNNEL.answer(request.headers());
        }
        if let Err(cause) = self.doors.read_method(request.method()) {
            tracing::debug!(cause, "unclear method");
            return Problem::UNCLEAR_METHOD.answer(request.headers());
        }
        let path = match path::read(request.uri().path()) {
            Ok(path) => path,
            Err(cause) => {
                tracing::debug!(cause, "unclear path");
                return Problem::UNCLEAR_PATH.answer(request.headers());
            }
        };
        if about == About::Unbelieved {
            return self.answer_unbelieved(&path, request, peer).await;
        }
        if self.cors_preflight && is_cors_preflight(&request) {
            return self.behind.preflight(request.headers());
        }
        // Whoever asks about a request does not make it: nobody logs out because somebody wonders whether they may.
        if about == About::Another {
            return self.doors.answer(&path, request).await;
        }
        if let Some(resource) = self.resource.as_ref().filter(|resource| resource.path() == request.uri().path()) {
            let Ok(response) = resource.service().oneshot(request).await;
            return response.map(Body::new);
        }
        // As it was sent: who hands these paths over compares no other spelling of them.
        let raw = request.uri().path().to_owned();
        match self.members.as_ref().zip(Route::of(&raw)) {
            Some((members, route)) => members.answer(route, request).await,
            None => self.doors.answer(&path, request).await,
        }
    }

    /// Answers what may be a question about another request than was judged: its proxy must not take that for a yes.
    async fn answer_unbelieved(&self, path: &[u8], request: Request<Body>, peer: IpAddr) -> Response<Body> {
        if let Some(unsaid) = self.unbelieved.turn() {
            tracing::warn!(%peer, unsaid, "a question is not believed: its peer is not in trusted_proxies");
        }
        let asked = request.headers().clone();
        let response = self.doors.answer(path, request).await;
        if response.status().is_success() { Problem::UNCLEAR_QUESTION.answer(&asked) } else { response }
    }

    /// Notes in a request where it comes from, and makes of a question the request that is meant; or says why it is unclear.
    fn receive<B>(&self, request: &mut Request<B>, peer: IpAddr) -> Result<About, &'static str> {
        let client = self.trusted_proxies.client(peer, request.headers());
        request.extensions_mut().insert(client);
        let arrival = Arrival { peer, is_trusted: self.trusted_proxies.trusts(peer) };
        request.extensions_mut().insert(arrival);
        if !self.behind.is_asked_about_others() {
            Ok(About::Itself)
        } else if arrival.may_ask_about_others() {
            forward_auth::unfold(request)
        } else {
            Ok(forward_auth::suspect(request.headers()))
        }
    }

    /// What would become of a request, without any of it being done.
    pub(crate) async fn explain(&self, mut request: Request<()>, peer: IpAddr) -> Verdict {
        let about = match self.receive(&mut request, peer) {
            Ok(about) => about,
            Err(cause) => return Verdict::refused(format!("question: refused, 400: it has {cause}")),
        };
        if request.method() == Method::CONNECT {
            return Verdict::refused("method: refused, 400: CONNECT asks for a tunnel, and there is none");
        }
        if let Err(cause) = self.doors.read_method(request.method()) {
            return Verdict::refused(format!("method: refused, 400: it is {cause}"));
        }
        let path = match path::read(request.uri().path()) {
            Ok(path) => path,
            Err(cause) => {
                return Verdict::refused(format!("path: refused, 400: it holds {cause}, or is read in two ways"));
            }
        };
        if about == About::Unbelieved {
            let verdict = self.doors.explain(&path, request.into_parts().0).await;
            return verdict.unless(Some("question: refused, 400: its peer is not in trusted_proxies"));
        }
        if self.cors_preflight && is_cors_preflight(&request) {
            return Verdict::passes("preflight: answered 204 by gate itself");
        }
        if about == About::Another {
            let question = format!("question: about {} {}", request.method(), request.uri().path());
            return self.doors.explain(&path, request.into_parts().0).await.after(question);
        }
        if self.resource.as_ref().is_some_and(|resource| resource.path() == request.uri().path()) {
            return Verdict::passes("built-in: the metadata of the resource, for everybody");
        }
        let (head, ()) = request.into_parts();
        match self.members.as_ref().and(Route::of(head.uri.path())) {
            Some(route) => {
                Verdict::passes(format!("built-in: {route}; it judges what it is sent by itself, and was not asked"))
            }
            None => {
                let fault = self.behind.fault(&head).map(|code| format!("host: refused, 400 {code}"));
                self.doors.explain(&path, head).await.unless(fault)
            }
        }
    }
}

impl Gate {
    /// Begins to fetch the keys of each issuer, and looks at the store of sessions. Waits for neither. Needs a runtime,
    /// which checking a configuration does without.
    pub(crate) fn reach_out(&self) {
        bearer::fetch(&self.keys);
        if let Some(members) = &self.members {
            tokio::spawn(Arc::clone(members).look_at_store());
        }
    }

    /// How the keys of each issuer stand, as JSON.
    pub(crate) fn describe_keys(&self) -> serde_json::Value {
        bearer::describe(&self.keys)
    }

    /// Takes over the users of files that have changed, and ends the sessions of those who are not what they were.
    fn catch_up(&self) {
        if let Some(basic) = self.basic.as_ref().filter(|basic| basic.is_behind()) {
            basic.exchange();
        }
        if let Some(members) = self.members.as_ref().filter(|members| members.accounts.is_behind()) {
            Handle::current().block_on(members.dismiss(&members.exchange()));
        }
    }

    /// Logs somebody out everywhere, if they are a user here, and forgets that their password was right.
    pub(crate) async fn log_out_everywhere(&self, issuer: &str, subject: &str) -> Result<(), SessionError> {
        let user = Identity::assertion(issuer, subject).build();
        if let Some(basic) = &self.basic {
            basic.forget(&user);
        }
        match &self.members {
            Some(members) => members.log_out_everywhere(&user).await,
            None => Ok(()),
        }
    }
}

/// The gate of the moment.
pub(crate) struct Current {
    gate: RwLock<Arc<Gate>>,
    /// Held by whoever exchanges something, so that nobody takes users of yesterday over those of today.
    exchange: Mutex<()>,
}

impl Current {
    pub(crate) fn new(gate: Gate) -> Self {
        Self { gate: RwLock::new(Arc::new(gate)), exchange: Mutex::default() }
    }

    pub(crate) fn get(&self) -> Arc<Gate> {
        Arc::clone(&self.gate.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Exchanges the gate for one made of `config`, or leaves all as it is.
    pub(crate) fn reload(&self, config: Config) -> Result<(), Faults> {
        let _alone = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        let previous = self.get();
        let next = Arc::new(Gate::build(config, Some(&previous))?);
        // Nothing can fail from here on. Passwords first: a log-in with an old one begins a session that opens nothing.
        if let Some(basic) = &next.basic {
            basic.exchange();
        }
        if let Some(digest) = &next.digest {
            digest.exchange();
        }
        let departed = next.members.as_ref().map(|members| members.exchange());
        *self.gate.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&next);
        if let Some((members, departed)) = next.members.as_ref().zip(departed) {
            Handle::current().block_on(members.dismiss(&departed));
        }
        Ok(())
    }
}

impl Current {
    /// Takes over what has changed in the files of users, without a reload.
    pub(crate) fn catch_up(&self) {
        let _alone = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        self.get().catch_up();
    }
}

/// The Fetch standard's preflight has three marks; any other `OPTIONS` is a request like others.
fn is_cors_preflight<B>(request: &Request<B>) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(ORIGIN)
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}
