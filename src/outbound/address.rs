//! Where a call may go to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;
use http::uri::Scheme;

/// An address that was looked at: https with a host outside this machine, or loopback where that is allowed.
#[derive(Clone)]
pub(crate) struct Address {
    uri: Uri,
    /// Host and port in one spelling, to compare by.
    authority: Box<str>,
}

/// Whether addresses may lead back to this machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Loopback {
    Allowed,
    Refused,
}

/// What a host is, as far as it can be known without asking a name server.
enum Host {
    Loopback,
    /// Loopback by its number, so that no name server has a say.
    LoopbackNumber,
    Elsewhere,
}

impl Address {
    /// What is wrong with `text`, or the address. An error says what to change, and repeats no part of the text: an
    /// address may hold a password.
    pub(super) fn parse(text: &str, loopback: Loopback) -> Result<Self, &'static str> {
        if text.contains('#') {
            return Err("has a fragment (`#`), which is never sent; remove it");
        }
        let uri: Uri = text.parse().map_err(|_| NOT_A_URL)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else { return Err(NOT_A_URL) };
        if authority.as_str().contains('@') {
            return Err("holds a user name or a password (`@`); remove them");
        }
        let host = authority.host().to_ascii_lowercase();
        let default_port = if *scheme == Scheme::HTTPS { 443 } else { 80 };
        let port = match authority.as_str().get(host.len()..).unwrap_or_default() {
            "" => default_port,
            rest => rest.strip_prefix(':').and_then(port).ok_or("has a port that is none (1 to 65535)")?,
        };
        let kind = kind(&host)?;
        match (scheme.as_str(), kind, loopback) {
            ("https", Host::Elsewhere, _)
            | ("https", Host::Loopback, Loopback::Allowed)
            | ("http" | "https", Host::LoopbackNumber, Loopback::Allowed) => {}
            ("https", Host::Loopback | Host::LoopbackNumber, Loopback::Refused) => {
                return Err("leads to this machine itself, which only `danger_allow_http_loopback` allows, for tests");
            }
            ("http", ..) => {
                return Err("is http, where anybody on the way can change the answer; use https \
                            (for tests, `danger_allow_http_loopback` allows http to 127.0.0.1 and [::1])");
            }
            _ => return Err("is neither https nor, where allowed, http; use https"),
        }
        Ok(Self { authority: format!("{host}:{port}").into(), uri })
    }

    /// Host and port, in lower case and with the port written out: two addresses with the same one lead to one server.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// The path, from its `/`.
    pub(crate) fn path(&self) -> &str {
        self.uri.path()
    }

    pub(crate) fn has_query(&self) -> bool {
        self.uri.query().is_some()
    }

    /// The same server, asked for `path`, which starts with `/`.
    pub(crate) fn with_path(&self, path: &str) -> Result<Self, &'static str> {
        let mut parts = self.uri.clone().into_parts();
        parts.path_and_query = Some(path.parse().map_err(|_| NOT_A_URL)?);
        let uri = Uri::from_parts(parts).map_err(|_| NOT_A_URL)?;
        Ok(Self { uri, authority: self.authority.clone() })
    }

    pub(super) const fn uri(&self) -> &Uri {
        &self.uri
    }
}

/// Without the query, which may hold a key.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        write!(f, "{}://{authority}{}", self.uri.scheme_str().unwrap_or_default(), self.uri.path())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// `443` and its like, in the one spelling of a number.
fn port(digits: &str) -> Option<u16> {
    digits.parse().ok().filter(|port: &u16| *port > 0 && port.to_string() == digits)
}

