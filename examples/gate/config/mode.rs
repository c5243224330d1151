//! `mode`, `upstream`, `identity_headers`: what is done with a request that was let in.

use std::net::{IpAddr, SocketAddr};

use hyper::Uri;
use hyper::http::uri::Authority;

use super::section::Section;

/// What lies behind the rules.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    /// The answer tells who is asking.
    Echo,
    /// A proxy asks about requests of others; where wanted, it is told who is asking.
    ForwardAuth { identity: bool },
    /// The request goes on to the server there; where wanted, that is told who is asking.
    Proxy { upstream: Authority, identity: bool },
}

/// Reads the mode and what belongs to it. `listen` is where gate itself is.
pub(super) fn read(root: &mut Section<'_>, listen: SocketAddr) -> Option<Mode> {
    let name = root.text("mode").unwrap_or_else(|| String::from("echo"));
    if !NAMES.contains(&name.as_str()) {
        root.fault("mode", format!("{name:?} is none of \"echo\", \"proxy\", \"forward-auth\""));
    }
    if name == "proxy" {
        root.need("upstream", "name the server that requests go on to, as in \"http://127.0.0.1:9000\"");
    } else if NAMES.contains(&name.as_str()) && root.has("upstream") {
        root.fault("upstream", format!("means nothing with mode = {name:?}; remove it, or write mode = \"proxy\""));
    }
    let upstream = root.text("upstream");
    let identity = root.flag("identity_headers");
    match name.as_str() {
        "echo" => {
            if identity == Some(false) {
                root.fault("identity_headers", "means nothing with mode = \"echo\", which sets none; remove it");
            }
            Some(Mode::Echo)
        }
        "forward-auth" => Some(Mode::ForwardAuth { identity: identity.unwrap_or(true) }),
        "proxy" => {
            let upstream = read_upstream(&upstream?, listen);
            let upstream = upstream.map_err(|problem| root.fault("upstream", problem)).ok()?;
            Some(Mode::Proxy { upstream, identity: identity.unwrap_or(true) })
        }
        _ => None,
    }
}

const NAMES: [&str; 3] = ["echo", "proxy", "forward-auth"];

/// The host and port of an address that is nothing but that. No fault shows it: before an @ stands a password.
fn read_upstream(text: &str, listen: SocketAddr) -> Result<Authority, &'static str> {
    const UNREADABLE: &str = "is no address; write it as in \"http://127.0.0.1:9000\"";
    let uri: Uri = text.parse().map_err(|_| UNREADABLE)?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => {
            return Err("is https, which gate does not speak; name an address of this machine or network with http");
        }
        _ => return Err(UNREADABLE),
    }
    let authority = uri.authority().ok_or(UNREADABLE)?;
    if authority.as_str().contains('@') {
        return Err("holds a name or password, which is never sent; remove what stands before the @");
    }
    let has_port = authority.as_str().len() > authority.host().len();
    if authority.host().is_empty() || has_port && authority.port_u16().is_none_or(|port| port == 0) {
        return Err(UNREADABLE);
    }
    // The parser drops a fragment, so what was written is looked at.
    let rest = text.get("http://".len() + authority.as_str().len()..).unwrap_or_default();
    if !matches!(rest, "" | "/") {
        return Err("has a path or a query, and requests keep their own; end it with the port");
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let port = authority.port_u16().unwrap_or(80);
    let is_ours = |address: IpAddr| {
        listen.port() == port && (listen.ip() == address || listen.ip().is_unspecified() && address.is_loopback())
    };
    if host.parse().is_ok_and(is_ours) {
        return Err("is where gate itself listens, so a request would go round for ever; name the server behind it");
    }
    Ok(authority.clone())
}
