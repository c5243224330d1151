//! Whether Digest credentials are for the request that brings them (RFC 7616 section 3.4.6).

use http::header::HOST;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Method, Uri};

use super::digest::DigestCredentials;

impl DigestCredentials {
    /// Whether `uri` names what the request asks for, query included, byte for byte. It may be in absolute form where the
    /// request line is not, and the other way round, as clients of proxies have it; then the authority counts too.
    ///
    /// The target compared is the one in `head`: a router or proxy further out that cuts a prefix off the path has cut the
    /// credentials off from it.
    #[must_use]
    pub fn is_for(&self, head: &Parts) -> bool {
        let named = self.uri();
        let target = &head.uri;
        if head.method == Method::CONNECT {
            return target.authority().is_some_and(|authority| authority.as_str() == named);
        }
        if path(target) == named {
            return true;
        }
        // A fragment is not sent, and would be passed over in what follows.
        let Some(named) = named.parse::<Uri>().ok().filter(|_| !named.contains('#')) else { return false };
        let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
        let authority = target.authority().map(http::uri::Authority::as_str).or(host);
        let is_same_authority = match (named.authority(), authority) {
            (Some(named), Some(asked)) => named.as_str().eq_ignore_ascii_case(asked),
            _ => false,
        };
        is_same_authority && path(&named) == path(target)
    }
}

/// Path and query; an address without a path has the path `/`.
fn path(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", PathAndQuery::as_str)
}
