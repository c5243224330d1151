//! Failures are counted, per account and per client, and too many are refused for a while.

use super::support::gate::{Answer, Folder, Gate};
use super::{ME, USERS, alice, basic, bob, cookie, log_in};

const LIMIT: &str = "throttle = { attempts = 3, window = \"5m\" }\n";

/// Both ways in by password, with `top` first and a limit of three failures.
fn start(top: &str) -> Gate {
    let config = format!(
        "{top}\nadmin = \"127.0.0.1:0\"\n[basic]\nhtpasswd = \"users.htpasswd\"\n{LIMIT}\
         [session]\nusers = \"users.htpasswd\"\n{LIMIT}{ME}"
    );
    Gate::start(Folder::new().with("gate.toml", config).with("users.htpasswd", USERS))
}

fn guess(gate: &Gate, name: &str, field: &str) -> Answer {
    gate.get("/me", &[&basic(name, "a guess"), field])
}

#[track_caller]
fn assert_throttled(answer: &Answer) {
    assert_eq!((answer.status, answer.problem().as_str()), (429, "throttled"), "{answer:?}");
    let seconds: u64 = answer.field("retry-after").unwrap().parse().unwrap();
    assert!((1..=300).contains(&seconds), "{seconds}");
    assert_eq!(answer.json()["retry_after"], seconds);
    assert_eq!(answer.all("www-authenticate"), [""; 0], "waiting helps, other credentials do not");
}

#[test]
fn after_too_many_failures_of_an_account_the_answer_is_429_whatever_the_password() {
    let gate = start("");
    for _ in 0..3 {
        assert_eq!(guess(&gate, "alice", "Accept: */*").status, 401);
    }
    assert_throttled(&guess(&gate, "alice", "Accept: */*"));
    assert_throttled(&gate.get("/me", &[&alice()]));
    assert_throttled(&guess(&gate, "ALICE ", "Accept: */*"));
    assert_eq!(gate.runs("/me"), 0);
    assert_eq!(gate.get("/me", &[&bob()]).status, 200, "others get in");
    assert_eq!(gate.get("/me", &[]).status, 401);
}

#[test]
fn an_owner_who_is_remembered_or_has_a_session_is_not_locked_out() {
    let gate = start("");
    let session = cookie(&log_in(&gate, "alice", "wonderland"));
    assert_eq!(gate.get("/me", &[&alice()]).status, 200);
    for status in [401, 401, 401, 429] {
        assert_eq!(guess(&gate, "alice", "Accept: */*").status, status);
    }
    assert_eq!(gate.get("/me", &[&alice()]).status, 200, "right a moment ago, from here");
    assert_eq!(gate.get("/me", &[&session]).status, 200);
}

#[test]
fn a_revoked_user_is_not_remembered_any_more() {
    let gate = start("");
    assert_eq!(gate.get("/me", &[&alice()]).status, 200);
    for status in [401, 401, 401, 429] {
        assert_eq!(guess(&gate, "alice", "Accept: */*").status, status);
    }
    let revoke = |issuer: &str| {
        let order = serde_json::json!({"issuer": issuer, "subject": "alice"}).to_string();
        assert_eq!(gate.admin_post("/revocations", &[], &order).status, 204);
    };
    revoke("another");
    assert_eq!(gate.get("/me", &[&alice()]).status, 200, "that was somebody else");
    revoke("gate");
    assert_throttled(&gate.get("/me", &[&alice()]));
}

#[test]
fn without_a_cache_nobody_is_remembered() {
    let config = format!("[basic]\nhtpasswd = \"users.htpasswd\"\ncache = {{ entries = 0 }}\n{LIMIT}{ME}");
    let gate = Gate::start(Folder::new().with("gate.toml", config).with("users.htpasswd", USERS));
    assert_eq!(gate.get("/me", &[&alice()]).status, 200);
    for status in [401, 401, 401, 429] {
        assert_eq!(guess(&gate, "alice", "Accept: */*").status, status);
    }
    assert_throttled(&gate.get("/me", &[&alice()]));
}

#[test]
fn log_in_has_the_limit_too_and_established_sessions_live_on() {
    let gate = start("");
    let session = cookie(&log_in(&gate, "bob", "bob's secret"));
    let form = ["Content-Type: application/x-www-form-urlencoded"];
    let attempt = |name: &str, password: &str| {
        gate.post("POST", "/login", &form, &format!("username={name}&password={password}"))
    };
    for _ in 0..3 {
        assert_eq!(attempt("bob", "a+guess").status, 401);
    }
    let refused = attempt("bob", "another+guess");
    assert_throttled(&refused);
    assert_eq!(refused.field("set-cookie"), None);
    assert_eq!(attempt("alice", "wonderland").status, 204);
    assert_eq!(gate.get("/me", &[&session]).status, 200);
}

#[test]
fn a_forged_forwarding_field_does_not_switch_the_limit_off() {
    let gate = start("");
    for number in 0..3 {
        assert_eq!(guess(&gate, "alice", &format!("X-Forwarded-For: 203.0.113.{number}")).status, 401);
    }
    for field in ["X-Forwarded-For: 203.0.113.9", "Forwarded: for=203.0.113.9", "X-Forwarded-For: nonsense"] {
        assert_throttled(&guess(&gate, "alice", field));
    }
    // Ten times as many are those of a client, refused ones among them, whatever names it tries and whoever it says it is.
    for number in 6..30 {
        let answer = guess(&gate, &format!("nobody {number}"), &format!("X-Forwarded-For: 203.0.113.{number}"));
        assert_eq!(answer.status, 401, "{number}");
    }
    assert_throttled(&guess(&gate, "nobody else", "X-Forwarded-For: 203.0.113.99"));
}

#[test]
fn behind_a_trusted_proxy_the_forwarded_address_counts() {
    let gate = start("trusted_proxies = [\"127.0.0.0/8\"]");
    for number in 0..30 {
        let answer = guess(&gate, &format!("nobody {number}"), "X-Forwarded-For: 198.51.100.1, 203.0.113.7");
        assert_eq!(answer.status, 401, "{number}");
    }
    assert_throttled(&guess(&gate, "somebody", "X-Forwarded-For: 203.0.113.7"));
    assert_throttled(&guess(&gate, "somebody", "X-Forwarded-For: 192.0.2.1, 203.0.113.7"));
    for other in ["X-Forwarded-For: 203.0.113.8", "Forwarded: for=203.0.113.9", "X-Forwarded-For: nonsense"] {
        assert_eq!(guess(&gate, other, other).status, 401);
    }
}

#[test]
fn counts_live_on_when_the_configuration_is_read_again() {
    let gate = start("");
    for _ in 0..3 {
        assert_eq!(guess(&gate, "alice", "Accept: */*").status, 401);
    }
    assert!(gate.reload());
    assert_throttled(&gate.get("/me", &[&alice()]));
}

#[test]
fn false_turns_the_limit_off() {
    let config = format!("[basic]\nhtpasswd = \"users.htpasswd\"\nthrottle = false\n{ME}");
    let gate = Gate::start(Folder::new().with("gate.toml", config).with("users.htpasswd", USERS));
    for _ in 0..12 {
        assert_eq!(guess(&gate, "alice", "Accept: */*").status, 401);
    }
    assert_eq!(gate.get("/me", &[&alice()]).status, 200);
}
