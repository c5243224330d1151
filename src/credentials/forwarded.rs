//! The two fields in which proxies write where a request came from: pure parsing, nobody is believed here.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, HeaderValue, header};

use super::client_address::ClientAddress;

/// The hops of `Forwarded` (RFC 7239 section 4), the nearest last; nothing where there is no such field. A hop that is
/// hidden, unknown, or cannot be read is `None`.
pub(super) fn standard(headers: &HeaderMap) -> Option<Hops> {
    hops(headers, &header::FORWARDED, |text| split(text, ',').into_iter().map(node_of).collect())
}

/// The hops of `X-Forwarded-For`, likewise.
pub(super) fn customary(headers: &HeaderMap) -> Option<Hops> {
    hops(headers, &X_FORWARDED_FOR, |text| text.split(',').map(|hop| address(hop.trim())).collect())
}

const X_FORWARDED_FOR: header::HeaderName = header::HeaderName::from_static("x-forwarded-for");

type Hops = Vec<Option<ClientAddress>>;

fn hops(headers: &HeaderMap, name: &header::HeaderName, read: impl Fn(&str) -> Hops) -> Option<Hops> {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    let text = |value: &HeaderValue| value.to_str().map_or_else(|_| vec![None], &read);
    Some(values.flat_map(text).collect())
}

/// The address in the one `for` of an element such as `for="[2001:db8::1]:4711";proto=https`.
fn node_of(element: &str) -> Option<ClientAddress> {
    let mut nodes = split(element, ';').into_iter().filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value.trim())
    });
    let (node, None) = (nodes.next()?, nodes.next()) else { return None };
    let unquoted = node.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    address(unquoted.unwrap_or(node))
}

/// Splits where the separator stands outside quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    let split = text.split(move |character: char| {
        let separates = character == separator && !quoted;
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        separates
    });
    split.collect()
}

/// An address, with a port or without: `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]`, `[2001:db8::1]:80`, `2001:db8::1`.
fn address(text: &str) -> Option<ClientAddress> {
    let bare = text.parse::<IpAddr>().ok();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.or_else(bracketed).or_else(with_port).map(ClientAddress::new)
}
