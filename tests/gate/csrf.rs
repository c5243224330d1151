//! What may be done with a cookie alone: only what comes from a page of ours.

use super::support::gate::{Answer, Gate};
use super::{RULES, alice, bearer, cookie, folder, log_in, start};

const TRUSTED: &str = "https://shop.example";
const EVIL: &str = "https://evil.example";

const METHODS: [&str; 9] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "whatever", "WHATEVER"];
const SITES: [Option<&str>; 6] =
    [None, Some("same-origin"), Some("none"), Some("same-site"), Some("cross-site"), Some("Same-Origin")];

/// A gate whose pages and those of the trusted origin may act.
fn trusting() -> Gate {
    Gate::start(folder(&format!("trusted_origins = [\"{TRUSTED}\"]\n{RULES}")))
}

/// What the browser says of where a request comes from.
fn said(site: Option<&str>, origin: Option<&str>) -> Vec<String> {
    let site = site.map(|site| format!("Sec-Fetch-Site: {site}"));
    site.into_iter().chain(origin.map(|origin| format!("Origin: {origin}"))).collect()
}

fn ask(gate: &Gate, method: &str, path: &str, fields: &[String]) -> Answer {
    let fields: Vec<_> = fields.iter().map(String::as_str).collect();
    gate.ask(method, path, &fields)
}

#[test]
fn a_cookie_does_something_only_for_pages_of_ours_whatever_the_method_and_whoever_asks() {
    let gate = trusting();
    let session = log_in(&gate, "alice", "wonderland");
    let own = format!("http://{}", gate.address);
    let other_port = "http://127.0.0.1:1".to_owned();
    let origins = [None, Some(&*own), Some(TRUSTED), Some(EVIL), Some("null"), Some(&*other_port)];
    let mut let_in = 0;
    for method in METHODS {
        for site in SITES {
            for origin in origins {
                let is_safe = matches!(method, "GET" | "HEAD" | "OPTIONS");
                let is_ours = match (site, origin) {
                    (_, Some(TRUSTED)) => true,
                    (Some(site), _) => site == "same-origin" || site == "none",
                    (None, origin) => origin == Some(&*own),
                };
                let mut fields = said(site, origin);
                fields.push(cookie(&session));
                let answer = ask(&gate, method, "/me", &fields);
                let place = format!("{method} {fields:?}");
                if is_safe || is_ours {
                    assert_eq!((answer.status, answer.field("set-cookie")), (200, None), "{place}");
                    let_in += 1;
                } else {
                    assert_eq!((answer.status, answer.problem().as_str()), (403, "cross_site"), "{place}");
                    assert_eq!((answer.field("set-cookie"), answer.field("www-authenticate")), (None, None), "{place}");
                }
                assert_eq!(gate.runs("/me"), let_in, "{place}");
            }
        }
    }
}

#[test]
fn what_a_header_says_needs_no_proof_of_where_it_comes_from() {
    let gate = trusting();
    let session = log_in(&gate, "alice", "wonderland");
    let by_header = format!("Authorization: Session {session}");
    for field in [alice(), bearer(serde_json::json!({})), by_header] {
        for method in ["GET", "POST", "DELETE", "WHATEVER"] {
            for (site, origin) in [(None, None), (Some("cross-site"), Some(EVIL)), (None, Some("null"))] {
                let mut fields = said(site, origin);
                // Beside a header a cookie is not looked at.
                fields.extend([field.clone(), cookie(&session)]);
                assert_eq!(ask(&gate, method, "/me", &fields).status, 200, "{method} {fields:?}");
            }
        }
    }
    for (method, path) in [("DELETE", "/session/sessions/unknown"), ("POST", "/session/revoke-all")] {
        let fields = [format!("Authorization: Session {session}"), format!("Origin: {EVIL}")];
        assert_ne!(ask(&gate, method, path, &fields).status, 403, "{path}");
    }
}

#[test]
fn whoever_has_no_session_is_told_so_first() {
    let gate = start();
    for field in ["Accept: */*".to_owned(), cookie("short"), cookie(&"A".repeat(43))] {
        let answer = ask(&gate, "POST", "/me", &[field.clone(), format!("Origin: {EVIL}")]);
        assert_eq!((answer.status, answer.problem() == "cross_site"), (401, false), "{field}");
    }
    assert_eq!(gate.all_runs(), 0);
}

#[test]
fn every_rule_and_every_route_of_sessions_is_protected() {
    let gate = start();
    let session = cookie(&log_in(&gate, "alice", "wonderland"));
    for (method, path) in [
        ("POST", "/optional"),
        ("POST", "/me"),
        ("POST", "/staff"),
        ("POST", "/hidden"),
        ("POST", "/admin/x"),
        ("POST", "/no/rule"),
        ("DELETE", "/session/sessions/unknown"),
        ("POST", "/session/revoke-all"),
        ("POST", "/session/%72evoke-all"),
    ] {
        for fields in [vec![], vec!["Sec-Fetch-Site: cross-site"], vec!["Sec-Fetch-Site: same-site"]] {
            let mut fields = fields.clone();
            fields.push(&session);
            let answer = gate.ask(method, path, &fields);
            assert_eq!((answer.status, answer.problem().as_str()), (403, "cross_site"), "{path} {fields:?}");
        }
    }
    assert_eq!(gate.all_runs(), 0);
    assert_eq!(gate.get("/me", &[&session]).status, 200, "still logged in");
    let public = gate.ask("POST", "/public/x", &[&session, "Sec-Fetch-Site: cross-site"]);
    assert_eq!(public.json()["anonymous"], true, "where nobody is known, nothing is done in a name");
}

#[test]
fn a_websocket_begins_on_pages_of_ours_alone() {
    let gate = start();
    let session = cookie(&log_in(&gate, "alice", "wonderland"));
    let own = format!("Origin: http://{}", gate.address);
    for upgrade in ["Upgrade: websocket", "Upgrade: WebSocket", "Upgrade: h2c, websocket/13"] {
        for (from, status) in [("Origin: https://evil.example", 403), ("Accept: */*", 403), (&*own, 200)] {
            let answer = gate.get("/me", &[&session, "Connection: Upgrade", upgrade, from]);
            assert_eq!(answer.status, status, "{upgrade} {from}");
        }
    }
    assert_eq!(gate.runs("/me"), 3);
}

#[test]
fn no_other_host_is_ours_by_being_named() {
    let gate = start();
    let session = cookie(&log_in(&gate, "alice", "wonderland"));
    for (host, origin, status) in [
        ("gate.example", "https://gate.example", 200),
        ("gate.example", "http://gate.example", 403),
        ("gate.example", "https://gate.example:444", 403),
        ("gate.example", "https://gate.example.evil.example", 403),
        ("localhost:1", "http://localhost:1", 200),
    ] {
        for claim in ["Accept: */*", "X-Forwarded-Host: evil.example", "Forwarded: host=evil.example"] {
            let head = format!("POST /me HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n{session}\r\n{claim}");
            assert_eq!(gate.send(&head, "").status, status, "{host} {origin}");
            let head = format!("POST /me HTTP/1.1\r\nHost: {host}\r\nOrigin: {EVIL}\r\n{session}\r\n{claim}");
            assert_eq!(gate.send(&head, "").status, 403, "{host} {claim}");
        }
    }
}
