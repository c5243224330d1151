//! The same-origin rule for what changes something: log-in, log-out, ending sessions.

use hyper::Request;
use hyper::header::{HOST, ORIGIN};

/// Whether a request may come from our own pages. What browsers say by themselves decides: `Sec-Fetch-Site`, and where
/// it is missing `Origin`, held against the host that was asked. With neither it is no browser, and accepted.
/// Forwarded headers are not looked at: anybody can write them.
pub(crate) fn is_ours<B>(request: &Request<B>) -> bool {
    let mut sites = request.headers().get_all("sec-fetch-site").iter();
    if let Some(site) = sites.next() {
        return sites.next().is_none() && (site == "same-origin" || site == "none");
    }
    let mut origins = request.headers().get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => {
            let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
            origin.is_some_and(|(scheme, host)| {
                matches!(scheme, "http" | "https")
                    && asked_host(request).is_some_and(|own| own.eq_ignore_ascii_case(host))
            })
        }
        (Some(_), Some(_)) => false,
    }
}

/// The host as the client named it: `:authority` in HTTP/2, the one `Host` field in HTTP/1.1.
pub(crate) fn asked_host<B>(request: &Request<B>) -> Option<&str> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.as_str());
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    }
}
