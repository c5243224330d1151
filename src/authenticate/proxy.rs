//! What a layer for a forward proxy does differently (RFC 9110 section 11.7).
//!
//! Schemes look into `Authorization`. For a proxy the layer lays that field aside and puts what stands in
//! `Proxy-Authorization` in its place before it asks them, so that every scheme, a foreign one too, works for a proxy and
//! none of them sees what is meant for the server behind it. When the request goes on, the field is back as it was, and
//! that of the proxy is gone.

use http::HeaderValue;
use http::header::{AUTHORIZATION, PROXY_AUTHORIZATION};
use http::request::Parts;
use http::{HeaderMap, HeaderName};

use crate::deferred::Addition;
use crate::error::{ConfigError, ConfigFault};

/// The `Authorization` fields of the request, laid aside.
#[derive(Clone)]
struct Aside(Vec<HeaderValue>);

/// Puts the proxy's credentials where schemes look for them.
pub(super) fn prepare(head: &mut Parts) {
    let aside = take(&mut head.headers, &AUTHORIZATION);
    for value in take(&mut head.headers, &PROXY_AUTHORIZATION) {
        head.headers.append(AUTHORIZATION, value);
    }
    head.extensions.insert(Aside(aside));
}

/// Undoes [`prepare`], without what was meant for the proxy: credentials end where they are used.
pub(super) fn restore(head: &mut Parts) {
    head.headers.remove(AUTHORIZATION);
    for value in head.extensions.remove::<Aside>().map(|aside| aside.0).unwrap_or_default() {
        head.headers.append(AUTHORIZATION, value);
    }
}

/// `Authentication-Info` is `Proxy-Authentication-Info` here (RFC 7615 section 4).
pub(super) fn rename(addition: &mut Option<Addition>) {
    if let Some(Addition::Header(header)) = addition
        && let Ok(name) = HeaderName::try_from(["proxy-", header.0.as_str()].concat())
    {
        header.0 = name;
    }
}

/// The fields that carry credentials to a proxy: one. A cookie, say, is the origin server's.
pub(super) fn fields<'a>(
    mut read: impl Iterator<Item = &'a str>,
) -> Result<impl Iterator<Item = &'a str>, ConfigError> {
    match read.find(|field| !AUTHORIZATION.as_str().eq_ignore_ascii_case(field)) {
        None => Ok(std::iter::once(PROXY_AUTHORIZATION.as_str())),
        Some(other) => Err(ConfigFault::new(
            "proxy",
            format!("has a scheme that reads {other}, which is for the server behind; use Basic, Digest or Bearer"),
        )
        .into()),
    }
}

fn take(headers: &mut HeaderMap, name: &HeaderName) -> Vec<HeaderValue> {
    // Taken out whole by `entry`, where `remove` would return the first value and drop the others.
    match headers.entry(name) {
        http::header::Entry::Occupied(entry) => entry.remove_entry_mult().1.collect(),
        http::header::Entry::Vacant(_) => Vec::new(),
    }
}
