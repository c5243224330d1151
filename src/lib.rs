//! HTTP authentication for tower: who is asking (401), whether they may (403), and never the one for the other.
//!
//! In an axum service, with the feature `axum`:
//!
//! ```no_run
//! # #[cfg(all(feature = "axum", feature = "password", feature = "token"))] mod server {
//! use axum::{Router, routing::get};
//! use portcullis::authenticate::{Basic, Bearer};
//! use portcullis::identity::password::{PasswordVerifier, User, Users, hash_password};
//! use portcullis::identity::token::TokenVerifier;
//! use portcullis::permission::scope;
//! use portcullis::{AuthenticateLayer, Identity, RequireLayer};
//!
//! fn app() -> Result<Router, Box<dyn std::error::Error>> {
//!     let mut users = Users::new();
//!     users.insert("alice", User::new(&hash_password("correct horse")?)?.scopes(["orders:read"]))?;
//!     let tokens = TokenVerifier::new();
//!     tokens.insert("kJ3vX9qLw2rT8mZs5bYc", Identity::assertion("orders", "ci").authenticated_now().build())?;
//!
//!     let layer = AuthenticateLayer::builder()
//!         .scheme(Bearer::new("orders", tokens))
//!         .scheme(Basic::new("orders", PasswordVerifier::new("orders", users)))
//!         .build()?;
//!     Ok(Router::new()
//!         .route("/me", get(async |identity: Identity| format!("hello, {}", identity.subject())))
//!         .route("/orders", get("two orders").layer(RequireLayer::new(scope("orders:read"))?))
//!         .layer(layer))
//! }
//! # }
//! ```
//!
//! # The path of a request
//!
//! ```text
//!  request ─▶ credentials ─▶ identity ─▶ permission ─▶ your service
//!             extract        verify      decide
//!                  └────────────┴────────────┴──────▶ response
//!                                                     status, challenge, body
//! ```
//!
//! | stage | module | asks | may answer |
//! |---|---|---|---|
//! | extract | [`credentials`] | what was presented? | 400, 401 |
//! | verify | [`identity`] | who is it? | 401, 403 (from another site), 429, 503 |
//! | decide | [`permission`] | may they? | 401 (log in anew), 403, 404, 503 |
//! | respond | [`response`] | what is the client told? | the words of all these |
//!
//! [`AuthenticateLayer`] walks the first two stages and puts the [`Identity`] into the request's extensions;
//! [`RequireLayer`] walks the third, usually on one route. Both wrap any tower service: axum, hyper, tonic, your own.
//! [`resource`] tells clients where to get a token for all this. For a forward proxy, a layer is built with
//! [`proxy`](authenticate::AuthenticateBuilder::proxy): the same with 407.
//!
//! # Features
//!
//! | feature | default? | adds |
//! |---|---|---|
//! | `token` | yes | opaque API tokens: `identity::token` |
//! | `password` | yes | argon2 hashes in a bounded pool of threads, a memory, a limit to failures: `identity::password`, `identity::throttle` |
//! | `jwt` | yes | JWT access tokens with fixed keys: `identity::jwt`; what ends them early: `identity::revocation` |
//! | `aws-lc-rs` | yes | the fast backend for JWT signatures; wins where both are on |
//! | `session` | yes | sessions, in memory or in a store of your own: `identity::session` |
//! | `sqlite` | no | sessions in a SQLite file; needs Rust 1.94 |
//! | `postgres` | no | sessions in PostgreSQL; needs Rust 1.94 |
//! | `login` | no | logging in and out over HTTP, and the list of one's sessions: `login` |
//! | `bcrypt` | no | bcrypt hashes too |
//! | `htpasswd` | no | every other hash in use, and files of users: `identity::password::HtpasswdFile` |
//! | `digest` | no | the Digest scheme (RFC 7616): `authenticate::Digest`, `identity::digest_access` |
//! | `api-key` | no | API keys with scopes and an end: `authenticate::ApiKeys`, `identity::api_key` |
//! | `jwks` | no | keys fetched from the issuer: `identity::jwt::RemoteKeys` |
//! | `introspection` | no | opaque tokens judged by their issuer: `identity::introspection` |
//! | `redis` | no | shared by many processes: `identity::session::RedisStore`, `identity::revocation::RedisRevocations`, and with `password` the counts of failures |
//! | `rust-crypto` | no | the portable backend for JWT signatures |
//! | `html` | no | refusals as pages for people: `response::Page` |
//! | `grpc` | no | refusals in the form that clients of gRPC understand: `AuthenticateBuilder::grpc`, `response::Grpc` |
//! | `axum` | no | extractors for handlers, and routes none of which is forgotten: the module `axum` |
//! | `tracing` | no | an event for every refusal |
//! | `metrics` | no | counts and durations through the `metrics` crate: [its page](guide::metrics) |
//! | `test-kit` | no | an issuer, forged tokens and assertions for the tests of services: the module `test_kit` |
//! | `full` | no | all of these |
//!
//! Without any: the three schemes around your own verifiers, permissions and answers.
//!
//! # Where to go next
//!
//! - To start: the examples of [`AuthenticateLayer`], [`RequireLayer`] and [`Verifier`]; [moving here from another
//!   crate](guide::migrating).
//! - To understand: [the life of a request](guide::life_of_a_request), drawn with every way out;
//!   [401 or 403?](guide::unauthorized_or_forbidden); [the defaults](guide::defaults).
//! - To put it together in axum: [routes, of which none is forgotten, and the order of layers](guide::routes).
//! - To operate: [passwords in production](guide::passwords), from files that change to floods of guesses, and
//!   [tokens in production](guide::tokens), from keys that age; both to the answer of each fault. With a cookie:
//!   [sessions in production](guide::sessions) and [requests from other sites](guide::cross_site). In axum: [routes, none of
//!   which is forgotten](guide::routes). When somebody was
//!   refused: [what each reason means, and what to do](guide::reason_codes), and [who can see
//!   why](guide::why_was_i_refused).
//! - To extend: [writing a scheme, a verifier, a policy](guide::writing_a_scheme).
//! - To check us: [which test keeps which rule](guide::conformance), [what strangers try, and what stays
//!   yours](guide::threats), and [where Envoy judges a token otherwise](guide::envoy_referee).

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod credentials;

pub mod identity;

pub mod permission;

pub mod response;

pub mod resource;

pub mod authenticate;

#[cfg(feature = "login")]
pub mod login;

#[cfg(feature = "axum")]
pub mod axum;
pub mod clock;
mod deferred;
pub mod error;
pub mod guide;
mod measure;
mod names;
pub mod observe;
#[cfg(any(feature = "jwks", feature = "introspection"))]
pub mod outbound;
mod secret;
#[cfg(feature = "test-kit")]
pub mod test_kit;
mod trace;

pub use authenticate::AuthenticateLayer;
pub use error::{ConfigError, Reason};
pub use identity::{Identity, Verifier, VerifyError};
pub use permission::RequireLayer;
pub use secret::Secret;
