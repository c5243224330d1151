//! Calls that meet: whichever comes first, the outcome is that of one after the other.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Barrier;

use super::session::{HOUR, Owner, Session, now};
use super::tried::{Tried, failed, same};
use crate::identity::session::{Ending, Inserted, OwnerLimit, SessionRecord, SessionStore, WhenFull};

/// How often two calls meet.
pub(super) const ROUNDS: usize = 500;

/// Both in tasks of their own, which begin together.
pub(super) async fn at_once<A: Send + 'static, B: Send + 'static>(
    one: impl Future<Output = A> + Send + 'static,
    other: impl Future<Output = B> + Send + 'static,
) -> (A, B) {
    let barrier = Arc::new(Barrier::new(2));
    let (one, other) = (spawn(&barrier, one), spawn(&barrier, other));
    (joined(one).await, joined(other).await)
}

fn spawn<T: Send + 'static>(
    barrier: &Arc<Barrier>,
    call: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    let barrier = Arc::clone(barrier);
    tokio::spawn(async move {
        barrier.wait().await;
        call.await
    })
}

async fn joined<T>(task: tokio::task::JoinHandle<T>) -> T {
    task.await.unwrap_or_else(|error| failed(error))
}

/// The calls of a race, each with its own handle to the store.
struct Race<S>(Tried<S>);

impl<S: SessionStore> Race<S> {
    fn touch(&self, session: &Session) -> impl Future<Output = bool> + Send + 'static {
        let (store, key) = (self.0.clone(), session.key());
        let (seen, end) = (session.last_seen().saturating_add(HOUR), session.ends_at().saturating_add(HOUR));
        async move { store.touch(key, seen, end).await }
    }

    fn rotate(&self, session: &Session, to: &Session) -> impl Future<Output = bool> + Send + 'static {
        let (store, shown, to) = (self.0.clone(), *session.shown(), to.clone());
        async move { store.rotate(&shown, &to).await }
    }

    fn delete(&self, session: &Session) -> impl Future<Output = bool> + Send + 'static {
        let (store, shown) = (self.0.clone(), *session.shown());
        async move { store.delete(&shown).await }
    }

    fn delete_all(&self, owner: &Owner) -> impl Future<Output = usize> + Send + 'static {
        let (store, owner) = (self.0.clone(), owner.clone());
        async move { store.delete_of(&owner, Ending::All).await }
    }

    fn insert(&self, session: &Session, limit: Option<OwnerLimit>) -> impl Future<Output = Inserted> + Send + 'static {
        let (store, session) = (self.0.clone(), session.clone());
        async move { store.insert(&session, limit, now()).await }
    }
}

/// A request that is noted while its session is logged out does not bring it back.
pub async fn a_late_touch_and_a_log_out<S: SessionStore>(store: S) {
    let race = Race(Tried::new(store));
    let owner = Owner::new();
    for _ in 0..ROUNDS {
        let session = owner.session();
        race.0.begin(&session).await;
        let (_, deleted) = at_once(race.touch(&session), race.delete(&session)).await;
        same("delete", &deleted, &true);
        race.0.must_not_have(&session).await;
    }
}

/// A log-out wins against a rotation, although its client does not know the new id yet.
pub async fn a_rotation_and_a_log_out<S: SessionStore>(store: S) {
    let race = Race(Tried::new(store));
    let owner = Owner::new();
    for _ in 0..ROUNDS {
        let session = owner.session();
        race.0.begin(&session).await;
        let rotated = session.rotated(now());
        let (_, deleted) = at_once(race.rotate(&session, &rotated), race.delete(&session)).await;
        same("delete", &deleted, &true);
        race.0.must_not_have(&session).await;
    }
}

/// A request that is noted during a rotation does not bring the old id back, and none of its times are lost.
pub async fn a_late_touch_and_a_rotation<S: SessionStore>(store: S) {
    let race = Race(Tried::new(store));
    let owner = Owner::new();
    for _ in 0..ROUNDS {
        let session = owner.session();
        race.0.begin(&session).await;
        let rotated = session.rotated(session.last_seen().saturating_add(2 * HOUR));
        let done = at_once(race.touch(&session), race.rotate(&session, &rotated)).await;
        same("touch and rotate", &done, &(true, true));
        race.0.must_have(&rotated).await;
    }
}

/// Of two rotations with one id one succeeds, and its id is the one that opens the session.
pub async fn two_rotations<S: SessionStore>(store: S) {
    let race = Race(Tried::new(store));
    let owner = Owner::new();
    for _ in 0..ROUNDS {
        let session = owner.session();
        race.0.begin(&session).await;
        let (one, other) = (session.rotated(now()), session.rotated(now()));
        let done = at_once(race.rotate(&session, &one), race.rotate(&session, &other)).await;
        same("both or neither rotated", &(done.0 == done.1), &false);
        race.0.must_have(if done.0 { &one } else { &other }).await;
    }
}

/// Of two log-outs one ends the session.
pub async fn two_log_outs<S: SessionStore>(store: S) {
    let race = Race(Tried::new(store));
    let owner = Owner::new();
    for _ in 0..ROUNDS {
        let session = owner.session();
        race.0.begin(&session).await;
        let (one, other) = at_once(race.delete(&session), race.delete(&session)).await;
        same("both or neither deleted", &(one == other), &false);
        race.0.must_not_have(&session).await;
    }
}

