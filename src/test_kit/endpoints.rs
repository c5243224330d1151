//! What is where: the paths of an issuer and the documents behind them.

use http::header::{ALLOW, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::json;

use super::answer::{Answer, Delivery};
use super::forger;
use super::introspection;
use super::state::State;
use super::traffic::Endpoint;

/// Counts the request and answers it, or does to it what the test wants.
pub(super) async fn answer(state: &State, request: Request<Incoming>) -> Delivery {
    let endpoint = endpoint(state, request.uri().path());
    let (fault, headers) = state.traffic.arrive(endpoint);
    let wanted = if endpoint == Endpoint::Introspection { Method::POST } else { Method::GET };
    let answer = if *request.method() == wanted {
        content(state, endpoint, request).await
    } else {
        let mut answer = Answer::error(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "not by this method");
        answer.set(ALLOW, wanted.as_str());
        answer
    };
    answer.deliver(fault, headers)
}

fn endpoint(state: &State, path: &str) -> Endpoint {
    let below = path.strip_prefix(state.path.as_str());
    match below {
        Some("/introspect") => Endpoint::Introspection,
        Some("/jwks") => Endpoint::Jwks,
        Some("/.well-known/openid-configuration") => Endpoint::OpenidConfiguration,
        // RFC 8414 section 3.1: the path of the issuer comes after the well-known one.
        _ if path.strip_prefix("/.well-known/oauth-authorization-server") == Some(&state.path) => {
            Endpoint::OauthMetadata
        }
        _ => Endpoint::Trap,
    }
}

async fn content(state: &State, endpoint: Endpoint, request: Request<Incoming>) -> Answer {
    match endpoint {
        Endpoint::Introspection => {
            let (head, body) = request.into_parts();
            let is_form = head.headers.get(CONTENT_TYPE).is_some_and(|value| {
                value.as_bytes().split(|&byte| byte == b';').next().is_some_and(|kind| kind.trim_ascii() == FORM)
            });
            match Limited::new(body, MAX_FORM).collect().await {
                Ok(body) if is_form => introspection::answer(state, &head, &body.to_bytes()),
                Ok(_) => Answer::error(StatusCode::BAD_REQUEST, "invalid_request", "the body is not a form"),
                Err(_) => Answer::error(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", "the form is too long"),
            }
        }
        Endpoint::Jwks => Answer::new(StatusCode::OK, "application/jwk-set+json", state.keys().document()),
        Endpoint::OauthMetadata | Endpoint::OpenidConfiguration => Answer::json(metadata(state)),
        Endpoint::Trap => trap(state, request.uri().path()),
    }
}

/// OpenID Connect Discovery 1.0 section 3 and RFC 8414 section 2, all required members of both.
fn metadata(state: &State) -> String {
    let url = state.url();
    let algorithms: Vec<_> = state.keys().algorithms().iter().map(|algorithm| algorithm.name()).collect();
    json!({
        "issuer": state.name,
        "jwks_uri": format!("{url}/jwks"),
        "introspection_endpoint": format!("{url}/introspect"),
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
        "introspection_signing_alg_values_supported": algorithms,
    })
    .to_string()
}

/// What somebody finds who goes where a forged token points.
fn trap(state: &State, path: &str) -> Answer {
    match path {
        "/trap/jwks" => Answer::json(forger::key_set()),
        "/trap/.well-known/openid-configuration" => {
            let url = format!("{}/trap", state.origin);
            Answer::json(json!({"issuer": url, "jwks_uri": format!("{url}/jwks")}).to_string())
        }
        _ => Answer::error(StatusCode::NOT_FOUND, "not_found", "there is nothing here"),
    }
}

const FORM: &[u8] = b"application/x-www-form-urlencoded";
const MAX_FORM: usize = 256 * 1024;
