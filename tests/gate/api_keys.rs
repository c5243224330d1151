//! API keys: made on the command line, taken from three places, kept to their scopes, ended by a reload.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use portcullis::credentials::ApiKey;
use portcullis::test_kit::TestIssuer;
use serde_json::json;

use super::support::gate::{Folder, Gate};
use super::{RULES, alice, basic, bearer, cookie, folder, log_in};

const SECTION: &str = "[api_keys]\nfile = \"keys.txt\"\n";

const MORE_RULES: &str = "
[[rule]]
path = \"/keys-only\"
schemes = [\"api_key\"]

[[rule]]
path = \"/read\"
scopes_all = [\"orders:read\"]
";

/// All schemes, and keys.
fn with_keys() -> Folder {
    folder(&format!("{SECTION}{RULES}{MORE_RULES}"))
}

/// Makes a key, and returns it.
fn new_key(folder: &Folder, owner: &str, more: &[&str]) -> String {
    let (status, stdout, stderr) = folder.run_with(&[&["--new-api-key", owner], more].concat());
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
    let key = stdout.strip_suffix('\n').unwrap();
    assert_eq!(ApiKey::parse(key).unwrap().prefix(), "gate");
    key.to_owned()
}

fn field(key: &str) -> String {
    format!("X-API-Key: {key}")
}

#[test]
fn a_new_key_is_shown_once_and_only_its_digest_is_kept_for_its_owner_alone() {
    let folder = with_keys();
    let first = new_key(&folder, "ci", &["--scopes", "orders:read", "orders:write"]);
    let second = new_key(&folder, "the backup", &["--expires", "720h"]);
    let third = new_key(&folder, "ci", &["--scopes", "a,b c"]);
    let file = folder.read("keys.txt");
    let lines: Vec<_> = file.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with(&first[..17]) && lines[0].ends_with(":ci:orders:read orders:write:"));
    assert!(lines[1].starts_with(&second[..17]) && lines[1].contains(":the backup::1"));
    assert!(lines[2].ends_with(":ci:a b c:"));
    for key in [first, second, third] {
        assert!(!file.contains(&key[18..50]), "the secret is not kept");
    }
    let mode = fs::metadata(folder.path("keys.txt")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(folder.check(), (Some(0), String::new()));
}

#[test]
fn bad_input_is_refused_and_nothing_is_written() {
    let folder = with_keys();
    for (words, problem) in [
        (&["--new-api-key", ""][..], "owner"),
        (&["--new-api-key", "a:b"], "owner"),
        (&["--new-api-key", "a\nb"], "owner"),
        (&["--new-api-key", " ci"], "owner"),
        (&["--new-api-key", "ci", "--scopes", "a\"b"], "scopes"),
        (&["--new-api-key", "ci", "--scopes"], "usage"),
        (&["--new-api-key", "ci", "--expires", "soon"], "expires: \"soon\""),
        (&["--new-api-key", "ci", "--expires", "0s"], "expires"),
        (&["--new-api-key", "ci", "--check"], "usage"),
        (&["--new-api-key", "ci", "--new-api-key", "ci"], "usage"),
        (&["--scopes", "a"], "usage"),
        (&["--new-api-key"], "usage"),
    ] {
        let (status, stdout, stderr) = folder.run_with(words);
        assert_eq!((status, stdout.as_str()), (Some(2), ""), "{words:?}");
        assert!(stderr.contains(problem), "{words:?}: {stderr}");
        assert!(!folder.path("keys.txt").exists());
    }
    folder.write("keys.txt", "nonsense\n");
    let (status, _, stderr) = folder.run_with(&["--new-api-key", "ci"]);
    assert_eq!(status, Some(2));
    assert!(stderr.contains("gate: api_keys.file: line 1"), "{stderr}");
    assert_eq!(folder.read("keys.txt"), "nonsense\n");
    folder.write("gate.toml", RULES);
    let (status, _, stderr) = folder.run_with(&["--new-api-key", "ci"]);
    assert_eq!((status, stderr.starts_with("gate: api_keys.file: missing")), (Some(2), true), "{stderr}");
}

#[test]
fn a_line_without_an_end_gets_one_before_the_next() {
    let folder = with_keys();
    new_key(&folder, "ci", &[]);
    folder.write("keys.txt", folder.read("keys.txt").trim_end());
    new_key(&folder, "ci", &[]);
    assert_eq!(folder.read("keys.txt").lines().count(), 2);
    assert_eq!(folder.check(), (Some(0), String::new()));
}

#[test]
fn every_fault_of_the_section_is_told() {
    let folder = with_keys();
    let faults = |section: &str, file: &str| {
        folder.write("gate.toml", format!("[[rule]]\npath = \"/*\"\n[api_keys]\n{section}"));
        folder.write("keys.txt", file);
        let (status, stderr) = folder.check();
        assert_eq!(status, Some(2), "{section}");
        stderr
    };
    assert!(faults("", "").contains("gate: api_keys.file: missing"));
    assert!(faults("file = \"none.txt\"", "").contains("gate: api_keys.file: \"none.txt\" cannot be read"));
    let file = "file = \"keys.txt\"\n";
    let told = faults(file, "# keys\ngate_1:x\n\nmore nonsense\n");
    assert!(told.contains("gate: api_keys.file: \"keys.txt\" line 2: "), "{told}");
    assert!(told.contains("gate: api_keys.file: \"keys.txt\" line 4: "), "{told}");
    for header in ["X API Key", "Authorization", "Cookie"] {
        assert!(faults(&format!("{file}header = \"{header}\""), "").contains("gate: api_keys.header: "), "{header}");
    }
    assert!(faults(&format!("{file}prefix = \"x\""), "").contains("gate: api_keys.prefix: unknown key"));
    folder.write("gate.toml", format!("schemes = [\"api_key\"]\n{SECTION}"));
    assert_eq!(folder.check(), (Some(0), String::new()), "an empty list of keys is sound: the last one was revoked");
}

#[test]
fn a_key_is_taken_in_its_field_as_a_bearer_token_and_git_style_and_keeps_its_scopes() {
    let folder = with_keys();
    let key = new_key(&folder, "ci", &["--scopes", "orders:read"]);
    let gate = Gate::start(folder);
    let places = [
        field(&key),
        format!("Authorization: Bearer {key}"),
        basic("x-access-token", &key),
        basic(&key, ""),
        basic(&key, "x-oauth-basic"),
    ];
    for place in &places {
        for path in ["/me", "/read", "/keys-only", "/optional", "/fresh"] {
            let answer = gate.get(path, &[place]);
            assert_eq!(answer.status, 200, "{place} {path}: {answer:?}");
            let read =
                if path == "/keys-only" { "authorization, x-api-key" } else { "authorization, cookie, x-api-key" };
            assert_eq!(answer.field("vary"), Some(read), "{path}");
            let told = answer.json();
            assert_eq!(
                [&told["issuer"], &told["subject"], &told["scheme"], &told["scopes"], &told["roles"]],
                [&json!("hall"), &json!("ci"), &json!("api_key"), &json!(["orders:read"]), &json!([])]
            );
        }
        let runs = gate.all_runs();
        let answer = gate.get("/orders", &[place]);
        assert_eq!((answer.status, answer.field("www-authenticate")), (403, None), "{place}");
        assert_eq!(answer.json()["scope"], "orders:list");
        assert_eq!(gate.get("/gold", &[place]).status, 401);
        assert_eq!(gate.all_runs(), runs);
    }
    assert!(!gate.log().contains(&key[18..]), "no key in the log, whatever its level");
}

/// B20: others count as not presented where a rule takes one scheme, and the other way round
#[test]
fn a_rule_for_tokens_takes_no_key_and_a_rule_for_keys_no_token() {
    let folder = with_keys();
    let key = new_key(&folder, "ci", &[]);
    let gate = Gate::start(folder);
    for place in [field(&key), format!("Authorization: Bearer {key}"), basic("git", &key)] {
        let answer = gate.get("/tokens-only", &[&place]);
        assert_eq!((answer.status, answer.problem().as_str()), (401, "missing"), "{place}");
        assert_eq!(answer.all("www-authenticate"), ["Bearer realm=\"hall\""]);
        let answer = gate.get("/tokens-or-nothing", &[&place]);
        assert_eq!((answer.status, &answer.json()["anonymous"]), (200, &json!(true)), "{place}");
    }
    let session = log_in(&gate, "alice", "wonderland");
    for place in [bearer(json!({})), alice(), cookie(&session)] {
        let answer = gate.get("/keys-only", &[&place]);
        assert_eq!((answer.status, answer.problem().as_str()), (401, "missing"), "{place}");
        assert_eq!(answer.all("www-authenticate"), ["ApiKey realm=\"hall\", header=\"x-api-key\""]);
        assert_eq!(gate.get("/me", &[&place]).status, 200);
    }
}

#[test]
fn a_bad_key_is_refused_with_its_challenge_first_and_nobody_else_is_asked() {
    let folder = with_keys();
    let key = new_key(&folder, "ci", &[]);
    let gate = Gate::start(folder);
    let mistyped = format!("{}x", &key[..key.len() - 1]);
    for place in [
        field(&mistyped),
        field(""),
        field("null"),
        format!("Authorization: Bearer {mistyped}"),
        basic("git", &mistyped),
        basic(&mistyped, ""),
        format!("Authorization: Bearer {}", ApiKey::generate("gate").unwrap().expose()),
    ] {
        for path in ["/me", "/optional"] {
            let answer = gate.get(path, &[&place]);
            assert_eq!((answer.status, answer.problem().as_str()), (401, "invalid"), "{place}");
            assert_eq!(
                answer.all("www-authenticate"),
                [
                    "ApiKey realm=\"hall\", header=\"x-api-key\"",
                    "Bearer realm=\"hall\"",
                    "Basic realm=\"hall\", charset=\"UTF-8\"",
                    "Session realm=\"hall\""
                ],
            );
            assert_eq!(answer.field("vary"), Some("accept, authorization, cookie, x-api-key"));
        }
    }
    assert_eq!(gate.all_runs(), 0);
}

#[test]
fn a_key_in_two_places_is_400_and_a_key_in_a_query_is_nothing() {
    let folder = with_keys();
    let key = new_key(&folder, "ci", &[]);
    let gate = Gate::start(folder);
    let in_bearer = format!("Authorization: Bearer {key}");
    for fields in [
        [field(&key), in_bearer.clone()],
        [bearer(json!({})), field(&key)],
        [field(&key), alice()],
        [field(&key), field(&key)],
        [in_bearer.clone(), in_bearer.clone()],
    ] {
        let answer = gate.get("/me", &[&fields[0], &fields[1]]);
        assert_eq!((answer.status, answer.problem().as_str()), (400, "ambiguous"), "{fields:?}");
    }
    let session = log_in(&gate, "alice", "wonderland");
    let answer = gate.get("/me", &[&field(&key), &cookie(&session)]);
    assert_eq!(
        (answer.status, answer.json()["scheme"].as_str()),
        (200, Some("api_key")),
        "a cookie counts for nothing here"
    );
    // Where a rule takes no keys, the field is no credential.
    assert_eq!(gate.get("/tokens-only", &[&bearer(json!({})), &field(&key)]).status, 200);
    for query in [format!("/me?api_key={key}"), format!("/me?access_token={key}")] {
        let answer = gate.get(&query, &[]);
        assert_eq!((answer.status, answer.problem().as_str()), (401, "missing"));
    }
    assert_eq!(gate.get("/me", &[&format!("Proxy-Authorization: Bearer {key}")]).status, 401);
}

#[test]
fn the_field_is_the_one_that_is_configured() {
    let folder = folder(&format!("{SECTION}header = \"X-Orders-Key\"\n{RULES}"));
    let key = new_key(&folder, "ci", &[]);
    let gate = Gate::start(folder);
    assert_eq!(gate.get("/me", &[&format!("x-orders-key: {key}")]).status, 200);
    assert_eq!(gate.get("/me", &[&field(&key)]).status, 401);
}

#[test]
fn a_reload_adds_and_revokes_keys_all_or_nothing() {
    let folder = with_keys();
    let old = new_key(&folder, "ci", &[]);
    let gate = Gate::start(folder);
    let status = |key: &str| gate.get("/me", &[&field(key)]).status;
    let new = new_key(&gate.folder, "ci", &[]);
    assert_eq!((status(&old), status(&new)), (200, 401));
    assert!(gate.reload());
    assert_eq!((status(&old), status(&new)), (200, 200));

    let file = gate.folder.read("keys.txt");
    gate.folder.write("keys.txt", format!("{file}nonsense\n"));
    assert!(!gate.reload());
    assert!(gate.log().contains("\"keys.txt\" line 3: "), "{}", gate.log());
    assert_eq!((status(&old), status(&new)), (200, 200));

    let left: String = file.lines().filter(|line| !line.starts_with(&old[..17])).collect();
    gate.folder.write("keys.txt", left);
    assert!(gate.reload());
    assert_eq!((status(&old), status(&new)), (401, 200));

    let ended = file.lines().nth(1).unwrap().to_owned() + "1790000000\n";
    gate.folder.write("keys.txt", ended);
    assert!(gate.reload());
    let answer = gate.get("/me", &[&field(&new)]);
    assert_eq!((answer.status, answer.problem().as_str()), (401, "expired"));

    gate.folder.write("keys.txt", "");
    assert!(gate.reload());
    assert_eq!((status(&old), status(&new)), (401, 401));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_issuer_is_asked_about_a_key_good_or_bad() {
    let issuer = TestIssuer::start().await.unwrap();
    let url = issuer.introspection_url();
    let folder = Folder::new()
        .with(
            "gate.toml",
            format!(
                "{SECTION}[introspection]\nurl = \"{url}\"\nclient_id = \"gate\"\nclient_secret_file = \"intro.secret\"\n\
                 audience = [\"orders-api\"]\ndanger_allow_http_loopback = true\n\
                 [[rule]]\npath = \"/me\"\n[[rule]]\npath = \"/tokens-only\"\nschemes = [\"bearer\"]\n"
            ),
        )
        .with("intro.secret", "s3cret of gate\n");
    let key = new_key(&folder, "ci", &[]);
    let gate = Gate::start(folder);
    let revoked = ApiKey::generate("gate").unwrap();
    for (path, token, status) in [
        ("/me", key.as_str(), 200),
        ("/me", revoked.expose(), 401),
        ("/me", &key[..40], 401),
        ("/tokens-only", &key, 401),
        ("/tokens-only", revoked.expose(), 401),
    ] {
        assert_eq!(gate.get(path, &[&format!("Authorization: Bearer {token}")]).status, status, "{path} {token}");
    }
    assert_eq!(issuer.requests(portcullis::test_kit::Endpoint::Introspection), 0);
    assert_eq!(gate.get("/me", &["Authorization: Bearer some-opaque-token"]).status, 401);
    assert_eq!(issuer.requests(portcullis::test_kit::Endpoint::Introspection), 1);
}
