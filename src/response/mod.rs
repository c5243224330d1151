//! Stage 4, respond: what a refused client is told, and what it is never told.
//!
//! One table leads from [`Reason`](crate::Reason) to the wire. The library alone writes the
//! status, `WWW-Authenticate`, `Retry-After`, `Cache-Control: no-store`, `Vary` and `X-Content-Type-Options` of a
//! refusal; a [`Respond`] hook may choose the body and add headers, and cannot lose these. Every refusal carries its
//! [`Rejection`] in the response's extensions, so that outer layers can log it.
//!
//! By default refusals are problem documents, or plain text where `Accept` prefers it ([`Problem`]); with the feature `html` people
//! can be shown pages (`Page`). [`Representation`] reads `Accept` for hooks of your own, and [`OwnRefusal`] is for what a server
//! refuses by itself. The answer to a `HEAD` request is that to `GET` without the body.
//!
//! A body says what the client can do next. It never says which of several causes made a credential unacceptable, and it
//! repeats no byte of the request.

mod answer;
#[cfg(feature = "digest")]
mod authentication_info;
mod body;
mod browsers;
mod caching;
mod challenge;
mod challenges;
mod context;
#[cfg(feature = "grpc")]
mod grpc;
#[cfg(not(feature = "grpc"))]
#[path = "grpc_off.rs"]
mod grpc;
pub(crate) mod json;
#[cfg(feature = "login")]
mod log_in;
mod navigation;
mod negotiate;
mod own_path;
mod own_refusal;
#[cfg(feature = "html")]
mod page;
mod problem;
pub(crate) mod record;
mod rejection;
mod respond;
#[cfg(feature = "axum")]
mod route_axum;
#[cfg(not(feature = "axum"))]
mod route_own;
mod table;
#[cfg(feature = "axum")]
mod target_axum;
#[cfg(not(feature = "axum"))]
mod target_own;
mod voice;

pub(crate) use answer::answer;
#[cfg(feature = "login")]
pub(crate) use answer::without_body_for_head;
#[cfg(feature = "digest")]
pub(crate) use authentication_info::AuthenticationInfo;
pub use body::ResponseBody;
pub(crate) use browsers::LogInPage;
pub(crate) use caching::{Caching, Kept};
pub use challenge::Challenge;
pub(crate) use challenges::{ChallengeSet, Offer};
pub(crate) use context::{Anonymous, Context};
#[cfg(feature = "grpc")]
pub use grpc::Grpc;
#[cfg(feature = "grpc")]
pub(crate) use grpc::Grpcs;
pub use negotiate::Representation;
#[cfg(feature = "login")]
pub(crate) use own_path::{MAX_OWN_PATH, digit, own_path};
pub use own_refusal::OwnRefusal;
#[cfg(feature = "html")]
pub use page::{Page, PageBuilder, PageCause, PageLabel, PageText, PageTexts};
pub use problem::Problem;
pub use rejection::Rejection;
pub(crate) use rejection::Wanted;
#[cfg(feature = "login")]
pub(crate) use rejection::Words;
pub use respond::{Reply, Respond};
#[cfg(feature = "axum")]
use route_axum::route;
#[cfg(not(feature = "axum"))]
use route_own::route;
#[cfg(feature = "axum")]
use target_axum::target;
#[cfg(not(feature = "axum"))]
use target_own::target;
pub(crate) use voice::Voice;
