//! Logging in and out.

use std::sync::mpsc;
use std::thread;

use super::support::gate::{Answer, Gate};
use super::{RULES, SCHEMES, USERS, alice, basic, cookie, folder, log_in, start};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
const JSON: &str = "Content-Type: application/json";
const GOOD: &str = "username=alice&password=wonderland";

fn post(gate: &Gate, fields: &[&str], body: &str) -> Answer {
    gate.post("POST", "/login", fields, body)
}

#[test]
fn a_right_password_gets_a_session_in_the_way_that_was_asked_for() {
    let gate = start();
    let plain = post(&gate, &[FORM], GOOD);
    assert_eq!((plain.status, plain.body.as_str()), (204, ""));
    let set = plain.field("set-cookie").unwrap();
    let (pair, attributes) = set.split_once("; ").unwrap();
    assert_eq!(attributes, "Max-Age=43200; Path=/; HttpOnly; SameSite=Lax; Secure");
    assert_eq!(gate.get("/me", &[&format!("Cookie: {pair}")]).json()["subject"], "alice");

    for accept in ["Accept: application/json", "Accept: application/json, text/plain, */*"] {
        let json = post(&gate, &[JSON, accept], r#"{"username": "alice", "password": "wonderland"}"#);
        assert_eq!(json.status, 200);
        let session = json.json()["session"].as_str().unwrap().to_owned();
        assert!(json.json()["expires_at"].is_u64());
        assert!(json.field("set-cookie").unwrap().starts_with(&format!("__Host-gate={session}; ")));
        assert_eq!(gate.get("/me", &[&format!("Authorization: Session {session}")]).status, 200);
    }
    assert_eq!(post(&gate, &[FORM, "Accept: */*"], GOOD).status, 204);

    let browser = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let page = post(&gate, &[FORM, browser], &format!("{GOOD}&return_to=%2Forders%3Fpage%3D2"));
    assert_eq!((page.status, page.field("location")), (303, Some("/orders?page=2")));
    assert_eq!(post(&gate, &[FORM, browser], GOOD).field("location"), Some("/"));
    for answer in [plain, page] {
        assert_eq!(answer.field("cache-control"), Some("no-store"));
    }
}

#[test]
fn only_a_path_of_ours_is_returned_to() {
    let gate = start();
    let location = |return_to: &str| {
        let body = serde_json::json!({"username": "alice", "password": "wonderland", "return_to": return_to});
        let answer = post(&gate, &[JSON, "Accept: text/html"], &body.to_string());
        assert_eq!(answer.status, 303);
        answer.field("location").unwrap().to_owned()
    };
    for good in ["/", "/a/b", "/a?x=1&y=/z", "/%C3%A9"] {
        assert_eq!(location(good), good);
    }
    let long = format!("/{}", "a".repeat(8 * 1024));
    for hostile in [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%09/evil.example",
        "/\t/evil.example",
        "/%5cevil.example",
        "/%2fevil.example",
        "/%252f/evil.example",
        "/..//evil.example",
        "/a/../b",
        "/%2e%2e/b",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
        "?x",
        "/a\r\nSet-Cookie: x=1",
        "/a%0d%0aSet-Cookie:x",
        "/a#b",
        "/a b",
        "/é",
        "/a;b",
        "/?x=\\",
        &long,
    ] {
        assert_eq!(location(hostile), "/", "{hostile}");
    }
    let in_query = gate.post("POST", "/login?return_to=/orders", &[FORM, "Accept: text/html"], GOOD);
    assert_eq!(in_query.field("location"), Some("/"));
}

#[test]
fn a_wrong_password_is_401_with_the_challenges_and_no_cookie() {
    let gate = start();
    for body in [
        "username=alice&password=wrong",
        "username=nobody&password=wonderland",
        "username=&password=",
        "username=a%00&password=b",
    ] {
        for accept in ["Accept: */*", "Accept: text/html"] {
            let answer = post(&gate, &[FORM, accept], body);
            assert_eq!(answer.status, 401, "{body}");
            assert_eq!(
                answer.all("www-authenticate"),
                [r#"Session realm="hall""#, r#"Bearer realm="hall""#, r#"Basic realm="hall", charset="UTF-8""#]
            );
            assert_eq!(answer.field("set-cookie"), None);
        }
    }
    let with_header = gate.post("POST", "/login", &[FORM, &alice()], "username=bob&password=wrong");
    assert_eq!(with_header.status, 401, "the form is the credential here");
    assert!(!gate.log().contains("wonderland") && !gate.log().contains("nobody"), "names may be passwords");
}

#[test]
fn a_body_that_cannot_be_read_in_one_way_is_400() {
    let gate = start();
    for (kind, body) in [
        (FORM, ""),
        (FORM, "username=alice"),
        (FORM, "password=wonderland"),
        (FORM, "username=alice&password=wonderland&password=wonderland"),
        (FORM, "username=alice&password=wonderland&x=1&x=1"),
        (FORM, "username=alice&%75sername=bob&password=wonderland"),
        (FORM, "username=alice&password=%zz"),
        (FORM, "username=alice&password=%ff"),
        (FORM, r#"{"username": "alice", "password": "wonderland"}"#),
        (JSON, GOOD),
        (JSON, r#"{"username": "alice", "password": "wonderland""#),
        (JSON, r#"{"username": "alice", "password": "wonderland", "password": "wonderland"}"#),
        (JSON, r#"{"username": "alice", "password": "wonderland", "x": 1, "x": 1}"#),
        (JSON, r#"{"username": "alice", "password": ["wonderland"]}"#),
        (JSON, r#"["alice", "wonderland"]"#),
        ("Content-Type: text/plain", GOOD),
        ("Content-Type: multipart/form-data; boundary=x", GOOD),
        ("Accept: */*", GOOD),
    ] {
        let answer = post(&gate, &[kind], body);
        assert_eq!((answer.status, answer.problem().as_str()), (400, "malformed"), "{kind} {body}");
        assert_eq!(answer.field("set-cookie"), None);
    }
    let twice = post(&gate, &[FORM, FORM], GOOD);
    assert_eq!(twice.status, 400);
    let long = format!("{GOOD}&x={}", "x".repeat(64 * 1024));
    let long = post(&gate, &[FORM], &long);
    assert_eq!((long.status, long.problem().as_str()), (413, "too_large"));
    let charset = post(
        &gate,
        &["content-type: APPLICATION/JSON; charset=utf-8"],
        r#"{"username":"alice","password":"wonderland","x":{}}"#,
    );
    assert_eq!(charset.status, 204);
}

#[test]
fn other_sites_can_neither_log_anybody_in_nor_out() {
    let gate = start();
    let own = format!("Origin: http://{}", gate.address);
    let session = log_in(&gate, "alice", "wonderland");
    let cookie = cookie(&session);
    for (fields, ours) in [
        (vec!["Sec-Fetch-Site: cross-site"], false),
        (vec!["Sec-Fetch-Site: same-site"], false),
        (vec!["Sec-Fetch-Site: cross-site", &*own], false),
        (vec!["Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"], false),
        (vec!["Origin: https://evil.example"], false),
        (vec!["Origin: null"], false),
        (vec!["Origin: https://evil.example", "X-Forwarded-Host: evil.example"], false),
        (vec![&*own, "Origin: https://evil.example"], false),
        (vec!["Sec-Fetch-Site: same-origin"], true),
        (vec!["Sec-Fetch-Site: none"], true),
        (vec![&*own], true),
        (vec![], true),
    ] {
        let mut login = vec![FORM];
        login.extend(&fields);
        let answer = post(&gate, &login, GOOD);
        assert_eq!(answer.status, if ours { 204 } else { 403 }, "{fields:?}");
        if ours {
            continue;
        }
        assert_eq!((answer.problem().as_str(), answer.field("set-cookie")), ("cross_site", None));
        let mut logout = vec![&*cookie];
        logout.extend(&fields);
        let answer = gate.ask("POST", "/logout", &logout);
        assert_eq!((answer.status, answer.field("set-cookie")), (403, None), "{fields:?}");
    }
    assert_eq!(gate.get("/me", &[&cookie]).status, 200, "still logged in");
    for path in ["/login", "/logout"] {
        let answer = gate.get(path, &[&cookie]);
        assert_eq!((answer.status, answer.field("allow")), (405, Some("POST")));
    }
    assert_eq!(gate.get("/me", &[&cookie]).status, 200, "still logged in");
}

#[test]
fn a_log_in_over_a_live_session_ends_the_old_one() {
    let gate = start();
    let old = log_in(&gate, "alice", "wonderland");
    let refused = post(&gate, &[FORM, &cookie(&old)], "username=alice&password=wrong");
    assert_eq!(refused.status, 401);
    assert_eq!(gate.get("/me", &[&cookie(&old)]).status, 200, "a failed log-in ends nothing");

    let new = post(&gate, &[FORM, &cookie(&old)], GOOD);
    let pair = new.field("set-cookie").unwrap().split(';').next().unwrap();
    assert_ne!(pair, format!("__Host-gate={old}"));
    assert_eq!(gate.get("/me", &[&cookie(&old)]).status, 401);
    assert_eq!(gate.get("/me", &[&format!("Cookie: {pair}")]).status, 200);

    // An id that was planted is not adopted.
    let planted = "B".repeat(43);
    assert_eq!(post(&gate, &[FORM, &cookie(&planted)], GOOD).status, 204);
    assert_eq!(gate.get("/me", &[&cookie(&planted)]).status, 401);
}

#[test]
fn what_is_no_session_stands_in_the_way_of_no_log_in() {
    let gate = start();
    for field in ["Cookie: __Host-gate=a b", "Cookie: __Host-gate=", "Cookie: __Host-gate=short", "Authorization: @@"] {
        assert_eq!(post(&gate, &[FORM, field], GOOD).status, 204, "{field}");
        assert_eq!(gate.ask("POST", "/logout", &[field]).status, 204, "{field}");
    }
    for fields in [["Cookie: __Host-gate=a; __Host-gate=b", "Accept: */*"], ["Authorization: Session a"; 2]] {
        let answer = post(&gate, &[FORM, fields[0], fields[1]], GOOD);
        assert_eq!((answer.status, answer.problem().as_str()), (400, "ambiguous"), "{fields:?}");
    }
}

#[test]
fn logging_out_ends_the_session_here_and_clears_the_cookie() {
    let gate = start();
    let cleared = "__Host-gate=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure";
    let session = log_in(&gate, "alice", "wonderland");
    for status in [200, 401] {
        assert_eq!(gate.get("/me", &[&cookie(&session)]).status, status);
        let answer = gate.ask("POST", "/logout", &[&cookie(&session)]);
        assert_eq!((answer.status, answer.field("set-cookie")), (204, Some(cleared)));
    }
    let by_header = format!("Authorization: Session {}", log_in(&gate, "alice", "wonderland"));
    assert_eq!(gate.ask("POST", "/logout", &[&by_header]).status, 204);
    assert_eq!(gate.get("/me", &[&by_header]).status, 401);
    assert_eq!(gate.ask("POST", "/logout", &[&by_header]).status, 204, "already over");

    let nobody = gate.ask("POST", "/logout", &[]);
    assert_eq!(nobody.status, 204);
    let page = gate.ask("POST", "/logout", &["Accept: text/html"]);
    assert_eq!((page.status, page.field("location")), (303, Some("/")));

    let live = log_in(&gate, "alice", "wonderland");
    let beside = gate.ask("POST", "/logout", &[&alice(), &cookie(&live)]);
    assert_eq!((beside.status, beside.field("set-cookie")), (204, None), "a header speaks, the cookie is left alone");
    assert_eq!(gate.get("/me", &[&cookie(&live)]).status, 200);
}

#[test]
fn a_flood_of_passwords_at_other_doors_keeps_nobody_from_logging_in() {
    let config = format!("{SCHEMES}{RULES}").replace(
        "htpasswd = \"users.htpasswd\"",
        "htpasswd = \"basic.htpasswd\"\nthrottle = false\nhashing = { queue = 1 }",
    );
    // bcrypt of cost 13, which takes a good part of a second.
    let carol = "carol:$2b$13$abcdefghijklmnopqrstuugnA3sBav18rnV72BeOyKWV21iMMRCBW";
    let files = folder("").with("gate.toml", config).with("basic.htpasswd", format!("{USERS}{carol}\n"));
    let gate = Gate::start(files);
    let gate = &gate;
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        for number in 0..8 {
            // Not the same, which would be one check for all.
            let (tell, wrong) = (tell.clone(), basic("carol", &format!("wrong {number}")));
            scope.spawn(move || tell.send(gate.get("/me", &[&wrong]).status));
        }
        assert_eq!(told.recv(), Ok(503), "the queue is full");
        assert_eq!(post(gate, &[FORM], GOOD).status, 204);
    });
}

#[test]
fn no_secret_reaches_the_log() {
    let gate = start();
    let session = log_in(&gate, "alice", "wonderland");
    gate.get("/me", &[&alice()]);
    gate.get("/me", &[&cookie(&session)]);
    gate.get("/me", &[&format!("Authorization: Session {session}")]);
    post(&gate, &[FORM], "username=alice&password=hunter2");
    let log = gate.log();
    assert!(log.contains("logged in") && log.contains("refused"));
    for secret in ["wonderland", "hunter2", &session, alice().split(' ').next_back().unwrap()] {
        assert!(!log.contains(secret), "{secret}");
    }
}
