//! Threads for expensive work, with a bounded queue before them.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::argon2::Memory;
use crate::clock::{Clock, SystemClock};
use crate::error::{ConfigError, ConfigFault};
use crate::identity::error::VerifyError;

/// A few threads of its own on which passwords are hashed, so that guessing passwords slows down nothing but passwords.
///
/// Clones share the threads and the queue: give one pool to every verifier, and all hashing keeps one budget. The
/// threads start with the first job and end, after the jobs that wait, when the last clone is dropped. The pool needs
/// no async runtime, and no timer.
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
    /// Where jobs go once the threads run. The threads end when this is dropped.
    jobs: Mutex<Option<SyncSender<Job>>>,
}

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

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
        let clock = Arc::clone(&self.shared.clock);
        let deadline = clock.monotonic().saturating_add(self.shared.deadline);
        self.enqueue(Box::new(move |memory| {
            if reply.is_closed() {
                return;
            }
            let result = if clock.monotonic() < deadline { Ok(work(memory)) } else { Err(NotRun::Late) };
            // The caller may have left by now.
            drop(reply.send(result));
        }))
        .map_err(|why| self.unavailable(why))?;
        match answer.await {
            Ok(result) => result.map_err(|why| self.unavailable(why)),
            Err(_) => Err(self.unavailable(NotRun::Panicked)),
        }
    }

    /// Runs `work` when its turn comes, though nobody waits for it; not at all where the queue is full.
    pub(super) fn run_unattended(&self, work: impl FnOnce(&mut Memory) + Send + 'static) {
        // Whoever gave the work sees that it was not done by what it drops.
        drop(self.enqueue(Box::new(work)));
    }

    fn enqueue(&self, job: Job) -> Result<(), NotRun> {
        let mut jobs = self.shared.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = match jobs.take() {
            Some(running) => running,
            None => start(self.shared.threads, self.shared.queue).map_err(NotRun::NoThreads)?,
        };
        match sender.try_send(job) {
            Ok(()) => {
                *jobs = Some(sender);
                Ok(())
            }
            Err(TrySendError::Full(_)) => {
                *jobs = Some(sender);
                Err(NotRun::Full)
            }
            // No thread is left; the next job starts new ones.
            Err(TrySendError::Disconnected(_)) => Err(NotRun::Panicked),
        }
    }

    /// By the deadline, whatever waits now is done or refused.
    fn unavailable(&self, why: NotRun) -> VerifyError {
        VerifyError::unavailable(why).with_retry_after(self.shared.deadline)
    }
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
        HashPool { shared: Arc::new(Shared { threads, queue, deadline, clock, jobs: Mutex::new(None) }) }
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

/// Starts the threads; if one cannot be started, those that were end again, because the sender is dropped.
fn start(threads: usize, queue: usize) -> Result<SyncSender<Job>, std::io::Error> {
    let (sender, receiver) = sync_channel(queue);
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..threads {
        let receiver = Arc::clone(&receiver);
        // Linux shows 15 characters of a thread's name.
        thread::Builder::new().name(String::from("portcullis-hash")).spawn(move || work(&receiver))?;
    }
    Ok(sender)
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    let mut memory = Memory::default();
    // The lock is held by the one idle thread that waits for a job, and released before the job runs.
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(job) = next() {
        // The memory may be left half written by a panic; it is wiped either way.
        drop(catch_unwind(AssertUnwindSafe(|| job(&mut memory))));
        memory.wipe();
    }
}
