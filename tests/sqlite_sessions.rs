//! Sessions in a SQLite file: what is in it, what survives, and what happens where others use it too.

#![cfg(feature = "sqlite")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and one tells another process"
)]

mod support {
    pub(crate) mod crowd;
}

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use http::StatusCode;
use portcullis::Identity;
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::SessionId;
use portcullis::identity::session::{
    SessionKey, SessionOwner, SessionStart, SessionStore, SessionTicket, Sessions, SqliteStore,
};
use rusqlite::{Connection, params};
use support::crowd::{Crowd, Door, load};
use tempfile::TempDir;

/// A folder for the file, and where the file is.
fn place() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sessions.db");
    (folder, path)
}

async fn door(path: &PathBuf) -> Door {
    Door::new(SqliteStore::open(path).await.unwrap())
}

#[tokio::test]
async fn a_session_outlives_the_process_and_so_does_its_end() {
    let (_folder, path) = place();
    let (kept, ended) = {
        let door = door(&path).await;
        let (kept, ended) = (door.log_in("alice").await.unwrap(), door.log_in("alice").await.unwrap());
        assert!(door.sessions.end(&SessionId::parse(&ended).unwrap()).await.unwrap());
        (kept, ended)
    };
    let door = door(&path).await;
    assert_eq!(door.show(&kept).await, StatusCode::OK);
    assert_eq!(door.show(&ended).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_process_that_is_killed_loses_no_session_that_it_was_told_of() {
    let (_folder, path) = place();
    if let Ok(path) = std::env::var(CHILD) {
        let door = door(&path.into()).await;
        for number in 0.. {
            let id = door.log_in(&format!("user {number}")).await.unwrap();
            println!("begun {id}");
        }
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["a_process_that_is_killed_loses_no_session_that_it_was_told_of", "--exact", "--nocapture"])
        .env(CHILD, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut ids = Vec::new();
    let mut begun = told.by_ref().filter_map(|line| line.unwrap().split_once("begun ").map(|(_, id)| id.to_owned()));
    ids.extend(begun.by_ref().take(50));
    child.kill().unwrap();
    child.wait().unwrap();
    // What it had said when it was killed.
    ids.extend(begun.filter(|id| id.len() == SessionId::ENCODED_LENGTH));
    let door = door(&path).await;
    for id in &ids {
        assert_eq!(door.show(id).await, StatusCode::OK, "{} were told of", ids.len());
    }
    assert!(ids.len() >= 50);
}

/// Names the file to a process that is to be killed.
const CHILD: &str = "PORTCULLIS_TEST_KILLED_WITH_FILE";

#[tokio::test]
async fn the_file_holds_no_id_that_opens_a_session() {
    let (folder, path) = place();
    let door = door(&path).await;
    let mut ids = Vec::new();
    for number in 0..50 {
        ids.push(door.log_in(&format!("user {number}")).await.unwrap());
    }
    let rotated = door.sessions.rotate(&SessionId::parse(&ids[0]).unwrap()).await.unwrap().unwrap();
    ids.push(rotated.id().encode().expose().clone());
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let bytes: Vec<u8> = files.iter().flat_map(|path| fs::read(path).unwrap()).collect();
    assert!(files.iter().any(|path| path.ends_with("sessions.db-wal")), "{files:?}");
    assert!(contains(&bytes, b"user 49"), "the search finds what is there");
    for id in ids {
        let raw = *SessionId::parse(&id).unwrap().expose();
        // The first half is the secret one; the other, which is none, is there.
        assert!(contains(&bytes, &raw[16..]));
        for secret in [&raw[..], &raw[..16], id.as_bytes(), &id.as_bytes()[..21], hex(&raw[..16]).as_bytes()] {
            assert!(!contains(&bytes, secret));
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn openers_at_one_instant_all_succeed() {
    for _ in 0..10 {
        let (_folder, path) = place();
        let opening = (0..8).map(|_| tokio::spawn(SqliteStore::open(path.clone())));
        let mut doors = Vec::new();
        for opening in opening.collect::<Vec<_>>() {
            doors.push(Door::new(opening.await.unwrap().unwrap()));
        }
        let id = doors[0].log_in("alice").await.unwrap();
        for door in &doors {
            assert_eq!(door.show(&id).await, StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn tables_of_others_in_the_file_are_left_alone() {
    let (_folder, path) = place();
    let mine = Connection::open(&path).unwrap();
    mine.execute_batch("CREATE TABLE users (name TEXT); INSERT INTO users VALUES ('alice'); PRAGMA user_version = 7")
        .unwrap();
    let door = door(&path).await;
    let id = door.log_in("alice").await.unwrap();
    assert_eq!(door.show(&id).await, StatusCode::OK);
    let name: String = mine.query_row("SELECT name FROM users", [], |row| row.get(0)).unwrap();
    let version: i64 = mine.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!((name.as_str(), version), ("alice", 7));
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_not_touched_and_said_to_be_one() {
    let (_folder, path) = place();
    let id = door(&path).await.log_in("alice").await.unwrap();
    let file = Connection::open(&path).unwrap();
    file.execute("UPDATE portcullis_schema SET version = 1000", []).unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err().to_string();
    assert!(error.contains("of version 1000"), "{error}");
    file.execute("UPDATE portcullis_schema SET version = 1", []).unwrap();
    assert_eq!(door(&path).await.show(&id).await, StatusCode::OK);
}

#[tokio::test]
async fn what_is_no_database_is_said_to_be_none() {
    let (folder, path) = place();
    fs::write(&path, "name,age\n".repeat(1000)).unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err().to_string();
    assert!(error.contains("file is not a database"), "{error}");
    let error = SqliteStore::open(folder.path().join("nowhere/sessions.db")).await.unwrap_err().to_string();
    assert!(error.contains("unable to open database file"), "{error}");
    for (path, said) in [("", "names no file"), (":memory:", "use in_memory")] {
        let error = SqliteStore::open(path).await.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = place();
    let _door = door(&path).await;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
}

#[tokio::test]
async fn while_another_writer_holds_the_file_log_ins_are_unavailable_in_time_and_requests_are_answered() {
    let (_folder, path) = place();
    let door = door(&path).await;
    let id = door.log_in("alice").await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let asked = now();
    let mut refused = Vec::new();
    for number in 0..5 {
        let door = door.clone();
        refused.push(tokio::spawn(async move { door.log_in(&format!("user {number}")).await }));
    }
    assert_eq!(door.show(&id).await, StatusCode::OK);
    for refused in refused {
        assert!(refused.await.unwrap().is_none());
    }
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    other.execute_batch("COMMIT").unwrap();
    assert!(door.log_in("bob").await.is_some());
}

#[tokio::test]
async fn a_log_out_that_the_file_has_no_time_for_is_said_not_to_be_done() {
    let (_folder, path) = place();
    let store = SqliteStore::builder(&path).patience(Duration::from_millis(200)).open().await.unwrap();
    let door = Door::new(store);
    let id = door.log_in("alice").await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(door.sessions.end(&SessionId::parse(&id).unwrap()).await.is_err());
    other.execute_batch("COMMIT").unwrap();
    assert!(door.sessions.end(&SessionId::parse(&id).unwrap()).await.unwrap());
    assert_eq!(door.show(&id).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_damaged_row_lets_nobody_in_and_panics_nobody() {
    let (_folder, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let door = Door::new(store.clone());
    let file = Connection::open(&path).unwrap();
    let too_long = vec![b' '; 70_000];
    let damages: [(&str, &[u8]); 4] =
        [("facts", b"{"), ("facts", b"{\"v\":99}"), ("facts", &too_long), ("owner", &[7; 32])];
    for (column, value) in damages {
        let (good, bad) = (door.log_in("alice").await.unwrap(), door.log_in("alice").await.unwrap());
        let key = SessionTicket::of(&SessionId::parse(&bad).unwrap()).key();
        let sql = format!("UPDATE portcullis_sessions SET {column} = ?2 WHERE key = ?1");
        assert_eq!(file.execute(&sql, params![&key.as_bytes()[..], value]).unwrap(), 1);
        assert!(store.load(key).await.unwrap_err().is_damaged());
        assert_eq!(door.show(&bad).await, StatusCode::UNAUTHORIZED);
        assert_eq!(door.show(&good).await, StatusCode::OK);
        assert_eq!(store.list(&SessionOwner::new("staff", "alice")).await.unwrap().len(), 1);
        door.sessions.end_all("staff", "alice").await.unwrap();
    }
    let id = door.log_in("alice").await.unwrap();
    let key = SessionTicket::of(&SessionId::parse(&id).unwrap()).key();
    file.execute("UPDATE portcullis_sessions SET last_seen = -1", []).unwrap();
    assert!(store.load(key).await.unwrap_err().is_damaged());
}

#[tokio::test]
async fn sessions_of_one_millisecond_are_listed_as_they_began() {
    let clock = ManualClock::at(UnixTime::from_secs(1_000_000));
    let sessions = Sessions::builder(SqliteStore::in_memory().await.unwrap()).clock(clock).build().unwrap();
    let alice = Identity::assertion("staff", "alice").build();
    for number in 0..20 {
        sessions.create(&alice, SessionStart::new().label(&number.to_string())).await.unwrap();
    }
    let labels: Vec<_> = sessions
        .list("staff", "alice")
        .await
        .unwrap()
        .into_iter()
        .map(|session| session.label().unwrap().to_owned())
        .collect();
    assert_eq!(labels, (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_sweep_takes_what_is_over_and_no_more_than_it_was_told() {
    let clock = ManualClock::at(UnixTime::from_secs(1_000_000));
    let store = SqliteStore::in_memory().await.unwrap();
    let sessions = Sessions::builder(store.clone()).clock(clock.clone()).build().unwrap();
    let user = |number| Identity::assertion("staff", format!("user {number}")).build();
    for number in 0..1200 {
        sessions.create(&user(number), SessionStart::new()).await.unwrap();
    }
    // A day longer than they live.
    clock.advance(Duration::from_secs(24 * 60 * 60 + 31 * 60));
    let kept = sessions.create(&user(0), SessionStart::new()).await.unwrap();
    let left = sessions.sweep().await.unwrap();
    // Whoever began the last one has swept already.
    assert_eq!(left, 200);
    let left = sessions.list("staff", "user 0").await.unwrap();
    assert_eq!(left.iter().map(|session| session.public_id()).collect::<Vec<_>>(), [kept.public_id()]);
}

#[tokio::test]
async fn a_question_that_is_given_up_spoils_no_other() {
    let (_folder, path) = place();
    let store = SqliteStore::builder(&path).readers(1).open().await.unwrap();
    let door = Door::new(store.clone());
    let id = door.log_in("alice").await.unwrap();
    for turn in 0..500 {
        let key = SessionKey::from_bytes([turn as u8; 16]);
        // Asked, and dropped before the answer.
        let mut asking = Box::pin(store.load(key));
        poll(asking.as_mut(), 1).await;
        drop(asking);
        let mut asking = Box::pin(door.log_in("bob"));
        poll(asking.as_mut(), turn % 4).await;
        drop(asking);
        assert_eq!(door.show(&id).await, StatusCode::OK);
        assert!(turn % 10 != 0 || door.log_in("carol").await.is_some());
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_may_share_the_file() {
    let (_folder, path) = place();
    let (one, other) = (door(&path).await, door(&path).await);
    let crowds = [Crowd::gather(&one, 4), Crowd::gather(&other, 4)];
    for crowd in &crowds {
        crowd.until("log-ins", |seen| load(&seen.log_ins) > 100 && load(&seen.log_outs) > 20).await;
    }
    for crowd in crowds {
        eprintln!("{}", crowd.disperse().await);
    }
}

#[expect(clippy::disallowed_methods, reason = "how long an answer takes is measured, not simulated")]
fn now() -> Instant {
    Instant::now()
}
