//! The header fields of a request and of its answer on their way through (RFC 9110 section 7.6).

use axum::body::{Body, Bytes};
use hyper::body::Frame;
use hyper::header::{
    AUTHORIZATION, CONNECTION, COOKIE, EXPECT, HOST, HeaderName, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE,
    VIA,
};
use hyper::http::HeaderValue;
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{HeaderMap, Response, Version};
use portcullis::Identity;
use portcullis::credentials::ClientAddress;

use super::tunnel::Tunnel;
use crate::arrival::Arrival;
use crate::identity_fields::{self, spells};
use crate::problem::Problem;

/// Where clients put their credentials, beside `Authorization`. They end here.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    /// The cookie of sessions.
    pub(crate) cookie: Option<String>,
    /// The field of API keys.
    pub(crate) key_field: Option<HeaderName>,
}

impl Credentials {
    /// Whether a field, in whatever spelling, ends here: credentials, and what only we say.
    fn keeps(&self, name: &HeaderName) -> bool {
        let keyed = self.key_field.as_ref().is_some_and(|key_field| spells(name, key_field));
        keyed || *name == AUTHORIZATION || spells(name, &PROXY_AUTHORIZATION) || identity_fields::is_one(name)
    }

    /// A part of a body, where it is the trailers without all that: some servers add them to the fields.
    pub(super) fn end_in(&self, frame: Frame<Bytes>) -> Frame<Bytes> {
        let trailers = match frame.into_trailers() {
            Ok(trailers) => trailers,
            Err(frame) => return frame,
        };
        let may_go = |name: &HeaderName| !self.keeps(name) && *name != COOKIE && !is_of_proxies(name, false);
        let fields = trailers.iter().filter(|(name, _)| may_go(name));
        Frame::trailers(fields.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// All cookies but that of the session, on one line: HTTP/2 may have sent many.
    fn other_cookies(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let lines = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
        let pairs = lines.flat_map(|line| line.split(|&byte| byte == b';')).map(<[u8]>::trim_ascii);
        let name = self.cookie.as_deref().map(str::as_bytes);
        let is_ours = |pair: &[u8]| Some(pair.split(|&byte| byte == b'=').next().unwrap_or(pair).trim_ascii()) == name;
        let others: Vec<_> = pairs.filter(|pair| !pair.is_empty() && !is_ours(pair)).collect();
        let mut value =
            HeaderValue::from_bytes(&others.join(b"; ".as_slice())).ok().filter(|value| !value.is_empty())?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// The fields for the upstream of a request with this head.
pub(super) fn towards_upstream(
    head: &Parts,
    upstream: &Authority,
    credentials: &Credentials,
    identity: Option<&Identity>,
    tunnel: Option<&Tunnel>,
) -> Result<HeaderMap, Problem> {
    let host = host(head)?.or_else(|| HeaderValue::try_from(upstream.as_str()).ok());
    let arrival = head.extensions.get::<Arrival>();
    let is_trusted = arrival.is_some_and(|arrival| arrival.is_trusted);
    let mut headers = HeaderMap::with_capacity(head.headers.len() + 8);
    if let Some(host) = &host {
        headers.insert(HOST, host.clone());
    }
    let named = connection_names(&head.headers);
    for (name, value) in &head.headers {
        // We have said 100 ourselves, as soon as somebody reads the body.
        let ends_here = *name == HOST || *name == COOKIE || *name == EXPECT || is_of_connection(name, &named);
        if !ends_here && !credentials.keeps(name) && !is_of_proxies(name, is_trusted) {
            headers.append(name.clone(), value.clone());
        }
    }
    if let Some(cookies) = credentials.other_cookies(&head.headers) {
        headers.insert(COOKIE, cookies);
    }
    if let Some(arrival) = arrival {
        let client = head.extensions.get::<ClientAddress>().map_or(arrival.peer, |client| client.ip());
        let peer = arrival.peer.to_canonical();
        let hops = if client == peer { client.to_string() } else { format!("{client}, {peer}") };
        set(&mut headers, FORWARDED_FOR, hops);
    }
    // Of a proxy that is trusted they are there already.
    headers.entry(FORWARDED_PROTO).or_insert(HeaderValue::from_static("http"));
    if let Some(host) = host {
        headers.entry(FORWARDED_HOST).or_insert(host);
    }
    let version = if head.version == Version::HTTP_2 { "2" } else { "1.1" };
    if let Ok(hop) = HeaderValue::try_from(format!("{version} gate")) {
        headers.append(VIA, hop);
    }
    if wants_trailers(&head.headers) {
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.append(CONNECTION, HeaderValue::from_static("te"));
    }
    if let Some(tunnel) = tunnel {
        tunnel.ask(&mut headers);
    }
    if let Some(identity) = identity {
        identity_fields::write(identity, &mut headers);
    }
    Ok(headers)
}

/// An answer of the upstream without what was for this hop alone.
pub(super) fn towards_client(mut response: Response<Body>) -> Response<Body> {
    let named = connection_names(response.headers());
    let ended: Vec<_> = response.headers().keys().filter(|name| is_of_connection(name, &named)).cloned().collect();
    for name in ended {
        response.headers_mut().remove(name);
    }
    // The version is that of each connection.
    *response.version_mut() = Version::HTTP_11;
    response
}

/// What `Connection` names, in small letters.
pub(super) fn connection_names(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(CONNECTION).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect()
}

/// Whether a field is for one connection: by what it is, or because `Connection` names it.
fn is_of_connection(name: &HeaderName, named: &[String]) -> bool {
    [CONNECTION, TE, TRANSFER_ENCODING, UPGRADE].contains(name)
        // The last is of no use to anybody, and becomes HTTP_PROXY where fields are variables.
        || matches!(name.as_str(), "http2-settings" | "keep-alive" | "proxy-connection" | "proxy")
        || named.iter().any(|own| own == name.as_str())
}

/// Whether a field of this name, with all but letters and digits as `-`, has servers take the method for another one.
fn is_other_method(plain: &str) -> bool {
    matches!(plain, "x-http-method-override" | "x-http-method" | "x-method-override")
}

/// Whether a field is of those in which proxies say how a request looked before them: of strangers none counts. Those that
/// could have the upstream serve another path than was judged count of nobody; nor does `Forwarded`, which we do not write.
fn is_of_proxies(name: &HeaderName, is_trusted: bool) -> bool {
    let plain = name.as_str().replace(|character: char| !character.is_ascii_alphanumeric(), "-");
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| plain.starts_with(prefix));
    let is_exact = plain == name.as_str();
    begins(&[
        "x-original-",
        "x-rewrite-",
        "x-forwarded-uri",
        "x-forwarded-method",
        "x-forwarded-for",
        "forwarded",
        "remote-user",
        "x-remote-",
    ]) || is_other_method(&plain)
        || (begins(&["x-forwarded", "x-real-ip"]) || ADDRESSES.contains(&&*plain)) && !(is_trusted && is_exact)
}

/// Where else proxies say from whom a request came, and to whom.
const ADDRESSES: [&str; 10] = [
    "cf-connecting-ip",
    "client-ip",
    "fastly-client-ip",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-host",
    "x-http-host-override",
    "x-url-scheme",
    "x-scheme",
];

/// The host that the client asked: in the target, or else in the one `Host` field; none in HTTP/1.0.
pub(super) fn host(head: &Parts) -> Result<Option<HeaderValue>, Problem> {
    let mut fields = head.headers.get_all(HOST).iter();
    match (fields.next(), fields.next(), head.uri.authority()) {
        (_, Some(_), _) => Err(Problem::UNCLEAR_HOST),
        (_, None, Some(target)) if !is_host(target) => Err(Problem::UNCLEAR_HOST),
        (_, None, Some(target)) => Ok(HeaderValue::try_from(target.as_str()).ok()),
        (Some(field), None, None) => match Authority::try_from(field.as_bytes()) {
            Ok(named) if is_host(&named) => Ok(Some(field.clone())),
            Ok(_) | Err(_) => Err(Problem::UNCLEAR_HOST),
        },
        (None, None, None) if head.version == Version::HTTP_11 => Err(Problem::UNCLEAR_HOST),
        (None, None, None) => Ok(None),
    }
}

/// Whether this is one host, which goes into `X-Forwarded-Host` as well: no user, and no list.
fn is_host(named: &Authority) -> bool {
    !named.host().is_empty() && !named.as_str().contains(['@', ','])
}

fn wants_trailers(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(TE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|coding| coding.trim().eq_ignore_ascii_case("trailers"))
}

fn set(headers: &mut HeaderMap, name: HeaderName, text: String) {
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name, value);
    }
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
