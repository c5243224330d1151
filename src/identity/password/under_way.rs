//! Checks that wait or run: one for the very same credentials, however many wait for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::argon2::Memory;
use super::hash::StoredHash;
use super::pool::HashPool;
use super::remembered::Tag;
use super::source::Source;
use super::turns::Job;
use crate::credentials::BasicCredentials;
use crate::identity::error::VerifyError;

/// By the tag of the credentials, which no stranger can foresee. There are at most as many as the pool has places.
#[derive(Default)]
pub(super) struct UnderWay {
    checks: Mutex<HashMap<Tag, Announce>>,
}

/// Whether the password matches.
type Verdict = Result<bool, VerifyError>;

/// Where the verdict will be told. Whoever waits holds a receiver, so a check without receivers is wanted by nobody.
type Announce = watch::Sender<Option<Verdict>>;

pub(super) struct Check {
    pub(super) credentials: Arc<BasicCredentials>,
    pub(super) hash: Arc<dyn StoredHash>,
}

impl UnderWay {
    /// Has the check done by the pool, or joins the same one. Credentials without a tag are checked alone.
    ///
    /// One that was joined and came to nothing, too late or without a place, is no verdict on this one; a second such is, so
    /// that nobody waits for one deadline after the other.
    pub(super) async fn run(self: &Arc<Self>, tag: Option<Tag>, check: Check, pool: &HashPool) -> Verdict {
        let mut joined_before = false;
        loop {
            match self.enter(tag) {
                Entered::Joined(waiting) => match verdict(waiting).await {
                    Some(Ok(matches)) => return Ok(matches),
                    Some(Err(why)) if joined_before => return Err(why),
                    None if joined_before => return Err(pool.panicked()),
                    _ => joined_before = true,
                },
                Entered::First(announcement, waiting) => {
                    let source = Source::of(check.credentials.username(), check.credentials.client());
                    pool.enqueue(source, Box::new(Announced { announcement, check }));
                    return verdict(waiting).await.unwrap_or_else(|| Err(pool.panicked()));
                }
            }
        }
    }

    fn enter(self: &Arc<Self>, tag: Option<Tag>) -> Entered {
        let (announce, waiting) = watch::channel(None);
        let Some(tag) = tag else {
            return Entered::First(Announcement { announce, listed: None }, waiting);
        };
        let mut checks = self.lock();
        if let Some(under_way) = checks.get(&tag) {
            return Entered::Joined(under_way.subscribe());
        }
        checks.insert(tag, announce.clone());
        Entered::First(Announcement { announce, listed: Some((tag, Arc::clone(self))) }, waiting)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Tag, Announce>> {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing, where the check ended without one.
async fn verdict(mut waiting: watch::Receiver<Option<Verdict>>) -> Option<Verdict> {
    waiting.wait_for(Option::is_some).await.ok()?.clone()
}

enum Entered {
    Joined(watch::Receiver<Option<Verdict>>),
    First(Announcement, watch::Receiver<Option<Verdict>>),
}

/// A check's place in the table, until this is dropped: nobody joins a check that is over.
struct Announcement {
    announce: Announce,
    listed: Option<(Tag, Arc<UnderWay>)>,
}

impl Announcement {
    /// Whether nobody waits. From then on nobody can join either.
    fn is_abandoned(&self) -> bool {
        let Some((tag, under_way)) = &self.listed else { return self.announce.is_closed() };
        let mut checks = under_way.lock();
        let abandoned = self.announce.is_closed();
        if abandoned {
            self.take_off(&mut checks, tag);
        }
        abandoned
    }

    fn tell(self, verdict: Verdict) {
        let announce = self.announce.clone();
        // Off the table first, so that the verdict is for those who waited.
        drop(self);
        announce.send_replace(Some(verdict));
    }

    /// Another check of the same credentials may have taken the place of an abandoned one.
    fn take_off(&self, checks: &mut HashMap<Tag, Announce>, tag: &Tag) {
        if checks.get(tag).is_some_and(|listed| listed.same_channel(&self.announce)) {
            checks.remove(tag);
        }
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        if let Some((tag, under_way)) = &self.listed {
            self.take_off(&mut under_way.lock(), tag);
        }
    }
}

struct Announced {
    announcement: Announcement,
    check: Check,
}

impl Job for Announced {
    fn is_abandoned(&self) -> bool {
        self.announcement.is_abandoned()
    }

    fn run(self: Box<Self>, memory: &mut Memory) {
        let Self { announcement, check } = *self;
        let password = check.credentials.expose_password().as_bytes();
        let matches = check.hash.matches(password, memory).map_err(VerifyError::unavailable);
        // Wiped before anybody is told, unless a waiter still holds it.
        drop(check);
        announcement.tell(matches);
    }

    fn refuse(self: Box<Self>, why: VerifyError) {
        self.announcement.tell(Err(why));
    }
}
