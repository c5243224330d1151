//! What each kind of request is answered, and that nothing ran where it was refused.

use portcullis::clock::{Clock, SystemClock};
use serde_json::{Value, json};

use super::support::gate::Answer;
use super::{alice, basic, bearer, bob, cookie, log_in, start, token};

const BEARER: &str = r#"Bearer realm="hall""#;
const BASIC: &str = r#"Basic realm="hall", charset="UTF-8""#;
const SESSION: &str = r#"Session realm="hall""#;

fn challenges(answer: &Answer) -> Vec<&str> {
    answer.all("www-authenticate")
}

#[test]
fn nothing_presented_is_401_with_every_challenge_in_order() {
    let gate = start();
    for path in ["/me", "/orders", "/hidden", "/nothing-there"] {
        let answer = gate.get(path, &[]);
        assert_eq!((answer.status, answer.problem().as_str()), (401, "missing"), "{path}");
        assert_eq!(challenges(&answer), [BEARER, BASIC, SESSION]);
    }
    assert_eq!(gate.all_runs(), 0);
}

#[test]
fn a_password_a_token_and_a_session_each_say_who_is_asking() {
    let gate = start();
    let before = SystemClock.now().as_secs();

    let mut told = gate.get("/me?x=1", &[&alice()]).json();
    let auth_time = told["auth_time"].take().as_u64().unwrap();
    assert!((before..=SystemClock.now().as_secs()).contains(&auth_time));
    let expected = json!({
        "anonymous": false, "issuer": "hall", "subject": "alice", "scheme": "basic", "scopes": ["orders:read"],
        "roles": ["admin", "clerk"], "auth_time": null, "acr": null, "method": "GET", "path": "/me",
    });
    assert_eq!(told, expected);

    let claims = json!({"auth_time": 1_700_000_000, "acr": "gold", "roles": ["buyer"]});
    let expected = json!({
        "anonymous": false, "issuer": "https://id.example", "subject": "alice", "scheme": "bearer",
        "scopes": ["orders:read"], "roles": ["buyer"], "auth_time": 1_700_000_000, "acr": "gold", "method": "DELETE",
        "path": "/me",
    });
    assert_eq!(gate.ask("DELETE", "/me", &[&bearer(claims)]).json(), expected);

    let session = log_in(&gate, "alice", "wonderland");
    for credential in [format!("Authorization: Session {session}"), cookie(&session)] {
        let told = gate.get("/me", &[&credential]).json();
        assert!(told["auth_time"].as_u64().unwrap() >= before);
        let part = |name: &str| told[name].clone();
        assert_eq!(
            [part("issuer"), part("subject"), part("scheme"), part("scopes"), part("roles")],
            [json!("hall"), json!("alice"), json!("session"), json!([]), json!(["admin"])]
        );
    }
    assert_eq!(gate.runs("/me"), 4);
}

#[test]
fn a_failed_credential_is_401_with_its_own_challenge_first() {
    let gate = start();
    let wrong_token = bearer(json!({"aud": "somebody else"}));
    let old_token = bearer(json!({"exp": 1_700_000_000}));
    for (credential, first) in [(&wrong_token, "invalid_token"), (&old_token, "invalid_token")] {
        let answer = gate.get("/me", &[credential]);
        assert_eq!(answer.status, 401);
        assert!(challenges(&answer)[0].starts_with(BEARER) && challenges(&answer)[0].contains(first), "{answer:?}");
        assert_eq!(challenges(&answer)[1..], [BASIC, SESSION]);
    }
    for wrong in [
        basic("alice", "wrong"),
        basic("nobody", "wonderland"),
        basic("bob", "wonderland"),
        "Authorization: Basic %".into(),
    ] {
        let answer = gate.get("/me", &[&wrong]);
        assert_eq!((answer.status, challenges(&answer)), (401, vec![BASIC, BEARER, SESSION]), "{wrong}");
    }
    let unknown = "A".repeat(43);
    for credential in [format!("Authorization: Session {unknown}"), cookie(&unknown), cookie("short")] {
        let answer = gate.get("/me", &[&credential]);
        assert_eq!((answer.status, challenges(&answer)), (401, vec![SESSION, BEARER, BASIC]), "{credential}");
    }
    assert_eq!(gate.all_runs(), 0);
}

