//! The addresses below which people see and end their own sessions.

use http::Method;

/// What is asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Route {
    List,
    /// The session with this public id, which anybody may have made up.
    End(Box<str>),
    EndOthers,
    EndAll,
}

/// Why a request is none of these.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NoRoute {
    NotFound,
    /// What `Allow` says.
    Method(&'static str),
}

impl Route {
    /// The route of a request; `path` is what stands behind the place where the service was put.
    pub(super) fn of(method: &Method, path: &str) -> Result<Self, NoRoute> {
        let (route, allowed) = match path {
            "/sessions" => (Self::List, "GET, HEAD"),
            "/revoke-others" => (Self::EndOthers, "POST"),
            "/revoke-all" => (Self::EndAll, "POST"),
            _ => {
                let rest = path.strip_prefix("/sessions/").ok_or(NoRoute::NotFound)?;
                // Forms cannot send DELETE.
                let (id, allowed) = rest.strip_suffix("/end").map_or((rest, "DELETE"), |id| (id, "POST"));
                if id.is_empty() || id.contains('/') {
                    return Err(NoRoute::NotFound);
                }
                (Self::End(id.into()), allowed)
            }
        };
        let is_allowed = allowed.split(", ").any(|own| own == method.as_str());
        if is_allowed { Ok(route) } else { Err(NoRoute::Method(allowed)) }
    }
}
