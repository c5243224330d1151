//! A pause of what runs beside the requests, measured by the runtime's timer.

use std::time::Duration;

/// Ends after `time`.
pub(crate) async fn sleep(time: Duration) {
    tokio::time::sleep(time).await;
}
