//! Mode `proxy`: what the upstream gets of a request's head. Credentials end at the gate, and only the gate says who is asking.

use std::io::{Read, Write};

use serde_json::Value;

use super::support::gate::{Answer, Folder, Gate, connect, wait_until};
use super::support::upstream::{OWN_CHALLENGES, Upstream, all, identity_names};
use super::{RULES, alice, basic, bearer, bob, cookie, folder, log_in};
use serde_json::json;

/// The usual gate before this upstream, with these lines more at the top.
pub(super) fn proxy_folder(upstream: &str, lines: &str) -> Folder {
    let folder = folder(&format!("{RULES}\n[[rule]]\npath = \"/open/*\"\nallow = \"public\"\n"));
    let config = folder.read("gate.toml");
    folder.with("gate.toml", format!("mode = \"proxy\"\nupstream = \"http://{upstream}\"\n{lines}\n{config}"))
}

fn proxied(lines: &str) -> (Upstream, Gate) {
    let upstream = Upstream::start();
    let gate = Gate::start(proxy_folder(&upstream.address.to_string(), lines));
    (upstream, gate)
}

fn told(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

const ALL: [&str; 5] = ["x-auth-issuer", "x-auth-roles", "x-auth-scheme", "x-auth-scopes", "x-auth-subject"];

#[test]
fn the_upstream_is_told_who_is_asking_and_gets_no_credentials() {
    let (_upstream, gate) = proxied("");
    let told_to_alice = told(&gate.get("/me", &[&alice(), "Cookie: theme=dark"]));
    assert_eq!(identity_names(&told_to_alice), ALL);
    for (name, value) in [
        ("x-auth-subject", "alice"),
        ("x-auth-issuer", "hall"),
        ("x-auth-scheme", "basic"),
        ("x-auth-scopes", "orders:read"),
        ("x-auth-roles", "admin clerk"),
        ("cookie", "theme=dark"),
    ] {
        assert_eq!(all(&told_to_alice, name), [value], "{name}");
    }
    assert!(all(&told_to_alice, "authorization").is_empty());

    let session = log_in(&gate, "alice", "wonderland");
    let fields = [&*cookie(&session), "Cookie: __host-gate=other; a=b=c; bare"];
    let by_cookie = told(&gate.get("/me", &fields));
    assert_eq!(all(&by_cookie, "x-auth-scheme"), ["session"]);
    assert_eq!(all(&by_cookie, "cookie"), ["theme=dark; __host-gate=other; a=b=c; bare"]);
    assert!(!by_cookie.to_string().contains(&session));
    let only = told(&gate.get("/me", &[&format!("Cookie: __Host-gate={session}")]));
    assert!(all(&only, "cookie").is_empty());
    let by_header = told(&gate.get("/me", &[&format!("Authorization: Session {session}")]));
    assert!(!by_header.to_string().contains(&session));
    let (log, password) = (gate.log(), alice().split_off("Authorization: Basic ".len()));
    assert!(!log.contains(&session) && !log.contains(&password), "in the log, at its most talkative");
}

#[test]
fn names_that_are_not_visible_ascii_are_encoded_so_that_no_two_become_one() {
    let (_upstream, gate) = proxied("");
    let subject = |name: &str, scope: &str| {
        let told = told(&gate.get("/me", &[&bearer(json!({"sub": name, "scope": scope}))]));
        (all(&told, "x-auth-subject")[0].to_owned(), all(&told, "x-auth-scopes")[0].to_owned())
    };
    assert_eq!(subject("a b", "one two"), (String::from("a%20b"), String::from("one two")));
    assert_eq!(subject("a%20b", "").0, "a%2520b");
    assert_eq!(subject("Zoë\r\nX-Auth-Roles: admin", "").0, "Zo%C3%AB%0D%0AX-Auth-Roles:%20admin");
}

#[test]
fn what_a_client_says_of_itself_is_removed_in_every_spelling() {
    let (_upstream, gate) = proxied("");
    let spoofed = [
        "x-auth-subject: root",
        "X-AUTH-Subject: root",
        "X_Auth_Subject: root",
        "x_auth-subject: root",
        "X-Auth.Subject: root",
        "X-Auth-Roles: admin",
        "x_auth_roles: admin",
        "X-Auth-Scopes: all",
        "X-Auth-Issuer: other",
        "X-Auth-Scheme: bearer",
        "Connection: x-auth-subject, x-auth-roles",
    ];
    let by_bob = bob();
    let with_bob: Vec<_> = spoofed.into_iter().chain([&*by_bob]).collect();
    let of_bob = told(&gate.get("/me", &with_bob));
    assert_eq!(identity_names(&of_bob), ALL);
    assert_eq!(all(&of_bob, "x-auth-subject"), ["bob"]);
    assert_eq!(all(&of_bob, "x-auth-roles"), [""], "said to be none, and not left to the client");
    for path in ["/optional", "/open/x"] {
        let of_nobody = told(&gate.get(path, &spoofed));
        assert_eq!(identity_names(&of_nobody), [""; 0], "{path}");
    }
    let of_open = told(&gate.get("/open/x", &with_bob));
    assert!(identity_names(&of_open).is_empty() && all(&of_open, "authorization").is_empty());

    let (_upstream, silent) = proxied("identity_headers = false");
    assert_eq!(identity_names(&told(&silent.get("/me", &with_bob))), [""; 0]);
}

#[test]
fn keys_in_a_field_of_their_own_end_at_the_gate_too() {
    let upstream = Upstream::start();
    let config =
        format!("mode = \"proxy\"\nupstream = \"http://{}\"\n[api_keys]\nfile = \"keys.txt\"\n", upstream.address);
    let folder = Folder::new().with("gate.toml", config + super::ME).with("keys.txt", "");
    let (status, key, _) = folder.run_with(&["--new-api-key", "ci", "--scopes", "a", "b"]);
    assert_eq!(status, Some(0));
    let gate = Gate::start(folder);
    let told = told(&gate.get("/me", &[&format!("X-API-Key: {}", key.trim()), "X_API_Key: other"]));
    assert_eq!(all(&told, "x-auth-scheme"), ["api_key"]);
    assert_eq!(all(&told, "x-auth-scopes"), ["a b"]);
    assert!(!told.to_string().contains(key.trim()) && all(&told, "x_api_key").is_empty());
}

#[test]
fn fields_of_one_connection_stay_there() {
    let (_upstream, gate) = proxied("");
    let told = told(&gate.get(
        "/open/x",
        &[
            "Connection: close, X-Hop",
            "X-Hop: 1",
            "Keep-Alive: timeout=5",
            "Proxy-Connection: close",
            "Proxy-Authorization: Basic YTpi",
            "TE: gzip",
            "Upgrade: websocket",
            "HTTP2-Settings: AAAA",
            "Proxy: http://evil.example",
            "X-End: 2",
            "Via: 1.1 before",
        ],
    ));
    for name in [
        "x-hop",
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
        "te",
        "upgrade",
        "http2-settings",
        "proxy",
        "connection",
    ] {
        assert!(all(&told, name).is_empty(), "{name}");
    }
    assert_eq!(all(&told, "x-end"), ["2"]);
    assert_eq!(all(&told, "via"), ["1.1 before", "1.1 gate"]);
    assert_eq!(told["version"], "HTTP/1.1");
}

#[test]
fn of_strangers_nothing_is_believed_about_where_a_request_came_from() {
    let claims = [
        "X-Forwarded-For: 203.0.113.7",
        "X_Forwarded_For: 203.0.113.7",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-Prefix: /evil",
        "X-Real-IP: 203.0.113.7",
        "Forwarded: for=203.0.113.7",
        "X-Original-URL: /admin",
        "X-Rewrite-URL: /admin",
        "X-Forwarded-Uri: /admin",
        "X-Client-IP: 203.0.113.7",
        "X-Url-Scheme: evil",
        "X-Host: evil.example",
    ];
    let of_strangers_alone = [
        "Remote-User: evil",
        "Remote_User: evil",
        "X-Remote-User: evil",
        "True-Client-IP: 203.0.113.7",
        "True_Client_IP: 203.0.113.7",
        "Client-IP: 203.0.113.7",
        "CF-Connecting-IP: 203.0.113.7",
        "X-Cluster-Client-IP: 203.0.113.7",
        "X-Forwarded: for=203.0.113.7",
        "Forwarded_For: 203.0.113.7",
        "X-HTTP-Host-Override: evil.example",
    ];
    let (_upstream, gate) = proxied("");
    let of_stranger = told(&gate.get("/open/x", &[&claims[..], &of_strangers_alone].concat()));
    assert_eq!(all(&of_stranger, "x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(all(&of_stranger, "x-forwarded-proto"), ["http"]);
    assert_eq!(all(&of_stranger, "x-forwarded-host"), [gate.address.to_string()]);
    assert_eq!(all(&of_stranger, "host"), [gate.address.to_string()]);
    assert!(
        !of_stranger.to_string().contains("203.0.113.7") && !of_stranger.to_string().contains("evil"),
        "{of_stranger}"
    );
    assert!(!of_stranger.to_string().contains("/admin"), "{of_stranger}");

    let (_upstream, behind) = proxied("trusted_proxies = [\"127.0.0.1\"]");
    let claims: Vec<_> = claims.into_iter().filter(|claim| !claim.starts_with("Forwarded")).collect();
    let of_proxy = told(&behind.get("/open/x", &claims));
    assert_eq!(all(&of_proxy, "x-forwarded-for"), ["203.0.113.7, 127.0.0.1"]);
    assert_eq!(all(&of_proxy, "x-forwarded-proto"), ["https"]);
    assert_eq!(all(&of_proxy, "x-forwarded-host"), ["evil.example"]);
    assert_eq!(all(&of_proxy, "x-forwarded-prefix"), ["/evil"]);
    assert_eq!((all(&of_proxy, "x-client-ip"), all(&of_proxy, "x-host")), (vec!["203.0.113.7"], vec!["evil.example"]));
    assert!(!of_proxy.to_string().contains("/admin"), "nobody says that another path is meant: {of_proxy}");
}

#[test]
fn nobody_has_the_upstream_take_the_method_for_another_one() {
    for lines in ["", "trusted_proxies = [\"127.0.0.1\"]"] {
        let (_upstream, gate) = proxied(lines);
        let others = ["X-HTTP-Method-Override", "X_HTTP_Method_Override", "X-HTTP-Method", "X-Method.Override"];
        let fields = others.map(|name| format!("{name}: DELETE"));
        let told = told(&gate.ask("POST", "/open/x", &fields.each_ref().map(String::as_str)));
        assert_eq!(told["method"], "POST");
        assert!(!told.to_string().contains("DELETE"), "{told}");
    }
}

#[test]
fn the_upstream_gets_the_path_that_was_judged_letter_for_letter() {
    let (upstream, gate) = proxied("");
    for target in ["/open/%7e/%41?a=%2F..%2f&b", "/open/x?", "/open/?x=//y", "/%6fpen/x"] {
        assert_eq!(told(&gate.get(target, &[]))["target"], target);
    }
    let absolute = gate.send(&format!("GET http://orders.example/open/x HTTP/1.1\r\nHost: {}", gate.address), "");
    assert_eq!(told(&absolute)["target"], "/open/x");
    assert_eq!(all(&told(&absolute), "host"), ["orders.example"]);
    let seen = upstream.seen();
    for target in ["/open/../me", "/open//x", "/open/%2e%2e/me", "/open%2f..%2fme", "/open/..;/me"] {
        assert_eq!(gate.get(target, &[]).status, 400, "{target}");
    }
    assert_eq!(gate.get("/me", &[]).status, 401);
    assert_eq!(gate.get("/me", &[&basic("alice", "wrong")]).status, 401);
    assert_eq!(gate.get("/nothing", &[&alice()]).status, 403);
    assert_eq!(upstream.seen(), seen, "who is refused never gets there");
}

#[test]
fn a_host_that_is_not_one_is_400() {
    let (upstream, gate) = proxied("");
    let mut heads = vec![String::from("GET /open/x HTTP/1.1\r\nHost: a\r\nHost: b")];
    heads.push(String::from("GET /open/x HTTP/1.1"));
    heads.push(String::from("GET http://user@a/open/x HTTP/1.1\r\nHost: a"));
    for host in ["", "a@b", "a@b, c/d\\e", "a, b", "a,b", "a b", "a/b", ":80", "\u{e9}"] {
        heads.push(format!("GET /open/x HTTP/1.1\r\nHost: {host}"));
    }
    for head in heads {
        let answer = gate.send(&head, "");
        assert_eq!((answer.status, &*answer.problem()), (400, "unclear_host"), "{head}");
        let (passes, steps) = gate.folder.explain(&format!("{head}\r\n\r\n"));
        assert!(!passes && steps.contains("host: refused, 400 unclear_host\n"), "{head}: {steps}");
    }
    let (passes, steps) = gate.folder.explain("GET /me HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    assert!(!passes && steps.contains("refused, 401") && !steps.contains("host:"), "in the same order: {steps}");
    for host in ["a", "a.example:8080", "[::1]:80", "127.0.0.1"] {
        assert!(gate.folder.explain(&format!("GET /open/x HTTP/1.1\r\nHost: {host}\r\n\r\n")).0, "{host}");
    }
    assert_eq!(gate.send("CONNECT a:80 HTTP/1.1\r\nHost: a:80", "").status, 400);
    assert_eq!(upstream.seen(), 0);
    let mut stream = connect(gate.address);
    stream.write_all(b"GET /open/x HTTP/1.0\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.contains(" 200 OK\r\n"), "HTTP/1.0 has no Host: {text}");
}

#[test]
fn an_answer_of_the_upstream_is_its_own_a_401_too() {
    let (_upstream, gate) = proxied("");
    let folder = gate.folder.read("gate.toml");
    gate.folder.write("gate.toml", folder + "[[rule]]\npath = \"/own-401\"\nallow = \"public\"\n");
    assert!(gate.reload());
    let answer = gate.get("/own-401", &[]);
    assert_eq!(answer.status, 401);
    assert_eq!(answer.all("www-authenticate"), OWN_CHALLENGES);
    assert_eq!(answer.json()["target"], "/own-401");
}

#[test]
fn a_reload_changes_the_upstream_and_the_mode() {
    let (first, gate) = proxied("");
    told(&gate.get("/open/x", &[]));
    let second = Upstream::start();
    let config = gate.folder.read("gate.toml");
    gate.folder.write("gate.toml", config.replace(&first.address.to_string(), &second.address.to_string()));
    assert!(gate.reload());
    told(&gate.get("/open/x", &[]));
    assert_eq!((first.seen(), second.seen()), (1, 1));
    let echo = config.replace("mode = \"proxy\"", "").replace(&format!("upstream = \"http://{}\"", first.address), "");
    gate.folder.write("gate.toml", echo);
    assert!(gate.reload());
    assert_eq!(told(&gate.get("/open/x", &[]))["path"], "/open/x");
    gate.folder.write("gate.toml", config.replace("http://", "https://"));
    assert!(!gate.reload());
    wait_until("the fault in the log", || gate.log().contains("gate: upstream: is https"));
    assert_eq!(told(&gate.get("/open/x", &[]))["path"], "/open/x", "all stays as it was");
}
