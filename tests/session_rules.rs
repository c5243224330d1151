//! Sessions: how they begin, how long they live, and that an end is an end.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

mod support {
    pub(crate) mod at_once;
}

use std::collections::HashSet;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use portcullis::clock::{Clock, ManualClock, UnixTime};
use portcullis::credentials::SessionId;
use portcullis::identity::AuthTime;
use portcullis::identity::session::{MemoryStore, SessionStart, Sessions, SessionsBuilder};
use portcullis::{Identity, Reason, Verifier, VerifyError};
use support::at_once::at_once;

const MINUTE: Duration = Duration::from_secs(60);
const START: UnixTime = UnixTime::from_secs(1_000_000);

fn user(name: &str) -> Identity {
    Identity::assertion("staff", name).roles(["clerk"]).authenticated_now().build()
}

fn build(configure: impl FnOnce(SessionsBuilder) -> SessionsBuilder) -> (Sessions, ManualClock) {
    let clock = ManualClock::at(START);
    let builder = Sessions::builder(MemoryStore::new()).idle(30 * MINUTE).absolute(120 * MINUTE).clock(clock.clone());
    (configure(builder).build().unwrap(), clock)
}

fn sessions() -> (Sessions, ManualClock) {
    build(|builder| builder)
}

fn log_in(sessions: &Sessions, name: &str) -> SessionId {
    at_once(sessions.create(&user(name), SessionStart::new())).unwrap().into_id()
}

fn show(sessions: &Sessions, id: &SessionId) -> Result<Identity, VerifyError> {
    sessions.verify_now(id).expect("the verdict is at hand")
}

fn reason(sessions: &Sessions, id: &SessionId) -> Reason {
    show(sessions, id).unwrap_err().reason()
}

#[tokio::test]
async fn a_session_carries_the_identity_of_the_log_in() {
    let (sessions, clock) = sessions();
    let started = at_once(sessions.create(&user("alice"), SessionStart::new().label("Firefox"))).unwrap();
    clock.advance(MINUTE);
    let identity = show(&sessions, started.id()).unwrap();
    assert_eq!(identity, user("alice"));
    assert!(identity.roles().contains("clerk"));
    assert_eq!(identity.auth_time(), AuthTime::At(START), "the log-in was then, not with this request");
    assert_eq!(identity.expires_at(), Some(START.saturating_add(120 * MINUTE)));
    assert_eq!(started.expires_at(), START.saturating_add(120 * MINUTE));
    assert_eq!(identity.credential_id(), Some(started.public_id()));
    assert_eq!(sessions.public_id(started.id()).as_deref(), Some(started.public_id()));
    assert_eq!(sessions.verify(started.into_id()).await.unwrap(), user("alice"));
}

#[test]
fn the_cookie_of_a_new_session_lives_as_many_seconds_as_the_session_may() {
    /// Time goes on while the session is being made.
    struct Running(ManualClock);

    impl Clock for Running {
        fn now(&self) -> UnixTime {
            self.0.now()
        }

        fn monotonic(&self) -> Duration {
            self.0.advance(Duration::from_millis(1));
            self.0.monotonic()
        }
    }

    let (sessions, _) = build(|builder| builder.clock(Running(ManualClock::at(START))));
    assert_eq!(at_once(sessions.create(&user("alice"), SessionStart::new())).unwrap().max_age().as_secs(), 120 * 60);
}

#[test]
fn beginning_a_session_makes_no_log_in_fresher_than_it_was() {
    let (sessions, _) = sessions();
    let then = UnixTime::from_secs(500);
    let earlier = Identity::assertion("idp", "alice").authenticated_at(then).build();
    assert_eq!(
        at_once(sessions.create(&earlier, SessionStart::new())).unwrap().identity().auth_time(),
        AuthTime::At(then)
    );
    let unknown = Identity::assertion("idp", "alice").build();
    assert_eq!(
        at_once(sessions.create(&unknown, SessionStart::new())).unwrap().identity().auth_time(),
        AuthTime::Unknown
    );
}

