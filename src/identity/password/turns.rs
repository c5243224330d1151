//! The queue before the threads: one for each source, served in turns, in one bounded whole.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::argon2::Memory;
use super::source::Source;
use crate::identity::error::VerifyError;
use crate::measure::Place;

/// Work that waits for its turn.
pub(super) trait Job: Send {
    /// Whether nobody waits for its result any more.
    fn is_abandoned(&self) -> bool;

    fn run(self: Box<Self>, memory: &mut Memory);

    /// Tells whoever waits why it was not run.
    fn refuse(self: Box<Self>, why: VerifyError);
}

pub(super) struct Queued {
    pub(super) job: Box<dyn Job>,
    pub(super) deadline: Duration,
    pub(super) place: Place,
}

/// What waits. A source that sends much waits behind itself: the next job is taken from the source whose turn it is, and
/// when the whole is full the place for a newcomer comes from the source that has the most.
///
/// No source is known to it that has nothing waiting, so the names and addresses that strangers send take no more room
/// than the queue has places.
pub(super) struct Turns {
    by_source: HashMap<Source, VecDeque<Queued>>,
    /// The sources that have something waiting, the next one first.
    order: VecDeque<Source>,
    waiting: usize,
    places: usize,
}

/// What became of a job that was handed in.
pub(super) enum Placed {
    Waits,
    /// It waits, in the place of this one.
    InsteadOf(Queued),
    /// There is no place for it.
    Full(Queued),
}

impl Turns {
    pub(super) fn new(places: usize) -> Self {
        Self { by_source: HashMap::new(), order: VecDeque::new(), waiting: 0, places }
    }

    pub(super) fn push(&mut self, source: Source, queued: Queued) -> Placed {
        if self.waiting >= self.places {
            self.drop_abandoned();
        }
        if self.waiting < self.places {
            self.append(source, queued);
            return Placed::Waits;
        }
        let own = self.by_source.get(&source).map_or(0, VecDeque::len);
        let longest = self.by_source.iter().max_by_key(|(_, jobs)| jobs.len());
        match longest.filter(|(_, jobs)| jobs.len() > own + 1).map(|(&longest, _)| longest) {
            Some(longest) => match self.take_last(longest) {
                Some(displaced) => {
                    self.append(source, queued);
                    Placed::InsteadOf(displaced)
                }
                None => Placed::Full(queued),
            },
            None => Placed::Full(queued),
        }
    }

    /// Adds a job if there is a place; else gives it back.
    pub(super) fn push_if_room(&mut self, source: Source, queued: Queued) -> Option<Queued> {
        if self.waiting >= self.places {
            return Some(queued);
        }
        self.append(source, queued);
        None
    }

    /// The next job, in turn.
    pub(super) fn pop(&mut self) -> Option<Queued> {
        let source = self.order.pop_front()?;
        let jobs = self.by_source.get_mut(&source)?;
        let next = jobs.pop_front();
        if jobs.is_empty() {
            self.by_source.remove(&source);
        } else {
            self.order.push_back(source);
        }
        self.waiting -= usize::from(next.is_some());
        next
    }

    fn append(&mut self, source: Source, queued: Queued) {
        let jobs = self.by_source.entry(source).or_default();
        if jobs.is_empty() {
            self.order.push_back(source);
        }
        jobs.push_back(queued);
        self.waiting += 1;
    }

    /// The job of `source` that came last, of those that have others of it before them.
    fn take_last(&mut self, source: Source) -> Option<Queued> {
        let last = self.by_source.get_mut(&source)?.pop_back()?;
        self.waiting -= 1;
        Some(last)
    }

    /// Gives back the places of clients who left.
    fn drop_abandoned(&mut self) {
        self.by_source.retain(|_, jobs| {
            jobs.retain(|queued| !queued.job.is_abandoned());
            !jobs.is_empty()
        });
        let by_source = &self.by_source;
        self.order.retain(|source| by_source.contains_key(source));
        self.waiting = self.by_source.values().map(VecDeque::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::measure::Hashing;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<String>>>);

    impl Log {
        fn say(&self, what: String) {
            self.0.lock().unwrap().push(what);
        }

        fn take(&self) -> Vec<String> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    struct Named(&'static str, Log, Arc<AtomicBool>);

    impl Job for Named {
        fn is_abandoned(&self) -> bool {
            self.2.load(Ordering::SeqCst)
        }

        fn run(self: Box<Self>, _: &mut Memory) {
            self.1.say(self.0.to_owned());
        }

        fn refuse(self: Box<Self>, _: VerifyError) {
            self.1.say(format!("no {}", self.0));
        }
    }

    fn source(name: &str) -> Source {
        Source::of(name, None)
    }

    fn queued(name: &'static str, log: &Log, left: &Arc<AtomicBool>) -> Queued {
        Queued {
            job: Box::new(Named(name, log.clone(), Arc::clone(left))),
            deadline: Duration::MAX,
            place: Hashing::new().place(),
        }
    }

    fn run_all(turns: &mut Turns, log: &Log) -> Vec<String> {
        while let Some(next) = turns.pop() {
            next.job.run(&mut Memory::default());
        }
        log.take()
    }

    #[test]
    fn sources_take_turns() {
        let (log, stays) = (Log::default(), Arc::default());
        let mut turns = Turns::new(10);
        for (name, job) in [("flood", "f1"), ("flood", "f2"), ("flood", "f3"), ("alice", "a1"), ("bob", "b1")] {
            assert!(matches!(turns.push(source(name), queued(job, &log, &stays)), Placed::Waits));
        }
        assert_eq!(run_all(&mut turns, &log), ["f1", "a1", "b1", "f2", "f3"]);
        assert_eq!((turns.waiting, turns.by_source.len(), turns.order.len()), (0, 0, 0));
    }

    #[test]
    fn a_newcomer_takes_the_place_of_who_has_the_most_and_a_flood_that_of_nobody() {
        let (log, stays) = (Log::default(), Arc::default());
        let mut turns = Turns::new(3);
        for job in ["f1", "f2", "f3"] {
            turns.push(source("flood"), queued(job, &log, &stays));
        }
        let Placed::InsteadOf(displaced) = turns.push(source("alice"), queued("a1", &log, &stays)) else { panic!() };
        displaced.job.run(&mut Memory::default());
        assert_eq!(log.take(), ["f3"]);
        assert!(matches!(turns.push(source("flood"), queued("f4", &log, &stays)), Placed::Full(_)));
        assert!(matches!(turns.push(source("alice"), queued("a2", &log, &stays)), Placed::Full(_)));
        assert_eq!(run_all(&mut turns, &log), ["f1", "a1", "f2"]);
    }

    #[test]
    fn those_who_left_hold_no_place() {
        let (log, stays, left) = (Log::default(), Arc::default(), Arc::new(AtomicBool::new(true)));
        let mut turns = Turns::new(2);
        turns.push(source("flood"), queued("f1", &log, &left));
        turns.push(source("alice"), queued("a1", &log, &stays));
        assert!(matches!(turns.push(source("bob"), queued("b1", &log, &stays)), Placed::Waits));
        assert_eq!(run_all(&mut turns, &log), ["a1", "b1"]);
    }
}
