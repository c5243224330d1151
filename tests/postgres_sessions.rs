//! Sessions in a real PostgreSQL server: what is in it, what is lost when it is killed, and what is answered meanwhile.

#![cfg(feature = "postgres")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support {
    pub(crate) mod crowd;
    pub(crate) mod lossy;
    pub(crate) mod postgres;
    pub(crate) mod services;
}

use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use http::StatusCode;
use portcullis::Identity;
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::SessionId;
use portcullis::identity::session::{
    PostgresStore, SessionKey, SessionOwner, SessionStart, SessionStore, SessionTicket, Sessions,
};
use support::crowd::{Crowd, Door, load};
use support::lossy::Lossy;
use support::postgres::Postgres;

async fn door(postgres: &Postgres) -> Door {
    Door::new(PostgresStore::connect(&postgres.url()).await.unwrap())
}

fn key(id: &str) -> SessionKey {
    SessionTicket::of(&SessionId::parse(id).unwrap()).key()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_under_load_loses_nothing_and_lets_nobody_in() {
    let Some(mut postgres) = Postgres::start() else { return };
    let door = door(&postgres).await;
    let crowd = Crowd::gather(&door, 12);
    for kill in [Postgres::kill, Postgres::stop, Postgres::kill] {
        crowd.until_busy().await;
        kill(&mut postgres);
        let unavailable = load(&crowd.seen().unavailable) + 30;
        crowd.until("refusals", |seen| load(&seen.unavailable) >= unavailable).await;
        postgres.launch();
    }
    crowd.until_busy().await;
    eprintln!("killed: {}", crowd.disperse().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_freezes_under_load_is_unavailable_in_time_and_found_again() {
    let Some(postgres) = Postgres::start() else { return };
    let door = door(&postgres).await;
    let crowd = Crowd::gather(&door, 24);
    crowd.until_busy().await;
    postgres.freeze(true);
    let unavailable = load(&crowd.seen().unavailable) + 60;
    crowd.until("refusals", |seen| load(&seen.unavailable) >= unavailable).await;
    postgres.freeze(false);
    crowd.until_busy().await;
    eprintln!("frozen: {}", crowd.disperse().await);
}

#[tokio::test]
async fn a_restart_between_two_requests_is_not_noticed() {
    let Some(mut postgres) = Postgres::start() else { return };
    let door = door(&postgres).await;
    let mut ids = Vec::new();
    for restart in [Postgres::stop, Postgres::kill] {
        // Several connections rest in the pool, and each is dead afterwards.
        let logging_in = (0..8).map(|number| {
            let door = door.clone();
            tokio::spawn(async move { door.log_in(&format!("user {number}")).await.unwrap() })
        });
        for id in logging_in.collect::<Vec<_>>() {
            ids.push(id.await.unwrap());
        }
        restart(&mut postgres);
        postgres.launch();
        ids.push(door.log_in("alice").await.unwrap());
        for id in &ids {
            assert_eq!(door.show(id).await, StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn what_was_done_and_not_heard_of_is_done_once() {
    let Some(postgres) = Postgres::start_with(&["fsync=off"]) else { return };
    let wire = Lossy::to(([127, 0, 0, 1], postgres.port()).into()).await;
    let url = postgres.url().replace(&postgres.port().to_string(), &wire.port().to_string());
    let store = PostgresStore::builder(&url).connections(1).build().unwrap();
    let limited = Sessions::builder(store.clone()).max_per_subject(2).build().unwrap();
    let door = Door::new(store);
    let (alice, bob) = (Identity::assertion("staff", "alice").build(), Identity::assertion("staff", "bob").build());
    let count = || postgres.ask("select count(*) from portcullis_sessions");
    // Every statement is known to the connection before the wire breaks, so that an answer is one read.
    let warm = async |sessions: &Sessions| {
        let started = sessions.create(&alice, SessionStart::new()).await.unwrap();
        let rotated = sessions.rotate(started.id()).await.unwrap().unwrap();
        assert!(sessions.end(rotated.id()).await.unwrap());
        assert_eq!(count(), "0");
    };

    warm(&door.sessions).await;
    wire.lose_after(0);
    let started = door.sessions.create(&alice, SessionStart::new()).await.unwrap();
    assert!(wire.has_lost());
    assert_eq!(door.show(started.id().encode().expose()).await, StatusCode::OK);
    assert_eq!(count(), "1");

    let warmed = door.sessions.rotate(started.id()).await.unwrap().unwrap();
    // The first answer is to the question which session it is.
    wire.lose_after(1);
    let rotated = door.sessions.rotate(warmed.id()).await.unwrap().unwrap();
    assert!(wire.has_lost());
    assert_eq!(door.show(rotated.id().encode().expose()).await, StatusCode::OK);
    assert_eq!(door.show(warmed.id().encode().expose()).await, StatusCode::UNAUTHORIZED);

    let end = SessionId::parse(rotated.id().encode().expose()).unwrap();
    assert!(!door.sessions.end(started.id()).await.unwrap(), "it is two rotations old");
    wire.lose_after(0);
    // Whether there was one, the second time does not know; gone it is.
    door.sessions.end(&end).await.unwrap();
    assert!(wire.has_lost());
    assert_eq!(count(), "0");

    for answers in 0..4 {
        warm(&limited).await;
        for _ in 0..2 {
            limited.create(&bob, SessionStart::new()).await.unwrap();
        }
        wire.lose_after(answers);
        let started = limited.create(&bob, SessionStart::new()).await.unwrap();
        assert!(wire.has_lost());
        assert_eq!(door.show(started.id().encode().expose()).await, StatusCode::OK);
        assert_eq!(limited.list("staff", "bob").await.unwrap().len(), 2, "after {answers} answers");
        assert_eq!(limited.end_all("staff", "bob").await.unwrap(), 2);
    }
}

#[tokio::test]
async fn a_store_may_be_made_before_its_server_is_there() {
    let Some(mut postgres) = Postgres::prepare() else { return };
    let store = PostgresStore::builder(&postgres.url()).build().unwrap();
    let door = Door::new(store);
    let stranger = SessionId::from_bytes([7; 32]).encode();
    let asked = now();
    assert_eq!(door.show(stranger.expose()).await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(door.log_in("alice").await.is_none());
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    assert!(PostgresStore::connect(&postgres.url()).await.is_err());
    postgres.launch();
    let id = door.log_in("alice").await.unwrap();
    assert_eq!(door.show(&id).await, StatusCode::OK);
    assert_eq!(door.show(stranger.expose()).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn tables_of_others_are_left_alone() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.ask("create table users as select 'alice' as name");
    postgres.ask("create table portcullis_schema (part text primary key, version bigint not null)");
    postgres.ask("insert into portcullis_schema values ('something else', 3)");
    let id = door(&postgres).await.log_in("alice").await.unwrap();
    assert_eq!(door(&postgres).await.show(&id).await, StatusCode::OK, "the next one finds all as it should be");
    assert_eq!(postgres.ask("select name from users"), "alice");
    let versions = postgres.ask("select part, version from portcullis_schema order by part");
    assert_eq!(versions, "sessions|1\nsomething else|3");
}

#[tokio::test]
async fn tables_that_went_with_their_database_are_made_again() {
    let Some(postgres) = Postgres::start() else { return };
    let door = door(&postgres).await;
    let id = door.log_in("alice").await.unwrap();
    postgres.ask("drop table portcullis_sessions, portcullis_schema");
    assert_eq!(door.show(&id).await, StatusCode::UNAUTHORIZED);
    assert!(door.log_in("alice").await.is_some());
}

#[tokio::test]
async fn neither_a_dump_nor_the_files_hold_an_id_that_opens_a_session() {
    let Some(postgres) = Postgres::start_with(&["log_statement=all"]) else { return };
    let door = door(&postgres).await;
    let mut ids = Vec::new();
    for number in 0..50 {
        ids.push(door.log_in(&format!("user {number}")).await.unwrap());
    }
    let rotated = door.sessions.rotate(&SessionId::parse(&ids[0]).unwrap()).await.unwrap().unwrap();
    ids.push(rotated.id().encode().expose().clone());
    postgres.ask("checkpoint");
    let (dump, files) = (postgres.dump(), postgres.files());
    assert!(dump.contains(&hex(b"user 49")) && contains(&files, &[b"user 49"]), "the searches find what is there");
    let raw: Vec<_> = ids.iter().map(|id| *SessionId::parse(id).unwrap().expose()).collect();
    // The first half is the secret one; the other, which is none, is there.
    assert!(raw.iter().all(|raw| dump.contains(&hex(&raw[16..]))));
    let texts: Vec<_> = raw.iter().map(|raw| hex(&raw[..16])).chain(ids.iter().map(|id| id[..21].to_owned())).collect();
    assert!(texts.iter().all(|text| !dump.contains(text)));
    let secrets: Vec<_> = texts.iter().map(String::as_bytes).chain(raw.iter().map(|raw| &raw[..16])).collect();
    assert!(!contains(&files, &secrets));
}

/// Whether one of the parts is there.
fn contains(bytes: &[u8], parts: &[&[u8]]) -> bool {
    let mut begins = vec![false; 65536];
    let two = |bytes: &[u8]| usize::from(bytes[0]) << 8 | usize::from(bytes[1]);
    parts.iter().for_each(|part| begins[two(part)] = true);
    // A loop over what is mostly not there: these are many bytes.
    let found = bytes.windows(2).enumerate().filter(|(_, window)| begins[two(window)]);
    found.into_iter().any(|(start, _)| parts.iter().any(|part| bytes[start..].starts_with(part)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_request_costs_one_statement() {
    let Some(postgres) = Postgres::start_with(&["log_statement=all"]) else { return };
    let door = door(&postgres).await;
    let id = door.log_in("alice").await.unwrap();
    let count = || postgres.log().matches("portcullis_sessions").count();
    assert_eq!(door.show(&id).await, StatusCode::OK);
    let (before, all) = (count(), postgres.log().matches("LOG:").count());
    for _ in 0..100 {
        assert_eq!(door.show(&id).await, StatusCode::OK);
    }
    assert_eq!(count() - before, 100);
    assert_eq!(postgres.log().matches("LOG:").count() - all, 100, "nothing else was asked");
}

#[tokio::test]
async fn processes_that_begin_at_one_instant_all_find_the_tables() {
    let Some(postgres) = Postgres::start() else { return };
    for turn in 0..10 {
        let url = postgres.create_database(&format!("fresh{turn}"));
        let beginning = (0..5).map(|_| {
            let url = url.clone();
            tokio::spawn(async move { PostgresStore::connect(&url).await.map(Door::new) })
        });
        let mut doors = Vec::new();
        for beginning in beginning.collect::<Vec<_>>() {
            doors.push(beginning.await.unwrap().unwrap());
        }
        let id = doors[0].log_in("alice").await.unwrap();
        for door in &doors {
            assert_eq!(door.show(&id).await, StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn the_tables_lie_in_the_schema_that_the_url_names_and_a_lesser_role_may_use_them() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.ask("create schema auth");
    let url = format!("{}&options[search_path]=auth", postgres.url());
    let id = Door::new(PostgresStore::connect(&url).await.unwrap()).log_in("alice").await.unwrap();
    assert_eq!(postgres.ask("select count(*) from auth.portcullis_sessions"), "1");
    postgres.ask("create role web login");
    postgres.ask("grant usage on schema auth to web");
    postgres.ask("grant select on auth.portcullis_schema to web");
    postgres.ask("grant select, insert, update, delete on auth.portcullis_sessions to web");
    let url = url.replace("postgres@", "web@");
    let door = Door::new(PostgresStore::connect(&url).await.unwrap());
    assert_eq!(door.show(&id).await, StatusCode::OK);
    assert!(door.log_in("bob").await.is_some());
}

#[tokio::test]
async fn tables_of_a_newer_version_are_not_touched_and_said_to_be_so() {
    let Some(postgres) = Postgres::start() else { return };
    let id = door(&postgres).await.log_in("alice").await.unwrap();
    postgres.ask("update portcullis_schema set version = 1000");
    let error = PostgresStore::connect(&postgres.url()).await.unwrap_err().to_string();
    assert!(error.contains("of version 1000"), "{error}");
    postgres.ask("update portcullis_schema set version = 1");
    assert_eq!(door(&postgres).await.show(&id).await, StatusCode::OK);
}

#[tokio::test]
async fn a_lock_held_by_others_is_unavailable_in_time() {
    let Some(postgres) = Postgres::start() else { return };
    let door = door(&postgres).await;
    let id = door.log_in("alice").await.unwrap();
    let other = sqlx::postgres::PgPool::connect(&postgres.url()).await.unwrap();
    let mut transaction = other.begin().await.unwrap();
    sqlx::raw_sql("lock table portcullis_sessions").execute(&mut *transaction).await.unwrap();
    let asked = now();
    let asking = (0..30).map(|_| {
        let (door, id) = (door.clone(), id.clone());
        tokio::spawn(async move { door.show(&id).await })
    });
    for status in asking.collect::<Vec<_>>() {
        assert_eq!(status.await.unwrap(), StatusCode::SERVICE_UNAVAILABLE);
    }
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    let connections = "select count(*) <= 10 from pg_stat_activity where application_name = 'portcullis'";
    assert_eq!(postgres.ask(connections), "t", "and they were no more than there may be");
    transaction.rollback().await.unwrap();
    assert_eq!(door.show(&id).await, StatusCode::OK);
}

#[tokio::test]
async fn a_damaged_row_lets_nobody_in_and_panics_nobody() {
    let Some(postgres) = Postgres::start() else { return };
    let store = PostgresStore::connect(&postgres.url()).await.unwrap();
    let door = Door::new(store.clone());
    for damage in
        ["facts = '{'", "facts = '{\"v\":99}'", "facts = convert_to(repeat(' ', 70000), 'UTF8')", "last_seen = -1"]
    {
        let (good, bad) = (door.log_in("alice").await.unwrap(), door.log_in("alice").await.unwrap());
        let key = key(&bad);
        postgres.ask(&format!("update portcullis_sessions set {damage} where key = '\\x{}'", hex(key.as_bytes())));
        assert!(store.load(key).await.unwrap_err().is_damaged(), "{damage}");
        assert_eq!(door.show(&bad).await, StatusCode::UNAUTHORIZED);
        assert_eq!(door.show(&good).await, StatusCode::OK);
        assert_eq!(store.list(&SessionOwner::new("staff", "alice")).await.unwrap().len(), 1);
        assert_eq!(door.sessions.end_all("staff", "alice").await.unwrap(), 2);
    }
}

#[tokio::test]
async fn a_sweep_takes_what_is_over_and_leaves_what_others_hold() {
    let Some(postgres) = Postgres::start_with(&["fsync=off"]) else { return };
    let clock = ManualClock::at(UnixTime::from_secs(1_000_000));
    let store = PostgresStore::connect(&postgres.url()).await.unwrap();
    let sessions = Sessions::builder(store.clone()).clock(clock.clone()).build().unwrap();
    for number in 0..1200 {
        let user = Identity::assertion("staff", format!("user {number}")).build();
        sessions.create(&user, SessionStart::new()).await.unwrap();
    }
    clock.advance(Duration::from_secs(31 * 60));
    let other = sqlx::postgres::PgPool::connect(&postgres.url()).await.unwrap();
    let mut transaction = other.begin().await.unwrap();
    let hold = "select 1 from portcullis_sessions order by number limit 7 for update";
    sqlx::raw_sql(hold).execute(&mut *transaction).await.unwrap();
    assert_eq!(sessions.sweep().await.unwrap(), 1193);
    transaction.rollback().await.unwrap();
    assert_eq!(sessions.sweep().await.unwrap(), 7);
}

#[tokio::test]
async fn a_question_that_is_given_up_spoils_no_other() {
    let Some(postgres) = Postgres::start_with(&["fsync=off"]) else { return };
    let store = PostgresStore::builder(&postgres.url()).connections(1).build().unwrap();
    store.ready().await.unwrap();
    let sessions = Sessions::builder(store.clone()).max_per_subject(3).build().unwrap();
    let door = Door::new(store.clone());
    let id = door.log_in("alice").await.unwrap();
    let (bob, carol) = (Identity::assertion("staff", "bob").build(), Identity::assertion("staff", "carol").build());
    for turn in 0..300 {
        // Asked, and dropped before the answer.
        let mut asking = Box::pin(store.load(SessionKey::from_bytes([turn as u8; 16])));
        poll(asking.as_mut(), turn % 3).await;
        drop(asking);
        let mut asking = Box::pin(sessions.create(&bob, SessionStart::new()));
        poll(asking.as_mut(), turn % 30).await;
        drop(asking);
        assert_eq!(door.show(&id).await, StatusCode::OK);
        if turn % 10 == 0 {
            let started = sessions.create(&carol, SessionStart::new()).await.unwrap();
            assert_eq!(door.show(started.id().encode().expose()).await, StatusCode::OK);
            let key = hex(key(started.id().encode().expose()).as_bytes());
            let found = postgres.ask(&format!("select count(*) from portcullis_sessions where key = '\\x{key}'"));
            assert_eq!(found, "1", "it was begun for others to see, too");
        }
    }
}

/// Asks for the answer so many times, and lets the runtime work in between.
async fn poll<F: Future>(mut future: Pin<&mut F>, times: usize) {
    for _ in 0..times {
        if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_password_is_in_no_error_and_no_debug_output() {
    let Some(postgres) = Postgres::start_with_passwords("right-one") else { return };
    let url = |password: &str| postgres.url().replace("postgres@", &format!("postgres:{password}@"));
    let store = PostgresStore::connect(&url("right-one")).await.unwrap();
    let builder = PostgresStore::builder(&url("hunter2"));
    let mut said = vec![format!("{builder:?} {:?} {store:?}", PostgresStore::builder(&url("hunter2")).build())];
    for url in [url("hunter2"), url("hunter2/"), format!("{}&password=hunter2&x=hunter2", postgres.url())] {
        let error = PostgresStore::connect(&url).await.unwrap_err();
        said.push(format!("{error} {error:?} {:?}", std::error::Error::source(&error)));
    }
    // Said by the server, so it heard of it.
    assert!(said[1].contains("authentication failed"), "{}", said[1]);
    for text in said {
        assert!(!text.contains("hunter2") && !text.contains("right-one"), "{text}");
    }
}

#[tokio::test]
async fn tls_is_as_the_url_says() {
    let Some((postgres, certificate)) = Postgres::start_with_tls() else { return };
    let url = |tls: &str| format!("postgres://postgres@localhost:{}/postgres?{tls}", postgres.port());
    let trusted = format!("sslmode=verify-full&sslrootcert={}", certificate.display());
    for tls in [trusted.as_str(), "sslmode=require", "sslmode=prefer"] {
        let door = Door::new(PostgresStore::connect(&url(tls)).await.unwrap());
        assert!(door.log_in("alice").await.is_some(), "{tls}");
    }
    let error = PostgresStore::connect(&url("sslmode=verify-full")).await.unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
    let elsewhere = url(&trusted).replace("localhost", "127.0.0.1");
    let error = PostgresStore::connect(&elsewhere).await.unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
    let error = PostgresStore::connect(&url("sslmode=disable")).await.unwrap_err().to_string();
    assert!(error.contains("no encryption"), "{error}");
}

#[expect(clippy::disallowed_methods, reason = "how long an answer takes is measured, not simulated")]
fn now() -> Instant {
    Instant::now()
}
