//! How many sessions an owner may have.

use std::time::Duration;

use super::session::{HOUR, Owner, now};
use super::tried::{Tried, same};
use crate::identity::session::{Inserted, OwnerLimit, SessionStore, WhenFull};

/// Where an owner has as many sessions as they may, the oldest gives way, and no other's.
pub async fn the_oldest_gives_way<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let owner = Owner::new();
    let (foreign, neighbour) = (Owner::new().session(), owner.neighbour().session());
    store.begin(&foreign).await;
    store.begin(&neighbour).await;
    let limit = Some(OwnerLimit { most: 3, when_full: WhenFull::EndOldest });
    let sessions = [0, 1, 2, 3, 4].map(|number| owner.session_at(now().saturating_add(number * HOUR / 60)));
    // In another order than that of their beginnings.
    for number in [2, 0, 1] {
        same("insert", &store.insert(&sessions[number], limit, now()).await, &Inserted::Begun);
    }
    store.must_list(&owner, &[&sessions[0], &sessions[1], &sessions[2]]).await;
    for number in [3, 4] {
        same("insert", &store.insert(&sessions[number], limit, now()).await, &Inserted::Begun);
        store.must_not_have(&sessions[number - 3]).await;
        store.must_list(&owner, &[&sessions[number - 2], &sessions[number - 1], &sessions[number]]).await;
    }
    store.must_have(&foreign).await;
    store.must_have(&neighbour).await;
}

/// Where new sessions are refused, nothing else changes; there is room again as soon as one ends.
pub async fn the_newest_is_refused<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let (owner, other) = (Owner::new(), Owner::new());
    let limit = Some(OwnerLimit { most: 2, when_full: WhenFull::RefuseNew });
    let [first, second, third] = [0, 1, 2].map(|number| owner.session_at(now().saturating_add(number * HOUR / 60)));
    same("insert", &store.insert(&first, limit, now()).await, &Inserted::Begun);
    same("insert", &store.insert(&second, limit, now()).await, &Inserted::Begun);
    same("insert where it is full", &store.insert(&third, limit, now()).await, &Inserted::TooMany);
    store.must_not_have(&third).await;
    store.must_have(&first).await;
    store.must_list(&owner, &[&first, &second]).await;
    same("insert of another owner", &store.insert(&other.session(), limit, now()).await, &Inserted::Begun);
    same("delete", &store.delete(first.shown()).await, &true);
    same("insert where there is room", &store.insert(&third, limit, now()).await, &Inserted::Begun);
    store.must_list(&owner, &[&second, &third]).await;
}

/// A session that is over does not count, whichever way the limit is kept, and no live one gives way for it.
pub async fn sessions_that_are_over_do_not_count<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    // Over by the caller's clock, not by that of a store that has its own.
    let soon = now().saturating_add(HOUR);
    for when_full in [WhenFull::EndOldest, WhenFull::RefuseNew] {
        let limit = Some(OwnerLimit { most: 2, when_full });
        let owner = Owner::new();
        let alive = owner.session_until(soon.saturating_add(Duration::from_millis(1)));
        store.begin(&alive).await;
        for over in [owner.session_until(soon), owner.session_until(now().saturating_add(HOUR / 2))] {
            store.begin(&over).await;
        }
        let new = owner.session_until(soon.saturating_add(HOUR));
        same("insert beside what is over", &store.insert(&new, limit, soon).await, &Inserted::Begun);
        store.must_have(&alive).await;
        store.must_have(&new).await;

        let touched = owner.session_until(soon);
        store.begin(&touched).await;
        same("touch", &store.touch(touched.key(), now(), soon.saturating_add(HOUR)).await, &true);
        let refused = owner.session_until(soon.saturating_add(HOUR));
        let expected = if when_full == WhenFull::RefuseNew { Inserted::TooMany } else { Inserted::Begun };
        same("insert beside what was touched", &store.insert(&refused, limit, soon).await, &expected);
    }
}

/// Of sessions that began together as many give way as must. The new one never does, even if by its own process's clock it
/// began before the others.
pub async fn ties_end_no_more_than_they_must<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let (owner, limit) = (Owner::new(), Some(OwnerLimit { most: 3, when_full: WhenFull::EndOldest }));
    let together = now().saturating_add(HOUR);
    for _ in 0..3 {
        same("insert", &store.insert(&owner.session_at(together), limit, now()).await, &Inserted::Begun);
    }
    let new = owner.session_at(together);
    same("insert", &store.insert(&new, limit, now()).await, &Inserted::Begun);
    same("live sessions", &store.list(&owner).await.len(), &3);
    store.must_have(&new).await;
    let backdated = owner.session_at(now());
    same("insert", &store.insert(&backdated, limit, now()).await, &Inserted::Begun);
    same("live sessions", &store.list(&owner).await.len(), &3);
    store.must_have(&backdated).await;
}

/// Where more sessions live than the limit of now allows, as many end as stand above it.
pub async fn a_lower_limit_ends_several<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let owner = Owner::new();
    let sessions: Vec<_> = (0..6).map(|number| owner.session_at(now().saturating_add(number * HOUR / 60))).collect();
    for session in &sessions[..5] {
        store.begin(session).await;
    }
    let refusing = Some(OwnerLimit { most: 2, when_full: WhenFull::RefuseNew });
    same("insert", &store.insert(&sessions[5], refusing, now()).await, &Inserted::TooMany);
    same("live sessions", &store.list(&owner).await.len(), &5);
    let ending = Some(OwnerLimit { most: 2, when_full: WhenFull::EndOldest });
    same("insert", &store.insert(&sessions[5], ending, now()).await, &Inserted::Begun);
    store.must_list(&owner, &[&sessions[4], &sessions[5]]).await;
}
