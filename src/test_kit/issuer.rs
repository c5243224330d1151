//! The issuer: the handle that a test holds.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

use super::builder::TestIssuerBuilder;
use super::clients::Proof;
use super::faults::Fault;
use super::mint::TokenBuilder;
use super::server::Server;
use super::state::State;
use super::traffic::Endpoint;
use crate::clock::within;
use crate::identity::jwt::{Algorithm, KeySet};

/// An issuer of tokens in this process: OpenID Connect discovery, RFC 8414 metadata, a key set and introspection, over
/// HTTP at a free port of 127.0.0.1.
///
/// It runs in tasks of the runtime that it was started in, and is gone when dropped. Every method takes `&self`, so a
/// test can change it while the service under test talks to it.
///
/// ```
/// use portcullis::test_kit::{Endpoint, TestIssuer};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let issuer = TestIssuer::start().await?;
/// let before = issuer.token("alice").audience("orders-api").mint();
/// issuer.rotate()?;
/// let after = issuer.token("alice").audience("orders-api").mint();
///
/// assert_eq!(issuer.jwks().matches("\"kid\"").count(), 2 * issuer.algorithms().len());
/// assert_eq!(issuer.requests(Endpoint::Jwks), 0);
/// # Ok(()) }
/// ```
pub struct TestIssuer {
    state: Arc<State>,
    server: Server,
}

