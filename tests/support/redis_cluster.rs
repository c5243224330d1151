//! A cluster of three masters with a replica each, and a master with a replica that three sentinels watch.

#![allow(dead_code, reason = "each test file uses a part")]

use super::redis::{Certificate, Redis};
use super::services::free_port;

/// The first three nodes begin as masters, the others as their replicas in that order.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Redis>,
}

impl Cluster {
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(None)
    }

    /// As [`start`](Self::start), where clients and nodes speak TLS.
    pub(crate) fn start_with_tls() -> Option<(Self, String)> {
        let certificate = Certificate::new();
        Some((Self::start_with(Some(&certificate))?, certificate.certificate))
    }

    fn start_with(certificate: Option<&Certificate>) -> Option<Self> {
        let mut nodes = Vec::new();
        let mut buses = Vec::new();
        for _ in 0..6 {
            let bus = free_port();
            let mut arguments = vec!["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"];
            let port = bus.to_string();
            arguments.extend(["--cluster-port", &port, "--cluster-replica-validity-factor", "0"]);
            arguments.extend(["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"]);
            if certificate.is_some() {
                arguments.extend(["--tls-cluster", "yes", "--tls-replication", "yes"]);
            }
            let mut node = Redis::prepare(&arguments)?;
            if let Some(certificate) = certificate {
                node.speak_tls(certificate);
            }
            node.launch();
            nodes.push(node);
            buses.push(bus);
        }
        let cluster = Self { nodes };
        cluster.join(&buses);
        Some(cluster)
    }

    fn join(&self, buses: &[u16]) {
        let [first, others @ ..] = &self.nodes[..] else { return };
        for (node, bus) in others.iter().zip(&buses[1..]) {
            let port = node.listening();
            assert!(first.ask(&format!("CLUSTER MEET 127.0.0.1 {port} {bus}")).starts_with("+OK"));
        }
        for (node, slots) in self.nodes.iter().zip(["0 5460", "5461 10922", "10923 16383"]) {
            assert!(node.ask(&format!("CLUSTER ADDSLOTSRANGE {slots}")).starts_with("+OK"));
        }
        for node in &self.nodes {
            node.wait_until("cluster_known_nodes:6", "CLUSTER INFO");
        }
        for (master, replica) in self.nodes.iter().zip(&self.nodes[3..]) {
            let id = master.ask("CLUSTER MYID");
            let id = id.lines().nth(1).unwrap();
            replica.wait_until(id, "CLUSTER NODES");
            replica.wait_until("+OK", &format!("CLUSTER REPLICATE {id}"));
        }
        for node in &self.nodes {
            node.wait_until("cluster_state:ok", "CLUSTER INFO");
        }
        for replica in &self.nodes[3..] {
            replica.wait_until("master_link_status:up", "INFO replication");
        }
    }

    pub(crate) fn url(&self) -> String {
        let nodes: Vec<_> = self.nodes.iter().map(Redis::url).collect();
        let (scheme, first) = nodes[0].split_once("://").unwrap();
        let others = nodes[1..].iter().map(|node| node.split_once("://").unwrap().1);
        format!("{scheme}+cluster://{}", [first].into_iter().chain(others).collect::<Vec<_>>().join(","))
    }

    /// Waits until a replica has taken the place of the master with that number, which was killed or is silent.
    pub(crate) fn wait_for_failover(&self, number: usize) {
        self.nodes[number + 3].wait_until("role:master", "INFO replication");
        for (_, node) in self.nodes.iter().enumerate().filter(|(other, _)| *other != number) {
            node.wait_until("cluster_state:ok", "CLUSTER INFO");
        }
    }
}

/// Watched under the name `main`.
pub(crate) struct Sentinels {
    pub(crate) servers: Vec<Redis>,
    pub(crate) sentinels: Vec<Redis>,
}

impl Sentinels {
    pub(crate) fn start() -> Option<Self> {
        let master = Redis::start_with(&["--repl-diskless-sync-delay", "0"])?;
        let port = master.port().to_string();
        let replica = Redis::start_with(&["--repl-diskless-sync-delay", "0", "--replicaof", "127.0.0.1", &port])?;
        replica.wait_until("master_link_status:up", "INFO replication");
        let config = format!(
            "sentinel monitor main 127.0.0.1 {port} 2\nsentinel down-after-milliseconds main 1000\n\
             sentinel failover-timeout main 3000\n"
        );
        let mut sentinels = Vec::new();
        for _ in 0..3 {
            let mut sentinel = Redis::prepare(&[])?;
            sentinel.launch_as_sentinel(&config);
            sentinels.push(sentinel);
        }
        for sentinel in &sentinels {
            sentinel.wait_until("+OK 3 usable", "SENTINEL CKQUORUM main");
            sentinel.wait_until(&format!("127.0.0.1:{}", replica.port()), "SENTINEL REPLICAS main");
        }
        Some(Self { servers: vec![master, replica], sentinels })
    }

    pub(crate) fn url(&self) -> String {
        let sentinels: Vec<_> = self.sentinels.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        format!("redis+sentinel://{}/main", sentinels.join(","))
    }

    /// Waits until the replica is what sentinels name the master, which was killed.
    pub(crate) fn wait_for_failover(&self) {
        let [_, replica] = &self.servers[..] else { return };
        replica.wait_until("role:master", "INFO replication");
        for sentinel in &self.sentinels {
            sentinel.wait_until(&replica.port().to_string(), "SENTINEL GET-MASTER-ADDR-BY-NAME main");
        }
    }
}
