//! Mode `forward-auth`: a proxy asks whether a request may pass, and says which.

use axum::body::Body;
use hyper::header::{HOST, HeaderName, UPGRADE};
use hyper::http::HeaderValue;
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use portcullis::Identity;

use crate::identity_fields::{self, NAMES};
use crate::reply::done;

/// What a request is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum About {
    /// Another one, which this has become.
    Another,
    /// What it says by itself: a proxy that repeats method and path, or a client that was sent here.
    Itself,
    /// Perhaps another one, by the word of somebody who is not believed.
    Unbelieved,
}

/// Makes of a question the request that it is about, or says why nobody should guess which that is. The peer must be
/// believed.
pub(crate) fn unfold<B>(request: &mut Request<B>) -> Result<About, &'static str> {
    let headers = request.headers_mut();
    // Proxies keep Upgrade for themselves, and without it a websocket would pass for a mere GET.
    if headers.keys().any(|name| name.as_str().starts_with("sec-websocket-")) {
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    }
    let customary = (take(headers, &FORWARDED_METHOD)?, take(headers, &FORWARDED_URI)?);
    let nginx = (take(headers, &ORIGINAL_METHOD)?, take(headers, &ORIGINAL_URI)?);
    let (method, target) = match (customary, nginx) {
        // Envoy repeats method and path of the original, and takes the 200 of any route for a yes.
        ((None, None), (None, None)) if is_of_envoy(headers) => return Ok(About::Another),
        ((None, None), (None, None)) => return Ok(About::Itself),
        ((Some(method), Some(target)), (None, None)) | ((None, None), (Some(method), Some(target))) => (method, target),
        // The method of a question is not that of the original.
        ((_, _), (None, None)) | ((None, None), (_, _)) => return Err("the method without the target, or the reverse"),
        // One is the proxy's and the other a client's.
        ((_, _), (_, _)) => return Err("both X-Forwarded-Uri and X-Original-URI, or their methods"),
    };
    let host = take(headers, &FORWARDED_HOST)?;
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| "a method that is none")?;
    let target = read_target(&target).ok_or("a target that is no path")?;
    let own = request.uri().authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok());
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from(target);
    let headers = request.headers_mut();
    // Whose page may act with a cookie is told by the host that the browser asked.
    if let Some(host) = host.or(own) {
        headers.insert(HOST, host);
    }
    Ok(About::Another)
}

/// What a request is about whose peer is not believed.
pub(crate) fn suspect(headers: &HeaderMap) -> About {
    if [FORWARDED_METHOD, FORWARDED_URI, ORIGINAL_METHOD, ORIGINAL_URI].iter().any(|name| headers.contains_key(name)) {
        About::Unbelieved
    } else if is_of_envoy(headers) {
        About::Another
    } else {
        About::Itself
    }
}

fn is_of_envoy(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with("x-envoy-"))
}

/// 204, which proxies take for a yes, with who is asking.
pub(crate) fn accepted(asked: &HeaderMap, identity: Option<&Identity>) -> Response<Body> {
    let mut response = done();
    if let Some(identity) = identity {
        identity_fields::write(identity, response.headers_mut());
    }
    if is_of_envoy(asked) {
        suit_envoy(&mut response, identity);
    }
    response
}

/// Envoy takes nothing but 200 for a yes, and only overwrites what it is told: so it is told to remove what a client sent.
fn suit_envoy(response: &mut Response<Body>, identity: Option<&Identity>) {
    *response.status_mut() = StatusCode::OK;
    let names = NAMES.map(|name| name.as_str().to_owned()).join(",");
    if let Some(names) = HeaderValue::try_from(names).ok().filter(|_| identity.is_none()) {
        response.headers_mut().insert(ENVOY_REMOVE, names);
    }
}

/// The one value of a field, which is gone then.
fn take(headers: &mut HeaderMap, name: &HeaderName) -> Result<Option<HeaderValue>, &'static str> {
    let is_twice = headers.get_all(name).iter().nth(1).is_some();
    let value = headers.remove(name);
    if is_twice { Err("a field of the original twice") } else { Ok(value) }
}

/// A path and query, if that is all there is: the parser passes over a fragment, and makes a path where there is a query.
fn read_target(value: &HeaderValue) -> Option<PathAndQuery> {
    let target = PathAndQuery::try_from(value.as_bytes()).ok()?;
    (target.as_str().as_bytes() == value.as_bytes() && value.as_bytes().starts_with(b"/")).then_some(target)
}

const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
const ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");
const ENVOY_REMOVE: HeaderName = HeaderName::from_static("x-envoy-auth-headers-to-remove");