impl TestIssuer {
    /// How long [`wait_for_requests`](Self::wait_for_requests) waits: 10 seconds.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    pub(super) const fn new(state: Arc<State>, server: Server) -> Self {
        Self { state, server }
    }

    /// Starts an issuer with keys for ES256, ES384, ES512, EdDSA, RS256 and PS256; tokens are signed with ES256 unless
    /// they say otherwise. Making the RSA key takes about a tenth of a second: where that matters, name the
    /// [algorithms](TestIssuerBuilder::algorithms).
    ///
    /// # Errors
    /// There is no free port, or no key could be made.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// An issuer that is to be different.
    pub fn builder() -> TestIssuerBuilder {
        TestIssuerBuilder::new()
    }

    /// The `iss` of its tokens and the `issuer` of its metadata; the same as [`url`](Self::url) unless the
    /// [builder](TestIssuerBuilder::name) was told otherwise.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.state.name
    }

    /// Where it is: `http://127.0.0.1:PORT`, and the path that the [builder](TestIssuerBuilder::path) was given.
    #[must_use]
    pub fn url(&self) -> String {
        self.state.url()
    }

    /// Where the key set is.
    #[must_use]
    pub fn jwks_url(&self) -> String {
        format!("{}/jwks", self.url())
    }

    /// Where tokens are introspected.
    #[must_use]
    pub fn introspection_url(&self) -> String {
        format!("{}/introspect", self.url())
    }

    /// The algorithms that there are keys for, the default first.
    #[must_use]
    pub fn algorithms(&self) -> Vec<Algorithm> {
        self.state.keys().algorithms().to_vec()
    }

    /// The key set as it is published now, for verifiers with fixed keys.
    #[must_use]
    pub fn jwks(&self) -> String {
        self.state.keys().document()
    }

    /// The `kid` of the key that signs for `algorithm` now.
    #[must_use]
    pub fn key_id(&self, algorithm: Algorithm) -> Option<String> {
        self.state.current_key(algorithm).map(|key| key.id.clone())
    }

    /// An access token for `subject`, to be shaped and minted: by this issuer, from now for 5 minutes, with all that
    /// RFC 9068 asks for but an audience.
    pub fn token(&self, subject: &str) -> TokenBuilder<'_> {
        TokenBuilder::access(&self.state, subject)
    }

    /// A logout token (OpenID Connect Back-Channel Logout 1.0 section 2.4), to be shaped and minted. It needs an
    /// [audience](TokenBuilder::audience), and a [subject](TokenBuilder::subject), a
    /// [session](TokenBuilder::session_id) or both.
    pub fn logout_token(&self) -> TokenBuilder<'_> {
        TokenBuilder::logout(&self.state)
    }

    /// Has introspection call `token`, opaque or not, inactive from now on.
    pub fn revoke(&self, token: &str) {
        self.state.grants().revoke(token);
    }

    /// Lets a client introspect by its secret (basic or post). As soon as one client is registered, strangers are
    /// refused; before that, whoever presents well-formed client authentication is let in.
    pub fn register_client(&self, id: impl Into<String>, secret: impl Into<String>) {
        self.state.clients().register(id.into(), Proof::Secret(secret.into()));
    }

    /// Lets a client introspect by assertions that one of `keys` signed (`private_key_jwt`); see
    /// [`register_client`](Self::register_client).
    pub fn register_client_keys(&self, id: impl Into<String>, keys: KeySet) {
        self.state.clients().register(id.into(), Proof::Keys(keys));
    }

    /// New keys sign from now on, one for each algorithm; the old ones stay published beside them.
    ///
    /// # Errors
    /// A key could not be made; then nothing has changed.
    pub fn rotate(&self) -> io::Result<()> {
        self.state.keys().rotate()
    }

    /// New keys sign from now on, and are the only ones published: tokens signed before are worthless at once.
    ///
    /// # Errors
    /// A key could not be made; then nothing has changed.
    pub fn rotate_without_overlap(&self) -> io::Result<()> {
        self.state.keys().replace()
    }

    /// Publishes one more key for `algorithm`, which signs from now on, and returns its `kid`.
    ///
    /// # Errors
    /// The key could not be made, or `algorithm` has none to publish (HMAC).
    pub fn add_key(&self, algorithm: Algorithm) -> io::Result<String> {
        self.state.keys().add(algorithm)
    }

    /// Takes a key out of the set. It still signs, as it would for somebody who stole it.
    ///
    /// # Errors
    /// Not found: the issuer has no key of this `kid`.
    pub fn remove_key(&self, key_id: &str) -> io::Result<()> {
        self.state.keys().publish(key_id, false)
    }

    /// Puts a key that was taken out back into the set.
    ///
    /// # Errors
    /// Not found: the issuer has no key of this `kid`.
    pub fn restore_key(&self, key_id: &str) -> io::Result<()> {
        self.state.keys().publish(key_id, true)
    }

    /// Puts `jwk` into the set too, letter for letter: a broken key, one of another kind, or what is no JSON at all.
    pub fn publish(&self, jwk: impl Into<String>) {
        self.state.keys().publish_extra(jwk.into());
    }

    /// Takes out what [`publish`](Self::publish) put in.
    pub fn unpublish(&self) {
        self.state.keys().clear_extra();
    }

    /// Has `fault` happen at `endpoint`, after the faults that are already in line there.
    pub fn fail_with(&self, endpoint: Endpoint, fault: Fault) {
        self.state.traffic.fail_with(endpoint, fault);
    }

    /// Adds a header to every answer of `endpoint`, in the place of our own of that name: `Cache-Control`, `Age`,
    /// `Content-Encoding`. Several of one name stand on a line each.
    pub fn add_header(&self, endpoint: Endpoint, name: HeaderName, value: HeaderValue) {
        self.state.traffic.add_header(endpoint, name, value);
    }

    /// Ends all faults and takes all added headers back. Requests that are stalled stay so.
    pub fn recover(&self) {
        self.state.traffic.recover();
    }

    /// Closes every connection, and refuses new ones until [`come_back`](Self::come_back).
    pub async fn go_down(&self) {
        self.server.go_down().await;
    }

    /// Listens again where it listened before [`go_down`](Self::go_down).
    ///
    /// # Errors
    /// The port was taken by somebody else meanwhile.
    pub async fn come_back(&self) -> io::Result<()> {
        // It may never have been away.
        self.server.go_down().await;
        let listener = self.server.bind_again().await?;
        self.server.come_up(listener, Arc::clone(&self.state));
        Ok(())
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// How many requests arrived at `endpoint` so far, answered or not.
    #[must_use]
    pub fn requests(&self, endpoint: Endpoint) -> u64 {
        self.state.traffic.requests(endpoint)
    }

    /// Waits until `count` requests in all have arrived at `endpoint`: for what a service does in the background. The
    /// runtime's own timer measures the time.
    ///
    /// # Errors
    /// Timed out: they did not arrive within [`PATIENCE`](Self::PATIENCE); the text says how many did.
    pub async fn wait_for_requests(&self, endpoint: Endpoint, count: u64) -> io::Result<()> {
        let arrival = self.state.traffic.wait_for(endpoint, count);
        within(Self::PATIENCE, arrival).await.map_err(|_| {
            let problem = format!("{} of {count} requests arrived at {endpoint:?}", self.requests(endpoint));
            io::Error::new(io::ErrorKind::TimedOut, problem)
        })
    }
}

impl fmt::Debug for TestIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestIssuer").field("name", &self.name()).field("url", &self.url()).finish_non_exhaustive()
    }
}