/// `host` in lower case: what it is, or why no call may go there.
fn kind(host: &str) -> Result<Host, &'static str> {
    if let Some(number) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let number: Ipv6Addr = number.parse().map_err(|_| "has brackets around something that is no IPv6 address")?;
        return of_number(number.to_canonical());
    }
    if let Ok(number) = host.parse::<Ipv4Addr>() {
        return of_number(IpAddr::V4(number));
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet))
    };
    if !name.split('.').all(is_label) {
        return Err("has a host that is no name; write it as `id.example`, international names in their `xn--` form");
    }
    // Resolvers take `127.1`, `2130706433` and `0x7f.1` for 127.0.0.1.
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.starts_with(|first: char| first.is_ascii_digit()) {
        return Err("has a host that ends in a number but is no IPv4 address in its usual form");
    }
    Ok(if last == "localhost" { Host::Loopback } else { Host::Elsewhere })
}

fn of_number(number: IpAddr) -> Result<Host, &'static str> {
    let is_link_local = match number {
        IpAddr::V4(number) => number.is_link_local() || number.is_broadcast(),
        IpAddr::V6(number) => number.is_unicast_link_local(),
    };
    if is_link_local || number.is_unspecified() || number.is_multicast() {
        return Err("leads to an address without a server of its own (link-local, unspecified or for many)");
    }
    let is_usual = number == IpAddr::V4(Ipv4Addr::LOCALHOST) || number == IpAddr::V6(Ipv6Addr::LOCALHOST);
    Ok(match number.is_loopback() {
        true if is_usual => Host::LoopbackNumber,
        true => Host::Loopback,
        false => Host::Elsewhere,
    })
}

const NOT_A_URL: &str = "is not a URL with scheme and host, such as https://id.example";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, &'static str> {
        Address::parse(text, Loopback::Refused).map(|address| address.authority().to_owned())
    }

    /// K01, DISC-3
    #[test]
    fn only_https_to_another_machine_is_an_address() {
        for text in [
            "",
            "/jwks",
            "id.example/jwks",
            "http://id.example/jwks",
            "file:///etc/passwd",
            "ftp://id.example/jwks",
            "data:application/json,{}",
            "https:///jwks",
            "https://",
            "https://user@id.example/jwks",
            "https://user:word@id.example/jwks",
            "https://id.example/jwks#keys",
            "https://id.example:0/",
            "https://id.example:/",
            "https://id.example:65536/",
            "https://id.example:+443/",
            "https://id example/",
            "https://id..example/",
            "https://127.0.0.1/",
            "https://127.8.8.8/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://localhost/",
            "https://localhost./",
            "https://id.LOCALHOST/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::]/",
            "https://0.0.0.0/",
            "https://169.254.169.254/latest",
            "https://[fe80::1]/",
            "https://[fe80::1%25eth0]/",
            "https://[::ffff:169.254.169.254]/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse("https://ID.example/jwks?p=a"), Ok("id.example:443".to_owned()));
        assert_eq!(parse("https://id.example:8443"), Ok("id.example:8443".to_owned()));
        assert_eq!(parse("https://10.0.0.5/jwks"), Ok("10.0.0.5:443".to_owned()));
        assert_eq!(parse("https://[2001:db8::1]:444/jwks"), Ok("[2001:db8::1]:444".to_owned()));
    }

    #[test]
    fn http_goes_to_this_machine_by_its_number_and_nowhere_else() {
        let allowed = |text| Address::parse(text, Loopback::Allowed).is_ok();
        for text in ["http://127.0.0.1:1/", "http://[::1]:1/", "https://127.0.0.1:1/", "https://localhost:1/"] {
            assert!(allowed(text), "{text}");
        }
        for text in ["http://localhost/", "http://127.0.0.2/", "http://id.example/", "http://169.254.0.1/"] {
            assert!(!allowed(text), "{text}");
        }
    }

    #[test]
    fn an_address_shows_no_query() {
        let address = Address::parse("https://id.example/jwks?code=sesame", Loopback::Refused).unwrap();
        assert_eq!(address.to_string(), "https://id.example/jwks");
        assert!(!format!("{address:?}").contains("sesame"));
    }
}
