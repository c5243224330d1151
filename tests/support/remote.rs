//! A service whose issuer's keys come from a [`Server`], and requests to it.

#![allow(dead_code, reason = "each test file uses a part")]

use std::sync::Arc;
use std::time::Duration;

use portcullis::AuthenticateLayer;
use portcullis::authenticate::Bearer;
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, RemoteKeys, RemoteKeysBuilder};
use portcullis::outbound::Client;
use serde_json::json;

use super::faulty::Server;
use super::jwt::{AUDIENCE, ISSUER, NOW, claims_with, mint};
use super::keys::TestKey;
use super::stack::{Answer, get, send};

pub(crate) const ALGORITHM: &[Algorithm] = &[Algorithm::ES256];
pub(crate) const COOL_DOWN: Duration = RemoteKeys::DEFAULT_COOL_DOWN;
/// A deadline that is to pass: long enough for what does answer.
pub(crate) const SHORT: Duration = Duration::from_millis(400);

/// A key under this name.
pub(crate) fn key(name: &'static str) -> TestKey {
    TestKey::new(Algorithm::ES256).named(name)
}

/// The token that a key signs for alice.
pub(crate) fn token(key: &TestKey) -> String {
    token_of(ISSUER, key)
}

pub(crate) fn token_of(issuer: &str, key: &TestKey) -> String {
    mint(key, &claims_with(json!({ "iss": issuer })))
}

/// A client that may ask this machine.
pub(crate) fn client() -> Client {
    Client::builder().danger_allow_http_loopback().build().unwrap()
}

pub(crate) fn keys_at(url: &str, clock: &ManualClock) -> RemoteKeysBuilder {
    RemoteKeys::jwks(url, ALGORITHM).client(client()).clock(clock.clone())
}

pub(crate) fn keys_of(issuer: &str, clock: &ManualClock) -> RemoteKeysBuilder {
    RemoteKeys::discover(issuer, ALGORITHM).client(client()).clock(clock.clone())
}

/// The service, its keys, and the clock that ages them. Tokens are judged at [`NOW`] for ever.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) keys: RemoteKeys,
    pub(crate) clock: ManualClock,
    pub(crate) layer: AuthenticateLayer,
    /// One that no set ever holds.
    stranger: Arc<TestKey>,
    issuer: String,
}

impl Service {
    /// Accepts tokens of [`ISSUER`], signed by keys at `/jwks` of the server.
    pub(crate) fn at(server: &Server) -> Self {
        Self::waiting(server, RemoteKeys::DEFAULT_DEADLINE)
    }

    /// The same, with a deadline of one's own.
    pub(crate) fn waiting(server: &Server, deadline: Duration) -> Self {
        let clock = clock();
        let keys = keys_at(&server.url("/jwks"), &clock).deadline(deadline).build().unwrap();
        Self::with(ISSUER, keys, clock)
    }

    /// Accepts tokens of the server, found by its name.
    pub(crate) fn of(server: &Server) -> Self {
        Self::looking(server, RemoteKeys::DEFAULT_DEADLINE)
    }

    /// The same, with a deadline of one's own.
    pub(crate) fn looking(server: &Server, deadline: Duration) -> Self {
        let clock = clock();
        let keys = keys_of(&server.origin(), &clock).deadline(deadline).build().unwrap();
        Self::with(&server.origin(), keys, clock)
    }

    pub(crate) fn with(issuer: &str, keys: RemoteKeys, clock: ManualClock) -> Self {
        let verifier = JwtVerifier::new([Issuer::new(issuer, [AUDIENCE], keys.clone())]).unwrap();
        let verifier = verifier.clock(ManualClock::at(UnixTime::from_secs(NOW)));
        let layer = AuthenticateLayer::builder().scheme(Bearer::new("api", verifier)).build().unwrap();
        Self { keys, clock, layer, stranger: Arc::new(key("stranger")), issuer: issuer.to_owned() }
    }

    pub(crate) async fn send(&self, token: &str) -> Answer {
        send(&self.layer, get([("authorization", format!("Bearer {token}"))])).await
    }

    pub(crate) async fn accepts(&self, token: &str) {
        self.send(token).await.assert_accepted("alice");
    }

    /// 401: whose token this is, is known not to be known.
    pub(crate) async fn refuses(&self, token: &str) {
        self.send(token).await.assert_refused(401, "invalid", &[("Bearer", Some("invalid_token"))]);
    }

    /// 503 with this many seconds to wait.
    pub(crate) async fn is_unable(&self, token: &str, retry_after: u64) {
        let answer = self.send(token).await;
        answer.assert_refused(503, "unavailable", &[]);
        assert_eq!(answer.lines("retry-after"), [retry_after.to_string()]);
    }

    /// Lets the cool-down pass, and has the keys fetched by a token whose key is not there.
    pub(crate) async fn refetch(&self) {
        let attempts = self.keys.state().attempts();
        self.clock.advance(COOL_DOWN);
        let answer = self.send(&token_of(&self.issuer, &self.stranger)).await;
        assert!(answer.status == 401 || answer.status == 503, "{}", answer.status);
        assert_eq!(self.keys.state().attempts(), attempts + 1);
    }

    pub(crate) fn last_error(&self) -> String {
        self.keys.state().last_error().expect("the last attempt failed").to_owned()
    }
}

pub(crate) fn clock() -> ManualClock {
    ManualClock::at(UnixTime::from_secs(NOW))
}

/// Waits for what another task brings about.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..5_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("in vain: {what}");
}
