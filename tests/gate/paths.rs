//! The path is judged before any rule, and matched in one way.

use super::{alice, start};

#[test]
fn a_path_that_two_readers_could_take_for_two_is_400_before_any_rule() {
    let gate = start();
    for path in [
        "//me",
        "/me//",
        "/./me",
        "/me/.",
        "/public/../me",
        "/public/..",
        "/public/%2e%2e/me",
        "/public/.%2E/me",
        "/%2e/me",
        "/me%2f",
        "/public%2F..%2fme",
        "/me%5c",
        "/public\\..\\me",
        "/me%00",
        "/public/x%0a",
        "/public/%09",
        "/public/%7F",
        "/me;x=1",
        "/public/;/me",
        "/me%",
        "/me%4",
        "/me%zz",
        "/public/%u002e",
        "*",
    ] {
        for fields in [vec![], vec![alice()]] {
            let fields: Vec<_> = fields.iter().map(String::as_str).collect();
            let method = if path == "*" { "OPTIONS" } else { "GET" };
            let answer = gate.ask(method, path, &fields);
            assert_eq!(answer.status, 400, "{path}");
            // Some cannot be said in HTTP at all, and are refused before we see them.
            assert!(answer.body.is_empty() || answer.problem() == "unclear_path", "{path}");
        }
    }
    assert_eq!(gate.all_runs(), 0);
}

#[test]
fn other_escapes_are_decoded_once_and_shown_as_sent() {
    let gate = start();
    for path in ["/me", "/%6de", "/%6D%65"] {
        assert_eq!(gate.get(path, &[]).status, 401);
        assert_eq!(gate.get(path, &[&alice()]).json()["path"], path);
    }
    assert_eq!(gate.get("/%256de", &[&alice()]).status, 403, "not decoded twice");
    assert_eq!(gate.get("/public/%3f", &[]).json()["path"], "/public/%3f");
    assert_eq!(gate.get("/me%3f/public/", &[&alice()]).status, 403);
    assert_eq!(gate.get("/me?x=/public/", &[]).status, 401);
    assert_eq!(gate.runs("/me"), 3);
}

#[test]
fn a_prefix_is_its_own_path_and_all_below_and_no_other() {
    let gate = start();
    for path in ["/admin", "/admin/", "/admin/x", "/admin/x/y.z", "/%61dmin/x"] {
        assert_eq!(gate.get(path, &[&alice()]).status, 200, "{path}");
        assert_eq!(gate.get(path, &[]).status, 401, "{path}");
    }
    for path in ["/adminx", "/Admin/x", "/ADMIN", "/admin.json", "/x/admin", "/publicx"] {
        assert_eq!(gate.get(path, &[&alice()]).status, 403, "{path}");
    }
    assert_eq!(gate.runs("/admin/*"), 5);
}

#[test]
fn the_same_path_in_absolute_form_is_the_same_path() {
    let gate = start();
    let ask = |target: &str| gate.send(&format!("GET {target} HTTP/1.1\r\nHost: {}", gate.address), "").status;
    assert_eq!(ask("http://elsewhere.example/me"), 401);
    assert_eq!(ask("http://elsewhere.example/public/x"), 200);
    assert_eq!(ask("http://elsewhere.example/public/../me"), 400);
}
