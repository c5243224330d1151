//! The guide: how the parts work together, and why they are as they are.

// The pages link to each other by names whose targets stand at their ends, for those who read them as files. Of two targets
// for a name the first counts, so here each page has its own put before it.

#[doc = "[reason_codes]: reason_codes"]
#[cfg_attr(feature = "token", doc = "[why]: why_was_i_refused")]
#[doc = ""]
#[doc = include_str!("../docs/life_of_a_request.md")]
pub mod life_of_a_request {}

#[doc = "[reason_codes]: reason_codes"]
#[doc = "[life]: life_of_a_request"]
#[doc = ""]
#[doc = include_str!("../docs/401_or_403.md")]
pub mod unauthorized_or_forbidden {}

#[doc = "[life]: life_of_a_request"]
#[cfg_attr(feature = "token", doc = "[why]: why_was_i_refused")]
#[doc = ""]
#[doc = include_str!("../docs/reason_codes.md")]
pub mod reason_codes {}

#[doc = include_str!("../docs/tokens.md")]
pub mod tokens {}

#[doc = include_str!("../docs/passwords.md")]
pub mod passwords {}

#[cfg(feature = "login")]
#[doc = include_str!("../docs/audit.md")]
pub mod audit {}

#[cfg(feature = "login")]
#[doc = include_str!("../docs/sessions.md")]
pub mod sessions {}

#[doc = include_str!("../docs/metrics.md")]
pub mod metrics {}

#[doc = include_str!("../docs/cross_site.md")]
pub mod cross_site {}

#[cfg(feature = "axum")]
#[doc = include_str!("../docs/routes.md")]
pub mod routes {}

#[doc = include_str!("../docs/browsers.md")]
pub mod browsers {}

#[doc = include_str!("../docs/deployment.md")]
pub mod deployment {}

#[cfg(feature = "grpc")]
#[doc = include_str!("../docs/grpc.md")]
pub mod grpc {}

#[doc = include_str!("../docs/writing_a_scheme.md")]
pub mod writing_a_scheme {}

#[cfg(feature = "token")]
#[doc = "[life]: life_of_a_request"]
#[doc = "[reason_codes]: reason_codes"]
#[doc = ""]
#[doc = include_str!("../docs/why_was_i_refused.md")]
pub mod why_was_i_refused {}

#[doc = "[401_or_403]: unauthorized_or_forbidden"]
#[doc = "[writing]: writing_a_scheme"]
#[cfg_attr(feature = "login", doc = "[sessions]: sessions")]
#[doc = "[cross_site]: cross_site"]
#[doc = ""]
#[doc = include_str!("../docs/migrating.md")]
pub mod migrating {}

#[doc = include_str!("../docs/defaults.md")]
pub mod defaults {}

#[doc = "[conformance]: conformance"]
#[doc = ""]
#[doc = include_str!("../docs/threats.md")]
pub mod threats {}

#[doc = include_str!("../docs/conformance.md")]
pub mod conformance {}

#[doc = include_str!("../docs/envoy_referee.md")]
pub mod envoy_referee {}

#[doc = include_str!("../CHANGELOG.md")]
pub mod changelog {}

/// Compiles the examples of the README.
#[cfg(all(
    doctest,
    feature = "axum",
    feature = "grpc",
    feature = "html",
    feature = "htpasswd",
    feature = "jwks",
    feature = "login",
    feature = "sqlite",
    feature = "token"
))]
#[doc = include_str!("../README.md")]
mod readme {}
