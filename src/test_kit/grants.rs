//! The tokens that introspection knows, and those that were revoked.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use crate::clock::UnixTime;

/// Opaque tokens with what they stand for, and revoked tokens of any kind.
#[derive(Default)]
pub(super) struct Grants {
    opaque: HashMap<String, Map<String, Value>>,
    revoked: HashSet<String>,
}

impl Grants {
    pub(super) fn insert(&mut self, token: String, members: Map<String, Value>) {
        self.opaque.insert(token, members);
    }

    pub(super) fn revoke(&mut self, token: &str) {
        self.revoked.insert(token.to_owned());
    }

    pub(super) fn is_revoked(&self, token: &str) -> bool {
        self.revoked.contains(token)
    }

    /// The answer of RFC 7662 section 2.2 for an opaque token; none if there is no such token.
    pub(super) fn answer(&self, token: &str, now: UnixTime) -> Option<Value> {
        let members = self.opaque.get(token)?;
        Some(if self.is_revoked(token) { inactive() } else { active(members, now) })
    }
}

/// What is said of a token that stands for `members`: that it is active, unless its time is over or not yet there. What
/// `members` themselves say about `active` is repeated, so that a test can have an issuer lie.
pub(super) fn active(members: &Map<String, Value>, now: UnixTime) -> Value {
    let time = |name: &str| members.get(name).and_then(Value::as_u64);
    let is_over = time("exp").is_some_and(|end| now.as_secs() >= end);
    let is_ahead = time("nbf").is_some_and(|begin| now.as_secs() < begin);
    if (is_over || is_ahead) && !members.contains_key("active") {
        return inactive();
    }
    let mut answer = members.clone();
    answer.entry("active").or_insert(Value::Bool(true));
    answer.entry("token_type").or_insert_with(|| json!("Bearer"));
    Value::Object(answer)
}

/// All that is said of any other token (RFC 7662 section 2.2).
pub(super) fn inactive() -> Value {
    json!({"active": false})
}
