//! What holds behind every proxy.

use std::net::SocketAddr;
use std::process::Command;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::support::front::Front;
use super::support::gate::{Answer, Folder, Gate};
use super::support::services;
use super::support::upstream::{OWN_CHALLENGES, Upstream, all, identity_names};
use super::{alice, basic, bob, start};

/// A proxy before a gate and an upstream.
pub(crate) struct Stage {
    pub(crate) front: Front,
    pub(crate) gate: Gate,
    pub(crate) upstream: Upstream,
}

/// Starts all three; nothing where the proxy is not there.
pub(crate) async fn stage(front: impl AsyncFnOnce(SocketAddr, SocketAddr) -> Option<Front>) -> Option<Stage> {
    stage_with(start(), front).await
}

/// The same with Digest alone, for alice.
pub(crate) async fn digest_stage(front: impl AsyncFnOnce(SocketAddr, SocketAddr) -> Option<Front>) -> Option<Stage> {
    let hash: String = Sha256::digest("alice:hall:wonderland").iter().map(|byte| format!("{byte:02x}")).collect();
    let config = "realm = \"hall\"\nmode = \"forward-auth\"\n[digest]\nhtdigest = \"users.htdigest\"\n\
                  [[rule]]\npath = \"/public/*\"\nallow = \"public\"\n[[rule]]\npath = \"/orders/*\"\n";
    let folder = Folder::new().with("gate.toml", config).with("users.htdigest", format!("alice:hall:{hash}\n"));
    stage_with(Gate::start(folder), front).await
}

async fn stage_with(gate: Gate, front: impl AsyncFnOnce(SocketAddr, SocketAddr) -> Option<Front>) -> Option<Stage> {
    let upstream = Upstream::start();
    let front = front(gate.address, upstream.address).await?;
    Some(Stage { front, gate, upstream })
}

/// What arrived at the upstream.
fn told(stage: &Stage, answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}\n{}\n{}", stage.front.log(), stage.gate.log());
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

/// Refused: the status, how many challenges, `Retry-After`. What stands in the body differs.
pub(crate) fn refusals_arrive(stage: &Stage, challenges: usize) -> Vec<(&'static str, Answer)> {
    let Stage { front, upstream, .. } = stage;
    let before = upstream.seen();
    let unknown = front.get("/orders/7", &[]);
    assert_eq!(unknown.status, 401, "{unknown:?}\n{}", front.log());
    let lines = unknown.all("www-authenticate");
    assert_eq!(lines.len(), challenges, "{unknown:?}");
    let expected = ["Bearer realm=\"hall\"", "Basic realm=\"hall\", charset=\"UTF-8\"", "Session realm=\"hall\""];
    assert_eq!(lines, expected[..challenges]);

    let missing = front.get("/orders/7", &[&bob()]);
    assert_eq!(missing.status, 403, "{missing:?}");
    assert!(missing.all("www-authenticate").is_empty());
    let hidden = front.get("/hidden", &[&alice()]);
    assert_eq!(hidden.status, 404, "{hidden:?}\n{}", front.log());
    let unable = front.get("/orders/7", &["Authorization: Bearer opaque"]);
    assert_eq!(unable.status, 503, "{unable:?}\n{}", front.log());
    assert!(unable.all("www-authenticate").is_empty(), "{unable:?}");
    for _ in 0..2 {
        assert_eq!(front.get("/orders/7", &[&basic("carol", "guess")]).status, 401);
    }
    let throttled = front.get("/orders/7", &[&basic("carol", "guess")]);
    assert_eq!(throttled.status, 429, "{throttled:?}\n{}", front.log());
    assert!(throttled.field("retry-after").is_some());
    assert_eq!(upstream.seen(), before, "nothing of this reaches the upstream");

    let own = front.get("/own-401", &[]);
    assert_eq!(
        (own.status, own.all("www-authenticate")),
        (401, OWN_CHALLENGES.to_vec()),
        "as through any reverse proxy"
    );
    vec![("missing", unknown), ("forbidden", missing), ("throttled", throttled), ("unavailable", unable)]
}

/// The bodies of refusals are gate's.
pub(crate) fn bodies_are_gates(refusals: &[(&str, Answer)]) {
    for (code, answer) in refusals {
        assert_eq!(answer.field("content-type"), Some("application/problem+json"), "{answer:?}");
        assert!(answer.body.contains(&format!("\"code\":\"{code}\"")), "{code}: {answer:?}");
        assert_eq!(answer.field("retry-after").is_some(), matches!(answer.status, 429 | 503), "{answer:?}");
    }
}

