//! Rules on the route that was matched.

use axum::extract::MatchedPath;
use http::request::Parts;

use crate::identity::Identity;
use crate::permission::{Decision, Requirement, policy};

/// A requirement on the route that axum has matched, for routers that keep the rules in one place: the path as it was
/// written (`/users/{id}`), and never the one that was sent, in which a stranger may write `//`, `%2e` or capitals. Where no
/// route was matched, the answer is no.
///
/// The layer must stand inside of the router: `Router::layer` or `route_layer`, not around the router as a service.
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use portcullis::permission::Decision;
/// use portcullis::axum::matched_path;
/// use portcullis::{Identity, RequireLayer};
///
/// fn rules(identity: &Identity, path: &str) -> Decision {
///     match path {
///         "/me" => Decision::Allow,
///         "/users/{id}" if identity.roles().contains("admin") => Decision::Allow,
///         _ => Decision::Deny,
///     }
/// }
///
/// let app: Router = Router::new()
///     .route("/me", get("you"))
///     .route("/users/{id}", get("somebody"))
///     .layer(RequireLayer::new(matched_path(rules))?);
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
pub fn matched_path<F>(rules: F) -> Requirement
where
    F: Fn(&Identity, &str) -> Decision + Send + Sync + 'static,
{
    policy(move |identity: &Identity, head: &Parts| match head.extensions.get::<MatchedPath>() {
        Some(path) => rules(identity, path.as_str()),
        None => Decision::Deny,
    })
}
