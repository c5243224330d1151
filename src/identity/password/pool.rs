//! Threads for expensive work, with a bounded queue before them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::argon2::Memory;
use super::source::Source;
use super::turns::{Job, Placed, Queued};
use super::workers::{Lateness, Workers};
use crate::clock::{Clock, SystemClock};
use crate::error::{ConfigError, ConfigFault};
use crate::identity::error::VerifyError;
use crate::measure::Hashing;

/// A few threads of its own on which passwords are hashed, so that guessing passwords slows down nothing but passwords.
///
/// Clones share the threads and the queue: give one pool to every verifier, and all hashing keeps one budget. The
/// threads start with the first job and end, after the jobs that wait, when the last clone is dropped. The pool needs
/// no async runtime, and no timer.
///
/// Whoever floods the queue waits behind itself: jobs are taken in turns from every source (the client's address where it
/// is known, else the account), and when the queue is full, a source that has few waiting takes the place of the last one
/// of the source that has most.
///
/// The memory that hashing takes is bounded by the number of threads times that of the largest stored hash. A thread keeps
/// what argon2 took and scrypt takes its own on top: where both kinds are stored, add the largest of each.
///
/// A job is refused at once when the queue is full. It is dropped without running when nobody waits for its result any
/// more, and refused when its deadline has passed before its turn came; so a caller waits for the deadline and one
/// job at the most. A job that panics is an error to its caller alone.
///
/// ```
/// use portcullis::identity::password::HashPool;
/// use std::time::Duration;
///
/// let pool = HashPool::builder().threads(2).queue(128).deadline(Duration::from_secs(3)).build()?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct HashPool {
    shared: Arc<Shared>,
}

struct Shared {
    threads: usize,
    queue: usize,
    deadline: Duration,
    clock: Arc<dyn Clock>,
    workers: Arc<Workers>,
    hashing: Hashing,
}

impl HashPool {
    /// A pool in the making.
    pub fn builder() -> HashPoolBuilder {
        HashPoolBuilder { threads: 1, queue: 64, deadline: Duration::from_secs(5), clock: Arc::new(SystemClock) }
    }

    /// Runs `work` within the pool's budget: to hash a new password, or to check one in a format of your own.
    ///
    /// ```
    /// use portcullis::identity::password::{HashPool, hash_password};
    ///
    /// # async fn sign_up(pool: HashPool, password: String) -> Result<(), Box<dyn std::error::Error>> {
    /// let stored = pool.run(move || hash_password(&password)).await??;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// *Unavailable* when the queue is full, the deadline passed before the work began, or the work panicked.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, VerifyError> {
        self.run_with_memory(|_| work()).await
    }

    pub(super) async fn run_with_memory<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, VerifyError> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Source::Unknown, Box::new(Single { reply, work }));
        answer.await.unwrap_or_else(|_| Err(self.panicked()))
    }

    /// Has `job` run or refused, now or when the turn of `source` comes.
    pub(super) fn enqueue(&self, source: Source, job: Box<dyn Job>) {
        let Shared { threads, deadline, clock, workers, .. } = &*self.shared;
        if let Err(why) = workers.start(*threads, || self.lateness()) {
            return job.refuse(self.unavailable(NotRun::NoThreads(why)));
        }
        let deadline = clock.monotonic().saturating_add(*deadline);
        match workers.push(source, Queued { job, deadline, place: self.shared.hashing.place() }) {
            Placed::Waits => {}
            Placed::InsteadOf(left_out) | Placed::Full(left_out) => left_out.job.refuse(self.unavailable(NotRun::Full)),
        }
    }

    /// Runs `work` when its turn comes, though nobody waits for it; not at all where the queue is full.
    pub(super) fn run_unattended(&self, work: impl FnOnce(&mut Memory) + Send + 'static) {
        let Shared { threads, deadline, clock, workers, .. } = &*self.shared;
        let deadline = clock.monotonic().saturating_add(*deadline);
        // Whoever gave the work sees that it was not done by what it drops.
        if workers.start(*threads, || self.lateness()).is_ok() {
            let (job, place) = (Box::new(Unattended(work)), self.shared.hashing.place());
            workers.push_if_room(Source::Unknown, Queued { job, deadline, place });
        }
    }

    fn lateness(&self) -> Lateness {
        let told = self.shared.deadline;
        Lateness { clock: Arc::clone(&self.shared.clock), refusal: Arc::new(move || unavailable(NotRun::Late, told)) }
    }

    /// What a caller is told whose job has ended without a result.
    pub(super) fn panicked(&self) -> VerifyError {
        self.unavailable(NotRun::Panicked)
    }

    /// By the deadline, whatever waits now is done or refused.
    fn unavailable(&self, why: NotRun) -> VerifyError {
        unavailable(why, self.shared.deadline)
    }
}

