//! The services that publish the document: around another service, and alone.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::future::ResponseFuture;
use super::metadata::ProtectedResource;
use crate::response::ResponseBody;

/// The service that [`PublishLayer`](super::PublishLayer) makes.
///
/// ```
/// use portcullis::resource::{ProtectedResource, Publish};
/// use tower::Layer;
///
/// # let resource = ProtectedResource::builder("https://api.example").authorization_server("https://id.example").build()?;
/// struct Mine;
/// let service: Publish<Mine> = resource.layer().layer(Mine);
/// let Mine = service.into_inner();
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Publish<S> {
    inner: S,
    resource: ProtectedResource,
}

impl<S> Publish<S> {
    pub(super) const fn new(inner: S, resource: ProtectedResource) -> Self {
        Self { inner, resource }
    }

    /// The inner service.
    #[must_use]
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service.
    #[must_use]
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Publish<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        if request.uri().path() == self.resource.path() {
            ResponseFuture::ready(self.resource.answer(request.method()))
        } else {
            ResponseFuture::inner(self.inner.call(request))
        }
    }
}

/// Answers every request with the metadata document; made by [`ProtectedResource::service`], for a route of its own.
///
/// It does not look at the path: the router has, and one that nests routers shows services only a part of it.
///
/// ```
/// use portcullis::resource::ProtectedResource;
///
/// let resource = ProtectedResource::builder("https://api.example/mcp").authorization_server("https://id.example").build()?;
/// let app: axum::Router = axum::Router::new().route_service(resource.path(), resource.service());
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MetadataService {
    resource: ProtectedResource,
}

impl MetadataService {
    pub(super) const fn new(resource: ProtectedResource) -> Self {
        Self { resource }
    }
}

impl<ReqBody> Service<Request<ReqBody>> for MetadataService {
    /// There is no inner service; `String` stands for the body that it never has.
    type Response = Response<ResponseBody<String>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        ready(Ok(self.resource.answer(request.method()).map(ResponseBody::from_bytes)))
    }
}
