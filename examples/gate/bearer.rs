//! Bearer tokens at work: who judges them, what ends them, and how the keys of their issuers stand.

use std::sync::Arc;

use portcullis::Verifier;
use portcullis::authenticate::{Bearer, Scheme};
use portcullis::clock::UnixTime;
use portcullis::credentials::BearerToken;
use portcullis::identity::jwt::KeysFreshness;
use portcullis::resource::ProtectedResource;
use serde_json::{Value, json};

use crate::config::{Keys, Tokens};

/// The scheme of these tokens.
pub(crate) fn scheme(realm: &str, tokens: &Tokens) -> Option<Arc<dyn Scheme>> {
    let resource = tokens.resource.as_ref();
    Some(match (tokens.jwt.clone(), tokens.opaque.clone()) {
        (Some(jwt), Some(opaque)) => bearer(realm, jwt.or_introspect(opaque), resource),
        (Some(jwt), None) => bearer(realm, jwt, resource),
        (None, Some(opaque)) => bearer(realm, opaque, resource),
        (None, None) => return None,
    })
}

fn bearer(realm: &str, verifier: impl Verifier<BearerToken>, resource: Option<&ProtectedResource>) -> Arc<dyn Scheme> {
    let scheme = Bearer::new(realm.to_owned(), verifier);
    match resource {
        Some(resource) => Arc::new(scheme.resource(resource)),
        None => Arc::new(scheme),
    }
}

/// Has the keys that were built before there was a runtime fetched now, so that no request has to wait for them, and nobody
/// hears of a wrong address from a user first.
pub(crate) fn fetch(keys: &[(String, Keys)]) {
    for (_, keys) in keys {
        if let Keys::Published(_, keys) = keys {
            let keys = keys.clone();
            tokio::spawn(async move { keys.ready().await });
        }
    }
}

/// How the keys of each issuer stand, as JSON.
pub(crate) fn describe(keys: &[(String, Keys)]) -> Value {
    keys.iter().map(|(issuer, keys)| describe_one(issuer, keys)).collect()
}

fn describe_one(issuer: &str, keys: &Keys) -> Value {
    let Keys::Published(published, keys) = keys else {
        return json!({"issuer": issuer, "state": "fixed"});
    };
    let state = keys.state();
    let (name, stale_since) = match state.freshness() {
        KeysFreshness::Fresh => ("fresh", None),
        KeysFreshness::Stale { since } => ("stale", Some(since.as_secs())),
        _ => ("missing", None),
    };
    let names = state.keys().map(|(key_id, algorithm)| json!({"kid": key_id, "alg": algorithm.name()}));
    json!({
        "issuer": issuer,
        "from": published.place(),
        "state": name,
        "stale_since": stale_since,
        "fetched_at": state.fetched_at().map(UnixTime::as_secs),
        "last_error": state.last_error(),
        "next_attempt": state.next_attempt().as_secs(),
        "attempts": state.attempts(),
        "keys": names.collect::<Value>(),
        "skipped": state.skipped().collect::<Vec<_>>(),
    })
}
