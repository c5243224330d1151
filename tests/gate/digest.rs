//! Digest from a file of htdigest: challenges, log-in, replay, and a reload that clients do not notice.

use std::process::Command;

use serde_json::json;

use super::support::digest::{Login, sha256};
use super::support::gate::{Answer, Folder, Gate};
use super::support::stack::Parsed;
use super::{ME, USERS};

const CONFIG: &str =
    "realm = \"hall\"\n[basic]\nhtpasswd = \"users.htpasswd\"\n[digest]\nhtdigest = \"users.htdigest\"\n";

/// A line of the file, with SHA-256.
fn line(name: &str, realm: &str, password: &str) -> String {
    format!("{name}:{realm}:{}\n", sha256(&format!("{name}:{realm}:{password}")))
}

fn users() -> String {
    format!("# two users\n\n{}{}", line("alice", "hall", "wonderland"), line("bob", "another hall", "bob's secret"))
}

fn folder() -> Folder {
    Folder::new()
        .with("gate.toml", format!("{CONFIG}{ME}"))
        .with("users.htpasswd", USERS)
        .with("users.htdigest", users())
}

/// The challenge of Digest in a 401.
fn challenge(answer: &Answer) -> Parsed {
    assert_eq!(answer.status, 401, "{answer:?}");
    Parsed::read(answer.all("www-authenticate").into_iter().find(|line| line.starts_with("Digest ")).unwrap())
}

/// What answers a new challenge for `/me`.
fn login(gate: &Gate, name: &str, password: &str) -> Login {
    let mut login = Login::answering(&challenge(&gate.get("/me", &[])), name, password);
    login.uri = String::from("/me");
    login
}

fn send(gate: &Gate, login: &Login) -> Answer {
    gate.get("/me", &[&format!("Authorization: {}", login.field())])
}

#[test]
fn a_right_response_is_let_in_once_and_told_as_digest_of_the_realm() {
    let gate = Gate::start(folder());
    let bare = gate.get("/me", &[]);
    let names: Vec<_> = bare.all("www-authenticate").iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["Basic", "Digest"]);
    let parsed = challenge(&bare);
    assert_eq!((parsed.get("realm"), parsed.get("algorithm")), (Some("hall"), Some("SHA-256")));
    assert_ne!(parsed.get("nonce"), challenge(&gate.get("/me", &[])).get("nonce"));

    let alice = login(&gate, "alice", "wonderland");
    let answer = send(&gate, &alice);
    assert_eq!(answer.status, 200, "{answer:?}");
    let told = answer.json();
    let [issuer, subject, scheme] = ["issuer", "subject", "scheme"].map(|member| &told[member]);
    assert_eq!((issuer, subject, scheme), (&json!("hall"), &json!("alice"), &json!("digest")));
    assert!(answer.field("authentication-info").unwrap().contains("rspauth="));

    challenge(&send(&gate, &alice));
    assert_eq!(send(&gate, &alice.next()).status, 200);
    let first = |answer: &Answer| answer.all("www-authenticate")[0].starts_with("Digest ");
    let wrong = send(&gate, &login(&gate, "alice", "looking glass"));
    assert!(wrong.status == 401 && first(&wrong), "the challenge of the scheme that was used comes first");
    let elsewhere = login(&gate, "bob", "bob's secret");
    assert_eq!(send(&gate, &elsewhere).status, 401, "a user of another realm");
}

#[test]
fn curl_logs_in() {
    let gate = Gate::start(folder());
    let curl = |user: &str| {
        let url = format!("http://{}/me", gate.address);
        Command::new("curl").args(["-s", "-m", "30", "--digest", "-u", user, "-w", "%{http_code}", &url]).output()
    };
    let Ok(output) = curl("alice:wonderland") else { return };
    let answer = String::from_utf8(output.stdout).unwrap();
    assert!(answer.ends_with("200") && answer.contains("\"scheme\":\"digest\""), "{answer}");
    assert!(String::from_utf8(curl("alice:wrong").unwrap().stdout).unwrap().ends_with("401"));
}

