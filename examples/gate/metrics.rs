//! What Prometheus reads.

use std::sync::OnceLock;
use std::time::Duration;

use axum::body::Body;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::{Response, http::HeaderValue};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

/// The recorder is the process's own, and so is this.
static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Begins to record. What is built before this is not counted.
pub(crate) fn install() -> Result<(), BuildError> {
    let handle = PrometheusBuilder::new().set_buckets(&BUCKETS)?.install_recorder()?;
    HANDLE.get_or_init(|| handle);
    Ok(())
}

/// In seconds: from the check of a signature to the longest that a request waits.
const BUCKETS: [f64; 16] =
    [5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// Everything, in the text format of Prometheus.
pub(crate) fn answer() -> Response<Body> {
    let mut response = Response::new(Body::from(HANDLE.get().map(PrometheusHandle::render).unwrap_or_default()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Sorts what was timed into its buckets, so that it does not heap up where nobody reads it.
pub(crate) async fn upkeep() {
    let mut rounds = tokio::time::interval(Duration::from_secs(5));
    loop {
        rounds.tick().await;
        if let Some(handle) = HANDLE.get() {
            handle.run_upkeep();
        }
    }
}
