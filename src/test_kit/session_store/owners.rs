//! The sessions of one owner, and of nobody else.

use std::time::Duration;

use super::session::{HOUR, Owner, now};
use super::tried::{Tried, same};
use crate::identity::session::{Ending, SessionStore};

/// The list has every session of the owner, oldest first, in whatever order they came, as they are now.
pub async fn the_list_is_complete_and_in_order<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let owner = Owner::new();
    let begins = |number: u64| now().saturating_add(Duration::from_millis(number * 7));
    let mut sessions: Vec<_> = (0..40).map(|number| owner.session_at(begins(number))).collect();
    for number in 0..40_usize {
        store.begin(&sessions[number * 17 % 40]).await;
    }
    store.must_list(&owner, &sessions.iter().collect::<Vec<_>>()).await;

    let end = now().saturating_add(5 * HOUR);
    same("touch", &store.touch(sessions[3].key(), now().saturating_add(HOUR), end).await, &true);
    sessions[3] = sessions[3].clone().seen(now().saturating_add(HOUR), end);
    let rotated = sessions[5].rotated(now().saturating_add(2 * HOUR));
    same("rotate", &store.rotate(sessions[5].shown(), &rotated).await, &true);
    sessions[5] = rotated;
    let gone = sessions.remove(9);
    same("delete", &store.delete(gone.shown()).await, &true);
    store.must_list(&owner, &sessions.iter().collect::<Vec<_>>()).await;
    for session in &sessions {
        store.must_have(session).await;
    }
}

/// An owner's sessions end together, once, and nobody else's with them: neither those of an owner in the same shard, nor of
/// one whose issuer and subject only look alike.
pub async fn all_sessions_of_an_owner_end<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let owner = Owner::new();
    let foreign = [owner.neighbour(), owner.namesake(), Owner::new()].map(|other| other.session());
    let sessions = [(); 5].map(|()| owner.session());
    for session in foreign.iter().chain(&sessions) {
        store.begin(session).await;
    }
    same("delete_of", &store.delete_of(&owner, Ending::All).await, &5);
    for session in &sessions {
        store.must_not_have(session).await;
    }
    same("delete_of again", &store.delete_of(&owner, Ending::All).await, &0);
    for session in &foreign {
        store.must_have(session).await;
        store.must_list(session.owner(), &[session]).await;
    }
}

/// All sessions but one end, and that one stays as it was; the key of somebody else's session spares none.
pub async fn all_sessions_but_one_end<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let (owner, foreign) = (Owner::new(), Owner::new().session());
    let sessions = [(); 4].map(|()| owner.session());
    for session in sessions.iter().chain([&foreign]) {
        store.begin(session).await;
    }
    let spared = &sessions[2];
    same("delete_of", &store.delete_of(&owner, Ending::AllBut(spared.key())).await, &3);
    store.must_have(spared).await;
    store.must_list(&owner, &[spared]).await;
    same("delete_of again", &store.delete_of(&owner, Ending::AllBut(spared.key())).await, &0);
    same("delete_of, a foreign key spared", &store.delete_of(&owner, Ending::AllBut(foreign.key())).await, &1);
    store.must_not_have(spared).await;
    store.must_have(&foreign).await;
}

/// One session ends by its key, if it is the owner's: who learns a public id ends nobody's session with it.
pub async fn one_session_ends_by_its_key_and_owner<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let owner = Owner::new();
    let (session, other) = (owner.session(), owner.session());
    let foreign = [owner.neighbour(), owner.namesake(), Owner::new()].map(|other| other.session());
    for session in foreign.iter().chain([&session, &other]) {
        store.begin(session).await;
    }
    for foreign in &foreign {
        same("a foreign key", &store.delete_of(&owner, Ending::Only(foreign.key())).await, &0);
        same("a foreign owner", &store.delete_of(foreign.owner(), Ending::Only(session.key())).await, &0);
        store.must_have(foreign).await;
    }
    same("an unknown key", &store.delete_of(&owner, Ending::Only(owner.session().key())).await, &0);
    store.must_have(&session).await;
    same("the owner's key", &store.delete_of(&owner, Ending::Only(session.key())).await, &1);
    same("the same again", &store.delete_of(&owner, Ending::Only(session.key())).await, &0);
    store.must_not_have(&session).await;
    store.must_list(&owner, &[&other]).await;
}

/// Sixty owners with three sessions each: every list is the owner's, and each ends without the others.
pub async fn many_owners_keep_apart<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let owners: Vec<_> = (0..60).map(|_| Owner::new()).collect();
    let begins = |number| now().saturating_add(number * HOUR);
    let of = |owner: &Owner| [0, 1, 2].map(|number| owner.session_at(begins(number)));
    let sessions: Vec<_> = owners.iter().map(of).collect();
    for number in 0..3 {
        for sessions in &sessions {
            store.begin(&sessions[number]).await;
        }
    }
    for (owner, [first, second, third]) in owners.iter().zip(&sessions) {
        store.must_list(owner, &[first, second, third]).await;
        same("delete_of", &store.delete_of(owner, Ending::All).await, &3);
    }
    for owner in &owners {
        store.must_list(owner, &[]).await;
    }
}
