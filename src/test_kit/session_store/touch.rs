//! What a request changes in a session.

use std::time::Duration;

use super::session::{HOUR, Owner, now};
use super::tried::{Tried, same};
use crate::clock::sleep;
use crate::identity::session::{Ending, SessionStore};

/// A request that is noted moves both times forward, and changes nothing else.
pub async fn a_touch_moves_both_times_forward<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let owner = Owner::new();
    let (session, other) = (owner.session(), owner.session());
    store.begin(&session).await;
    store.begin(&other).await;
    let (later, end) = (now().saturating_add(Duration::from_millis(70_001)), now().saturating_add(2 * HOUR));
    same("touch", &store.touch(session.key(), later, end).await, &true);
    store.must_have(&session.clone().seen(later, end)).await;
    store.must_have(&other).await;
    same("touch as before", &store.touch(session.key(), later, end).await, &true);
    store.must_have(&session.seen(later, end)).await;
}

/// No time moves back, whatever becomes of the other: of two notes that come in the wrong order the later one counts.
pub async fn a_touch_moves_no_time_back<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let minute = Duration::from_secs(60);
    let session = Owner::new().session();
    store.begin(&session).await;
    let (seen, end) = (session.last_seen().saturating_add(minute), session.ends_at().saturating_add(minute));
    same("touch", &store.touch(session.key(), seen, end).await, &true);
    same("earlier touch", &store.touch(session.key(), session.last_seen(), session.ends_at()).await, &true);
    store.must_have(&session.clone().seen(seen, end)).await;

    let later = seen.saturating_add(minute);
    same("touch with an earlier end", &store.touch(session.key(), later, session.ends_at()).await, &true);
    store.must_have(&session.clone().seen(later, end)).await;
    let end = end.saturating_add(minute);
    same("touch with an earlier request", &store.touch(session.key(), seen, end).await, &true);
    store.must_have(&session.seen(later, end)).await;
}

/// A request that is noted late makes no session, and revives none.
pub async fn a_touch_revives_nothing<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let session = Owner::new().session();
    let (later, end) = (now().saturating_add(HOUR), now().saturating_add(2 * HOUR));
    same("touch before the beginning", &store.touch(session.key(), later, end).await, &false);
    store.must_not_have(&session).await;
    store.begin(&session).await;
    same("delete", &store.delete(session.shown()).await, &true);
    same("touch after the end", &store.touch(session.key(), later, end).await, &false);
    store.must_not_have(&session).await;
}

/// A session that lives on because it is used stays in its owner's list, and ends with the others.
pub async fn a_touched_session_stays_with_its_owner<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let owner = Owner::new();
    let session = owner.session_until(now().saturating_add(Duration::from_secs(2)));
    store.begin(&session).await;
    let (seen, end) = (now(), now().saturating_add(24 * HOUR));
    same("touch", &store.touch(session.key(), seen, end).await, &true);
    // Longer than the first end was away, for stores that have a clock of their own.
    sleep(Duration::from_millis(2500)).await;
    store.must_have(&session.clone().seen(seen.max(session.last_seen()), end)).await;
    same("delete_of", &store.delete_of(&owner, Ending::All).await, &1);
    store.must_not_have(&session).await;
}
