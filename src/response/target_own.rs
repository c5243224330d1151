//! The target of a request as it is here.

use http::Uri;
use http::request::Parts;

pub(super) const fn target(head: &Parts) -> &Uri {
    &head.uri
}
