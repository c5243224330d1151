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
    replay(include_str!("../../examples/gate/main.rs"), &mut shell).await;
}
