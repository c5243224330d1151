//! A real Redis server of a test's own, on a free port, with its data in a folder of its own.

#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::services;

/// It is killed when this is dropped.
pub(crate) struct Redis {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    tls: bool,
    child: Option<Child>,
}

impl Redis {
    /// Starts one, unless there is no program. It writes every change to disk before it answers.
    pub(crate) fn start() -> Option<Self> {
        let mut redis = Self::prepare(false)?;
        redis.launch();
        Some(redis)
    }

    /// As [`start`](Self::start), speaking TLS alone. Returns its certificate in PEM too.
    pub(crate) fn start_with_tls() -> Option<(Self, String)> {
        let mut redis = Self::prepare(true)?;
        let key = rcgen::generate_simple_self_signed([String::from("127.0.0.1")]).unwrap();
        fs::write(redis.folder.path().join("cert.pem"), key.cert.pem()).unwrap();
        fs::write(redis.folder.path().join("key.pem"), key.signing_key.serialize_pem()).unwrap();
        redis.launch();
        Some((redis, key.cert.pem()))
    }

    fn prepare(tls: bool) -> Option<Self> {
        let program = services::program("redis-server")?;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Some(Self { program, folder: TempDir::new().unwrap(), port, tls, child: None })
    }

    /// Starts it, or starts it again where its data are.
    pub(crate) fn launch(&mut self) {
        let port = self.port.to_string();
        let mut command = Command::new(&self.program);
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--dir"]);
        command.arg(self.folder.path());
        if self.tls {
            command.args(["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"]);
            command.args(["--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem"]);
        } else {
            command.args(["--port", &port]);
        }
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        self.child = Some(command.stdin(Stdio::null()).stdout(log).stderr(Stdio::null()).spawn().unwrap());
        self.wait_until_it_listens();
    }

    fn wait_until_it_listens(&self) {
        let started = now();
        while TcpStream::connect(self.address()).is_err() || (!self.tls && !self.ask("PING").starts_with("+PONG")) {
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap();
            assert!(started.elapsed() < PATIENCE, "redis-server does not listen: {}", log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills it without a word.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }

    /// Stops it where it stands, connections open; or lets it go on.
    pub(crate) fn freeze(&self, frozen: bool) {
        let signal = if frozen { "-STOP" } else { "-CONT" };
        let process = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", if self.tls { "rediss" } else { "redis" }, self.port)
    }

    /// What it answers to one command, raw, without TLS.
    pub(crate) fn ask(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).unwrap();
        let mut answer = Vec::new();
        // It may end while it starts; then it is asked again.
        drop(stream.read_to_end(&mut answer));
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

#[expect(clippy::disallowed_methods, reason = "how long another process takes is measured, not simulated")]
fn now() -> Instant {
    Instant::now()
}

const PATIENCE: Duration = Duration::from_secs(30);
