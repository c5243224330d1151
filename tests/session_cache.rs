//! A store behind a short memory: what it saves, and how late it may be.

#![expect(clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

mod support {
    pub(crate) mod table_store;
}

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::SessionId;
use portcullis::identity::session::{
    CachedStore, MemoryStore, NewSession, SessionKey, SessionStart, SessionStore, Sessions, SessionsBuilder,
};
use portcullis::{Identity, Reason, Verifier};
use support::table_store::TableStore;

const SECOND: Duration = Duration::from_secs(1);

/// Two processes with the one store and one clock: the first remembers for two seconds, the second nothing.
fn processes(entries: usize) -> (Sessions, Sessions, TableStore, ManualClock) {
    let (store, clock) = (TableStore::default(), ManualClock::at(UnixTime::from_secs(1_000_000)));
    let cached = CachedStore::builder(store.clone(), 2 * SECOND).entries(entries).clock(clock.clone()).build().unwrap();
    let sessions = |builder: SessionsBuilder| builder.clock(clock.clone()).build().unwrap();
    let (here, elsewhere) = (sessions(Sessions::builder(cached)), sessions(Sessions::builder(store.clone())));
    (here, elsewhere, store, clock)
}

async fn log_in(sessions: &Sessions, name: &str) -> NewSession {
    sessions.create(&Identity::assertion("staff", name).build(), SessionStart::new()).await.unwrap()
}

async fn is_in(sessions: &Sessions, id: &SessionId) -> bool {
    let verdict = match sessions.verify_now(id) {
        Some(verdict) => verdict,
        None => sessions.verify(SessionId::from_bytes(*id.expose())).await,
    };
    verdict.map_err(|error| assert_eq!(error.reason(), Reason::Invalid)).is_ok()
}

#[tokio::test]
async fn requests_in_quick_succession_cost_one_trip() {
    let (here, _, store, clock) = processes(100);
    let started = log_in(&here, "alice").await;
    for _ in 0..19 {
        assert!(is_in(&here, started.id()).await);
        clock.advance(SECOND / 10);
    }
    assert_eq!(store.calls("load"), 1);
    assert!(here.verify_now(started.id()).is_some(), "at once");
    clock.advance(SECOND / 10);
    assert!(here.verify_now(started.id()).is_none(), "after two seconds, from the first load on");
    assert!(is_in(&here, started.id()).await);
    assert_eq!(store.calls("load"), 2);
}

#[tokio::test]
async fn what_ends_elsewhere_is_seen_within_the_staleness_however_busy_the_session() {
    let (here, elsewhere, _, clock) = processes(100);
    for rotates in [true, false] {
        let started = log_in(&here, "alice").await;
        assert!(is_in(&here, started.id()).await);
        if rotates {
            elsewhere.rotate(started.id()).await.unwrap().unwrap();
        } else {
            assert!(elsewhere.end(started.id()).await.unwrap());
        }
        for _ in 0..20 {
            assert!(is_in(&here, started.id()).await, "this is the price");
            clock.advance(SECOND / 10);
        }
        assert!(!is_in(&here, started.id()).await);
    }
}

/// A log-in at one process, and the next request at the other.
#[tokio::test]
async fn an_id_that_was_given_out_elsewhere_is_good_here_at_once() {
    let (here, elsewhere, store, clock) = processes(100);
    let started = log_in(&here, "alice").await;
    assert!(is_in(&here, started.id()).await);
    let rotated = elsewhere.rotate(started.id()).await.unwrap().unwrap();
    assert!(is_in(&here, rotated.id()).await);
    assert!(!is_in(&here, started.id()).await, "and with the new one known the old one is dead");

    // Busy elsewhere, so that what is remembered here seems to have been idle for too long.
    let busy = log_in(&here, "bob").await;
    clock.advance(30 * 60 * SECOND - SECOND);
    assert!(is_in(&here, busy.id()).await);
    store.change(|row| row.last_seen = row.last_seen.saturating_add(SECOND));
    assert!(is_in(&elsewhere, busy.id()).await);
    assert!(is_in(&here, busy.id()).await);
}

