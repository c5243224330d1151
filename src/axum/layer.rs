//! Layers around the handlers of routes.

use std::convert::Infallible;

use axum::extract::Request;
use axum::routing::{MethodRouter, Route};
use axum_core::response::IntoResponse;
use tower_layer::Layer;
use tower_service::Service;

use super::routes::{Entry, Inner, Part, Routes};
use crate::error::ConfigFault;

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// Puts a layer around every route that was added before, inside of its requirement: it meets only requests that
    /// were let in, with their identity. The fallback does without. What is to meet all requests goes around the `Router`
    /// that [`build`](Self::build) gives.
    pub fn route_layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        if self.entries.is_empty() {
            let problem = "was put around no routes; add the routes that it is for first";
            self.faults.push(ConfigFault::new("route_layer", problem));
        }
        let around = |routes: MethodRouter<S>| routes.layer(layer.clone());
        let entries = self.entries.into_iter().map(|entry| match entry {
            Entry::Route(path, routes) => Entry::Route(path, routes.map(around)),
            Entry::Merged(router) => Entry::Merged(router.map(|router| router.layer(layer.clone()))),
            Entry::Nested(path, Part(Inner::Router(router))) => {
                Entry::Nested(path, Part(Inner::Router(router.map(|router| router.layer(layer.clone())))))
            }
            Entry::Nested(path, Part(Inner::Routes(routes))) => {
                Entry::Nested(path, Part(Inner::Routes(routes.route_layer(layer.clone()))))
            }
        });
        Self { entries: entries.collect(), fallbacks: self.fallbacks, faults: self.faults }
    }
}