/// SESS-11
#[test]
fn an_id_that_was_never_given_out_is_not_adopted() {
    let (sessions, _) = sessions();
    for byte in 0..=255 {
        assert_eq!(reason(&sessions, &SessionId::from_bytes([byte; 32])), Reason::Invalid);
    }
    assert_eq!(sessions.count(), 0);
    let chosen = SessionId::from_bytes([7; 32]);
    assert!(at_once(sessions.rotate(&chosen)).unwrap().is_none());
    assert!(!at_once(sessions.end(&chosen)).unwrap());
    assert_eq!(sessions.count(), 0);
}

/// SESS-1
#[test]
fn each_log_in_makes_an_id_of_its_own() {
    let (sessions, _) = sessions();
    let before = log_in(&sessions, "alice");
    let after = log_in(&sessions, "alice");
    assert_ne!(before.expose(), after.expose());
    assert!(at_once(sessions.end(&before)).unwrap());
    assert_eq!(reason(&sessions, &before), Reason::Invalid);
    assert!(show(&sessions, &after).is_ok());
}

/// SESS-2
#[test]
fn rotation_kills_the_old_id_and_keeps_the_rest() {
    let (sessions, clock) = sessions();
    let started = at_once(sessions.create(&user("alice"), SessionStart::new().label("Firefox"))).unwrap();
    clock.advance(20 * MINUTE);
    let rotated = at_once(sessions.rotate(started.id())).unwrap().unwrap();

    assert_eq!(reason(&sessions, started.id()), Reason::Invalid);
    assert!(at_once(sessions.rotate(started.id())).unwrap().is_none());
    assert_eq!(show(&sessions, rotated.id()).unwrap(), user("alice"));
    assert_eq!(rotated.public_id(), started.public_id());
    assert_eq!(rotated.expires_at(), started.expires_at());
    assert_eq!((started.max_age(), rotated.max_age()), (120 * MINUTE, 100 * MINUTE));
    let listed = at_once(sessions.list("staff", "alice")).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].created_at(), listed[0].label()), (START, Some("Firefox")));
    assert_eq!(at_once(sessions.end_all("staff", "alice")).unwrap(), 1);
    assert_eq!(reason(&sessions, rotated.id()), Reason::Invalid);
}

/// SESS-5
#[test]
fn a_rotated_session_still_ends_at_its_absolute_limit() {
    let (sessions, clock) = sessions();
    let mut id = log_in(&sessions, "alice");
    for _ in 0..119 {
        clock.advance(MINUTE);
        id = at_once(sessions.rotate(&id)).unwrap().unwrap().into_id();
        show(&sessions, &id).unwrap();
    }
    clock.advance(MINUTE);
    assert!(at_once(sessions.rotate(&id)).unwrap().is_none());
    assert_eq!(reason(&sessions, &id), Reason::Expired);
}

/// SESS-3
#[test]
fn after_log_out_the_id_is_worth_nothing() {
    let (sessions, _) = sessions();
    let id = log_in(&sessions, "alice");
    assert!(at_once(sessions.end(&id)).unwrap());
    assert!(!at_once(sessions.end(&id)).unwrap());
    assert_eq!(reason(&sessions, &id), Reason::Invalid);
    assert!(at_once(sessions.list("staff", "alice")).unwrap().is_empty());
    assert_eq!(sessions.count(), 0);
}

/// TOK-7
#[test]
fn logging_out_everywhere_ends_the_sessions_of_one_subject_of_one_issuer() {
    let (sessions, _) = sessions();
    let (one, two, bob) = (log_in(&sessions, "alice"), log_in(&sessions, "alice"), log_in(&sessions, "bob"));
    let namesake =
        at_once(sessions.create(&Identity::assertion("guests", "alice").build(), SessionStart::new())).unwrap();
    assert_eq!(at_once(sessions.end_all("staff", "alice")).unwrap(), 2);
    assert_eq!(at_once(sessions.end_all("staff", "alice")).unwrap(), 0);
    assert_eq!((reason(&sessions, &one), reason(&sessions, &two)), (Reason::Invalid, Reason::Invalid));
    assert!(show(&sessions, &bob).is_ok());
    assert!(show(&sessions, namesake.id()).is_ok());
}

