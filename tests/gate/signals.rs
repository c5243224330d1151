//! SIGHUP exchanges everything or nothing; SIGTERM lets running requests end.

use std::io::Write;

use super::support::gate::{connect, read_answer, wait_until};
use super::{ALICE, RULES, SCHEMES, USERS, alice, basic, bearer, bob, cookie, log_in, start};

/// bcrypt of `abc`, cost 4.
const ABC: &str = "$2b$04$abcdefghijklmnopqrstuuCi15uRb1eH7NAlJ/TgeJertyknQpYn2";

#[test]
fn a_reload_brings_new_rules_users_and_keys_and_keeps_sessions_and_counters() {
    let gate = start();
    let session = cookie(&log_in(&gate, "alice", "wonderland"));
    assert_eq!(gate.get("/me", &[&session]).json()["roles"], serde_json::json!(["admin"]));
    let token = bearer(serde_json::json!({}));
    assert_eq!(gate.get("/me", &[&token]).status, 200);
    let rules = format!("{RULES}\n[[rule]]\npath = \"/new\"\n");
    gate.folder.write("gate.toml", format!("{SCHEMES}{rules}").replace(r#"roles = { alice = ["admin"] }"#, ""));
    gate.folder.write("users.htpasswd", format!("{USERS}carol:{ABC}\n"));
    gate.folder.write("hs.secret", "another secret, as long as the last one was");
    assert!(gate.reload());

    assert_eq!(gate.get("/new", &[&session]).status, 200);
    assert_eq!(gate.get("/new", &[&basic("carol", "abc")]).status, 200);
    assert_eq!(gate.get("/me", &[&token]).status, 401);
    let told = gate.get("/me", &[&session]).json();
    assert_eq!(told["roles"], serde_json::json!([]), "what was taken away is not kept by being logged in");
    assert_eq!(gate.runs("/me"), 3, "counters go on");
}

#[test]
fn who_is_gone_or_has_another_password_loses_sessions_and_the_rest_live_on() {
    let gate = start();
    let (alice_session, bob_session) =
        (cookie(&log_in(&gate, "alice", "wonderland")), cookie(&log_in(&gate, "bob", "bob's secret")));
    gate.folder.write("users.htpasswd", format!("{ALICE}\nbob:{ABC}\n"));
    assert!(gate.reload());
    assert_eq!(gate.get("/me", &[&alice_session]).status, 200);
    assert_eq!(gate.get("/me", &[&bob_session]).status, 401);
    assert_eq!(gate.get("/me", &[&bob()]).status, 401);
    let bob_session = cookie(&log_in(&gate, "bob", "abc"));

    // alice has roles, and whoever has roles must be there.
    let config = format!("{SCHEMES}{RULES}");
    let without: String =
        config.lines().filter(|line| !line.contains("alice =")).map(|line| format!("{line}\n")).collect();
    gate.folder.write("gate.toml", without);
    gate.folder.write("users.htpasswd", format!("bob:{ABC}\n"));
    assert!(gate.reload());
    assert_eq!(gate.get("/me", &[&alice_session]).status, 401);
    assert_eq!(gate.get("/me", &[&alice()]).status, 401);
    assert_eq!(gate.get("/me", &[&bob_session]).status, 200);
}

#[test]
fn a_broken_configuration_is_reported_and_the_old_one_stays() {
    let gate = start();
    let session = cookie(&log_in(&gate, "alice", "wonderland"));
    gate.folder.write("users.htpasswd", "mallory:no hash\n");
    assert!(!gate.reload());
    gate.folder.write("gate.toml", format!("{SCHEMES}{RULES}\n[[rule]]\npath = \"/me\"\nalow = \"public\"\n"));
    assert!(!gate.reload());
    wait_until("the fault", || gate.log().contains("gate: rule.alow: rule 13 (\"/me\"): unknown key"));
    assert!(gate.log().contains("gate: basic.htpasswd: \"users.htpasswd\" line 1: "));
    assert_eq!(gate.get("/me", &[&session]).status, 200);
    assert_eq!(gate.get("/me", &[&alice()]).status, 200);
    assert_eq!(gate.get("/me", &[]).status, 401);

    gate.folder.write("users.htpasswd", USERS);
    gate.folder.write("gate.toml", format!("{SCHEMES}{RULES}"));
    assert!(gate.reload());
    assert_eq!(gate.get("/me", &[&session]).status, 200);
}

#[test]
fn limits_of_living_sessions_are_changed_by_a_restart_alone() {
    let gate = start();
    let config = format!("{SCHEMES}idle = \"1m\"\nmax_per_user = 3\n{RULES}");
    gate.folder.write("gate.toml", config);
    assert!(!gate.reload());
    wait_until("the faults", || gate.log().contains("gate: session.max_per_user: holds for sessions that live"));
    assert!(gate.log().contains("gate: session.idle: ") && !gate.log().contains("session.absolute"));
}

#[test]
fn another_realm_is_another_set_of_users() {
    let gate = start();
    let session = cookie(&log_in(&gate, "alice", "wonderland"));
    gate.folder.write("gate.toml", format!("{SCHEMES}{RULES}").replace("\"hall\"", "\"tower\""));
    assert!(gate.reload());
    assert_eq!(gate.get("/me", &[&session]).status, 401);
    assert_eq!(gate.get("/me", &[&alice()]).json()["issuer"], "tower");
}

#[test]
fn no_log_in_fails_because_of_a_reload() {
    let gate = start();
    std::thread::scope(|scope| {
        let reloads = scope.spawn(|| (0..10).for_each(|_| assert!(gate.reload())));
        while !reloads.is_finished() {
            let session = cookie(&log_in(&gate, "bob", "bob's secret"));
            assert_eq!(gate.get("/me", &[&session]).status, 200);
        }
    });
}

#[test]
fn a_log_in_that_is_overtaken_by_another_password_leaves_nothing_that_opens() {
    // bcrypt of bob's secret, cost 12, which takes a good part of a second.
    let slow = "$2y$12$9OIcl1f01KfsD4C6rtkvmeskb0eNBNMQGfMvgysU.LdYn0V5HyD82";
    let gate = start();
    gate.folder.write("users.htpasswd", format!("{ALICE}\nbob:{slow}\n"));
    assert!(gate.reload());
    let body = "username=bob&password=bob's%20secret";
    let mut stream = connect(gate.address);
    let head = format!(
        "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    gate.folder.write("users.htpasswd", format!("{ALICE}\nbob:{ABC}\n"));
    assert!(gate.reload());
    let answer = read_answer(stream);
    if let Some(set) = answer.field("set-cookie") {
        let cookie = format!("Cookie: {}", set.split(';').next().unwrap());
        for path in ["/me", "/optional", "/session/sessions"] {
            let told = gate.get(path, &[&cookie]);
            assert!(told.status == 401 || told.json()["anonymous"] == true, "{path}: {told:?}");
        }
    } else {
        assert_eq!(answer.status, 401);
    }
    assert_eq!(gate.get("/session/sessions", &[&cookie(&log_in(&gate, "bob", "abc"))]).status, 200);
}

#[test]
fn a_running_request_ends_before_the_server_does() {
    let mut gate = start();
    let body = "username=alice&password=wonderland";
    let mut stream = connect(gate.address);
    let head = format!(
        "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The body is asked for, so the request is running.
    let mut go_on = [0; 25];
    std::io::Read::read_exact(&mut stream, &mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    let idle = connect(gate.address);
    gate.signal("TERM");
    wait_until("the signal", || gate.log().contains("stopping"));
    assert!(gate.has_ended().is_none());
    stream.write_all(body.as_bytes()).unwrap();
    assert_eq!(read_answer(stream).status, 204);
    wait_until("the end", || gate.has_ended().is_some());
    assert_eq!(gate.has_ended().unwrap().code(), Some(0));
    drop(idle);
}
