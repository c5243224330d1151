//! What clients must know to get a token: protected resource metadata (RFC 9728).
//!
//! A client that knows nothing but the address of a service finds everything else from its first 401: the challenge names
//! the metadata document, the document names the authorization server, and the challenge's `scope` says what to ask for
//! there. This is how clients of the Model Context Protocol log in, and any OAuth client may.
//!
//! ```text
//!  GET /mcp ──────────────▶ 401 Bearer realm=…, resource_metadata="https://api.example/.well-known/…/mcp", scope="…"
//!  GET /.well-known/oauth-protected-resource/mcp ──────▶ 200 {"resource": …, "authorization_servers": […], …}
//!  … the client gets a token there, for this resource and these scopes …
//!  GET /mcp, Authorization: Bearer … ──▶ the service, or 403 with the scopes that the request needs
//! ```
//!
//! A [`ProtectedResource`] is built once and given to three places: to
//! [`Bearer::resource`](crate::authenticate::Bearer::resource) for the challenges; to the router, as a
//! [layer](ProtectedResource::layer) around everything or as a [service](ProtectedResource::service) on one route, where
//! the document is reached without credentials; and its [`identifier`](ProtectedResource::identifier) to the verifier, as
//! the audience that tokens must be meant for.
//!
//! ```
//! use portcullis::AuthenticateLayer;
//! use portcullis::authenticate::Bearer;
//! use portcullis::resource::ProtectedResource;
//! # use portcullis::{Identity, VerifyError, credentials::BearerToken};
//! # let verifier = async |_: BearerToken| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) };
//!
//! let resource = ProtectedResource::builder("https://api.example/mcp")
//!     .authorization_server("https://id.example")
//!     .scopes(["orders:read", "orders:write"])
//!     .challenge_scopes(["orders:read"])
//!     .build()?;
//! let authenticate = AuthenticateLayer::new(Bearer::new("orders", verifier).resource(&resource))?;
//!
//! let app: axum::Router = axum::Router::new()
//!     .route("/mcp", axum::routing::get("hello"))
//!     .layer(authenticate)
//!     // Added last, so outermost: the document needs no credentials.
//!     .layer(resource.layer());
//! # Ok::<(), portcullis::ConfigError>(())
//! ```
//!
//! # Where the document lies
//!
//! At one place: the well-known path between the host and the path of the resource (RFC 9728 section 3), which the
//! challenge names. Some clients of MCP that were not told look at the root next, `/.well-known/oauth-protected-resource`.
//! That is the address of *another* resource, the one without a path, and a careful client must not use a document it finds
//! there for this one (section 3.3); so we answer there only for a resource that has no path. Where the whole host is one
//! resource and old clients must be served, route that path to [`ProtectedResource::service`] yourself.
//!
//! # What the addresses are made of
//!
//! Everything is taken from the configuration and nothing from the request: a `Host` that a stranger chose is never
//! repeated to a client that would send tokens there. Behind a proxy the configured identifier is what clients type, not
//! what the proxy connects to.

mod builder;
mod future;
mod layer;
mod metadata;
mod service;
mod url;

pub use builder::ProtectedResourceBuilder;
pub use future::ResponseFuture;
pub use layer::PublishLayer;
pub use metadata::ProtectedResource;
pub use service::{MetadataService, Publish};
pub(crate) use url::is_loopback;