#[test]
fn all_other_sessions_end_and_this_one_stays() {
    let (sessions, _) = sessions();
    let (this, other, bob) = (log_in(&sessions, "alice"), log_in(&sessions, "alice"), log_in(&sessions, "bob"));
    assert_eq!(at_once(sessions.end_others(&this)).unwrap(), 1);
    assert!(show(&sessions, &this).is_ok());
    assert_eq!(reason(&sessions, &other), Reason::Invalid);
    assert!(show(&sessions, &bob).is_ok());
    assert_eq!(at_once(sessions.end_others(&other)).unwrap(), 0, "a session that has ended ends no other");
}

#[test]
fn one_session_is_ended_by_its_public_id_and_by_its_owner_alone() {
    let (sessions, _) = sessions();
    let phone = at_once(sessions.create(&user("alice"), SessionStart::new().label("phone"))).unwrap();
    let laptop = log_in(&sessions, "alice");
    assert!(!at_once(sessions.end_public("staff", "bob", phone.public_id())).unwrap());
    assert!(!at_once(sessions.end_public("guests", "alice", phone.public_id())).unwrap());
    assert!(!at_once(sessions.end_public("staff", "alice", "unknown")).unwrap());
    assert!(show(&sessions, phone.id()).is_ok());
    assert!(at_once(sessions.end_public("staff", "alice", phone.public_id())).unwrap());
    assert_eq!(reason(&sessions, phone.id()), Reason::Invalid);
    assert!(show(&sessions, &laptop).is_ok());
}

#[test]
fn the_list_shows_each_live_session_once_oldest_first() {
    let (sessions, clock) = sessions();
    let phone = at_once(sessions.create(&user("alice"), SessionStart::new().label("phone"))).unwrap();
    clock.advance(20 * MINUTE);
    let laptop = at_once(sessions.create(&user("alice"), SessionStart::new().label(&"é".repeat(200)))).unwrap();
    clock.advance(5 * MINUTE);
    show(&sessions, laptop.id()).unwrap();

    let listed = at_once(sessions.list("staff", "alice")).unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0].public_id(), phone.public_id());
    assert_eq!((listed[0].created_at(), listed[0].last_seen()), (START, START));
    assert_eq!(listed[0].label(), Some("phone"));
    assert_eq!(listed[1].last_seen(), START.saturating_add(25 * MINUTE));
    assert_eq!(listed[1].expires_at(), START.saturating_add(140 * MINUTE));
    assert_eq!(listed[1].label(), Some(&*"é".repeat(128)), "labels are kept short");

    clock.advance(5 * MINUTE);
    assert_eq!(at_once(sessions.list("staff", "alice")).unwrap().len(), 1, "the phone has been idle too long");
    assert!(sessions.public_id(phone.id()).is_none());
    assert!(at_once(sessions.list("staff", "bob")).unwrap().is_empty());
}

/// SESS-4
#[test]
fn an_idle_session_ends_and_a_used_one_lives_on() {
    let (sessions, clock) = sessions();
    let (used, idle) = (log_in(&sessions, "alice"), log_in(&sessions, "alice"));
    clock.advance(29 * MINUTE);
    show(&sessions, &used).unwrap();
    clock.advance(MINUTE);
    assert_eq!(reason(&sessions, &idle), Reason::Expired, "it was ours");
    assert_eq!(reason(&sessions, &idle), Reason::Invalid, "and is forgotten");
    assert!(show(&sessions, &used).is_ok());
    assert!(!at_once(sessions.end(&idle)).unwrap());
}

/// SESS-5
#[test]
fn a_request_does_not_move_the_absolute_limit() {
    let (sessions, clock) = sessions();
    let id = log_in(&sessions, "alice");
    for _ in 0..(120 * 6 - 1) {
        clock.advance(Duration::from_secs(10));
        show(&sessions, &id).unwrap();
    }
    clock.advance(Duration::from_secs(10));
    assert_eq!(reason(&sessions, &id), Reason::Expired);
}

