//! Extractors for axum handlers, and [`Refused`] for handlers that verify something by themselves.
//!
//! | argument | anonymous | no `AuthenticateLayer` outside |
//! |---|---|---|
//! | [`Identity`] | 401 with the challenges of the layer | 500 that says so |
//! | `Option<Identity>` | `None` | 500 that says so |
//! | [`Value<T>`] | 401 with the challenges of the layer | 500 that says so |
//!
//! `Router::layer` is around the routes that were added before it and around none that come after: add every route that
//! is to be guarded before the `AuthenticateLayer`.
//!
//! ```
//! use axum::{Router, routing::get};
//! use portcullis::authenticate::Bearer;
//! use portcullis::identity::token::TokenVerifier;
//! use portcullis::permission::scope;
//! use portcullis::{AuthenticateLayer, Identity, RequireLayer};
//!
//! async fn list(identity: Identity) -> String {
//!     format!("the orders of {}", identity.subject())
//! }
//!
//! let app: Router = Router::new()
//!     .route("/orders", get(list).layer(RequireLayer::new(scope("orders:read"))?))
//!     .layer(AuthenticateLayer::new(Bearer::new("orders", TokenVerifier::new()))?);
//! # Ok::<(), portcullis::ConfigError>(())
//! ```

mod extract;
mod refused;

pub use extract::Value;
pub use refused::Refused;
