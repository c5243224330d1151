//! Extractors for axum handlers, [`Refused`] for handlers that verify something by themselves, and [`Routes`], of which
//! none is forgotten.
//!
//! | argument | anonymous | no `AuthenticateLayer` outside |
//! |---|---|---|
//! | [`Identity`](crate::Identity) | 401 with the challenges of the layer | 500 that says so |
//! | `Option<Identity>` | `None` | 500 that says so |
//! | [`Value<T>`] | 401 with the challenges of the layer | 500 that says so |
//!
//! `Router::layer` is around the routes that were added before it and around none that come after, and nobody is told of a
//! route that was forgotten. [`Routes`] takes the same routes, wants to hear of each who may use it, and becomes a `Router`
//! only when all have said so; [`guide::routes`](crate::guide::routes) has the order of all other layers.
//!
//! ```
//! use axum::{Router, routing::get};
//! use portcullis::authenticate::Bearer;
//! use portcullis::axum::{Guard, Routes};
//! use portcullis::identity::token::TokenVerifier;
//! use portcullis::permission::scope;
//! use portcullis::{AuthenticateLayer, Identity};
//!
//! async fn list(identity: Identity) -> String {
//!     format!("the orders of {}", identity.subject())
//! }
//!
//! let app: Router = Routes::new()
//!     .route("/health", get("up").public())
//!     .route("/orders", get(list).require(scope("orders:read")))
//!     .build(&AuthenticateLayer::new(Bearer::new("orders", TokenVerifier::new()))?)?;
//! # Ok::<(), portcullis::ConfigError>(())
//! ```

mod build;
mod extract;
mod guard;
mod layer;
mod matched_path;
mod methods;
mod refused;
mod routes;
mod table;

pub use extract::Value;
pub use guard::{Guard, Guarded, Required};
pub use matched_path::matched_path;
pub use refused::Refused;
pub use routes::{Part, Routes};
pub use table::{RouteRow, RouteTable};
