//! A bound on how long work may take. The runtime's timer measures it, since a task cannot wait on a [`Clock`].
//!
//! [`Clock`]: super::Clock

use std::future::Future;
use std::time::Duration;

/// What `work` comes to, unless it takes longer than `deadline`: then it is dropped where it stands.
pub(crate) async fn within<T>(deadline: Duration, work: impl Future<Output = T>) -> Result<T, Late> {
    tokio::time::timeout(deadline, work).await.map_err(|_| Late)
}

/// The deadline passed first.
#[derive(Debug, thiserror::Error)]
#[error("the deadline passed")]
pub(crate) struct Late;