#[test]
fn what_cannot_be_read_or_is_sent_twice_is_400() {
    let gate = start();
    let (good, token) = (alice(), bearer(json!({})));
    let long = format!("Authorization: Bearer {}", "a".repeat(16 * 1024 + 1));
    let error = r#"Bearer realm="hall", error="invalid_request""#;
    for fields in [
        vec!["Authorization: Bearer"],
        vec!["Authorization: Bearer a b"],
        vec!["Authorization: Bearer a,b"],
        vec![&*long],
        vec![&good, &token],
        vec![&token, &good],
        vec![&token, &token],
    ] {
        let answer = gate.get("/me", &fields);
        assert_eq!(answer.status, 400, "{fields:?}");
        assert!(challenges(&answer)[0].starts_with(error), "{answer:?}");
        assert_eq!(challenges(&answer).len(), 1);
    }
    let two = gate.get("/me", &[&good, &basic("bob", "bob's secret")]);
    assert_eq!((two.status, two.problem().as_str(), challenges(&two).len()), (400, "ambiguous", 0));
    let session = log_in(&gate, "alice", "wonderland");
    let twice = gate.get("/me", &[&cookie(&session), &cookie(&session)]);
    assert_eq!((twice.status, twice.problem().as_str()), (400, "ambiguous"));
    assert_eq!(gate.all_runs(), 0);
}

