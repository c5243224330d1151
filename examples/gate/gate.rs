//! One configuration at work: everything that a reload exchanges at a stroke.

use std::sync::{Arc, PoisonError, RwLock};

use axum::body::Body;
use hyper::header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY};
use hyper::{Method, Request, Response, http::HeaderValue};
use portcullis::authenticate::{Basic, Bearer, Scheme};

use crate::accounts::Accounts;
use crate::config::{Config, Faults, SchemeName};
use crate::doors::{Counters, Doors, Schemes};
use crate::members::{Members, Route};
use crate::path;
use crate::problem::Problem;
use crate::reply::done;

pub(crate) struct Gate {
    cors_preflight: bool,
    doors: Doors,
    pub(crate) counters: Counters,
    basic: Option<Accounts>,
    members: Option<Arc<Members>>,
}

impl Gate {
    /// Puts `config` to work, with what may live on from `previous`: sessions, threads, counters. Changes nothing there.
    pub(crate) fn build(config: Config, previous: Option<&Self>) -> Result<Self, Faults> {
        let Config { realm, schemes: order, cors_preflight, tokens, basic, session, rules, .. } = config;
        let kept = previous.and_then(|previous| previous.basic.as_ref());
        let basic = basic.map(|local| Accounts::build(&realm, local, kept)).transpose();
        let basic = basic.map_err(Faults::at("basic.hashing"))?;

        let mut schemes: Schemes = Vec::new();
        for name in &order {
            let scheme: Option<Arc<dyn Scheme>> = match name {
                SchemeName::Bearer => tokens.clone().map(|tokens| Arc::new(Bearer::new(realm.clone(), tokens)) as _),
                SchemeName::Basic => {
                    basic.as_ref().map(|basic| Arc::new(Basic::new(realm.clone(), basic.verifier.clone())) as _)
                }
                // Stands for itself below: its challenges need those of the others.
                SchemeName::Session => None,
            };
            schemes.extend(scheme.map(|scheme| (*name, scheme)));
        }
        let kept = previous.and_then(|previous| previous.members.as_deref());
        let members = session.map(|area| Members::build(&realm, area, &schemes, kept)).transpose()?.map(Arc::new);
        let place = order.iter().position(|name| *name == SchemeName::Session);
        if let Some((place, members)) = place.zip(members.as_ref()) {
            schemes.insert(place, (SchemeName::Session, members.scheme()));
        }

        let counters = Counters::build(&rules, previous.map(|previous| &previous.counters));
        let doors = Doors::build(rules, &schemes, &counters).map_err(Faults::at("rule"))?;
        Ok(Self { cors_preflight, doors, counters, basic, members })
    }

    /// Answers one request.
    pub(crate) async fn answer(&self, request: Request<Body>) -> Response<Body> {
        if request.method() == Method::CONNECT {
            return Problem::TUNNEL.answer(request.headers());
        }
        let path = match path::read(request.uri().path()) {
            Ok(path) => path,
            Err(cause) => {
                tracing::debug!(cause, "unclear path");
                return Problem::UNCLEAR_PATH.answer(request.headers());
            }
        };
        if self.cors_preflight && is_cors_preflight(&request) {
            let mut response = done();
            response.headers_mut().insert(VARY, HeaderValue::from_static("origin, access-control-request-method"));
            return response;
        }
        match self.members.as_ref().zip(Route::of(&path)) {
            Some((members, route)) => members.answer(route, request).await,
            None => self.doors.answer(&path, request).await,
        }
    }
}

/// The gate of the moment.
pub(crate) struct Current(RwLock<Arc<Gate>>);

impl Current {
    pub(crate) fn new(gate: Gate) -> Self {
        Self(RwLock::new(Arc::new(gate)))
    }

    pub(crate) fn get(&self) -> Arc<Gate> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Exchanges the gate for one made of `config`, or leaves all as it is.
    pub(crate) fn reload(&self, config: Config) -> Result<(), Faults> {
        let previous = self.get();
        let next = Arc::new(Gate::build(config, Some(&previous))?);
        // Nothing can fail from here on. Passwords first, so that nobody logs in with an old one after their sessions
        // were ended.
        if let Some(basic) = &next.basic {
            basic.exchange();
        }
        let departed = next.members.as_ref().map(|members| members.exchange());
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&next);
        if let Some((members, departed)) = next.members.as_ref().zip(departed) {
            members.dismiss(&departed);
        }
        Ok(())
    }
}

/// The Fetch standard's preflight has three marks; any other `OPTIONS` is a request like others.
fn is_cors_preflight(request: &Request<Body>) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(ORIGIN)
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}
