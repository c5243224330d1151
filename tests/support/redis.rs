//! A real Redis server of a test's own, on a free port, with its data in a folder of its own.

#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::services;

/// It is killed when this is dropped.
pub(crate) struct Redis {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    /// Where it speaks TLS.
    tls: Option<u16>,
    /// What it is started with beside the rest.
    arguments: Vec<String>,
    child: Option<Child>,
}

impl Redis {
    /// Starts one, unless there is no program. It writes every change to disk before it answers.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// As [`start`](Self::start), with arguments of its own.
    pub(crate) fn start_with(arguments: &[&str]) -> Option<Self> {
        let mut redis = Self::prepare(arguments)?;
        redis.launch();
        Some(redis)
    }

    /// As [`start`](Self::start), and speaks TLS where [`url`](Self::url) says. Returns its certificate in PEM too.
    pub(crate) fn start_with_tls() -> Option<(Self, String)> {
        let mut redis = Self::prepare(&[])?;
        let certificate = Certificate::new();
        redis.speak_tls(&certificate);
        redis.launch();
        Some((redis, certificate.certificate))
    }

    /// One that was not started yet.
    pub(crate) fn prepare(arguments: &[&str]) -> Option<Self> {
        let program = services::program("redis-server")?;
        let arguments = arguments.iter().copied().map(String::from).collect();
        Some(Self {
            program,
            folder: TempDir::new().unwrap(),
            port: services::free_port(),
            tls: None,
            arguments,
            child: None,
        })
    }

    /// Makes it speak TLS from its next start on.
    pub(crate) fn speak_tls(&mut self, certificate: &Certificate) {
        fs::write(self.folder.path().join("cert.pem"), &certificate.certificate).unwrap();
        fs::write(self.folder.path().join("key.pem"), &certificate.key).unwrap();
        self.tls = Some(services::free_port());
    }

    /// Starts it, or starts it again where its data are.
    pub(crate) fn launch(&mut self) {
        let mut command = Command::new(&self.program);
        command.arg("--dir").arg(self.folder.path()).args(["--port", &self.port.to_string()]);
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", "always"]);
        if let Some(port) = self.tls {
            command.args([
                "--tls-port",
                &port.to_string(),
                "--tls-auth-clients",
                "no",
                "--tls-ca-cert-file",
                "cert.pem",
            ]);
            command.args(["--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem"]);
        }
        command.args(&self.arguments);
        self.spawn(command);
    }

    /// Starts it as a sentinel, with `config` in its file.
    pub(crate) fn launch_as_sentinel(&mut self, config: &str) {
        let file = self.folder.path().join("sentinel.conf");
        fs::write(&file, format!("port {}\nbind 127.0.0.1\n{config}", self.port)).unwrap();
        let mut command = Command::new(&self.program);
        command.arg(file).arg("--sentinel").arg("--dir").arg(self.folder.path());
        self.spawn(command);
    }

    fn spawn(&mut self, mut command: Command) {
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        self.child = Some(command.stdin(Stdio::null()).stdout(log).stderr(Stdio::null()).spawn().unwrap());
        self.wait_until("+PONG", "PING");
    }

    /// Waits until what it answers to `command` has `expected` in it.
    pub(crate) fn wait_until(&self, expected: &str, command: &str) {
        let started = now();
        loop {
            let answer = TcpStream::connect(self.address()).map(|_| self.ask(command)).unwrap_or_default();
            if answer.contains(expected) {
                return;
            }
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap();
            assert!(started.elapsed() < PATIENCE, "{expected:?} not in {answer:?} to {command}: {}", log());
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
        format!("{}://127.0.0.1:{}", if self.tls.is_some() { "rediss" } else { "redis" }, self.listening())
    }

    /// Where clients and other nodes reach it, with TLS if it speaks that.
    pub(crate) fn listening(&self) -> u16 {
        self.tls.unwrap_or(self.port)
    }

    /// Where it speaks without TLS.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Where its data are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it answers to one command, raw, without TLS.
    pub(crate) fn ask(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        // A sentinel knows no QUIT; so what comes after the answer says where it ends. It may also end while it starts.
        drop(stream.write_all(format!("{command}\r\nPING {END}\r\n").as_bytes()));
        let (mut answer, mut part) = (String::new(), [0; 4096]);
        while let Ok(read @ 1..) = stream.read(&mut part) {
            answer.push_str(&String::from_utf8_lossy(&part[..read]));
            // Then it answers nothing else.
            if answer.starts_with("-LOADING") {
                break;
            }
            if let Some(whole) = answer.strip_suffix(&format!("${}\r\n{END}\r\n", END.len())) {
                return String::from(whole);
            }
        }
        answer
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }
}

/// That of servers on this machine, signed by itself.
pub(crate) struct Certificate {
    pub(crate) certificate: String,
    key: String,
}

impl Certificate {
    pub(crate) fn new() -> Self {
        let key = rcgen::generate_simple_self_signed([String::from("127.0.0.1")]).unwrap();
        Self { certificate: key.cert.pem(), key: key.signing_key.serialize_pem() }
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

const END: &str = "that-was-all-of-it";
const PATIENCE: Duration = Duration::from_secs(30);
