//! The layer that publishes the document.

use tower_layer::Layer;

use super::metadata::ProtectedResource;
use super::service::Publish;

/// Answers requests for the metadata document, and hands on all others; made by [`ProtectedResource::layer`].
///
/// It belongs outside the [`AuthenticateLayer`](crate::AuthenticateLayer), since a client asks for the document before it
/// has a token. Cloning costs one reference count; the services it wraps need not be `Clone`.
///
/// ```
/// use portcullis::resource::{ProtectedResource, Publish};
/// use tower::Layer;
///
/// let resource = ProtectedResource::builder("https://api.example").authorization_server("https://id.example").build()?;
/// struct Mine;
/// let service: Publish<Mine> = resource.layer().layer(Mine);
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct PublishLayer {
    resource: ProtectedResource,
}

impl PublishLayer {
    pub(super) const fn new(resource: ProtectedResource) -> Self {
        Self { resource }
    }
}

impl<S> Layer<S> for PublishLayer {
    type Service = Publish<S>;

    fn layer(&self, inner: S) -> Publish<S> {
        Publish::new(inner, self.resource.clone())
    }
}
