//! The threads that passwords are hashed on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::{io, thread};

use super::argon2::Memory;
use super::source::Source;
use super::turns::{Placed, Queued, Turns};
use crate::clock::Clock;
use crate::identity::error::VerifyError;

/// Threads that take turns at what waits, until they are told to end and nothing waits any more.
pub(super) struct Workers {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    turns: Turns,
    running: usize,
    ending: bool,
}

/// What the threads need to judge whether a job comes too late.
#[derive(Clone)]
pub(super) struct Lateness {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) refusal: Arc<dyn Fn() -> VerifyError + Send + Sync>,
}

impl Workers {
    pub(super) fn new(places: usize) -> Arc<Self> {
        let state = State { turns: Turns::new(places), running: 0, ending: false };
        Arc::new(Self { state: Mutex::new(state), changed: Condvar::new() })
    }

    /// Starts the threads that do not run yet. Some are enough to go on with.
    pub(super) fn start(
        self: &Arc<Self>,
        threads: usize,
        lateness: impl FnOnce() -> Lateness,
    ) -> Result<(), io::Error> {
        let mut state = self.lock();
        if state.running >= threads {
            return Ok(());
        }
        let lateness = lateness();
        while state.running < threads {
            let (workers, lateness) = (Arc::clone(self), lateness.clone());
            // Linux shows 15 characters of a thread's name.
            let started = thread::Builder::new().name(String::from("portcullis-hash")).spawn(move || {
                workers.work(&lateness);
            });
            match started {
                Ok(_) => state.running += 1,
                Err(error) if state.running == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(())
    }

    pub(super) fn push(&self, source: Source, queued: Queued) -> Placed {
        let placed = self.lock().turns.push(source, queued);
        self.changed.notify_one();
        placed
    }

    /// As [`push`](Self::push), in nobody's place.
    pub(super) fn push_if_room(&self, source: Source, queued: Queued) {
        let left_out = self.lock().turns.push_if_room(source, queued);
        self.changed.notify_one();
        // Dropped without the lock: what it holds is not ours.
        drop(left_out);
    }

    /// Lets the threads end, after what waits.
    pub(super) fn end(&self) {
        self.lock().ending = true;
        self.changed.notify_all();
    }

    fn work(&self, lateness: &Lateness) {
        let mut memory = Memory::default();
        while let Some(Queued { job, deadline, place }) = self.next() {
            // The memory may be left half written by a panic; it is wiped either way.
            drop(catch_unwind(AssertUnwindSafe(|| {
                if job.is_abandoned() {
                    return drop(job);
                }
                let _busy = place.begins();
                if lateness.clock.monotonic() < deadline {
                    job.run(&mut memory);
                } else {
                    job.refuse((lateness.refusal)());
                }
            })));
            memory.wipe();
        }
    }

    /// Waits for a job; nothing, when it is time to end.
    fn next(&self) -> Option<Queued> {
        let mut state = self.lock();
        loop {
            if let Some(next) = state.turns.pop() {
                return Some(next);
            }
            if state.ending {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
