//! The keys of somebody who is not the issuer: one set for the process, since nothing may ever be verified with them.

use std::sync::{Arc, OnceLock};

use serde_json::json;

use super::keys::SigningKey;
use crate::identity::jwt::Algorithm;

/// The forger's key for `algorithm`, under a name of the forger's. None for an algorithm that has no key pairs.
pub(super) fn key(algorithm: Algorithm) -> Option<Arc<SigningKey>> {
    keys().iter().find(|key| key.algorithm == algorithm).cloned()
}

/// What the forger publishes.
pub(super) fn key_set() -> String {
    let keys: Vec<_> = keys().iter().map(|key| key.jwk()).collect();
    json!({"keys": keys}).to_string()
}

fn keys() -> &'static [Arc<SigningKey>] {
    static KEYS: OnceLock<Vec<Arc<SigningKey>>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let mut rsa = None;
        let make = |algorithm: &Algorithm| {
            SigningKey::generate(*algorithm, format!("forged-{algorithm}"), &mut rsa).ok().map(Arc::new)
        };
        ALGORITHMS.iter().filter_map(make).collect()
    })
}

const ALGORITHMS: [Algorithm; 10] = [
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::EdDSA,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
];