#[test]
fn setting_the_wall_clock_revives_nothing_and_ends_nothing() {
    let (sessions, clock) = sessions();
    let (id, other) = (log_in(&sessions, "alice"), log_in(&sessions, "bob"));
    clock.advance(29 * MINUTE);
    clock.set_wall(UnixTime::from_secs(9_000_000));
    show(&sessions, &other).unwrap();
    clock.advance(MINUTE);
    clock.set_wall(UnixTime::from_secs(0));
    assert_eq!(reason(&sessions, &id), Reason::Expired);
    assert!(show(&sessions, &other).is_ok());
}

#[test]
fn full_of_live_sessions_it_begins_no_more_and_ends_none() {
    let (sessions, clock) = build(|builder| builder.max_sessions(3));
    let ids: Vec<_> = (0..3).map(|number| log_in(&sessions, &format!("user {number}"))).collect();
    for _ in 0..200 {
        let refused = at_once(sessions.create(&user("mallory"), SessionStart::new())).unwrap_err();
        assert_eq!(refused.reason(), Reason::Unavailable);
        assert!(refused.retry_after().is_some());
    }
    assert!(ids.iter().all(|id| show(&sessions, id).is_ok()));
    assert!(at_once(sessions.end(&ids[0])).unwrap());
    log_in(&sessions, "mallory");
    clock.advance(30 * MINUTE);
    log_in(&sessions, "mallory");
    assert_eq!(sessions.count(), 1, "what had ended made room");
}

#[test]
fn what_has_ended_is_cleared_away_as_new_ones_begin() {
    let (sessions, clock) = sessions();
    for number in 0..20_000 {
        log_in(&sessions, &format!("user {}", number % 50));
        clock.advance(Duration::from_secs(18));
    }
    assert!(sessions.count() <= 300, "100 live ones at any time, {} kept", sessions.count());
}

#[test]
fn one_session_more_than_a_subject_may_have_ends_the_oldest_live_one() {
    let (sessions, clock) = build(|builder| builder.max_per_subject(2));
    let first = log_in(&sessions, "alice");
    let second = log_in(&sessions, "alice");
    let bob = log_in(&sessions, "bob");
    let third = log_in(&sessions, "alice");
    assert_eq!(reason(&sessions, &first), Reason::Invalid);
    assert!(show(&sessions, &second).is_ok() && show(&sessions, &third).is_ok() && show(&sessions, &bob).is_ok());

    clock.advance(29 * MINUTE);
    show(&sessions, &second).unwrap();
    clock.advance(MINUTE);
    log_in(&sessions, "alice");
    assert!(show(&sessions, &second).is_ok(), "the idle third had ended, so there was room");
}

/// SESS-6
#[test]
fn whoever_is_gone_loses_their_sessions() {
    let (sessions, _) = sessions();
    let (alice, bob) = (log_in(&sessions, "alice"), log_in(&sessions, "bob"));
    assert_eq!(sessions.retain(|identity| identity.subject() == "alice"), 1);
    assert!(show(&sessions, &alice).is_ok());
    assert_eq!(reason(&sessions, &bob), Reason::Invalid);
    assert!(at_once(sessions.list("staff", "bob")).unwrap().is_empty());
}

#[test]
fn limits_that_make_no_sense_are_all_named() {
    let builder = Sessions::builder(MemoryStore::new());
    let error = builder.idle(Duration::ZERO).absolute(Duration::ZERO).max_sessions(0).max_per_subject(0).build();
    assert_eq!(error.unwrap_err().faults().len(), 4);
    let error = Sessions::builder(MemoryStore::new()).idle(120 * MINUTE).absolute(30 * MINUTE).build().unwrap_err();
    assert!(error.to_string().contains("longer than the absolute limit"));
}

