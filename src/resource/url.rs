//! Reading the addresses of a configuration: strictly, because clients compare them byte for byte.

use std::net::{Ipv4Addr, Ipv6Addr};

/// An address in the one spelling that every client would send back: what a URL parser changes is refused here, or a
/// client that normalises would compare its spelling with ours and find another resource.
#[derive(Clone, Copy, Debug)]
pub(super) struct Url<'a> {
    /// Scheme, host and port.
    pub(super) origin: &'a str,
    /// Empty, or with the slash it begins with.
    pub(super) path: &'a str,
}

impl<'a> Url<'a> {
    /// The identifier of a resource or an issuer (RFC 9728 section 1.2, RFC 8414 section 2).
    pub(super) fn identifier(text: &'a str, allow_http_loopback: bool) -> Result<Self, &'static str> {
        let (url, rest) = Self::split(text, allow_http_loopback)?;
        match rest.as_bytes().first() {
            Some(b'#') => Err("has a fragment, which no identifier may have; leave out what follows #"),
            Some(_) => Err("has a query, which makes it hard to find; put what it says into the path"),
            None => Ok(url),
        }
    }

    /// The address of a page or a document.
    pub(super) fn link(text: &'a str, allow_http_loopback: bool) -> Result<Self, &'static str> {
        Self::split(text, allow_http_loopback).map(|(url, _)| url)
    }

    /// The address, and its query and fragment.
    fn split(text: &'a str, allow_http_loopback: bool) -> Result<(Self, &'a str), &'static str> {
        if !is_written_in_uri_characters(text) {
            return Err(NOT_URI);
        }
        let (scheme, behind) = text.split_once("://").ok_or("is no absolute URL; begin it with https://")?;
        let (authority, path) = behind.split_at(behind.find(['/', '?', '#']).unwrap_or(behind.len()));
        if path.contains(['[', ']']) {
            return Err(NOT_URI);
        }
        let (path, rest) = path.split_at(path.find(['?', '#']).unwrap_or(path.len()));
        let default_port = match scheme {
            "https" => "443",
            "http" if allow_http_loopback => "80",
            "http" => return Err("must be https: over http anybody on the way can replace what it says"),
            _ => return Err("must be https, in lower case"),
        };
        if !is_loopback(authority, default_port)? && scheme == "http" {
            return Err("must be https: http is for 127.0.0.1 and [::1] alone");
        }
        if path.split('/').any(|segment| matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | "..")) {
            return Err("has a segment `.` or `..`, which clients resolve; write the path that remains");
        }
        let (origin, _) = text.split_at(scheme.len() + "://".len() + authority.len());
        Ok((Self { origin, path }, rest))
    }
}

/// Whether the host is one of this machine's own addresses, written as such. An error says what is wrong with the
/// spelling of the authority.
pub(crate) fn is_loopback(authority: &str, default_port: &str) -> Result<bool, &'static str> {
    if authority.contains('@') {
        return Err("has a user name before its host; leave it out");
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    match port {
        Some(port) if port == default_port => return Err("names the port that goes without saying; leave it out"),
        Some(port) if port.starts_with(['0', '+']) || port.parse::<u16>().is_err() => {
            return Err("has a port that is no number from 1 to 65535");
        }
        Some(_) | None => {}
    }
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        let parsed: Ipv6Addr = address.parse().map_err(|_| "has a host in brackets that is no IPv6 address")?;
        let is_shortest = parsed.to_string() == address;
        return if is_shortest { Ok(parsed.is_loopback()) } else { Err(NOT_CANONICAL) };
    }
    let is_name = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
    };
    if !host.split('.').all(is_name) {
        return Err(NOT_CANONICAL);
    }
    // Clients take a name that ends in a number for an IPv4 address, however it is written.
    if host.rsplit('.').next().is_some_and(|label| label.starts_with(|first: char| first.is_ascii_digit())) {
        let parsed: Ipv4Addr = host.parse().map_err(|_| "has a host that looks like an IPv4 address and is none")?;
        return Ok(parsed.is_loopback());
    }
    Ok(false)
}

const NOT_CANONICAL: &str =
    "needs a host in its usual spelling: lower case, ASCII (xn--…), no dot at the end, IPv6 shortest";

const NOT_URI: &str = "holds a character that cannot stand there in a URL; percent-encode it";

/// RFC 3986 section 2, each `%` before two hexadecimal digits.
fn is_written_in_uri_characters(text: &str) -> bool {
    let mut parts = text.split('%');
    let is_plain =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte));
    parts.next().is_some_and(is_plain)
        && parts
            .all(|part| is_plain(part) && part.len() >= 2 && part.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()))
}
