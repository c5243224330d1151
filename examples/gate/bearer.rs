//! Bearer tokens at work: who judges them, what ends them, and how the keys of their issuers stand.

use std::sync::Arc;

use hyper::HeaderMap;
use hyper::http::request::Parts;
use portcullis::Verifier;
use portcullis::authenticate::{Attempt, Bearer, Carrier, Scheme};
use portcullis::clock::UnixTime;
use portcullis::credentials::{Authorization, BearerToken};
use portcullis::identity::api_key::ApiKeyVerifier;
use portcullis::identity::jwt::KeysFreshness;
use portcullis::resource::ProtectedResource;
use portcullis::response::Challenge;
use serde_json::{Value, json};

use crate::config::{Keys, Tokens};

/// The scheme of these tokens, which leaves `keys` alone.
pub(crate) fn scheme(realm: &str, tokens: &Tokens, keys: Option<&ApiKeyVerifier>) -> Option<Arc<dyn Scheme>> {
    let resource = tokens.resource.as_ref();
    let scheme = match (tokens.jwt.clone(), tokens.opaque.clone()) {
        (Some(jwt), Some(opaque)) => bearer(realm, jwt.or_introspect(opaque), resource),
        (Some(jwt), None) => bearer(realm, jwt, resource),
        (None, Some(opaque)) => bearer(realm, opaque, resource),
        (None, None) => return None,
    };
    Some(match keys {
        Some(keys) => Arc::new(ButKeys { tokens: scheme, keys: keys.clone() }),
        None => scheme,
    })
}

/// Bearer tokens that are no API keys. Where a rule takes the ones and not the others, the others count as not presented;
/// and no issuer is asked about a key.
struct ButKeys {
    tokens: Arc<dyn Scheme>,
    keys: ApiKeyVerifier,
}

impl ButKeys {
    fn is_key(&self, headers: &HeaderMap) -> bool {
        let field = Authorization::from_headers(headers).ok().flatten().filter(|field| field.is("Bearer"));
        field.and_then(|field| field.token68().ok()).is_some_and(|token| self.keys.claims(token))
    }
}

impl Scheme for ButKeys {
    fn challenge(&self) -> Challenge {
        self.tokens.challenge()
    }

    fn authenticate(&self, head: &Parts) -> Attempt {
        if self.is_key(&head.headers) { Attempt::NotPresented } else { self.tokens.authenticate(head) }
    }

    fn explains(&self) -> bool {
        self.tokens.explains()
    }

    fn carriers(&self) -> Vec<Carrier> {
        self.tokens.carriers()
    }
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
