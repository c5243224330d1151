//! Origins of pages: how a configuration writes them, and which one a request was sent to.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::HeaderValue;
use http::header::HOST;
use http::request::Parts;

use crate::resource;

/// What is wrong with the spelling of an origin, if anything. A browser writes an origin in one way, and texts that are
/// compared byte for byte must be written in that.
pub(super) fn fault_of(origin: &str, any_http: bool) -> Option<&'static str> {
    if origin == "null" {
        return Some("is what sandboxed pages of any site send; name an origin");
    }
    let Some((scheme, authority)) = origin.split_once("://") else {
        return Some("is no origin; write scheme, host and port, as in https://shop.example:8443");
    };
    if authority.contains(['/', '?', '#']) {
        return Some("has a path, which no origin has; end it with the host or the port");
    }
    if authority.contains('*') {
        return Some("has a wildcard; name each origin");
    }
    let default_port = match scheme {
        "https" => "443",
        "http" => "80",
        _ => return Some("must begin with https:// or http://, in lower case"),
    };
    match resource::is_loopback(authority, default_port) {
        Err(problem) => Some(problem),
        Ok(false) if scheme == "http" && !any_http && !is_this_machine(authority.as_bytes()) => {
            Some("must be https: over http anybody on the way can write its pages")
        }
        Ok(_) => None,
    }
}

/// Whether `origin` is that of the pages which the request was sent to: of the host that it asks, with `https`; with `http`
/// where that is allowed, and on this machine. Whether a request came by TLS nobody can tell behind a proxy that ends it.
pub(super) fn is_asked(origin: &[u8], head: &Parts, allow_http: bool) -> bool {
    let Some(host) = asked_host(head) else { return false };
    if let Some(named) = origin.strip_prefix(b"https://") {
        is_same_host(named, host, b":443")
    } else if let Some(named) = origin.strip_prefix(b"http://") {
        (allow_http || is_this_machine(host)) && is_same_host(named, host, b":80")
    } else {
        false
    }
}

/// The host with its port, as the client named it: in the target (`:authority` in HTTP/2), else in the one `Host` field.
/// Whoever names two has named none.
pub(super) fn asked_host(head: &Parts) -> Option<&[u8]> {
    let target = head.uri.authority().map(|authority| authority.as_str().as_bytes());
    let mut fields = head.headers.get_all(HOST).iter().map(HeaderValue::as_bytes);
    match (target, fields.next(), fields.next()) {
        (_, _, Some(_)) => None,
        (Some(target), Some(field), None) if !target.eq_ignore_ascii_case(field) => None,
        (Some(host), _, None) | (None, Some(host), None) => Some(host),
        (None, None, None) => None,
    }
}

fn is_same_host(one: &[u8], other: &[u8], default_port: &[u8]) -> bool {
    let [one, other] = [one, other].map(|host| host.strip_suffix(default_port).unwrap_or(host));
    !one.is_empty() && one.eq_ignore_ascii_case(other)
}

/// Whether what a browser sends to this host stays on its machine.
fn is_this_machine(host: &[u8]) -> bool {
    let Ok(host) = str::from_utf8(host) else { return false };
    if let Some((address, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address.parse().is_ok_and(|address: Ipv6Addr| address.is_loopback());
    }
    let name = host.split(':').next().unwrap_or(host);
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
}
