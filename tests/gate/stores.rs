//! Sessions that outlive the process: where they are kept, and what happens while that place is away.

use std::time::Duration;

use super::support::gate::{Answer, Folder, Gate, now, wait_until};
use super::support::postgres::Postgres;
use super::support::redis::Redis;
use super::{ALICE, RULES, alice, bearer, cookie, folder, log_in};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
const SQLITE: &str = "sqlite:sessions.db";
/// bcrypt of `abc`, cost 4.
const ABC: &str = "$2b$04$abcdefghijklmnopqrstuuCi15uRb1eH7NAlJ/TgeJertyknQpYn2";

fn with_store(store: &str) -> Folder {
    folder(&format!("store = \"{store}\"\n{RULES}"))
}

fn sessions_last(store: &str) {
    let mut gate = Gate::start(with_store(store));
    let [first, second] = [(); 2].map(|()| cookie(&log_in(&gate, "alice", "wonderland")));
    let bob = cookie(&log_in(&gate, "bob", "bob's secret"));
    assert_eq!(gate.ask("POST", "/logout", &[&second]).status, 204);
    gate.restart();
    let told = gate.get("/me", &[&first]).json();
    assert_eq!((told["subject"].as_str(), &told["roles"]), (Some("alice"), &serde_json::json!(["admin"])));
    assert_eq!(gate.get("/me", &[&second]).status, 401, "logged out stays logged out");
    assert_eq!(gate.get("/session/sessions", &[&first]).json()["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(gate.get("/me", &[&bob]).status, 200);

    gate.folder.write("users.htpasswd", format!("{ALICE}\nbob:{ABC}\n"));
    gate.restart();
    assert_eq!(gate.get("/me", &[&first]).status, 200);
    assert_eq!(gate.get("/me", &[&bob]).status, 401, "logged in with a password of yesterday");
    let bob = cookie(&log_in(&gate, "bob", "abc"));

    gate.folder.write("users.htpasswd", format!("{ALICE}\n"));
    gate.restart();
    assert_eq!(gate.get("/me", &[&bob]).status, 401, "gone");
    assert_eq!(gate.get("/session/sessions", &[&bob]).status, 401);

    let config = gate.folder.read("gate.toml");
    gate.folder.write("gate.toml", config.replace("\"hall\"", "\"tower\""));
    gate.restart();
    for path in ["/me", "/session/sessions"] {
        assert_eq!(gate.get(path, &[&first]).status, 401, "another realm has other users");
    }
}

#[test]
fn sessions_in_sqlite_outlive_a_restart_and_not_their_user() {
    sessions_last(SQLITE);
}

#[test]
fn sessions_in_redis_outlive_a_restart_and_not_their_user() {
    let Some(redis) = Redis::start() else { return };
    sessions_last(&redis.url());
}

#[test]
fn sessions_in_postgres_outlive_a_restart_and_not_their_user() {
    let Some(postgres) = Postgres::start() else { return };
    sessions_last(&postgres.url());
}

/// Asks what needs the store while that is away: 503 soon, and the cookie stays.
fn away(gate: &Gate, session: &str, form: &str) {
    let runs = gate.all_runs();
    let soon = |ask: &dyn Fn() -> Answer| {
        let started = now();
        let answer = ask();
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        assert_eq!((answer.status, answer.problem().as_str()), (503, "unavailable"), "{answer:?}");
        assert_eq!((answer.field("set-cookie"), answer.field("www-authenticate")), (None, None));
        assert!(answer.field("retry-after").is_some());
    };
    for path in ["/me", "/optional", "/no/rule", "/session/sessions"] {
        soon(&|| gate.get(path, &[session]));
    }
    soon(&|| gate.ask("POST", "/logout", &[session]));
    soon(&|| gate.post("POST", "/login", &[FORM], form));
    soon(&|| gate.post("POST", "/login", &[FORM, session], form));
    assert_eq!(gate.all_runs(), runs);
    for field in [alice(), bearer(serde_json::json!({}))] {
        assert_eq!(gate.get("/me", &[&field]).status, 200, "others get in");
    }
    assert_eq!(gate.get("/public/x", &[session]).status, 200);
    assert_eq!(gate.get("/me", &[&cookie("short")]).status, 401, "what is no id needs no store");
}

const GOOD: &str = "username=alice&password=wonderland";

/// The store is back: all is as it was, in the same process.
fn back(gate: &Gate, session: &str) {
    wait_until("the store", || gate.get("/me", &[session]).status == 200);
    log_in(gate, "alice", "wonderland");
    assert_eq!(gate.ask("POST", "/logout", &[session]).status, 204);
    assert_eq!(gate.get("/me", &[session]).status, 401);
}

#[test]
fn while_redis_is_away_nobody_is_let_in_or_out_and_after_that_all_goes_on() {
    let Some(mut redis) = Redis::start() else { return };
    let gate = Gate::start(with_store(&redis.url()));
    let session = cookie(&log_in(&gate, "alice", "wonderland"));
    redis.freeze(true);
    away(&gate, &session, GOOD);
    redis.freeze(false);
    wait_until("the store", || gate.get("/me", &[&session]).status == 200);
    redis.kill();
    away(&gate, &session, GOOD);
    redis.launch();
    back(&gate, &session);
}

#[test]
fn while_postgres_is_away_nobody_is_let_in_or_out_and_after_that_all_goes_on() {
    let Some(mut postgres) = Postgres::start() else { return };
    let gate = Gate::start(with_store(&postgres.url()));
    let session = cookie(&log_in(&gate, "alice", "wonderland"));
    postgres.freeze(true);
    away(&gate, &session, GOOD);
    postgres.freeze(false);
    wait_until("the store", || gate.get("/me", &[&session]).status == 200);
    postgres.kill();
    away(&gate, &session, GOOD);
    postgres.launch();
    back(&gate, &session);
}

/// Starts while the store is not there; `come` brings it.
fn starts_without(folder: Folder, come: impl FnOnce()) {
    assert_eq!(folder.check(), (Some(0), String::new()), "nobody is asked");
    let gate = Gate::start(folder);
    away(&gate, &cookie(&"A".repeat(43)), GOOD);
    wait_until("a word in the log", || gate.log().contains("the store of sessions cannot be used"));
    come();
    wait_until("the store", || gate.post("POST", "/login", &[FORM], GOOD).status == 204);
}

#[test]
fn redis_need_not_be_there_at_the_start() {
    let Some(mut redis) = Redis::prepare(&[]) else { return };
    starts_without(with_store(&redis.url()), || redis.launch());
}

#[test]
fn postgres_need_not_be_there_at_the_start() {
    let Some(mut postgres) = Postgres::prepare() else { return };
    starts_without(with_store(&postgres.url()), || postgres.launch());
}

#[test]
fn a_sqlite_file_may_be_in_other_hands_at_the_start() {
    let folder = with_store(SQLITE);
    assert_eq!(folder.check(), (Some(0), String::new()));
    assert!(!folder.path("sessions.db").exists(), "a check makes nothing");
    let other = rusqlite::Connection::open(folder.path("sessions.db")).unwrap();
    other.execute_batch("create table other (x); begin exclusive; insert into other values (1)").unwrap();
    starts_without(folder, || other.execute_batch("rollback").unwrap());
}

#[test]
fn another_store_is_taken_at_a_restart_alone() {
    let gate = Gate::start(with_store(SQLITE));
    let session = cookie(&log_in(&gate, "alice", "wonderland"));
    let config = gate.folder.read("gate.toml");
    gate.folder.write("gate.toml", config.replace(SQLITE, "redis://:hunter2@127.0.0.1:1"));
    assert!(!gate.reload());
    wait_until("the fault", || gate.log().contains("gate: session.store: holds for sessions that live; restart"));
    assert!(!gate.log().contains("hunter2"));
    assert_eq!(gate.get("/me", &[&session]).status, 200);
    gate.folder.write("gate.toml", config);
    assert!(gate.reload());
    assert_eq!(gate.get("/me", &[&session]).status, 200);
}

#[test]
fn whoever_is_gone_stays_out_though_the_store_is_away_when_they_go() {
    let Some(mut redis) = Redis::start() else { return };
    let gate = Gate::start(with_store(&redis.url()));
    let bob = cookie(&log_in(&gate, "bob", "bob's secret"));
    redis.kill();
    gate.folder.write("users.htpasswd", format!("{ALICE}\nbob:{ABC}\n"));
    assert!(gate.reload(), "in time, too");
    redis.launch();
    wait_until("the store", || gate.get("/me", &[&bob]).status != 503);
    assert_eq!(gate.get("/me", &[&bob]).status, 401);
}

#[test]
fn a_revocation_that_does_not_reach_the_store_says_so() {
    let Some(mut redis) = Redis::start() else { return };
    let gate = Gate::start(with_store(&redis.url()));
    let revoke = |issuer: &str| {
        let order = serde_json::json!({"issuer": issuer, "subject": "alice"}).to_string();
        gate.admin_post("/revocations", &[], &order)
    };
    let session = cookie(&log_in(&gate, "alice", "wonderland"));
    redis.kill();
    let answer = revoke("hall");
    assert_eq!((answer.status, answer.problem().as_str()), (503, "unavailable"));
    assert!(answer.json()["detail"].as_str().unwrap().contains("sessions may live on"));
    assert_eq!(revoke("https://id.example").status, 204, "those are in no store");
    redis.launch();
    wait_until("the store", || revoke("hall").status == 204);
    assert_eq!(gate.get("/me", &[&session]).status, 401);
}

/// The faults of a configuration with this store.
fn faults(store: &str) -> String {
    let folder = with_store(store).with("file", "this is no database").with("empty", "");
    let (status, text) = folder.check();
    assert_eq!(status, Some(if text.is_empty() { 0 } else { 2 }), "{store}: {text}");
    text
}

#[test]
fn every_fault_of_a_store_is_told_before_anything_listens_and_without_a_password() {
    for (store, problem) in [
        ("disk", "is none of"),
        ("mysql://bob:hunter2@db/app", "is none of"),
        ("hunter2", "is none of"),
        ("memory:hunter2", "is none of"),
        ("sqlite:", "names no file"),
        ("sqlite::memory:", "names no file"),
        ("sqlite:///hunter2.db", "write \\\"sqlite:PATH\\\""),
        ("sqlite:a.db?mode=ro", "write \\\"sqlite:PATH\\\""),
        ("sqlite:missing/a.db", "the folder of \\\"missing/a.db\\\" is not there"),
        ("sqlite:file/a.db", "is not there"),
        ("sqlite:file", "it is no file of SQLite's"),
        ("sqlite:.", "it is no regular file"),
        ("redis://", "is no address of a Redis server"),
        ("redis://bob:hunter2@one,two", "names several servers"),
        ("redis://bob:hunter2@host:port", "is no address of a Redis server"),
        ("redis+sentinel://:hunter2@one:1", "names sentinels"),
        ("postgres://bob:hun/ter2@db:port/app", "is no address of a PostgreSQL server"),
        ("postgres://bob@db/app?pasword=hunter2", "a parameter that is not known"),
        ("postgres://bob:hunter2@db/app?sslmode=no", "no such sslmode"),
    ] {
        let text = faults(store);
        let problem = problem.replace("\\\"", "\"");
        assert!(text.starts_with("gate: session.store: ") && text.contains(&problem), "{store}: {text}");
        assert!(text.lines().count() == 1 && !text.contains("hunter2") && !text.contains("ter2"), "{store}: {text}");
    }
    for store in [
        "memory",
        "sqlite:new.db",
        "sqlite:empty",
        "sqlite:./new.db",
        "redis://bob:hunter2@host:1/2",
        "rediss://host",
        "redis+cluster://:hunter2@one:1,two:2",
        "rediss+sentinel://one:1,two:2/main",
        "postgres://bob:hunter2@db/app?sslmode=verify-full",
        "postgresql://db/app",
    ] {
        assert_eq!(faults(store), "", "{store}");
    }
}

#[test]
fn every_trusted_origin_must_be_one() {
    let check = |origins: &str| folder(&format!("trusted_origins = {origins}\n{RULES}")).check();
    for good in ["[]", r#"["https://a.example", "http://b.example:8080"]"#] {
        assert_eq!(check(good), (Some(0), String::new()), "{good}");
    }
    for bad in ["https://A.example", "https://a.example/", "*", "null", "a.example", "https://*.a.example", "ftp://a"] {
        let (status, text) = check(&format!(r#"["https://good.example", "{bad}", "https://x/y"]"#));
        assert_eq!((status, text.lines().count()), (Some(2), 2), "{bad}: {text}");
        assert!(text.starts_with(&format!("gate: session.trusted_origins: {bad:?}: ")), "{text}");
    }
    for wrong in ["true", "\"https://a.example\"", "[1]", r#"["https://a.example", "https://a.example"]"#] {
        assert_eq!(check(wrong).0, Some(2), "{wrong}");
    }
}