/// Who logs out everywhere is not undone by a request that is noted meanwhile.
pub async fn a_log_out_everywhere_and_a_late_touch<S: SessionStore>(store: S) {
    let race = Race(Tried::new(store));
    let owner = Owner::new();
    for _ in 0..ROUNDS {
        let session = owner.session();
        race.0.begin(&session).await;
        let (ended, _) = at_once(race.delete_all(&owner), race.touch(&session)).await;
        same("delete_of", &ended, &1);
        race.0.must_not_have(&session).await;
    }
}

/// Who logs out everywhere is not undone by a rotation.
pub async fn a_log_out_everywhere_and_a_rotation<S: SessionStore>(store: S) {
    let race = Race(Tried::new(store));
    let owner = Owner::new();
    for _ in 0..ROUNDS {
        let session = owner.session();
        race.0.begin(&session).await;
        let rotated = session.rotated(now());
        let (ended, _) = at_once(race.delete_all(&owner), race.rotate(&session, &rotated)).await;
        same("delete_of", &ended, &1);
        race.0.must_not_have(&session).await;
    }
}

/// A session that begins while its owner logs out everywhere has begun before that, and is counted and gone, or after it,
/// and is there: found by its key and in the list, or by neither.
pub async fn a_log_out_everywhere_and_a_log_in<S: SessionStore>(store: S) {
    let race = Race(Tried::new(store));
    let owner = Owner::new();
    for _ in 0..ROUNDS {
        let (session, new) = (owner.session(), owner.session());
        race.0.begin(&session).await;
        let (ended, begun) = at_once(race.delete_all(&owner), race.insert(&new, None)).await;
        same("insert", &begun, &Inserted::Begun);
        race.0.must_not_have(&session).await;
        match ended {
            1 => race.0.must_list(&owner, &[&new]).await,
            2 => race.0.must_not_have(&new).await,
            other => failed(format_args!("delete_of ended {other} sessions of one or two")),
        }
        same("delete_of", &race.0.delete_of(&owner, Ending::All).await, &(2 - ended));
        race.0.must_not_have(&new).await;
    }
}

/// A log-out and a log-in of one owner do not disturb each other; of one key, either comes first.
pub async fn a_log_out_and_a_log_in<S: SessionStore>(store: S) {
    let race = Race(Tried::new(store));
    for _ in 0..ROUNDS {
        let owner = Owner::new();
        let (session, new) = (owner.session(), owner.session());
        race.0.begin(&session).await;
        let done = at_once(race.delete(&session), race.insert(&new, None)).await;
        same("delete and insert", &done, &(true, Inserted::Begun));
        race.0.must_not_have(&session).await;
        race.0.must_list(&owner, &[&new]).await;

        let again = new.with_the_same_key();
        match at_once(race.delete(&new), race.insert(&again, None)).await {
            (true, Inserted::Begun) => race.0.must_have(&again).await,
            (true, Inserted::Taken) => race.0.must_not_have(&again).await,
            other => failed(format_args!("delete and insert under one key: {other:?}")),
        }
    }
}

/// Of two sessions under one key one begins, and stays.
pub async fn two_log_ins_under_one_key<S: SessionStore>(store: S) {
    let race = Race(Tried::new(store));
    let owner = Owner::new();
    for _ in 0..ROUNDS {
        let one = owner.session();
        let other = one.with_the_same_key();
        match at_once(race.insert(&one, None), race.insert(&other, None)).await {
            (Inserted::Begun, Inserted::Taken) => race.0.must_have(&one).await,
            (Inserted::Taken, Inserted::Begun) => race.0.must_have(&other).await,
            other => failed(format_args!("two insertions under one key: {other:?}")),
        }
        race.0.delete_of(&owner, Ending::All).await;
    }
}

/// Of twenty log-ins at one instant no more sessions live, at any time, than the owner may have.
pub async fn twenty_log_ins_keep_the_limit<S: SessionStore>(store: S) {
    let race = Race(Tried::new(store));
    for round in 0..ROUNDS / 20 {
        let when_full = if round % 2 == 0 { WhenFull::EndOldest } else { WhenFull::RefuseNew };
        let limit = OwnerLimit { most: 3, when_full };
        let owner = Owner::new();
        let barrier = Arc::new(Barrier::new(21));
        let sessions: Vec<_> = (0..20).map(|_| owner.session()).collect();
        let tasks: Vec<_> = sessions.iter().map(|session| spawn(&barrier, race.insert(session, Some(limit)))).collect();
        barrier.wait().await;
        while !tasks.iter().all(tokio::task::JoinHandle::is_finished) {
            let listed = race.0.list(&owner).await.len();
            same("more live than may", &(listed > 3), &false);
            tokio::task::yield_now().await;
        }
        let mut begun = 0;
        for task in tasks {
            let inserted = joined(task).await;
            let refused = if when_full == WhenFull::EndOldest { Inserted::Begun } else { Inserted::TooMany };
            begun += usize::from(inserted == Inserted::Begun);
            same("it has begun or was refused", &(inserted == Inserted::Begun || inserted == refused), &true);
        }
        same("begun", &begun, &if when_full == WhenFull::EndOldest { 20 } else { 3 });
        let listed: Vec<_> = race.0.list(&owner).await.iter().map(SessionRecord::key).collect();
        same("live sessions", &listed.len(), &3);
        for session in &sessions {
            let found = race.0.load(session.key()).await.is_some();
            same("found and listed", &found, &listed.contains(&session.key()));
        }
    }
}