const ALL: [&str; 5] = ["x-auth-issuer", "x-auth-roles", "x-auth-scheme", "x-auth-scopes", "x-auth-subject"];

/// The fields of a client who would like to be somebody else.
const SPOOFED: [&str; 12] = [
    "x-auth-subject: root",
    "X-AUTH-Subject: root",
    "X_Auth_Subject: root",
    "x-auth_subject: root",
    "X_AUTH-SUBJECT: root",
    "x-auth-subject: root2",
    "X-Auth-Roles: root",
    "X_Auth_Roles: root",
    "X-Auth-Scopes: root",
    "X-Auth-Issuer: root",
    "X-Auth-Scheme: root",
    "Connection: X-Auth-Subject, X-Auth-Roles",
];

pub(crate) fn only_gate_says_who_is_asking(stage: &Stage) {
    let front = &stage.front;
    let of_alice = told(stage, &front.get("/orders/7", &[&alice()]));
    for (name, value) in [
        ("x-auth-subject", "alice"),
        ("x-auth-issuer", "hall"),
        ("x-auth-scheme", "basic"),
        ("x-auth-scopes", "orders:read orders:write"),
        ("x-auth-roles", "admin shift%20lead"),
    ] {
        assert_eq!(all(&of_alice, name), [value], "{name}: {of_alice}");
    }
    assert_eq!(identity_names(&of_alice), ALL);
    assert!(all(&of_alice, "authorization").is_empty(), "{of_alice}");

    for known in [alice(), bob()] {
        let name = if known == alice() { "alice" } else { "bob" };
        let fields: Vec<_> = SPOOFED.into_iter().chain([&*known]).collect();
        let of_known = told(stage, &front.ask("POST", "/orders/7", &fields));
        assert_eq!(all(&of_known, "x-auth-subject"), [name], "{of_known}");
        assert!(!of_known.to_string().contains("root"), "{of_known}");
    }
    for path in ["/public/x", "/optional"] {
        let of_nobody = told(stage, &front.get(path, &SPOOFED));
        assert_eq!(identity_names(&of_nobody), [""; 0], "{path}: {of_nobody}");
        assert!(!of_nobody.to_string().contains("root"), "{path}: {of_nobody}");
    }
}

/// Nothing that a client can write makes gate judge another request than the upstream gets.
pub(crate) fn what_is_judged_is_what_the_upstream_gets(stage: &Stage) {
    let Stage { front, gate, upstream } = stage;
    for target in ["/public/a%20b?x=%2F..%2f&y=/orders/7", "/public/%41?", "/public/caf%C3%A9"] {
        let answer = front.get(target, &[]);
        // Some write what needs no escape without, and leave out a query that is empty: the same to all who read it.
        let plain = |target: &str| target.trim_end_matches('?').replace("%41", "A");
        assert_eq!(plain(told(stage, &answer)["target"].as_str().unwrap()), plain(target));
    }
    for target in [
        "/public/../orders/7",
        "/public/%2e%2e/orders/7",
        "/public/..%2forders/7",
        "/public/..%5corders/7",
        "/public//../orders/7",
        "//orders/7",
        "/orders//7",
        "/public/..;/orders/7",
        "/./orders/7",
        "/public%2f..%2forders%2f7",
        "/public/%252e%252e/orders/7",
        "/%6frders/7",
    ] {
        let before = upstream.seen();
        let answer = front.get(target, &[]);
        if upstream.seen() == before {
            assert!(matches!(answer.status, 301 | 307 | 308 | 400 | 401 | 404 | 500), "{target}: {answer:?}");
            continue;
        }
        // Some make one path of these before they ask; then that is what was judged.
        let got = told(stage, &answer)["target"].as_str().unwrap().to_owned();
        assert!(got.starts_with("/public/") && !got.contains("..") && !got.contains("//"), "{target}: {got}");
    }
    let lies = [
        "X-Forwarded-Uri: /public/x",
        "X-Original-URI: /public/x",
        "X-Forwarded-Method: POST",
        "X-Original-Method: POST",
    ];
    let runs = gate.runs("/public/*");
    let before = upstream.seen();
    for lie in [&lies[..1], &lies[1..2], &lies[2..3], &lies[3..], &lies[..], &[lies[0], lies[2]], &[lies[1], lies[3]]] {
        let answer = front.get("/orders/7", lie);
        assert!(matches!(answer.status, 400 | 401), "{lie:?}: {answer:?}\n{}", front.log());
        let by_bob: Vec<_> = lie.iter().copied().chain(["X-Forwarded-Host: evil.example"]).collect();
        assert_ne!(front.get("/orders/7", &[&*bob()].into_iter().chain(by_bob).collect::<Vec<_>>()).status, 200);
    }
    assert_eq!((gate.runs("/public/*"), upstream.seen()), (runs, before));
    assert_eq!(front.ask("DELETE", "/orders/7", &[&alice()]).status, 403, "the method is judged too");
    let posted = told(stage, &front.post("POST", "/orders/7", &[&alice()], "a body that is not asked about"));
    assert_eq!((&posted["method"], &posted["body"]), (&"POST".into(), &"a body that is not asked about".into()));
    let others = ["X-HTTP-Method-Override: DELETE", "X-HTTP-Method: DELETE", "X-Method-Override: DELETE", &*alice()];
    let overridden = told(stage, &front.ask("POST", "/orders/7", &others));
    assert!(!overridden.to_string().contains("DELETE"), "no other method is meant than was judged: {overridden}");
}

