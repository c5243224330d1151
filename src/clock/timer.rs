//! Waiting, for what runs beside the requests. The runtime's timer measures it, since a task cannot sleep on a [`Clock`].
//!
//! [`Clock`]: super::Clock

use std::future::Future;
use std::time::Duration;

/// Ends after `time`.
pub(crate) async fn sleep(time: Duration) {
    tokio::time::sleep(time).await;
}

/// What `work` comes to, unless it takes longer than `deadline`: then it is dropped where it stands.
pub(crate) async fn within<T>(deadline: Duration, work: impl Future<Output = T>) -> Result<T, Late> {
    tokio::time::timeout(deadline, work).await.map_err(|_| Late)
}

/// The deadline passed first.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the deadline passed")]
pub(crate) struct Late;