#[test]
fn a_token_that_is_no_jwt_is_401() {
    let gate = start();
    let answer = gate.get("/me", &["Authorization: Bearer opaque"]);
    assert_eq!(answer.status, 401);
    assert!(challenges(&answer)[0].contains(r#"error="invalid_token""#));
}

#[test]
fn a_missing_permission_is_403_and_named() {
    let gate = start();
    let answer = gate.get("/orders", &[&bearer(json!({"scope": "orders:list"}))]);
    assert_eq!(answer.status, 403);
    assert!(challenges(&answer)[0].contains(r#"error="insufficient_scope""#), "{answer:?}");
    assert!(challenges(&answer)[0].ends_with(r#"scope="orders:read""#), "{answer:?}");
    assert_eq!(answer.json()["scope"], "orders:read");

    let any = gate.ask("POST", "/orders", &[&bearer(json!({}))]);
    assert!(challenges(&any)[0].ends_with(r#"scope="orders:write orders:admin""#), "{any:?}");

    let basic = gate.get("/orders", &[&bob()]);
    assert_eq!((basic.status, challenges(&basic).len()), (403, 0));
    assert_eq!(basic.json()["scope"], "orders:read orders:list");
    assert_eq!(gate.get("/staff", &[&bob()]).json()["roles"], json!(["admin", "clerk"]));
    assert_eq!(gate.all_runs(), 0);

    assert_eq!(gate.get("/orders", &[&bearer(json!({"scope": "orders:list orders:read"}))]).status, 200);
    assert_eq!(gate.ask("POST", "/orders", &[&bearer(json!({"scope": "orders:admin"}))]).status, 200);
    assert_eq!(gate.runs("/orders"), 2, "rules with one path share a number");
}

#[test]
fn where_nobody_may_know_it_is_404_as_for_any_missing_page() {
    let gate = start();
    let answer = gate.get("/hidden", &[&bob()]);
    assert_eq!((answer.status, answer.problem().as_str(), challenges(&answer).len()), (404, "not_found", 0));
    assert_eq!(gate.runs("/hidden"), 0);
    assert_eq!(gate.get("/hidden", &[&alice()]).status, 200);
}

#[test]
fn where_no_rule_is_about_a_request_nobody_may() {
    let gate = start();
    for (method, path) in [("GET", "/nothing"), ("DELETE", "/orders"), ("GET", "/Me"), ("GET", "/me/")] {
        assert_eq!(gate.ask(method, path, &[]).status, 401, "{path}");
        assert_eq!(gate.ask(method, path, &[&alice()]).status, 403, "{path}");
    }
    assert_eq!(gate.all_runs(), 0);
}

#[test]
fn optional_lets_absence_pass_and_never_failure() {
    let gate = start();
    let told = gate.get("/optional", &[]).json();
    let nothing = json!({
        "anonymous": true, "issuer": null, "subject": null, "scheme": null, "scopes": [], "roles": [],
        "auth_time": null, "acr": null, "method": "GET", "path": "/optional",
    });
    assert_eq!(told, nothing);
    assert_eq!(gate.get("/optional", &[&alice()]).json()["subject"], "alice");
    assert_eq!(gate.get("/optional", &[&basic("alice", "wrong")]).status, 401);
    assert_eq!(gate.get("/optional", &["Authorization: Session AAAA"]).status, 401);
    assert_eq!(gate.runs("/optional"), 2);

    let stale = gate.get("/optional", &[&cookie(&"A".repeat(43))]);
    assert_eq!((stale.status, &stale.json()["anonymous"]), (200, &Value::Bool(true)));
    assert!(stale.field("set-cookie").unwrap().starts_with("__Host-gate=; Max-Age=0; Path=/;"));
}

#[test]
fn public_does_not_look_at_credentials() {
    let gate = start();
    for credential in [alice(), basic("alice", "wrong"), "Authorization: Bearer".into(), cookie("x")] {
        let answer = gate.get("/public/page", &[&credential]);
        assert_eq!((answer.status, &answer.json()["anonymous"]), (200, &Value::Bool(true)), "{credential}");
        assert_eq!(answer.field("set-cookie"), None);
    }
}

#[test]
fn schemes_that_a_rule_does_not_name_count_as_not_presented() {
    let gate = start();
    let answer = gate.get("/tokens-only", &[&alice()]);
    assert_eq!((answer.status, answer.problem().as_str()), (401, "missing"));
    assert_eq!(challenges(&answer), [BEARER]);
    assert_eq!(gate.get("/tokens-only", &[&bearer(json!({}))]).status, 200);
    assert_eq!(gate.get("/tokens-or-nothing", &[&alice()]).json()["anonymous"], true);
}

#[test]
fn a_header_speaks_for_the_client_and_its_cookie_is_left_alone() {
    let gate = start();
    let session = log_in(&gate, "alice", "wonderland");
    let answer = gate.get("/me", &[&bob(), &cookie(&session)]);
    assert_eq!(answer.json()["subject"], "bob");
    assert_eq!(gate.get("/me", &[&basic("bob", "wrong"), &cookie(&session)]).status, 401);
    let stale = gate.get("/optional", &[&bob(), &cookie("stale")]);
    assert_eq!((stale.status, stale.field("set-cookie")), (200, None));
}

#[test]
fn an_old_or_weak_log_in_is_asked_to_be_done_again() {
    let gate = start();
    let now = SystemClock.now().as_secs();
    let old = gate.get("/fresh", &[&bearer(json!({"auth_time": now - 301}))]);
    assert_eq!((old.status, &old.json()["max_age"]), (401, &json!(300)));
    let challenge = challenges(&old)[0];
    assert!(
        challenge.contains(r#"error="insufficient_user_authentication""#) && challenge.contains("max_age=\"300\""),
        "{challenge}"
    );
    assert_eq!(gate.get("/fresh", &[&bearer(json!({}))]).status, 401, "no auth_time");
    let weak = gate.get("/gold", &[&bearer(json!({"acr": "silver"}))]);
    assert_eq!((weak.status, &weak.json()["acr_values"]), (401, &json!("gold platinum")));
    assert_eq!(gate.all_runs(), 0);

    for fresh in [bearer(json!({"auth_time": now})), alice(), cookie(&log_in(&gate, "bob", "bob's secret"))] {
        assert_eq!(gate.get("/fresh", &[&fresh]).status, 200);
    }
    assert_eq!(gate.get("/gold", &[&bearer(json!({"acr": "platinum"}))]).status, 200);
}

#[test]
fn credentials_in_other_places_are_no_credentials() {
    let gate = start();
    let token = token(json!({}));
    for fields in [
        format!("X-Authorization: Bearer {token}"),
        format!("Proxy-Authorization: Bearer {token}"),
        format!("Cookie: Authorization=Bearer {token}; session={token}"),
    ] {
        assert_eq!(gate.get("/me", &[&fields]).problem(), "missing", "{fields}");
    }
    assert_eq!(gate.get(&format!("/me?access_token={token}"), &[]).problem(), "missing");
    assert!(!gate.log().contains(&token));
}

#[test]
fn no_header_moves_a_request_to_another_rule() {
    let gate = start();
    for field in [
        "X-Original-URL: /public/x",
        "X-Rewrite-URL: /public/x",
        "X-Forwarded-Uri: /public/x",
        "X-Forwarded-Prefix: /public",
        "X-HTTP-Method-Override: OPTIONS",
        "User-Agent: kube-probe/1.30",
    ] {
        assert_eq!(gate.get("/me", &[field]).status, 401, "{field}");
    }
}

#[test]
fn text_is_written_where_it_is_preferred() {
    let gate = start();
    for path in ["/me", "//"] {
        let answer = gate.get(path, &["Accept: text/plain"]);
        assert_eq!(answer.field("content-type"), Some("text/plain; charset=utf-8"), "{path}");
        assert!(answer.body.contains("\nid: "));
    }
}

#[test]
fn people_get_a_page_whoever_refuses_them() {
    let gate = start();
    let browser = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (path, fields, status, says) in [
        ("/me", vec![browser.to_owned()], 401, "Please log in"),
        ("/me", vec![browser.to_owned(), basic("alice", "wrong")], 401, "do not belong together"),
        ("/orders", vec![browser.to_owned(), bob()], 403, "orders:list"),
        ("//", vec![browser.to_owned()], 400, "Path cannot be read"),
        ("/me", vec![browser.to_owned(), "Accept-Language: de".to_owned()], 401, "lang=\"de\""),
    ] {
        let fields: Vec<_> = fields.iter().map(String::as_str).collect();
        let answer = gate.get(path, &fields);
        assert_eq!((answer.status, answer.field("content-type")), (status, Some("text/html; charset=utf-8")), "{path}");
        assert!(answer.body.contains(says), "{says}: {}", answer.body);
        assert!(answer.field("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'")));
    }
    assert_eq!(gate.all_runs(), 0);
}

#[test]
fn operators_see_health_and_counters() {
    let gate = start();
    assert_eq!(gate.admin("GET", "/healthz").status, 200);
    assert_eq!(gate.admin("GET", "/nothing").status, 404);
    let wrong = gate.admin("POST", "/counters");
    assert_eq!((wrong.status, wrong.field("allow")), (405, Some("GET, HEAD")));
    let counters = gate.admin("GET", "/counters").json();
    assert_eq!(counters.as_object().unwrap().len(), 11, "one for each path: {counters}");
}

#[test]
fn operators_ask_for_this_machine_and_no_page_with_a_name_of_its_own_does() {
    let gate = start();
    for host in ["localhost", "LocalHost:81", "127.0.0.1", "127.0.0.2:80", "[::1]", "[::1]:8081"] {
        assert_eq!(gate.admin_as(host, "GET", "/healthz").status, 200, "{host}");
    }
    for host in
        ["rebound.example", "localhost.rebound.example:80", "127.0.0.1.rebound.example", "10.0.0.1", "[::2]", ""]
    {
        let answer = gate.admin_as(host, "GET", "/counters");
        assert_eq!((answer.status, answer.problem().as_str()), (421, "misdirected"), "{host}");
    }
    assert_eq!(gate.admin_as("localhost\r\nHost: rebound.example", "GET", "/counters").status, 421);
}
