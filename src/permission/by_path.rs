//! Requirements by path, for routers whose paths are plain names.

use std::sync::Arc;

use http::request::Parts;

use super::requirement::{Kind, Requirement};
use crate::error::ConfigFault;

/// For each path what it requires; every other path is refused (403), whoever asks.
///
/// Made for gRPC, where a path names a method and tonic compares it as a whole. Here it is compared likewise: byte for byte,
/// with case, without patterns, and without anything being decoded. So a path can be listed wrongly, and is refused then; none
/// passes by another spelling. Where routes have parameters, put a [`RequireLayer`](super::RequireLayer) on each route.
///
/// ```
/// use portcullis::RequireLayer;
/// use portcullis::permission::{authenticated, by_path, scope};
///
/// let by_method = RequireLayer::new(by_path([
///     ("/shop.v1.Orders/List", scope("orders:read")),
///     ("/shop.v1.Orders/Place", scope("orders:write")),
///     ("/grpc.health.v1.Health/Check", authenticated()),
/// ]))?;
///
/// let error = RequireLayer::new(by_path([("shop.v1.Orders/List", scope("orders:read"))])).unwrap_err();
/// assert!(error.to_string().contains("begin with a slash"));
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
pub fn by_path<S: Into<Box<str>>>(requirements: impl IntoIterator<Item = (S, Requirement)>) -> Requirement {
    let mut paths: Vec<_> = requirements.into_iter().map(|(path, requirement)| (path.into(), requirement)).collect();
    paths.sort_by(|(one, _), (other, _)| one.cmp(other));
    Requirement(Kind::ByPath(Arc::new(ByPath(paths))))
}

/// In the order of the paths.
#[derive(Debug)]
pub(super) struct ByPath(Vec<(Box<str>, Requirement)>);

impl ByPath {
    /// What the path of this request requires; `None` where it is not listed.
    pub(super) fn required(&self, head: &Parts) -> Option<&Requirement> {
        let path = head.uri.path();
        let found = self.0.binary_search_by(|(listed, _)| (**listed).cmp(path)).ok()?;
        self.0.get(found).map(|(_, requirement)| requirement)
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn faults(&self) -> Vec<ConfigFault> {
        let fault = |told: String| ConfigFault::new("by_path", told);
        let mut faults: Vec<_> = self.0.iter().flat_map(|(_, requirement)| requirement.faults()).collect();
        if self.0.is_empty() {
            faults.push(fault("is empty; list at least one path".to_owned()));
        }
        for (path, _) in self.0.iter().filter(|(path, _)| !is_path(path)) {
            faults.push(fault(format!(
                "{path:?} is no path: it must begin with a slash and be ASCII without `?`, `#` or blanks"
            )));
        }
        for pair in self.0.windows(2) {
            if let [(one, _), (other, _)] = pair
                && one == other
            {
                faults.push(fault(format!("{one:?} is listed twice; join the two with `all` or `any`")));
            }
        }
        faults
    }

    /// The longest there is: only one of them is asked of a request.
    pub(super) fn challenge_length(&self) -> usize {
        self.0.iter().map(|(_, requirement)| requirement.challenge_length()).max().unwrap_or(0)
    }
}

fn is_path(path: &str) -> bool {
    path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#'))
}
