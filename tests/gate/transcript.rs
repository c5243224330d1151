//! The configuration that lies beside the example, and the lines to try with it.

use super::log_in;
use super::support::curl::Shell;
use super::support::gate::{Folder, Gate};
use super::support::transcript::replay;

#[tokio::test]
async fn the_configuration_to_try_answers_as_the_header_of_gate_shows() {
    let config = include_str!("../../examples/gate/gate.toml");
    let free = config.replace("127.0.0.1:8080", "127.0.0.1:0").replace("127.0.0.1:8081", "127.0.0.1:0");
    assert_eq!(free.matches("127.0.0.1:0").count(), 2);
    let folder = Folder::new()
        .with("gate.toml", free)
        .with("users.htpasswd", include_str!("../../examples/gate/users.htpasswd"));
    let gate = Gate::start(folder);
    let mut shell = Shell::new(gate.address);
    shell.set("SESSION", log_in(&gate, "alice", "wonderland"));
    let (before, rest) = HEADER.split_once("//! $ printf ").unwrap();
    let (explained, after) = rest.split_once("//! ```").unwrap();
    replay(&format!("{before}//! ```{after}"), &mut shell).await;

    // What is typed for `--explain` is no curl, and wants a shell.
    let mut lines = explained.lines().map(|line| line.trim_start_matches("//!").trim());
    let request = lines.next().and_then(|line| line.split('\'').nth(1)).unwrap().replace("\\n", "\n");
    assert_eq!(lines.next(), Some("gate --explain --config examples/gate/gate.toml"));
    let (_, told) = gate.folder.explain(&request);
    let mut steps = told.lines().map(str::trim);
    for shown in lines.filter(|shown| !matches!(*shown, "" | "…")) {
        assert!(steps.any(|step| step == shown), "{shown:?} is not said in its place: {told}");
    }
}

const HEADER: &str = include_str!("../../examples/gate/main.rs");
