//! The 401 middleware: finds out who is asking, or says why it cannot.
//!
//! ```text
//!  request ─▶ credentials ─▶ identity ─▶ inner service     the Identity is in the request's extensions
//!             extract        verify
//!                 └─────────────┴──▶ response              400, 401, 403, 429, 500 or 503, the inner service untouched
//! ```
//!
//! A request passes when the first scheme that finds its credentials has them verified. In order:
//!
//! 1. Two `Authorization` fields, or credentials in one of them and in another header field that a scheme reads, are refused
//!    (400) before any verifier runs.
//! 2. Each scheme, in the configured order, looks for credentials the client sent on purpose (a header). The first that
//!    finds some decides alone: a failure ends the request, and no other scheme is asked.
//! 3. Only without any `Authorization` field do schemes look for credentials that browsers send unasked (a cookie).
//!    Where one of them is accepted, a request that may change something must come from a page of ours
//!    ([`SameOrigin`]), or it is refused (403).
//! 4. Nothing found: 401 with the challenge of every scheme, each on a line of its own. With
//!    [`allow_anonymous`](AuthenticateBuilder::allow_anonymous) the request passes without an identity; a credential that
//!    was sent and failed is refused all the same, except a stale cookie, which is cleared.
//!
//! A layer [for a proxy](AuthenticateBuilder::proxy) does all this with `Proxy-Authorization`, and answers 407.
//!
//! The inner service is called after the verdict and never before, on an instance that was polled ready. Its own
//! responses, a 401 among them, pass through. Where they say nothing of it, caches are told whom they are for:
//! `Cache-Control: no-store` where a cookie was accepted, `private` where it was a header, and in `Vary` the fields that the
//! schemes read. A response to nobody gains only `Vary`; a preflight that is let through, and a proxy's responses, gain nothing.
//!
//! ```
//! use portcullis::authenticate::Bearer;
//! use portcullis::credentials::BearerToken;
//! use portcullis::{AuthenticateLayer, Identity, VerifyError};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! let verifier = async |token: BearerToken| match token.expose() {
//!     "sesame" => Ok(Identity::assertion("cave", "ali").build()),
//!     _ => Err(VerifyError::invalid()),
//! };
//! let layer = AuthenticateLayer::new(Bearer::new("cave", verifier))?;
//! let service = layer.layer(service_fn(async |request: http::Request<String>| {
//!     let who = request.extensions().get::<Identity>().map(|identity| identity.subject().to_owned());
//!     Ok::<_, std::convert::Infallible>(http::Response::new(who.unwrap_or_default()))
//! }));
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let request = http::Request::get("/").header("authorization", "Bearer sesame").body(String::new())?;
//! assert_eq!(service.clone().oneshot(request).await?.status(), 200);
//!
//! let refused = service.oneshot(http::Request::get("/").body(String::new())?).await?;
//! assert_eq!(refused.status(), 401);
//! assert_eq!(refused.headers()["www-authenticate"], r#"Bearer realm="cave""#);
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "api-key")]
mod api_key;
mod basic;
mod bearer;
mod carriers;
#[cfg(feature = "digest")]
mod digest;
mod explanation;
mod findings;
mod future;
#[cfg(feature = "grpc")]
mod grpc;
mod judge;
mod layer;
mod origin;
mod proxy;
mod same_origin;
mod scheme;
mod service;
mod session;

#[cfg(feature = "api-key")]
pub use api_key::ApiKeys;
pub use basic::Basic;
pub use bearer::Bearer;
#[cfg(feature = "digest")]
pub use digest::Digest;
pub use explanation::Explanation;
#[cfg(feature = "login")]
pub(crate) use findings::{explained, panicked};
pub use future::ResponseFuture;
#[cfg(feature = "login")]
pub(crate) use judge::offer;
pub use layer::{AuthenticateBuilder, AuthenticateLayer};
pub use same_origin::SameOrigin;
pub use scheme::{Accepted, Attempt, Carrier, Scheme};
pub use service::Authenticate;
pub use session::Session;
