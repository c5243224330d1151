//! Questions, asked by hand: what counts as one, and what is answered where that is not clear.

#[path = "../../examples/gate/arrival.rs"]
mod arrival;

use arrival::Arrival;

use super::support::gate::{Answer, Gate};
use super::{CONFIG, alice, bob, start};

/// A question about this request, with these fields beside.
fn ask(gate: &Gate, method: &str, target: &str, fields: &[&str]) -> Answer {
    let told = [format!("X-Forwarded-Method: {method}"), format!("X-Forwarded-Uri: {target}")];
    let fields: Vec<_> = told.iter().map(String::as_str).chain(fields.iter().copied()).collect();
    gate.get("/any/path", &fields)
}

const FIELDS: [&str; 5] = ["x-auth-subject", "x-auth-issuer", "x-auth-scheme", "x-auth-scopes", "x-auth-roles"];

#[test]
fn a_question_is_answered_about_the_original_request() {
    let gate = start();
    let yes = ask(&gate, "GET", "/orders/7?x=/public/", &[&alice()]);
    assert_eq!((yes.status, &*yes.body), (204, ""));
    let told = FIELDS.map(|name| yes.field(name).unwrap());
    assert_eq!(told, ["alice", "hall", "basic", "orders:read orders:write", "admin shift%20lead"]);

    let no = ask(&gate, "GET", "/orders/7", &[]);
    assert_eq!(no.status, 401);
    assert_eq!(no.all("www-authenticate").len(), 3, "{no:?}");
    let missing = ask(&gate, "GET", "/orders/7", &[&bob()]);
    assert_eq!((missing.status, &*missing.problem()), (403, "forbidden"));
    assert_eq!(ask(&gate, "POST", "/orders/7", &[&bob()]).status, 204, "by the method of the original");
    assert_eq!(ask(&gate, "HEAD", "/orders/7", &[&alice()]).status, 204);
    assert_eq!(ask(&gate, "DELETE", "/orders/7", &[&alice()]).status, 403);
    assert_eq!(ask(&gate, "GET", "/hidden", &[&alice()]).status, 404);
    let ours = ["X-Original-Method: POST", "X-Original-URI: /orders/7", &bob()];
    assert_eq!(gate.get("/", &ours).status, 204, "as nginx spells it");
    assert_eq!(gate.runs("/orders/*"), 4);
}

#[test]
fn of_the_anonymous_nothing_is_said_and_of_the_known_all() {
    let gate = start();
    for path in ["/public/x", "/optional"] {
        let yes = ask(&gate, "GET", path, &["X-Auth-Subject: root"]);
        assert_eq!(yes.status, 204);
        assert!(FIELDS.iter().all(|name| yes.field(name).is_none()), "{yes:?}");
    }
    let roles = ask(&gate, "POST", "/orders/7", &[&bob()]);
    assert_eq!(roles.field("x-auth-subject"), Some("bob"));
    let written = gate.send(
        &format!(
            "GET / HTTP/1.1\r\nHost: {}\r\nX-Forwarded-Method: POST\r\nX-Forwarded-Uri: /orders/7\r\n{}",
            gate.address,
            bob()
        ),
        "",
    );
    assert_eq!(
        (written.field("x-auth-roles"), written.field("x-auth-scopes")),
        (Some(""), Some("")),
        "empty, and there"
    );
}

#[test]
fn envoy_is_told_yes_by_200_and_what_to_remove() {
    let gate = start();
    let envoy = "X-Envoy-Internal: true";
    let of_nobody = gate.get("/public/x", &[envoy]);
    assert_eq!((of_nobody.status, &*of_nobody.body), (200, ""));
    assert_eq!(of_nobody.field("x-envoy-auth-headers-to-remove").unwrap(), FIELDS.join(","));
    let of_alice = gate.get("/orders/7", &[envoy, &alice()]);
    assert_eq!((of_alice.status, of_alice.field("x-auth-subject")), (200, Some("alice")));
    assert!(of_alice.field("x-envoy-auth-headers-to-remove").is_none());
    assert_eq!(gate.get("/orders/7", &[envoy]).status, 401);
    assert!(ask(&gate, "GET", "/public/x", &[]).field("x-envoy-auth-headers-to-remove").is_none());
}

