//! What is cleared away, and what is not.

use tokio::sync::Mutex;

use super::session::{HOUR, Owner, now, random};
use super::tried::{Tried, same};
use crate::identity::session::{Moment, SessionStore};

/// What is over goes, in batches, and what is not stays. Of stores that [need it](SessionStore::needs_sweep).
pub async fn a_sweep_takes_what_is_over_in_batches<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    if !store.store().needs_sweep() {
        return;
    }
    // One at a time, since another sweep of the same store would take part.
    let _turn = TURN.lock().await;
    let (owner, long_ago) = (Owner::new(), long_ago());
    let over: Vec<_> = (0..5).map(|number| owner.session_until(Moment::from_millis(long_ago + number))).collect();
    let (alive, next) = (owner.session(), owner.session_until(Moment::from_millis(long_ago + 5)));
    for session in over.iter().chain([&alive, &next]) {
        store.begin(session).await;
    }
    let now = Moment::from_millis(long_ago + 4);
    same("a batch", &store.sweep(now, 2).await, &2);
    let mut swept = 2;
    loop {
        let batch = store.sweep(now, 2).await;
        same("a batch is larger than it may be", &(batch > 2), &false);
        swept += batch;
        if batch < 2 {
            break;
        }
    }
    same("fewer were swept than were over", &(swept < 5), &false);
    same("a sweep where nothing is over", &store.sweep(now, 2).await, &0);
    for session in &over {
        store.must_not_have(session).await;
    }
    store.must_have(&alive).await;
    let left = store.load(next.key()).await.is_some();
    same("what is over a millisecond later is there", &left, &true);
    same("delete", &store.delete(next.shown()).await, &true);
}

/// A session that is used while it is swept either lives on or is gone, and its request is told which. Of stores that
/// [need it](SessionStore::needs_sweep).
pub async fn a_sweep_and_a_touch_agree<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    if !store.store().needs_sweep() {
        return;
    }
    let _turn = TURN.lock().await;
    let (owner, long_ago) = (Owner::new(), long_ago());
    for round in 0..super::races::ROUNDS {
        let session = owner.session_until(Moment::from_millis(long_ago));
        store.begin(&session).await;
        let (sweeping, touching, key) = (store.clone(), store.clone(), session.key());
        let sweep = async move { sweeping.sweep(Moment::from_millis(long_ago), 1000).await };
        let touch = async move { touching.touch(key, now(), now().saturating_add(HOUR)).await };
        let (_, touched) = super::races::at_once(sweep, touch).await;
        let found = store.load(key).await.is_some();
        same(&format!("round {round}: the touched session is there"), &found, &touched);
        store.delete(session.shown()).await;
    }
}

/// In milliseconds. Before any clock of a test, so that no sweep here takes what another test has begun.
fn long_ago() -> u64 {
    1_000_000_000 + u64::from(u32::from_be_bytes(random()))
}

static TURN: Mutex<()> = Mutex::const_new(());
