//! Introspection: RFC 7662, and RFC 9701 for whoever asks for a signed answer.

use http::header::ACCEPT;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::clients::{self, Refusal};
use super::form::Form;
use super::grants::{active, inactive};
use super::mint::sign;
use super::state::State;
use crate::identity::jwt::KeySet;

pub(super) fn answer(state: &State, head: &Parts, body: &[u8]) -> Answer {
    answer_or_refusal(state, &head.headers, body).unwrap_or_else(|refusal| refusal).not_to_be_stored()
}

fn answer_or_refusal(state: &State, headers: &HeaderMap, body: &[u8]) -> Result<Answer, Answer> {
    let malformed = |problem: &str| Answer::error(StatusCode::BAD_REQUEST, "invalid_request", problem);
    let form = Form::read(body).ok_or_else(|| malformed("the form cannot be read, or has a field twice"))?;
    let client = clients::authenticate(state, headers, &form).map_err(|refusal| match refusal {
        Refusal::Malformed(problem) => malformed(problem),
        Refusal::Unknown(problem) => Answer::unauthorized(problem),
    })?;
    let token = form.get("token").ok_or_else(|| malformed("no token"))?;
    let answer = introspect(state, token);
    let wants_jwt = headers.get_all(ACCEPT).iter().any(|value| value.to_str().is_ok_and(|value| value.contains(JWT)));
    Ok(if wants_jwt { signed(state, &client, &answer) } else { Answer::json(answer.to_string()) })
}

/// What there is to say about a token of either kind.
fn introspect(state: &State, token: &str) -> Value {
    let now = state.clock.now();
    let opaque = state.grants().answer(token, now);
    opaque.or_else(|| jwt(state, token).map(|claims| active(&claims, now))).unwrap_or_else(inactive)
}

/// The claims of a JWT of ours that nobody revoked.
fn jwt(state: &State, token: &str) -> Option<Map<String, Value>> {
    if state.grants().is_revoked(token) {
        return None;
    }
    let (document, algorithms) = {
        let keys = state.keys();
        (keys.document(), keys.algorithms().to_vec())
    };
    // A set with broken keys in it, which a test may want published, verifies nothing here.
    let payload = KeySet::from_jwks(document, &algorithms).ok()?.verify_jws(token).ok()?;
    let claims: Map<String, Value> = serde_json::from_slice(&payload).ok()?;
    (claims.get("iss").and_then(Value::as_str) == Some(&state.name)).then_some(claims)
}

/// RFC 9701 section 5.
fn signed(state: &State, client: &str, answer: &Value) -> Answer {
    let Some(key) = state.current_key(state.default_algorithm()) else {
        return Answer::error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "there is no key");
    };
    let header = json!({"alg": key.algorithm.name(), "kid": key.id, "typ": "token-introspection+jwt"});
    let claims = json!({
        "iss": state.name, "aud": client, "iat": state.clock.now().as_secs(), "token_introspection": answer,
    });
    let token = sign(&key, &header.to_string(), &claims.to_string());
    Answer::new(StatusCode::OK, JWT, token)
}

const JWT: &str = "application/token-introspection+jwt";
