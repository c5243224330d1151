//! `gate --explain`: a raw request from stdin, and what would become of it.

use serde_json::json;

use super::{ALICE, RULES, alice, basic, bearer, bob, folder, start};

fn request(line: &str, fields: &[&str]) -> String {
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    format!("{line} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
}

#[test]
fn what_is_explained_is_what_happens() {
    let gate = start();
    let (all, expired) = (bearer(json!({"scope": "orders:read orders:list"})), bearer(json!({"exp": 1_700_000_000})));
    let foreign = bearer(json!({"aud": "somebody-else"}));
    let wrong = basic("alice", "zebraquux");
    let mut outcomes = [0, 0];
    for (method, path, fields) in [
        ("GET", "/public/page", vec![]),
        ("GET", "/public/page", vec!["Authorization: garbage and more"]),
        ("GET", "/optional", vec![]),
        ("GET", "/optional", vec![&*wrong]),
        ("GET", "/me", vec![]),
        ("GET", "/me", vec![&*alice()]),
        ("GET", "/me", vec![&*wrong]),
        ("GET", "/me", vec!["Authorization: Basic !"]),
        ("GET", "/me", vec!["Authorization: Bearer not.a.token"]),
        ("GET", "/me", vec![&*alice(), &*alice()]),
        ("GET", "/me", vec!["Cookie: __Host-gate=unknown"]),
        ("GET", "/orders", vec![&*all]),
        ("HEAD", "/orders", vec![&*all]),
        ("GET", "/orders", vec![&*alice()]),
        ("GET", "/orders", vec![&*expired]),
        ("GET", "/orders", vec![&*foreign]),
        ("POST", "/orders", vec![&*all]),
        ("PUT", "/orders", vec![&*all]),
        ("GET", "/hidden", vec![&*bob()]),
        ("GET", "/hidden", vec![&*alice()]),
        ("GET", "/fresh", vec![&*all]),
        ("GET", "/gold", vec![&*alice()]),
        ("GET", "/tokens-only", vec![&*alice()]),
        ("GET", "/admin/a/b", vec![&*alice()]),
        ("GET", "/%6de", vec![&*alice()]),
        ("GET", "/me//", vec![&*alice()]),
        ("GET", "/nowhere", vec![]),
        ("GET", "/nowhere", vec![&*alice()]),
    ] {
        let answer = gate.ask(method, path, &fields);
        let (passes, told) = gate.folder.explain(&request(&format!("{method} {path}"), &fields));
        assert_eq!(passes, answer.status < 400, "{method} {path} {fields:?}: {} but {told}", answer.status);
        let verdict = if passes { "verdict: would pass\n" } else { "verdict: refused\n" };
        assert!(told.ends_with(verdict), "{told}");
        assert!(passes || told.contains(&format!("refused, {}", answer.status)), "{}: {told}", answer.status);
        for secret in ["wonderland", "d29uZGVybGFuZA", "zebra", "emVicm", "eyJ"] {
            assert!(!told.contains(secret), "{told}");
        }
        outcomes[usize::from(passes)] += 1;
    }
    assert!(outcomes.iter().all(|&count| count > 5), "{outcomes:?}");
    assert_eq!(gate.runs("/orders"), 2, "explaining runs nothing");
}

#[test]
fn the_steps_are_told_in_their_order() {
    let folder = folder(RULES);
    let token = bearer(json!({"sub": "carol", "scope": "orders:read"}));
    let (passes, told) = folder.explain(&request("GET /orders", &[&token]));
    assert!(!passes);
    let mut rest = &*told;
    for step in [
        "rule: path = \"/orders\"",
        "authenticate: GET /orders",
        "Bearer: the credential was accepted",
        "Basic: not asked",
        "identity: \"carol\" of \"https://id.example\"",
        "verify: passed",
        "require: GET /orders",
        "decide: refused, 403 forbidden",
        "scope: expected \"orders:list\", found \"orders:read\"",
        "hint: ",
        "the client is told: ",
        "verdict: refused",
    ] {
        let place = rest.find(step).unwrap_or_else(|| panic!("{step}: {told}"));
        rest = &rest[place + step.len()..];
    }
}

#[test]
fn a_request_is_read_as_people_type_it_and_what_is_none_is_told_so() {
    let folder = folder(RULES);
    for typed in [
        "GET /public/ HTTP/1.1\nHost: localhost\n",
        "GET /public/ HTTP/1.1\nHost: localhost",
        "GET /public/ HTTP/1.1\nHost: localhost\n\nand a body",
        "GET /public/ HTTP/1.1\r\nHost: localhost\r\n",
        "POST /public/ HTTP/1.1\nHost: localhost\nContent-Length: 1000000\n\nthe beginning of it",
        "GET /public/ HTTP/1.1\nHost: localhost\n\nGET /me HTTP/1.1\nHost: localhost\n\n",
    ] {
        let (passes, told) = folder.explain(typed);
        assert!(passes, "{typed:?}: {told}");
    }
    for (none, why) in [
        ("", "cannot be read as HTTP/1.1"),
        ("\n\n", "cannot be read as HTTP/1.1"),
        ("hello", "cannot be read as HTTP/1.1"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "cannot be read as HTTP/1.1"),
        ("GET /me\n\n", "cannot be read as HTTP/1.1"),
        ("GET /me HTTP/1.1\nno colon\n\n", "cannot be read as HTTP/1.1"),
        ("CONNECT localhost:80 HTTP/1.1\nHost: localhost\n\n", "CONNECT"),
        ("GET /a/../me HTTP/1.1\nHost: localhost\n\n", "a segment of dots"),
    ] {
        let (passes, told) = folder.explain(none);
        assert!(!passes && told.contains(why), "{none:?}: {told}");
    }
}

#[test]
fn a_broken_configuration_is_told_as_ever_and_nothing_is_read() {
    let folder = folder("[[rule]]\npath = \"nowhere\"\n").with("users.htpasswd", ALICE);
    let (status, stdout, stderr) = folder.run_with(&["--explain"]);
    assert_eq!(status, Some(2));
    assert!(stdout.is_empty() && stderr.contains("gate: rule.path: "), "{stderr}");
    let (status, _, stderr) = folder.run_with(&["--explain", "--check"]);
    assert_eq!(status, Some(2));
    assert!(stderr.starts_with("usage: "), "{stderr}");
}
