//! How one id takes the place of another.

use super::session::{HOUR, Owner, now};
use super::tried::{Tried, same};
use crate::identity::session::{Inserted, SessionStore};

/// A rotation puts the new record in the place of the old one, which is gone when the store answers.
pub async fn a_rotation_replaces_the_session<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let owner = Owner::new();
    let (mut session, other) = (owner.session_at(now()), owner.session_at(now().saturating_add(HOUR)));
    store.begin(&session).await;
    store.begin(&other).await;
    for hour in 1..4 {
        let rotated = session.rotated(now().saturating_add(hour * HOUR));
        same("rotate", &store.rotate(session.shown(), &rotated).await, &true);
        store.must_have(&rotated).await;
        session = rotated;
    }
    store.must_list(&owner, &[&session, &other]).await;
    store.must_have(&other).await;
}

/// Only what opens the session rotates it: neither another secret, nor what opened it before.
pub async fn a_rotation_needs_the_id_of_now<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let session = Owner::new().session();
    store.begin(&session).await;
    let rotated = session.rotated(now());
    same("rotate by a guess", &store.rotate(&session.guessed(), &rotated).await, &false);
    store.must_have(&session).await;
    same("rotate", &store.rotate(session.shown(), &rotated).await, &true);
    same("rotate by the old id", &store.rotate(session.shown(), &session.rotated(now())).await, &false);
    store.must_have(&rotated).await;
}

/// A rotation makes no session, and revives none.
pub async fn a_rotation_revives_nothing<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let session = Owner::new().session();
    same("rotate before the beginning", &store.rotate(session.shown(), &session.rotated(now())).await, &false);
    store.must_not_have(&session).await;
    store.begin(&session).await;
    same("delete", &store.delete(session.shown()).await, &true);
    same("rotate after the end", &store.rotate(session.shown(), &session.rotated(now())).await, &false);
    store.must_not_have(&session).await;
}

/// Who logs out ends the session.
pub async fn a_deleted_session_is_gone<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let owner = Owner::new();
    let (session, other) = (owner.session(), owner.session());
    store.begin(&session).await;
    store.begin(&other).await;
    same("delete", &store.delete(session.shown()).await, &true);
    store.must_not_have(&session).await;
    store.must_have(&other).await;
    same("delete what is gone", &store.delete(session.shown()).await, &false);
    same("insert after the end", &store.insert(&session, None, now()).await, &Inserted::Begun);
    store.must_have(&session).await;
}

/// A session is ended by its id and by the one before that, and by no other.
pub async fn a_session_is_deleted_by_its_id_or_the_one_before<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let first = Owner::new().session();
    store.begin(&first).await;
    same("delete by a guess", &store.delete(&first.guessed()).await, &false);
    store.must_have(&first).await;

    let second = first.rotated(now());
    same("rotate", &store.rotate(first.shown(), &second).await, &true);
    let third = second.rotated(now());
    same("rotate again", &store.rotate(second.shown(), &third).await, &true);
    same("delete by the id before the one before", &store.delete(first.shown()).await, &false);
    same("delete by a guess", &store.delete(&third.guessed()).await, &false);
    store.must_have(&third).await;
    same("delete by the id before", &store.delete(second.shown()).await, &true);
    store.must_not_have(&third).await;
}