#[tokio::test]
async fn what_ends_or_changes_here_is_seen_at_once() {
    let (here, _, _, clock) = processes(100);
    let (one, two, three) = (log_in(&here, "alice").await, log_in(&here, "alice").await, log_in(&here, "alice").await);
    for session in [&one, &two, &three] {
        assert!(is_in(&here, session.id()).await);
    }
    let rotated = here.rotate(one.id()).await.unwrap().unwrap();
    assert!(!is_in(&here, one.id()).await && is_in(&here, rotated.id()).await);
    assert!(here.end(rotated.id()).await.unwrap());
    assert!(!is_in(&here, rotated.id()).await);
    assert_eq!(here.end_others(three.identity()).await.unwrap(), 1);
    assert!(!is_in(&here, two.id()).await && is_in(&here, three.id()).await);
    assert_eq!(here.end_all("staff", "alice").await.unwrap(), 1);
    assert!(!is_in(&here, three.id()).await);
    clock.advance(SECOND);
    assert!(!is_in(&here, three.id()).await);
}

#[tokio::test]
async fn absence_and_failure_are_not_remembered() {
    let (here, elsewhere, store, _) = processes(100);
    let started = log_in(&elsewhere, "alice").await;
    let row = store.table().rows.drain().next().unwrap();
    assert!(!is_in(&here, started.id()).await);
    store.table().rows.insert(row.0, row.1);
    store.fail(&["load"]);
    let error = here.verify(SessionId::from_bytes(*started.id().expose())).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Unavailable);
    store.recover();
    assert!(is_in(&here, started.id()).await);
    store.fail(&["load"]);
    assert!(is_in(&here, started.id()).await, "as long as it is remembered");
}

#[tokio::test]
async fn a_load_that_was_under_way_while_the_session_ended_is_not_remembered() {
    let (store, clock) = (TableStore::default(), ManualClock::at(UnixTime::from_secs(1_000_000)));
    let cached = CachedStore::builder(store.clone(), 2 * SECOND).clock(clock.clone()).build().unwrap();
    let sessions = Sessions::builder(cached.clone()).clock(clock).build().unwrap();
    for everywhere in [false, true] {
        let started = log_in(&sessions, "alice").await;
        let key = SessionKey::parse(started.public_id()).unwrap();
        let mut load = pin!(cached.load(key));
        for _ in 0..2 {
            assert!(load.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        // The store has answered, and before the answer is here the log-out is done.
        if everywhere {
            assert_eq!(sessions.end_all("staff", "alice").await.unwrap(), 1);
        } else {
            assert!(sessions.end(started.id()).await.unwrap());
        }
        assert!(load.await.unwrap().is_some());
        assert!(cached.load_now(key).is_none() && !is_in(&sessions, started.id()).await);
    }
}

#[tokio::test]
async fn a_noted_request_is_noted_once() {
    let (here, _, store, clock) = processes(100);
    let started = log_in(&here, "alice").await;
    clock.advance(61 * SECOND);
    for _ in 0..10 {
        assert!(is_in(&here, started.id()).await);
    }
    assert_eq!((store.calls("load"), store.calls("touch")), (1, 1));
}

#[tokio::test]
async fn no_more_is_remembered_than_may_be_and_the_rest_is_loaded() {
    let (here, _, store, clock) = processes(3);
    let mut sessions = Vec::new();
    for number in 0..200 {
        sessions.push(log_in(&here, &format!("user {number}")).await);
    }
    for session in &sessions {
        assert!(is_in(&here, session.id()).await);
    }
    let remembered = sessions.iter().filter(|session| here.verify_now(session.id()).is_some()).count();
    assert_eq!((remembered, store.calls("load")), (3, 200));
    clock.advance(2 * SECOND);
    for session in sessions.iter().rev() {
        assert!(is_in(&here, session.id()).await);
    }
    let remembered = sessions[100..].iter().filter(|session| here.verify_now(session.id()).is_some()).count();
    assert_eq!(remembered, 3, "what is stale made room");
}

#[test]
fn settings_that_make_no_sense_are_faults() {
    let build = |staleness, entries| CachedStore::builder(MemoryStore::new(), staleness).entries(entries).build();
    assert_eq!(build(Duration::ZERO, 0).unwrap_err().faults().len(), 2);
    assert!(build(61 * SECOND, 1).unwrap_err().to_string().contains("longer than a minute"));
    assert!(build(60 * SECOND, 1).is_ok());
}
