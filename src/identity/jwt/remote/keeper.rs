//! Keeps the keys of one issuer: what is known of them, when they may be fetched, and who waits for that.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::attempt::Attempt;
use super::fetch::Fetch;
use super::limits::Limits;
use super::refresher;
use super::set::PublishedSet;
use crate::clock::{Clock, UnixTime, within};
use crate::identity::jwt::key_set::KeySet;
use crate::measure;
use crate::observe::Listener;

/// Shared by all clones of a [`RemoteKeys`](super::RemoteKeys). Every time in here is monotonic, unless it says otherwise.
pub(super) struct Keeper {
    pub(super) fetch: Arc<dyn Fetch>,
    pub(super) limits: Limits,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) listener: Listener,
    pub(super) keys: ArcSwapOption<KeySet>,
    /// Milliseconds until which `keys` may be used. Written after them, so that new keys are never used by old time.
    pub(super) usable_until: AtomicU64,
    /// Milliseconds from which on somebody should begin an attempt; [`NEVER`] while nobody should.
    pub(super) due: AtomicU64,
    pub(super) is_failing: AtomicBool,
    pub(super) has_refresher: AtomicBool,
    pub(super) book: Mutex<Book>,
    /// The number of the last attempt that is over.
    pub(super) over: watch::Sender<u64>,
    /// Tells the refresher that `due` has changed, or that nobody uses the keys any more.
    pub(super) changed: Arc<Notify>,
    pub(super) measured: measure::Keys,
}

/// What changes together.
#[derive(Default)]
pub(super) struct Book {
    /// How many attempts were begun.
    pub(super) begun: u64,
    pub(super) running: Option<Running>,
    /// The end of the cool-down.
    pub(super) not_before: Duration,
    /// A token called for a key that is not there, during the cool-down.
    pub(super) is_wanted: bool,
    pub(super) last_error: Option<Arc<str>>,
    /// When fetching began to fail.
    pub(super) failing_since: Option<Duration>,
    pub(super) published: Option<Published>,
}

/// The attempt under way.
pub(super) struct Running {
    pub(super) number: u64,
    pub(super) started: Duration,
    /// None until its task is spawned.
    pub(super) task: Option<AbortHandle>,
}

/// What was fetched last.
pub(super) struct Published {
    pub(super) set: PublishedSet,
    /// By the wall clock.
    pub(super) fetched_at: UnixTime,
    pub(super) fresh_until: Duration,
    pub(super) refresh_at: Duration,
}

impl Book {
    /// When the next attempt should begin.
    pub(super) fn due(&self) -> Option<Duration> {
        if self.running.is_some() {
            return None;
        }
        let wish = match &self.published {
            Some(published) if self.last_error.is_none() && !self.is_wanted => published.refresh_at,
            _ => Duration::ZERO,
        };
        Some(wish.max(self.not_before))
    }
}

impl Keeper {
    pub(super) fn new(fetch: Arc<dyn Fetch>, limits: Limits, clock: Arc<dyn Clock>, listener: Listener) -> Self {
        Self {
            measured: measure::Keys::of(fetch.name()),
            fetch,
            limits,
            clock,
            listener,
            keys: ArcSwapOption::empty(),
            usable_until: AtomicU64::new(0),
            due: AtomicU64::new(0),
            is_failing: AtomicBool::new(false),
            has_refresher: AtomicBool::new(false),
            book: Mutex::default(),
            over: watch::Sender::new(0),
            changed: Arc::default(),
        }
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        // Whatever changes under the lock changes in one step, so a panic leaves nothing half done.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_usable(&self, now: Duration) -> bool {
        millis(now) < self.usable_until.load(Ordering::Acquire)
    }

    /// Called with every use. Sees to it that the keys are fetched in time, even where time moves only by hand, and that
    /// there is a refresher as soon as there is a runtime for it. Costs two loads when there is nothing to do.
    pub(super) fn tend(self: &Arc<Self>, now: Duration) {
        if !self.has_refresher.load(Ordering::Relaxed) {
            refresher::start(self);
        }
        let due = self.due.load(Ordering::Relaxed);
        // Whoever takes the due time begins the attempt; the others go on.
        if millis(now) >= due && self.due.compare_exchange(due, NEVER, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.begin(now);
        }
    }

    /// Begins an attempt, unless one is under way or it is too early. Where there is no runtime nothing can be fetched; the
    /// next use tries again.
    pub(super) fn begin(self: &Arc<Self>, now: Duration) {
        let mut book = self.book();
        let abandoned = match &book.running {
            // It has a deadline; so its runtime is not driven any more, and it will never end.
            Some(running) if now > running.started + 2 * self.limits.deadline => true,
            Some(_) => return,
            None => false,
        };
        let runtime = Handle::try_current();
        let (Ok(runtime), true) = (runtime, abandoned || book.due().is_some_and(|due| due <= now)) else {
            return self.publish_due(&book);
        };
        book.begun += 1;
        book.is_wanted = false;
        let number = book.begun;
        let abandoned = book.running.replace(Running { number, started: now, task: None });
        self.publish_due(&book);
        drop(book);
        // Both without the lock: a runtime that is being shut down drops tasks here and now, and then they take it.
        if let Some(task) = abandoned.and_then(|running| running.task) {
            task.abort();
        }
        let attempt = Attempt::new(self, number, now);
        let task = runtime.spawn(attempt.run(Arc::clone(&self.fetch), self.limits.deadline)).abort_handle();
        if let Some(running) = self.book().running.as_mut().filter(|running| running.number == number) {
            running.task = Some(task);
        }
    }

    pub(super) fn publish_due(&self, book: &Book) {
        // Rounded up, so that it is never due before its time.
        let due = book.due().map_or(NEVER, |due| millis(due + Duration::from_micros(999)));
        if self.due.swap(due, Ordering::Relaxed) != due {
            self.changed.notify_one();
        }
    }

    /// Notes that a token calls for a key that is not there; whether an attempt is under way or may begin. Where not, one
    /// will begin when the cool-down ends: that is the one thing kept, however many tokens there are.
    pub(super) fn miss(&self) -> bool {
        let now = self.clock.monotonic();
        let mut book = self.book();
        if book.running.is_some() || now >= book.not_before {
            return true;
        }
        if !book.is_wanted {
            book.is_wanted = true;
            self.publish_due(&book);
        }
        false
    }

    /// Begins an attempt if one may begin, and waits for the end of the one under way.
    pub(super) async fn refresh(self: Arc<Self>) {
        let now = self.clock.monotonic();
        let mut over = self.over.subscribe();
        {
            let mut book = self.book();
            // The one under way will do.
            book.is_wanted |= book.running.is_none();
        }
        self.begin(now);
        let Some(number) = self.book().running.as_ref().map(|running| running.number) else { return };
        let is_over = over.wait_for(|last| *last >= number);
        // The attempt has its deadline. This one is for an attempt whose runtime is not driven any more.
        drop(within(2 * self.limits.deadline, is_over).await);
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let book = self.book.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = book.running.take().and_then(|running| running.task) {
            task.abort();
        }
        self.changed.notify_one();
    }
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(NEVER)
}

pub(super) const NEVER: u64 = u64::MAX;
