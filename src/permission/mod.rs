//! Stage 3, decide, and the 403 middleware: whether a known identity may.
//!
//! | who asks | answer |
//! |---|---|
//! | an identity that has what is required | the inner service is called |
//! | an identity that lacks it | 403, naming every scope and role that is missing |
//! | the same, on a [`hidden`](RequireLayer::hidden) route | 404 |
//! | an identity whose log-in is too old or too weak | 401 asking for a new log-in (RFC 9470) |
//! | nobody (anonymous callers were let in) | 401 with the challenges of the layer outside |
//! | anybody, while a [`Policy`] cannot decide | 503 |
//! | anybody, without an [`AuthenticateLayer`](crate::AuthenticateLayer) outside | 500 that says so |
//!
//! Requirements are data, put together from [`scope`], [`role`], [`max_age`], [`acr`], [`all`], [`any`] and, for the methods of
//! gRPC, [`by_path`]; what they cannot say is a [`policy`]. An empty requirement does not build.
//!
//! ```
//! use std::time::Duration;
//! use portcullis::RequireLayer;
//! use portcullis::permission::{all, any, max_age, role, scope};
//!
//! let layer = RequireLayer::new(all([
//!     scope("orders:write"),
//!     any([role("clerk"), role("admin")]),
//!     max_age(Duration::from_secs(300)),
//! ]))?;
//! # Ok::<(), portcullis::ConfigError>(())
//! ```

mod by_path;
mod evaluate;
mod findings;
mod future;
mod layer;
mod policy;
mod requirement;
mod rule;
mod service;
mod words;

pub use by_path::by_path;
pub use future::ResponseFuture;
pub use layer::RequireLayer;
pub use policy::{Decision, Policy};
pub use requirement::{Requirement, acr, all, any, authenticated, max_age, policy, role, scope};
pub use service::Require;
