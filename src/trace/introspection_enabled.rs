//! Events of questions about tokens.

use std::error::Error;

use tracing::error;

/// A question got no usable answer; `cause` says where it was asked. One event, however many requests waited for it.
pub(crate) fn introspection_failed(cause: &(dyn Error + 'static)) {
    error!(target: "portcullis", cause, "introspection failed");
}