/// SESS-1
#[test]
fn twenty_thousand_ids_repeat_nothing_and_follow_no_order() {
    let (sessions, _) = sessions();
    let started: Vec<_> =
        (0..20_000).map(|_| at_once(sessions.create(&user("alice"), SessionStart::new())).unwrap()).collect();
    let ids: HashSet<_> = started.iter().map(|session| *session.id().expose()).collect();
    let public: HashSet<_> = started.iter().map(|session| session.public_id()).collect();
    assert_eq!((ids.len(), public.len()), (20_000, 20_000));
    let ascending = started.windows(2).filter(|pair| pair[0].id().expose() < pair[1].id().expose()).count();
    assert!((9_500..10_500).contains(&ascending), "{ascending}");
    for position in 0..32 {
        let values: HashSet<_> = ids.iter().map(|id| id[position]).collect();
        assert_eq!(values.len(), 256, "byte {position}");
    }
}

/// SESS-10
#[test]
fn nothing_printed_or_listed_opens_a_session() {
    let (sessions, _) = sessions();
    let started = at_once(sessions.create(&user("alice"), SessionStart::new().label("Firefox"))).unwrap();
    let identity = show(&sessions, started.id()).unwrap();
    let encoded = started.id().encode();
    let printed =
        format!("{sessions:?} {started:?} {identity:?} {:?}", at_once(sessions.list("staff", "alice")).unwrap());
    assert!(!printed.contains(encoded.expose().as_str()), "{printed}");
    let bytes = started.id().expose().map(|byte| byte.to_string()).join(", ");
    assert!(!printed.contains(&bytes), "{printed}");
    // The public id is too short to be an id, and no part of one.
    assert!(SessionId::parse(started.public_id()).is_err());
    assert!(!encoded.expose().contains(started.public_id()));
}

#[test]
fn a_panic_in_a_caller_s_closure_harms_nobody_else() {
    let (sessions, _) = build(|builder| builder.max_per_subject(2));
    let (alice, bob) = (log_in(&sessions, "alice"), log_in(&sessions, "bob"));
    let clone = sessions.clone();
    thread::spawn(move || clone.retain(|_| std::panic::resume_unwind(Box::new(())))).join().unwrap_err();
    assert!(show(&sessions, &alice).is_ok() && show(&sessions, &bob).is_ok());
    for _ in 0..3 {
        log_in(&sessions, "alice");
    }
    assert_eq!(at_once(sessions.list("staff", "alice")).unwrap().len(), 2);
}

/// SESS-3
#[test]
fn no_request_in_flight_brings_an_ended_session_back() {
    let (sessions, clock) = sessions();
    for _ in 0..500 {
        let id = Arc::new(log_in(&sessions, "alice"));
        let start = Arc::new(Barrier::new(3));
        let requests: Vec<_> = (0..2)
            .map(|_| {
                let (sessions, id, start) = (sessions.clone(), Arc::clone(&id), Arc::clone(&start));
                thread::spawn(move || {
                    start.wait();
                    // Whatever the answers are, they leave nothing behind.
                    (0..20).for_each(|_| drop(show(&sessions, &id)));
                })
            })
            .collect();
        start.wait();
        assert!(at_once(sessions.end(&id)).unwrap());
        assert_eq!(reason(&sessions, &id), Reason::Invalid);
        for request in requests {
            request.join().unwrap();
        }
        assert_eq!(reason(&sessions, &id), Reason::Invalid);
        assert_eq!(sessions.count(), 0);
        clock.advance(Duration::from_secs(1));
    }
}

#[test]
fn of_two_rotations_at_once_one_gives_a_session() {
    let (sessions, _) = sessions();
    for _ in 0..500 {
        let id = Arc::new(log_in(&sessions, "alice"));
        let start = Arc::new(Barrier::new(2));
        let rotations: Vec<_> = (0..2)
            .map(|_| {
                let (sessions, id, start) = (sessions.clone(), Arc::clone(&id), Arc::clone(&start));
                thread::spawn(move || {
                    start.wait();
                    at_once(sessions.rotate(&id)).unwrap()
                })
            })
            .collect();
        let given: Vec<_> = rotations.into_iter().filter_map(|rotation| rotation.join().unwrap()).collect();
        assert_eq!(given.len(), 1);
        assert_eq!(sessions.count(), 1);
        assert!(at_once(sessions.end(given[0].id())).unwrap());
    }
}
