//! One attempt to fetch a key set from a known address.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::error::FetchError;
use super::freshness;
use super::limits::Limits;
use super::set::PublishedSet;
use crate::identity::jwt::algorithm::Algorithm;
use crate::outbound::{Address, Call, Client};

/// Where keys are fetched from.
pub(super) trait Fetch: Send + Sync + 'static {
    /// One attempt. It is bound by nothing but the caller's patience.
    fn fetch(self: Arc<Self>) -> Pin<Box<dyn Future<Output = Result<Fetched, FetchError>> + Send>>;

    /// What this is called in events: an issuer or an address.
    fn name(&self) -> &str;

    /// The issuer by whose name the keys are found.
    fn issuer(&self) -> Option<&str>;
}

/// What an attempt brought.
pub(super) struct Fetched {
    pub(super) set: PublishedSet,
    /// For how long it is fresh, where the issuer says so.
    pub(super) fresh_for: Option<Duration>,
}

/// Reads key sets.
pub(super) struct SetReader {
    pub(super) client: Client,
    pub(super) algorithms: Box<[Algorithm]>,
    pub(super) limits: Limits,
}

impl SetReader {
    pub(super) async fn read(&self, address: &Address) -> Result<Fetched, FetchError> {
        let call = self.call(&["application/json", "application/jwk-set+json"]);
        let reply = self.client.get(address, call).await;
        let reply = reply.map_err(|cause| FetchError::Call { address: address.to_string(), cause })?;
        let set = PublishedSet::read(&reply.body, &self.algorithms);
        let set = set.map_err(|problem| FetchError::KeySet { address: address.to_string(), problem })?;
        Ok(Fetched { set, fresh_for: freshness::asked_for(reply.cache_control.as_deref(), reply.age) })
    }

    pub(super) const fn call(&self, accept: &'static [&'static str]) -> Call {
        Call { deadline: self.limits.deadline, max_bytes: self.limits.max_bytes, accept }
    }
}

/// Keys at one address.
pub(super) struct KeysAt {
    pub(super) address: Address,
    pub(super) name: Box<str>,
    pub(super) reader: SetReader,
}

impl Fetch for KeysAt {
    fn fetch(self: Arc<Self>) -> Pin<Box<dyn Future<Output = Result<Fetched, FetchError>> + Send>> {
        Box::pin(async move { self.reader.read(&self.address).await })
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn issuer(&self) -> Option<&str> {
        None
    }
}
