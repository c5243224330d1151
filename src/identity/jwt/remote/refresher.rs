//! Begins the attempts that are due while no request comes.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::keeper::{Keeper, NEVER};
use crate::clock::within;

/// Starts the refresher of these keys, if there is a runtime here and none runs yet. It ends when the keys are dropped.
pub(super) fn start(keeper: &Arc<Keeper>) {
    let Ok(runtime) = Handle::try_current() else { return };
    if !keeper.has_refresher.swap(true, Ordering::Relaxed) {
        let refresher = Refresher(Arc::downgrade(keeper));
        runtime.spawn(refresher.run(Arc::clone(&keeper.changed)));
    }
}

/// Weak, so that keys which nobody uses are dropped. If it ends before them, the next use starts another.
struct Refresher(Weak<Keeper>);

impl Refresher {
    async fn run(self, changed: Arc<Notify>) {
        while let Some(wait) = self.look() {
            // Either the time has come or it has changed; looking again tells.
            drop(within(wait, changed.notified()).await);
        }
    }

    /// Begins what is due; how long to wait before looking again, unless the keys are gone.
    fn look(&self) -> Option<Duration> {
        let keeper = self.0.upgrade()?;
        let now = keeper.clock.monotonic();
        keeper.tend(now);
        let wait = match keeper.due.load(Ordering::Relaxed) {
            NEVER => MAX_WAIT,
            due => Duration::from_millis(due).saturating_sub(now),
        };
        Some(wait.clamp(MIN_WAIT, MAX_WAIT))
    }
}

impl Drop for Refresher {
    fn drop(&mut self) {
        if let Some(keeper) = self.0.upgrade() {
            keeper.has_refresher.store(false, Ordering::Relaxed);
        }
    }
}

/// The resolution of the runtime's timer.
const MIN_WAIT: Duration = Duration::from_millis(1);
const MAX_WAIT: Duration = Duration::from_secs(3600);
