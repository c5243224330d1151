//! Mode `echo`: tells who is asking, and for what.

use axum::body::Body;
use hyper::{Request, Response};
use portcullis::Identity;
use portcullis::clock::{Clock, SystemClock};
use portcullis::identity::{AuthTime, Names};
use serde::Serialize;

use crate::identity_fields::scheme;
use crate::reply::json;

/// The identity that the layers left in the request, the method, and the path as it was sent. By what the answer varies,
/// the layers say.
pub(crate) fn answer(request: &Request<Body>) -> Response<Body> {
    let identity = request.extensions().get::<Identity>();
    let told = Told {
        anonymous: identity.is_none(),
        issuer: identity.map(Identity::issuer),
        subject: identity.map(Identity::subject),
        scheme: identity.map(scheme),
        scopes: names(identity.map(Identity::scopes)),
        roles: names(identity.map(Identity::roles)),
        auth_time: identity.and_then(auth_time),
        acr: identity.and_then(Identity::acr),
        method: request.method().as_str(),
        path: request.uri().path(),
    };
    json(&told)
}

#[derive(Serialize)]
struct Told<'a> {
    anonymous: bool,
    issuer: Option<&'a str>,
    subject: Option<&'a str>,
    scheme: Option<String>,
    scopes: Vec<&'a str>,
    roles: Vec<&'a str>,
    auth_time: Option<u64>,
    acr: Option<&'a str>,
    method: &'a str,
    path: &'a str,
}

fn names(names: Option<&Names>) -> Vec<&str> {
    names.into_iter().flat_map(Names::iter).collect()
}

fn auth_time(identity: &Identity) -> Option<u64> {
    match identity.auth_time() {
        AuthTime::At(then) => Some(then.as_secs()),
        AuthTime::Now => Some(SystemClock.now().as_secs()),
        _ => None,
    }
}