#[test]
fn a_reload_exchanges_the_users_and_clients_go_on_with_their_nonces() {
    let gate = Gate::start(folder());
    let alice = login(&gate, "alice", "wonderland");
    assert_eq!(send(&gate, &alice).status, 200);
    gate.folder.write("users.htdigest", format!("{}{}", users(), line("carol", "hall", "abc")));
    assert!(gate.reload());
    challenge(&send(&gate, &alice));
    assert_eq!(send(&gate, &alice.next()).status, 200, "and what was used stays used");
    assert_eq!(send(&gate, &login(&gate, "carol", "abc")).status, 200);

    gate.folder.write("users.htdigest", "mallory\n");
    assert!(!gate.reload());
    assert!(gate.log().contains("digest.htdigest: \"users.htdigest\" line 1: "));
    assert_eq!(send(&gate, &login(&gate, "alice", "wonderland")).status, 200);

    gate.folder.write("users.htdigest", line("carol", "hall", "abc"));
    assert!(gate.reload());
    assert_eq!(send(&gate, &alice.next().next()).status, 401, "gone");
}

#[test]
fn rules_and_a_failed_log_in_name_the_scheme() {
    let gate = Gate::start(folder().with(
        "gate.toml",
        format!("{CONFIG}[session]\nusers = \"users.htpasswd\"\n[[rule]]\npath = \"/me\"\nschemes = [\"digest\"]\n"),
    ));
    let alice = login(&gate, "alice", "wonderland");
    assert_eq!(gate.get("/me", &[]).all("www-authenticate").len(), 1);
    assert_eq!(gate.get("/me", &[&super::alice()]).status, 401);
    assert_eq!(send(&gate, &alice).status, 200);
    let form = ["Content-Type: application/x-www-form-urlencoded"];
    let failed = gate.post("POST", "/login", &form, "username=alice&password=wrong");
    assert!(challenge(&failed).get("nonce").is_some());
}

#[test]
fn every_fault_of_the_section_is_told() {
    let md5 = "alice:hall:939e7578ed9e3c518a452acee763bce9\n";
    for (section, file, expected) in [
        ("", users(), "digest.htdigest: missing"),
        ("htdigest = \"nowhere\"", users(), "digest.htdigest: \"nowhere\" cannot be read"),
        (
            "htdigest = \"users.htdigest\"",
            String::new(),
            "digest.htdigest: \"users.htdigest\": has no line of the realm",
        ),
        ("htdigest = \"users.htdigest\"", line("bob", "x", "y"), "digest.htdigest: \"users.htdigest\": has no line of"),
        ("htdigest = \"users.htdigest\"", users() + "bob:hall:12\n", "digest.htdigest: \"users.htdigest\" line 5: "),
        ("htdigest = \"users.htdigest\"", users() + &users(), "digest.htdigest: \"users.htdigest\" line 7: "),
        (
            "htdigest = \"users.htdigest\"",
            md5.to_owned(),
            "digest.algorithms: \"users.htdigest\" has no HA1 for SHA-256",
        ),
        ("htdigest = \"users.htdigest\"\nalgorithms = [\"SHA-1\"]", users(), "digest.algorithms: \"SHA-1\" is none of"),
        ("htdigest = \"users.htdigest\"\nalgorithms = [\"SHA-512-256\"]", users(), "digest.algorithms: SHA-512-256"),
        (
            "htdigest = \"users.htdigest\"\nalgorithms = [\"md5\", \"MD5\"]",
            users(),
            "digest.algorithms: names MD5 twice",
        ),
        ("htdigest = \"users.htdigest\"\nalgorithms = []", users(), "digest.algorithms: is empty"),
        ("htdigest = \"users.htdigest\"\nx = 1", users(), "digest.x: unknown key"),
    ] {
        let config = format!("realm = \"hall\"\n[digest]\n{section}\n[[rule]]\npath = \"/*\"\n");
        let (status, text) = Folder::new().with("gate.toml", config).with("users.htdigest", file).check();
        assert_eq!((status, text.lines().count()), (Some(2), 1), "{section}: {text}");
        assert!(text.starts_with(&format!("gate: {expected}")), "{section}: {text}");
    }
    let both = "realm = \"hall\"\n[digest]\nhtdigest = \"users.htdigest\"\nalgorithms = [\"SHA-256\", \"MD5\"]\n\
                [[rule]]\npath = \"/*\"\n";
    let folder = Folder::new().with("gate.toml", both).with("users.htdigest", users() + md5);
    let gate = Gate::start(folder);
    let lines = gate.get("/me", &[]);
    let algorithms: Vec<_> = lines
        .all("www-authenticate")
        .into_iter()
        .map(|line| Parsed::read(line).get("algorithm").unwrap().to_owned())
        .collect();
    assert_eq!(algorithms, ["SHA-256", "MD5"]);
}
