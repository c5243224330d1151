//! The proxies of `docs/deployment.md`, started on the very configurations that stand there, with addresses of the test.

#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::gate::{Answer, connect, exchange};
use super::process::Process;
use super::services;

const PAGE: &str = include_str!("../../docs/deployment.md");

/// A running proxy before a gate and an upstream; it ends with this.
pub(crate) struct Front {
    process: Process,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Front {
    /// Debian's nginx, whose configuration has to be wrapped.
    pub(crate) async fn nginx(gate: SocketAddr, upstream: SocketAddr) -> Option<Self> {
        let nginx = services::program("nginx")?;
        Self::start("nginx", gate, upstream, |folder, servers| {
            let own = folder.display();
            let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
            let paths: String = paths.map(|name| format!("{name}_temp_path {own}/{name};\n")).concat();
            let user = if is_root() { "user root;" } else { "" };
            let config = format!(
                "daemon off;\nmaster_process off;\n{user}\nerror_log stderr info;\npid {own}/pid;\nevents {{}}\n\
                 http {{\naccess_log off;\n{paths}{servers}}}\n"
            );
            let file = folder.join("nginx.conf");
            fs::write(&file, config).unwrap();
            let mut command = Command::new(nginx);
            command.arg("-p").arg(folder).arg("-c").arg(file).args(["-e", "stderr"]);
            command
        })
        .await
    }

    pub(crate) async fn caddy(gate: SocketAddr, upstream: SocketAddr) -> Option<Self> {
        let caddy = services::program("caddy")?;
        Self::start("Caddy", gate, upstream, |folder, config| {
            let file = folder.join("Caddyfile");
            fs::write(&file, config).unwrap();
            let mut command = Command::new(caddy);
            command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
            // It keeps certificates and the like in the home of whoever runs it.
            command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
            command
        })
        .await
    }

    /// Its static configuration, on the command line, has the entrance.
    pub(crate) async fn traefik(gate: SocketAddr, upstream: SocketAddr) -> Option<Self> {
        let traefik = services::program("traefik")?;
        let port = services::free_port();
        let entrance = SocketAddr::from(([127, 0, 0, 1], port));
        Self::start_at(entrance, "Traefik", gate, upstream, |folder, config| {
            let file = folder.join("dynamic.yaml");
            fs::write(&file, config).unwrap();
            let mut command = Command::new(traefik);
            command.arg(format!("--providers.file.filename={}", file.display()));
            command.arg(format!("--entryPoints.web.address={entrance}"));
            command.args(["--global.checkNewVersion=false", "--global.sendAnonymousUsage=false", "--log.level=INFO"]);
            command.current_dir(folder);
            command
        })
        .await
    }

    pub(crate) async fn envoy(gate: SocketAddr, upstream: SocketAddr) -> Option<Self> {
        let envoy = services::program("envoy")?;
        Self::start("Envoy", gate, upstream, |folder, config| {
            let file = folder.join("envoy.yaml");
            fs::write(&file, config).unwrap();
            let mut command = Command::new(envoy);
            command.arg("--config-path").arg(file);
            command.args(["--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"]);
            command
        })
        .await
    }

    async fn start(
        section: &str,
        gate: SocketAddr,
        upstream: SocketAddr,
        command: impl FnOnce(&Path, String) -> Command,
    ) -> Option<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], services::free_port()));
        Self::start_at(address, section, gate, upstream, command).await
    }

    async fn start_at(
        address: SocketAddr,
        section: &str,
        gate: SocketAddr,
        upstream: SocketAddr,
        command: impl FnOnce(&Path, String) -> Command,
    ) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let config = configuration(section, address, gate, upstream);
        let mut process = Process::start(&mut command(folder.path(), config));
        process.wait_until("the proxy to listen", async || TcpStream::connect(address).is_ok()).await;
        let front = Self { process, address, _folder: folder };
        // Some listen before they know where to.
        let mut front = front;
        let is_ready =
            async || exchange(address, &format!("GET /public/ready HTTP/1.1\r\nHost: {address}"), "").status == 200;
        front.process.wait_until("the proxy to know its way", is_ready).await;
        Some(front)
    }

    pub(crate) fn get(&self, path: &str, fields: &[&str]) -> Answer {
        self.ask("GET", path, fields)
    }

    pub(crate) fn ask(&self, method: &str, path: &str, fields: &[&str]) -> Answer {
        self.post(method, path, fields, "")
    }

    pub(crate) fn post(&self, method: &str, path: &str, fields: &[&str], body: &str) -> Answer {
        let fields: String = fields.iter().map(|field| format!("\r\n{field}")).collect();
        exchange(self.address, &format!("{method} {path} HTTP/1.1\r\nHost: {}{fields}", self.address), body)
    }

    /// The status of the answer to a request that does not ask for the connection to be closed.
    pub(crate) fn get_keeping(&self, path: &str, fields: &[&str]) -> u16 {
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        let mut stream = connect(self.address);
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", self.address).as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {line:?}")).parse().unwrap()
    }

    /// Asks for a websocket, and says what came back over it.
    pub(crate) fn websocket(&self, path: &str, fields: &[&str], said: &str) -> String {
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13";
        let upgrade = format!("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n{key}\r\n{fields}");
        let mut stream = connect(self.address);
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{upgrade}\r\n", self.address).as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            assert_eq!(stream.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&head));
            head.extend(byte);
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
        stream.write_all(said.as_bytes()).unwrap();
        let mut answer = vec![0; said.len()];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// For messages.
    pub(crate) fn log(&self) -> String {
        self.process.log()
    }
}

/// The configuration that the page has for this proxy.
fn configuration(section: &str, front: SocketAddr, gate: SocketAddr, upstream: SocketAddr) -> String {
    let (_, rest) = PAGE.split_once(&format!("\n## {section}\n")).unwrap_or_else(|| panic!("no section {section}"));
    let (_, rest) = rest.split_once("\n```").unwrap();
    let (_, rest) = rest.split_once('\n').unwrap();
    let (config, _) = rest.split_once("\n```\n").unwrap();
    let mut config = format!("{config}\n");
    for (shown, meant) in [("8000", front), ("8080", gate), ("9000", upstream)] {
        // Traefik is told on its command line where to listen.
        let places = [format!("127.0.0.1:{shown}"), format!("address: 127.0.0.1, port_value: {shown}")];
        let is_there = places.iter().any(|place| config.contains(place));
        assert!(is_there || section == "Traefik" && shown == "8000", "{section}: {shown} is not in the page");
        config = config.replace(&places[0], &meant.to_string());
        config = config.replace(&places[1], &format!("address: 127.0.0.1, port_value: {}", meant.port()));
    }
    config
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}