/// Digest is about method and target, and curl knows nothing of a gate.
pub(crate) fn digest_is_about_the_original(stage: &Stage) {
    let Some(curl) = services::program("curl") else { return };
    let url = format!("http://{}/orders/7?a=b%20c", stage.front.address);
    for method in ["GET", "POST"] {
        let mut command = Command::new(&curl);
        command.args(["--silent", "--digest", "--user", "alice:wonderland", "--request", method, &url]);
        let output = command.output().unwrap();
        let told: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {output:?}\n{}\n{}", stage.front.log(), stage.gate.log()));
        assert_eq!((&told["method"], &told["target"]), (&method.into(), &"/orders/7?a=b%20c".into()));
        assert_eq!((all(&told, "x-auth-subject"), all(&told, "x-auth-scheme")), (vec!["alice"], vec!["digest"]));
    }
}

/// Log-in and log-out reach gate, and a cookie acts for its own pages alone.
pub(crate) fn sessions_live_behind_it(stage: &Stage) {
    let front = &stage.front;
    let json = ["Content-Type: application/json", "Accept: application/json"];
    let answer = front.post("POST", "/login", &json, r#"{"username": "alice", "password": "wonderland"}"#);
    assert_eq!(answer.status, 200, "{answer:?}\n{}", front.log());
    let set = answer.field("set-cookie").unwrap();
    let cookie = format!("Cookie: theme=dark; {}", set.split(';').next().unwrap());
    assert!(set.starts_with("__Host-gate="), "{set}");

    let of_alice = told(stage, &front.get("/optional", &[&cookie]));
    assert_eq!((all(&of_alice, "x-auth-subject"), all(&of_alice, "x-auth-scheme")), (vec!["alice"], vec!["session"]));
    let own = format!("Origin: http://{}", front.address);
    assert_eq!(front.ask("POST", "/orders/7", &[&cookie, &own]).status, 200, "{}", front.log());
    for theirs in ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site", "Accept: */*"] {
        assert_eq!(front.ask("POST", "/orders/7", &[&cookie, theirs]).status, 403, "{theirs}");
    }
    assert_eq!(front.websocket("/optional", &[&cookie, &own], "there and back"), "there and back");
    assert_eq!(front.websocket("/orders/7", &[&alice()], "there and back"), "there and back");
    let upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let theirs = [&[&*cookie, "Origin: https://evil.example", key], &upgrade[..]].concat();
    // With the field that keeps a connection open; the answer is whole without that.
    let answer = front.get_keeping("/optional", &theirs);
    assert_eq!(answer, 403, "a websocket from elsewhere\n{}", front.log());

    let before = stage.upstream.seen();
    let metadata = front.get("/.well-known/oauth-protected-resource", &["X-Auth-Subject: root"]);
    assert_eq!((metadata.status / 100, stage.upstream.seen()), (2, before), "gate's own too: {metadata:?}");

    let list = front.get("/session/sessions", &[&cookie]);
    assert_eq!(list.json()["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(front.ask("POST", "/logout", &[&cookie, "Origin: https://evil.example"]).status, 403);
    assert_eq!(front.ask("POST", "/logout", &[&cookie, &own]).status, 204);
    assert!(all(&told(stage, &front.get("/optional", &[&cookie])), "x-auth-subject").is_empty());
}