fn unavailable(why: NotRun, deadline: Duration) -> VerifyError {
    VerifyError::unavailable(why)
        .because("the password could not be checked")
        .hint("More log-ins come than passwords can be hashed: throttle them, or give the pool more threads or a longer queue.")
        .with_retry_after(deadline)
}

impl Default for HashPool {
    /// One thread, a queue of 64, a deadline of 5 seconds.
    fn default() -> Self {
        Self::builder().unchecked()
    }
}

impl fmt::Debug for HashPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashPool")
            .field("threads", &self.shared.threads)
            .field("queue", &self.shared.queue)
            .field("deadline", &self.shared.deadline)
            .finish_non_exhaustive()
    }
}

/// A [`HashPool`] in the making; begun by [`HashPool::builder`].
///
/// ```
/// use portcullis::identity::password::HashPool;
///
/// let error = HashPool::builder().threads(0).queue(0).build().unwrap_err();
/// assert_eq!(error.faults().len(), 2);
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct HashPoolBuilder {
    threads: usize,
    queue: usize,
    deadline: Duration,
    clock: Arc<dyn Clock>,
}

impl HashPoolBuilder {
    /// How many hashes are computed at a time. Default: 1. Each thread keeps the memory of the largest hash it has
    /// computed, 19 MiB with the usual parameters, and takes one core while it works.
    pub const fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// How many jobs may wait. Default: 64.
    pub const fn queue(mut self, queue: usize) -> Self {
        self.queue = queue;
        self
    }

    /// How long a job may wait for its turn. Default: 5 seconds. It is also what a refused client is told to wait.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The clock that the deadline is measured with. Default: the machine's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The pool. Its threads start with the first job.
    ///
    /// # Errors
    ///
    /// When there are no threads or over 256, no queue or one over 65536, or no time.
    pub fn build(self) -> Result<HashPool, ConfigError> {
        let mut faults = Vec::new();
        if !(1..=MAX_THREADS).contains(&self.threads) {
            faults.push(ConfigFault::new("hashing threads", "not between 1 and 256"));
        }
        if !(1..=MAX_QUEUE).contains(&self.queue) {
            faults.push(ConfigFault::new("hashing queue", "not between 1 and 65536"));
        }
        if self.deadline.is_zero() {
            faults.push(ConfigFault::new("hashing deadline", "zero, so every job would be late: give it some seconds"));
        }
        ConfigError::unless_empty(faults, ())?;
        Ok(self.unchecked())
    }

    fn unchecked(self) -> HashPool {
        let Self { threads, queue, deadline, clock } = self;
        let (workers, hashing) = (Workers::new(queue), Hashing::new());
        HashPool { shared: Arc::new(Shared { threads, queue, deadline, clock, workers, hashing }) }
    }
}

impl fmt::Debug for HashPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashPoolBuilder")
            .field("threads", &self.threads)
            .field("queue", &self.queue)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Why a job has no result.
#[derive(Debug, thiserror::Error)]
enum NotRun {
    #[error("the queue for password hashing is full")]
    Full,
    #[error("the deadline for password hashing passed in the queue")]
    Late,
    #[error("no threads for password hashing")]
    NoThreads(#[source] std::io::Error),
    #[error("a job of the password hashing pool panicked")]
    Panicked,
}

const MAX_THREADS: usize = 256;
const MAX_QUEUE: usize = 65_536;

/// A job that one caller waits for.
struct Single<T, F> {
    reply: oneshot::Sender<Result<T, VerifyError>>,
    work: F,
}

impl<T: Send, F: FnOnce(&mut Memory) -> T + Send> Job for Single<T, F> {
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(self: Box<Self>, memory: &mut Memory) {
        let Self { reply, work } = *self;
        // The caller may have left by now.
        drop(reply.send(Ok(work(memory))));
    }

    fn refuse(self: Box<Self>, why: VerifyError) {
        drop(self.reply.send(Err(why)));
    }
}

/// A job that nobody waits for.
struct Unattended<F>(F);

impl<F: FnOnce(&mut Memory) + Send> Job for Unattended<F> {
    fn is_abandoned(&self) -> bool {
        false
    }

    fn run(self: Box<Self>, memory: &mut Memory) {
        (self.0)(memory);
    }

    fn refuse(self: Box<Self>, _: VerifyError) {}
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.workers.end();
    }
}
