//! `/metrics` on the operators' port, read by the parser that Prometheus' own client for Python has; and that what the dashboard and
//! the rules ask for is there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::support::gate::{Folder, Gate};
use super::support::services;
use super::{ME, USERS, alice, basic, cookie, log_in};

/// One of everything that counts. What is asked for over the network is not there.
const CONFIG: &str = r#"
realm = "staff"
admin = "127.0.0.1:0"
[basic]
htpasswd = "users.htpasswd"
[session]
users = "users.htpasswd"
[[issuer]]
issuer = "https://id.example"
audience = ["orders-api"]
algorithms = ["ES256"]
jwks_url = "http://127.0.0.1:9/jwks"
danger_allow_http_loopback = true
[introspection]
url = "http://127.0.0.1:9/introspect"
client_id = "gate"
client_secret_file = "intro.secret"
audience = ["orders-api"]
danger_allow_http_loopback = true
"#;

fn start() -> Gate {
    let folder = Folder::new().with("gate.toml", format!("{CONFIG}{ME}")).with("users.htpasswd", USERS);
    Gate::start(folder.with("intro.secret", "kJ3vX9qLw2rT8mZs5bYc"))
}

/// The families of metrics by name, as the parser gives them; nothing where it is not installed.
fn families(text: &str) -> Option<BTreeMap<String, Value>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/metrics.py");
    let mut python = Command::new(services::python()?);
    let mut python = python.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Name, type and help, by the table of the documentation.
fn documented() -> BTreeMap<&'static str, (&'static str, &'static str)> {
    let rows = include_str!("../../docs/metrics.md").lines().filter(|line| line.starts_with("| `portcullis_"));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    cells.map(|cells| (cells[1].trim_matches('`'), (cells[2], cells[4]))).collect()
}

#[test]
fn a_parser_of_prometheus_reads_what_gate_tells() {
    let gate = start();
    let session = cookie(&log_in(&gate, "alice", "wonderland"));
    for (status, field) in [(200, alice()), (200, alice()), (200, session), (401, basic("alice", "a zebraquux guess"))]
    {
        assert_eq!(gate.get("/me", &[&field]).status, status);
    }
    let answer = gate.admin("GET", "/metrics");
    assert_eq!((answer.status, answer.field("content-type")), (200, Some("text/plain; version=0.0.4")));
    assert_eq!(gate.admin("POST", "/metrics").status, 405);
    assert_eq!(gate.get("/metrics", &[]).status, 401, "none of the public's business");
    assert!(!answer.body.contains("zebraquux") && !answer.body.contains("wonderland"));

    let Some(families) = families(&answer.body) else { return };
    let told: BTreeMap<_, _> = families
        .iter()
        .map(|(name, family)| (name.as_str(), (family["type"].as_str().unwrap(), family["help"].as_str().unwrap())))
        .collect();
    assert_eq!(told, documented());
    let count = |family: &str, labels: &[(&str, &str)]| -> f64 {
        let samples = families[family]["samples"].as_array().unwrap().iter();
        let matching = samples.filter(|sample| labels.iter().all(|(name, value)| sample["labels"][*name] == *value));
        matching.map(|sample| sample["value"].as_str().unwrap().parse::<f64>().unwrap()).sum()
    };
    let decisions = |scheme, outcome| {
        count("portcullis_decisions_total", &[("scheme", scheme), ("outcome", outcome), ("stage", "verify")])
    };
    assert_eq!(
        (decisions("Basic", "passed"), decisions("Basic", "invalid"), decisions("Session", "passed")),
        (2.0, 1.0, 1.0)
    );
    assert_eq!(count("portcullis_sessions_started_total", &[]), 1.0);
    assert_eq!(count("portcullis_sessions_live", &[]), 1.0);
    assert_eq!(count("portcullis_cache_lookups_total", &[("cache", "passwords"), ("result", "hit")]), 1.0);
}

/// What is asked of Prometheus in a file: all expressions.
fn expressions(json: &Value, found: &mut Vec<String>) {
    match json {
        Value::Array(all) => all.iter().for_each(|one| expressions(one, found)),
        Value::Object(members) => {
            found.extend(members.get("expr").and_then(Value::as_str).map(ToOwned::to_owned));
            members.values().for_each(|one| expressions(one, found));
        }
        _ => {}
    }
}

fn names(expression: &str) -> BTreeSet<&str> {
    let words = expression.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    words.filter(|word| word.starts_with("portcullis_")).collect()
}

#[test]
fn the_dashboard_and_the_rules_ask_for_what_there_is_as_its_type_has_it() {
    let dashboard: Value = serde_json::from_str(include_str!("../../examples/gate/grafana.json")).unwrap();
    let mut asked = Vec::new();
    expressions(&dashboard, &mut asked);
    let rules = include_str!("../../examples/gate/alerts.yml");
    asked.extend(rules.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).map(ToOwned::to_owned));
    assert!(asked.len() > 15, "{asked:?}");

    let documented = documented();
    let mut seen = BTreeSet::new();
    for expression in &asked {
        assert!(!names(expression).is_empty(), "{expression}");
        for name in names(expression) {
            let part = ["_bucket", "_sum", "_count"].into_iter().find(|part| name.ends_with(part));
            let family = part.map_or(name, |part| name.strip_suffix(part).unwrap());
            let (kind, _) = documented.get(family).unwrap_or_else(|| panic!("{family} is in no table: {expression}"));
            let rises = ["rate(", "increase("].iter().any(|function| expression.contains(&format!("{function}{name}")));
            assert_eq!(part.is_some(), *kind == "histogram", "{expression}");
            assert_eq!(rises, *kind != "gauge", "{expression}");
            if part == Some("_bucket") {
                assert!(expression.contains("histogram_quantile(") && expression.contains("le"), "{expression}");
            }
            seen.insert(family);
        }
    }
    assert_eq!(seen, documented.keys().copied().collect(), "all that is counted is looked at");
    let panels = dashboard["panels"].as_array().unwrap();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        assert!(panel["description"].is_string() && panel["fieldConfig"]["defaults"]["unit"].is_string(), "{panel}");
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{panel}");
    }
}
