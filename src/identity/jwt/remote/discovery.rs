//! Finding an issuer's keys by its name: OpenID Connect Discovery 1.0 and RFC 8414.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value};

use super::error::FetchError;
use super::fetch::{Fetch, Fetched, SetReader};
use crate::identity::jwt::json::is_unique;
use crate::outbound::{Address, CallError};

/// Keys of an issuer that is known by name. Its metadata is read for every attempt, so that it may move its keys.
pub(super) struct Discovery {
    issuer: Box<str>,
    /// The hosts that the keys may lie on, as [`Address::authority`] has them.
    hosts: Vec<Box<str>>,
    locations: Vec<Address>,
    /// Which location had the metadata last, to be asked first.
    found: AtomicUsize,
    reader: SetReader,
}

impl Discovery {
    /// What is wrong with the issuer's name, or the way to its keys, which may lie on its own host and on `more_hosts`.
    pub(super) fn new(issuer: &str, more_hosts: Vec<Box<str>>, reader: SetReader) -> Result<Self, &'static str> {
        let address = reader.client.address(issuer)?;
        if address.has_query() {
            return Err("has a query (`?`), which the name of an issuer cannot have; remove it");
        }
        let locations = paths(address.path()).iter().map(|path| address.with_path(path)).collect::<Result<_, _>>()?;
        let hosts = [address.authority().into()].into_iter().chain(more_hosts).collect();
        Ok(Self { issuer: issuer.into(), hosts, locations, found: AtomicUsize::new(0), reader })
    }

    async fn attempt(&self) -> Result<Fetched, FetchError> {
        let first = self.found.load(Ordering::Relaxed);
        let others = (0..self.locations.len()).filter(|&index| index != first);
        let mut strange = None;
        for index in [first].into_iter().chain(others) {
            let Some(location) = self.locations.get(index) else { continue };
            match self.reader.client.get(location, self.reader.call(&["application/json"])).await {
                Ok(reply) => {
                    let keys_at = self.keys_at(&reply.body, location)?;
                    self.found.store(index, Ordering::Relaxed);
                    return self.reader.read(&keys_at).await;
                }
                Err(CallError::Status(404)) => {}
                Err(cause) => {
                    let is_elsewhere = is_elsewhere(&cause);
                    let error = FetchError::Call { address: location.to_string(), cause };
                    if !is_elsewhere {
                        return Err(error);
                    }
                    strange.get_or_insert(error);
                }
            }
        }
        if let Some(strange) = strange {
            return Err(strange);
        }
        let tried: Vec<_> = self.locations.iter().map(ToString::to_string).collect();
        Err(FetchError::NoMetadata(tried.join(", ")))
    }

    /// Where the keys are, if the document speaks of this issuer and sends us nowhere else. Nothing else in it counts: the
    /// algorithms it advertises widen nothing.
    fn keys_at(&self, document: &[u8], location: &Address) -> Result<Address, FetchError> {
        let address = || location.to_string();
        let bad = |problem| FetchError::Metadata { address: address(), problem };
        if !is_unique(document) {
            return Err(bad("the metadata names a member twice, so that readers may differ about it"));
        }
        let members: Map<String, Value> =
            serde_json::from_slice(document).map_err(|_| bad("the metadata is not one JSON object"))?;
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let named = text("issuer").ok_or_else(|| bad("the metadata does not say whose it is (`issuer`)"))?;
        if named != &*self.issuer {
            let named = named.chars().take(MAX_SHOWN).collect();
            return Err(FetchError::WrongIssuer { address: address(), named, asked: self.issuer.clone() });
        }
        let keys_at =
            text("jwks_uri").ok_or_else(|| bad("the metadata does not say where the keys are (`jwks_uri`)"))?;
        let keys_at = self.reader.client.address(keys_at);
        let keys_at = keys_at.map_err(|problem| FetchError::KeysAddress { address: address(), problem })?;
        if !self.hosts.iter().any(|host| **host == *keys_at.authority()) {
            let host = keys_at.authority().chars().take(MAX_SHOWN).collect();
            return Err(FetchError::ForeignKeys { address: address(), host });
        }
        Ok(keys_at)
    }
}

impl Fetch for Discovery {
    fn fetch(self: Arc<Self>) -> Pin<Box<dyn Future<Output = Result<Fetched, FetchError>> + Send>> {
        Box::pin(async move { self.attempt().await })
    }

    fn name(&self) -> &str {
        &self.issuer
    }

    fn issuer(&self) -> Option<&str> {
        Some(&self.issuer)
    }
}

/// How servers say that they have nothing at an address, beside 404: some want a log-in everywhere, some show the page of
/// their application. Another place may still have the document, and what it holds is checked there.
const fn is_elsewhere(cause: &CallError) -> bool {
    match cause {
        CallError::Status(status) => *status >= 400 && *status < 500 && *status != 429,
        CallError::MediaType(_) | CallError::Redirect(_) => true,
        _ => false,
    }
}

/// Where the metadata of an issuer with this path may be: RFC 8414 puts the well-known part before the path, OpenID Connect
/// behind it; some do the former with the latter's document.
fn paths(of_issuer: &str) -> Vec<String> {
    let path = of_issuer.strip_suffix('/').unwrap_or(of_issuer);
    let mut paths = vec![format!("{OAUTH}{path}"), format!("{OPENID}{path}")];
    if !path.is_empty() {
        paths.push(format!("{path}{OPENID}"));
    }
    paths
}

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";
const MAX_SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    /// DISC-2
    #[test]
    fn metadata_is_looked_for_where_either_standard_puts_it() {
        let plain = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
        assert_eq!(paths("/"), plain);
        assert_eq!(
            paths("/tenants/one"),
            [
                "/.well-known/oauth-authorization-server/tenants/one",
                "/.well-known/openid-configuration/tenants/one",
                "/tenants/one/.well-known/openid-configuration",
            ]
        );
        assert_eq!(paths("/one/"), paths("/one"));
    }
}
