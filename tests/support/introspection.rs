//! What a verifier that asks a scripted endpoint is made of.

#![allow(dead_code, reason = "each test file uses a part")]

use portcullis::authenticate::Bearer;
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::BearerToken;
use portcullis::identity::introspection::{ClientAuth, IntrospectionBuilder, IntrospectionVerifier};
use portcullis::outbound::Client;
use portcullis::{AuthenticateLayer, Identity, Reason, Secret, Verifier, VerifyError};
use serde_json::{Value, json};

use super::endpoint::Endpoint;
use super::stack::{Answer, bearer, get, send};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "orders-api";
/// What the clock of [`builder`] shows.
pub(crate) const NOW: u64 = 1_790_000_000;
pub(crate) const SECRET: &str = "kJ3vX9qLw2rT8mZs5bYc";
/// RFC 7662 section 2.1
pub(crate) const TOKEN: &str = "2YotnFZFEjr1zCsicMWpAA";

pub(crate) fn secret() -> Secret<String> {
    Secret::new(SECRET.to_owned())
}

pub(crate) fn clock() -> ManualClock {
    ManualClock::at(UnixTime::from_secs(NOW))
}

pub(crate) fn loopback() -> Client {
    Client::builder().danger_allow_http_loopback().build().unwrap()
}

pub(crate) fn builder_with(endpoint: &Endpoint, auth: ClientAuth) -> IntrospectionBuilder {
    IntrospectionVerifier::builder(endpoint.url(), auth)
        .issuer(ISSUER)
        .audience([AUDIENCE])
        .client(loopback())
        .clock(clock())
}

pub(crate) fn builder(endpoint: &Endpoint) -> IntrospectionBuilder {
    builder_with(endpoint, ClientAuth::basic("gate", secret()))
}

pub(crate) fn verifier(endpoint: &Endpoint) -> IntrospectionVerifier {
    builder(endpoint).build().unwrap()
}

/// An answer that is accepted at [`NOW`], with some members replaced, and those that are `null` here taken out.
pub(crate) fn active(changes: Value) -> Value {
    let mut answer = json!({
        "active": true, "iss": ISSUER, "sub": "alice", "aud": AUDIENCE, "client_id": "web", "scope": "orders:read",
        "token_type": "Bearer", "exp": NOW + 300, "iat": NOW, "jti": "token-1",
    });
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            answer.as_object_mut().unwrap().remove(name);
        } else {
            answer[name] = value.clone();
        }
    }
    answer
}

pub(crate) fn inactive() -> Value {
    json!({"active": false})
}

pub(crate) async fn verify(verifier: &impl Verifier<BearerToken>, token: &str) -> Result<Identity, VerifyError> {
    verifier.verify(BearerToken::new(token).unwrap()).await
}

/// Why a token is refused, if it is.
pub(crate) async fn reason(verifier: &impl Verifier<BearerToken>, token: &str) -> Option<Reason> {
    verify(verifier, token).await.err().map(|error| error.reason())
}

/// A whole request with a token, through a layer.
pub(crate) async fn request(verifier: &(impl Verifier<BearerToken> + Clone), token: &str) -> Answer {
    let layer = AuthenticateLayer::new(Bearer::new("api", verifier.clone())).unwrap();
    send(&layer, get([bearer(token)])).await
}