#[test]
fn envoy_gets_no_yes_from_a_built_in_route() {
    let gate = start();
    let json = ["Content-Type: application/json", "Accept: application/json"];
    let answer = gate.post("POST", "/login", &json, r#"{"username": "alice", "password": "wonderland"}"#);
    let cookie = format!("Cookie: __Host-gate={}", answer.json()["session"].as_str().unwrap());
    let own = format!("Origin: http://{}", gate.address);
    let envoy = "X-Envoy-Internal: true";
    for (method, path) in [
        ("GET", "/session/sessions"),
        ("GET", "/sessio%6e/sessions"),
        ("POST", "/session/revoke-all"),
        ("POST", "/logout"),
        ("POST", "/l%6fgout"),
    ] {
        assert_eq!(gate.ask(method, path, &[envoy, &cookie, &own]).status, 403, "no rule is about {method} {path}");
    }
    for (method, path) in [("GET", "/sessio%6e/sessions"), ("POST", "/l%6fgout")] {
        assert_eq!(gate.ask(method, path, &[&cookie, &own]).status, 403, "{path} is no built-in, whoever asks");
    }
    assert_eq!(gate.get("/optional", &[envoy, &cookie]).field("x-auth-subject"), Some("alice"), "still there");

    let resource = "[resource]\nresource = \"https://api.example\"\nauthorization_servers = [\"https://id.example\"]\n";
    gate.folder.write("gate.toml", CONFIG.replace("[basic]", &format!("{resource}[basic]")));
    assert!(gate.reload(), "{}", gate.log());
    let path = "/.well-known/oauth-protected-resource";
    assert!(gate.get(path, &[]).body.contains("https://api.example"), "whoever comes himself is told");
    let asked = gate.get(path, &[envoy]);
    assert_eq!((asked.status, &*asked.body), (200, ""), "its rule is for everybody");
    assert_eq!(asked.field("x-envoy-auth-headers-to-remove").unwrap(), FIELDS.join(","));
}

#[test]
fn a_question_that_two_could_have_written_is_400_before_any_rule() {
    let gate = start();
    let original = ["X-Original-Method: GET", "X-Original-URI: /public/x"];
    let customary = ["X-Forwarded-Method: GET", "X-Forwarded-Uri: /public/x"];
    for fields in [
        vec![original[0]],
        vec![original[1]],
        vec![customary[0]],
        vec![customary[1]],
        vec![customary[0], original[1]],
        vec![original[0], customary[1]],
        [original, customary].concat(),
        vec![customary[0], customary[1], original[1]],
        vec![customary[0], customary[1], "X-Forwarded-Uri: /public/x"],
        vec![customary[0], customary[0], customary[1]],
        vec![customary[0], customary[1], "X-Forwarded-Host: a", "X-Forwarded-Host: b"],
        vec![customary[0], "X-Forwarded-Uri: http://a/public/x"],
        vec![customary[0], "X-Forwarded-Uri: public/x"],
        vec![customary[0], "X-Forwarded-Uri: *"],
        vec![customary[0], "X-Forwarded-Uri: ?x"],
        vec![customary[0], "X-Forwarded-Uri:"],
        vec![customary[0], "X-Forwarded-Uri: /public/x#/../y"],
        vec![customary[0], "X-Forwarded-Uri: /public/a b"],
        vec!["X-Forwarded-Method: G T", customary[1]],
        vec!["X-Forwarded-Method:", customary[1]],
    ] {
        let answer = gate.get("/public/x", &fields);
        assert_eq!((answer.status, &*answer.problem()), (400, "unclear_question"), "{fields:?}");
    }
    for target in ["/public/../orders/7", "/public/%2e%2e/x", "//orders/7", "/orders%2f7", "/orders;x/7", "/orders/%00"]
    {
        let answer = ask(&gate, "GET", target, &[&alice()]);
        assert_eq!((answer.status, &*answer.problem()), (400, "unclear_path"), "{target}");
    }
    for method in ["get", "Post", "propFind", &"X".repeat(33)] {
        let answer = ask(&gate, method, "/public/x", &[]);
        assert_eq!((answer.status, &*answer.problem()), (400, "unclear_method"), "{method}");
    }
    assert_eq!(ask(&gate, "CONNECT", "/public/x", &[]).problem(), "tunnel");
    assert_eq!(gate.all_runs(), 0);
}

#[test]
fn a_request_about_which_nobody_says_anything_is_asked_about_itself() {
    let gate = start();
    assert_eq!(gate.get("/orders/7?x", &[&alice()]).status, 204);
    assert_eq!(gate.get("/orders/7", &[]).status, 401);
    assert_eq!(gate.ask("POST", "/orders/7", &[&bob()]).status, 204);
    assert_eq!(gate.get("/auth", &[&alice()]).status, 403, "a proxy that forgot to say what it asks about gets no yes");
}

#[test]
fn log_in_and_log_out_are_done_for_who_comes_himself_and_not_for_who_is_asked_about() {
    let gate = start();
    let json = ["Content-Type: application/json", "Accept: application/json"];
    let answer = gate.post("POST", "/login", &json, r#"{"username": "alice", "password": "wonderland"}"#);
    assert_eq!(answer.status, 200);
    let cookie = format!("Cookie: __Host-gate={}", answer.json()["session"].as_str().unwrap());
    let yes = ask(&gate, "GET", "/orders/7", &[&cookie]);
    assert_eq!(yes.status, 403, "a session has the rights of its own section");
    assert_eq!(ask(&gate, "GET", "/optional", &[&cookie]).field("x-auth-scheme"), Some("session"));

    let own = format!("Origin: http://{}", gate.address);
    for path in ["/logout", "/session/revoke-all"] {
        assert_eq!(ask(&gate, "POST", path, &[&cookie, &own]).status, 403, "no rule is about it");
    }
    assert_eq!(ask(&gate, "POST", "/login", &[]).status, 401);
    assert_eq!(ask(&gate, "GET", "/optional", &[&cookie]).field("x-auth-subject"), Some("alice"), "still there");
    assert_eq!(gate.ask("POST", "/logout", &[&cookie, &own]).status, 204);
    assert!(ask(&gate, "GET", "/optional", &[&cookie]).field("x-auth-subject").is_none());
}

#[test]
fn a_cookie_is_judged_by_the_method_and_the_host_of_the_original() {
    let gate = start();
    let json = ["Content-Type: application/json", "Accept: application/json"];
    let answer = gate.post("POST", "/login", &json, r#"{"username": "alice", "password": "wonderland"}"#);
    let cookie = format!("Cookie: __Host-gate={}", answer.json()["session"].as_str().unwrap());
    let host = "X-Forwarded-Host: shop.example";
    let post = |fields: &[&str]| ask(&gate, "POST", "/orders/7", &[&[&*cookie], fields].concat()).status;
    assert_eq!(post(&[host, "Origin: https://shop.example"]), 204);
    assert_eq!(post(&[host, "Origin: https://evil.example"]), 403);
    assert_eq!(post(&["Origin: https://shop.example"]), 403, "gate's own address is not the shop's");
    assert_eq!(post(&[&format!("Origin: http://{}", gate.address)]), 204, "where the proxy hands on Host");
    assert_eq!(post(&[host]), 403);
    assert_eq!(post(&[host, "Sec-Fetch-Site: cross-site"]), 403);
    assert_eq!(post(&[host, "Sec-Fetch-Site: same-origin"]), 204);

    let get = |fields: &[&str]| {
        ask(&gate, "GET", "/optional", &[&[&*cookie, "Origin: https://evil.example"], fields].concat())
    };
    assert_eq!(get(&[]).status, 204);
    for websocket in ["Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
    {
        assert_eq!(get(&[websocket]).problem(), "cross_site", "{websocket}");
    }
}

#[test]
fn only_trusted_proxies_and_this_machine_may_ask_about_others() {
    let may_ask = |peer: &str, is_trusted| Arrival { peer: peer.parse().unwrap(), is_trusted }.may_ask_about_others();
    for own in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
        assert!(may_ask(own, false), "{own}");
    }
    for other in ["10.0.0.1", "192.0.2.1", "::ffff:10.0.0.1", "2001:db8::1", "0.0.0.0", "::"] {
        assert!(!may_ask(other, false) && may_ask(other, true), "{other}");
    }
}

#[test]
fn of_strangers_no_question_is_taken() {
    let config = CONFIG.replace("[\"127.0.0.1\"]", "[\"10.0.0.0/8\"]");
    let lan = std::net::UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        // Sends nothing: it only has the system choose the address by which others reach this machine.
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    });
    let gate = start();
    gate.folder.write("gate.toml", config);
    assert!(gate.reload());
    assert_eq!(ask(&gate, "GET", "/public/x", &[]).status, 204, "this machine is believed without being named");
    let Some(lan) =
        lan.ok().map(|address| address.ip()).filter(|address| !address.is_loopback() && !address.is_unspecified())
    else {
        return;
    };
    let folder = super::support::gate::Folder::new()
        .with("gate.toml", format!("listen = \"{lan}:0\"\n{CONFIG}").replace("[\"127.0.0.1\"]", "[]"))
        .with("users.htpasswd", super::USERS)
        .with("intro.secret", "forty bytes that no dictionary has in it");
    let gate = Gate::start(folder);
    assert_eq!(ask(&gate, "GET", "/public/x", &[]).status, 401, "its own path is judged: {lan}");
    assert_eq!(gate.get("/public/x", &[]).status, 204, "about itself anybody may ask");
    for name in
        ["X-Forwarded-Method: GET", "X-Forwarded-Uri: /orders/7", "X-Original-Method: GET", "X-Original-URI: /x"]
    {
        for path in ["/public/x", "/optional", "/orders/7"] {
            for more in ["Accept: */*", "X-Envoy-Internal: true"] {
                let answer = gate.get(path, &[name, more, &alice()]);
                assert_eq!((answer.status, &*answer.problem()), (400, "unclear_question"), "{name} {path}");
            }
        }
        assert_eq!(gate.get("/orders/7", &[name]).status, 401, "a no stays what it is");
        assert_eq!(gate.get("/orders/7", &[name, &bob()]).status, 403);
    }
    assert_eq!(gate.log().matches("its peer is not in trusted_proxies").count(), 1, "once a minute");
}

#[test]
fn preflights_pass_where_they_shall_and_say_nothing_of_anybody() {
    let gate = start();
    let fields = ["Origin: https://shop.example", "Access-Control-Request-Method: POST", &alice()];
    assert_eq!(ask(&gate, "OPTIONS", "/orders/7", &fields[..2]).status, 401);
    gate.folder.write("gate.toml", format!("cors_preflight = true\n{CONFIG}"));
    assert!(gate.reload());
    let yes = ask(&gate, "OPTIONS", "/orders/7", &fields);
    assert_eq!(yes.status, 204);
    assert!(FIELDS.iter().all(|name| yes.field(name).is_none()), "{yes:?}");
    gate.folder.write("gate.toml", format!("identity_headers = false\n{CONFIG}"));
    assert!(gate.reload());
    let silent = ask(&gate, "GET", "/orders/7", &[&alice()]);
    assert_eq!(silent.status, 204);
    assert!(FIELDS.iter().all(|name| silent.field(name).is_none()), "{silent:?}");
}

#[test]
fn explain_judges_the_original_too() {
    let gate = start();
    let explain = |target: &str, fields: &str| {
        let told = format!("X-Forwarded-Method: GET\r\nX-Forwarded-Uri: {target}\r\n{fields}");
        gate.folder.explain(&format!("GET / HTTP/1.1\r\nHost: localhost\r\n{told}\r\n"))
    };
    let (passes, steps) = explain("/orders/7", &format!("{}\r\n", alice()));
    assert!(passes && steps.starts_with("question: about GET /orders/7\nrule: path = \"/orders/*\""), "{steps}");
    let (passes, steps) = explain("?x", "");
    assert!(!passes && steps.starts_with("question: refused, 400: "), "{steps}");
    let (passes, steps) = explain("/login", "");
    assert!(!passes && steps.contains("rule: none matches"), "{steps}");
    let (passes, steps) = explain("/orders/7", "X-Original-Method: GET\r\n");
    assert!(!passes && steps.starts_with("question: refused, 400: "), "{steps}");
}
