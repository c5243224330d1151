//! For the tests of services: an issuer in the process, forged tokens, assertions on challenges, and the contract of session
//! stores.
//!
//! Nothing of this belongs into a server: turn the feature `test-kit` on among the `dev-dependencies`.
//!
//! A whole test of a service that takes access tokens:
//!
//! ```
//! use http::header::AUTHORIZATION;
//! use http::{HeaderValue, Request, Response};
//! use portcullis::authenticate::Bearer;
//! use portcullis::identity::jwt::{Issuer, JwtVerifier, KeySet};
//! use portcullis::test_kit::{Challenges, Endpoint, TestIssuer};
//! use portcullis::{AuthenticateLayer, ConfigError};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let issuer = TestIssuer::start().await?;
//! let keys = KeySet::from_jwks(issuer.jwks(), &issuer.algorithms())?;
//! let verifier = JwtVerifier::new([Issuer::new(issuer.name(), ["orders-api"], keys)])?;
//! let inner = service_fn(async |_: Request<()>| Ok::<_, ConfigError>(Response::new(String::from("two orders"))));
//! let service = AuthenticateLayer::new(Bearer::new("orders", verifier))?.layer(inner); // yours
//! let send = |authorization: Option<HeaderValue>| {
//!     let mut request = Request::new(());
//!     request.headers_mut().extend(authorization.map(|value| (AUTHORIZATION, value)));
//!     service.clone().oneshot(request)
//! };
//!
//! Challenges::of(send(None).await?.headers()).assert_no_error();
//! for good in issuer.genuine("orders-api") {
//!     let answer = send(Some(good.authorization())).await?;
//!     good.assert_accepted(answer.status(), answer.headers());
//! }
//! for forgery in issuer.forgeries("orders-api") {
//!     let answer = send(Some(forgery.authorization())).await?;
//!     forgery.assert_refused(answer.status(), answer.headers());
//! }
//! assert_eq!(issuer.requests(Endpoint::Trap), 0, "no token led the service astray");
//! # Ok(()) }
//! ```
//!
//! The service's own keys may be fetched from it as well (feature `jwks`), by [`jwks_url`](TestIssuer::jwks_url) or by
//! discovery of its [`name`](TestIssuer::name): with a client that allows http to this machine, as the issuer has no
//! certificate. Let the function that builds your service take the client as an argument.
//!
//! ```
//! use portcullis::identity::jwt::RemoteKeys;
//! use portcullis::outbound::Client;
//! use portcullis::test_kit::TestIssuer;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let issuer = TestIssuer::start().await?;
//! let client = Client::builder().danger_allow_http_loopback().build()?;
//! let keys = RemoteKeys::discover(issuer.name(), &issuer.algorithms()).client(client).build()?;
//! assert_eq!(keys.ready().await.keys().count(), issuer.algorithms().len());
//! # Ok(()) }
//! ```
//!
//! | to test | there is |
//! |---|---|
//! | what a token may do | [`TestIssuer::token`]: any claim, any header, any time, any key |
//! | what no token may do | [`TestIssuer::forgeries`], [`TestIssuer::genuine`], [`TestIssuer::other_kinds`] |
//! | key rotation | [`TestIssuer::rotate`], [`TestIssuer::rotate_without_overlap`], [`TestIssuer::publish`] |
//! | an issuer that is down, slow or lies | [`TestIssuer::fail_with`] a [`Fault`], [`go_down`](TestIssuer::go_down) |
//! | how often the issuer is asked | [`TestIssuer::requests`], [`wait_for_requests`](TestIssuer::wait_for_requests) |
//! | opaque tokens, revocation | [`TokenBuilder::mint_opaque`], [`TestIssuer::revoke`] |
//! | back-channel logout | [`TestIssuer::logout_token`] |
//! | what a client is told | [`Challenges`] |
//! | a store of sessions of your own | [`session_store`] (feature `session`) |
//!
//! All of it is changed through `&TestIssuer`, at any time. The times of tokens come from the
//! [`Clock`](crate::clock::Clock) that [`TestIssuerBuilder::clock`] is given.

mod answer;
mod assertions;
mod body;
mod builder;
mod challenges;
mod clients;
mod endpoints;
mod faults;
mod forger;
mod forgeries;
mod form;
mod grants;
mod gzip;
mod introspection;
mod issuer;
mod key_ring;
mod keys;
mod mint;
mod server;
#[cfg(feature = "session")]
pub mod session_store;
mod state;
mod traffic;

pub use builder::TestIssuerBuilder;
pub use challenges::{Challenges, ParsedChallenge};
pub use faults::Fault;
pub use forgeries::{Forgery, Genuine};
pub use issuer::TestIssuer;
pub use mint::TokenBuilder;
pub use traffic::Endpoint;
