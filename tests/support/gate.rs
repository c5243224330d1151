//! The built `gate` as a process of its own, and a plain client for it.

#![allow(dead_code, reason = "each test file uses a part")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// A folder with a configuration and the files it names.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("gate-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn with(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(name, content);
        self
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), content).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// `gate --check` on `gate.toml`: its status, and what it says.
    pub(crate) fn check(&self) -> (Option<i32>, String) {
        let Output { status, stdout, stderr } =
            Command::new(binary()).arg("--check").arg("--config").arg(self.path("gate.toml")).output().unwrap();
        assert!(stdout.is_empty(), "{stdout:?}");
        (status.code(), String::from_utf8(stderr).unwrap())
    }

    /// `gate` with `gate.toml` and these words more: its status, and what it says on stdout and on stderr.
    pub(crate) fn run_with(&self, words: &[&str]) -> (Option<i32>, String, String) {
        let output = Command::new(binary()).args(words).arg("--config").arg(self.path("gate.toml")).output().unwrap();
        let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (output.status.code(), stdout, stderr)
    }

    /// What `gate --explain` says of a raw request, and whether it would pass.
    pub(crate) fn explain(&self, request: &str) -> (bool, String) {
        let mut gate = Command::new(binary());
        gate.arg("--explain").arg("--config").arg(self.path("gate.toml"));
        let mut gate = gate.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        gate.stdin.take().unwrap().write_all(request.as_bytes()).unwrap();
        let Output { status, stdout, .. } = gate.wait_with_output().unwrap();
        let passes = match status.code() {
            Some(0) => true,
            Some(1) => false,
            other => panic!("ended with {other:?}"),
        };
        (passes, String::from_utf8(stdout).unwrap())
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// `gate` without `--check`, for configurations with which it does not start.
    pub(crate) fn run(&self) -> (Option<i32>, String) {
        let output = Command::new(binary()).arg("--config").arg(self.path("gate.toml")).output().unwrap();
        assert!(output.stdout.is_empty());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A running `gate`; it ends with this.
pub(crate) struct Gate {
    child: Child,
    pub(crate) address: SocketAddr,
    admin: Option<SocketAddr>,
    pub(crate) folder: Folder,
}

impl Gate {
    /// Starts `gate` on `gate.toml` of the folder, with the most talkative log.
    pub(crate) fn start(folder: Folder) -> Self {
        let (child, address, admin) = Self::launch(&folder);
        Self { child, address, admin, folder }
    }

    /// Ends it, and starts it again on its folder, at other ports.
    pub(crate) fn restart(&mut self) {
        self.signal("TERM");
        self.child.wait().unwrap();
        (self.child, self.address, self.admin) = Self::launch(&self.folder);
    }

    fn launch(folder: &Folder) -> (Child, SocketAddr, Option<SocketAddr>) {
        let log = File::create(folder.path("log")).unwrap();
        let mut child = Command::new(binary())
            .arg("--config")
            .arg(folder.path("gate.toml"))
            .env("RUST_LOG", "trace")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut address = |prefix: &str| {
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            line.strip_prefix(prefix).and_then(|rest| rest.strip_suffix('\n')).map(|rest| rest.parse().unwrap())
        };
        let listening = address("gate listening on http://");
        let has_admin = fs::read_to_string(folder.path("gate.toml")).unwrap().contains("admin =");
        let admin = has_admin.then(|| address("gate admin on http://").expect("a line with the admin port"));
        let Some(address) = listening else {
            panic!("did not start: {}", fs::read_to_string(folder.path("log")).unwrap());
        };
        (child, address, admin)
    }

    /// Sends `head` (a request line and fields, without the empty line) and `body`, and reads the answer.
    pub(crate) fn send(&self, head: &str, body: &str) -> Answer {
        exchange(self.address, head, body)
    }

    pub(crate) fn get(&self, path: &str, fields: &[&str]) -> Answer {
        self.ask("GET", path, fields)
    }

    pub(crate) fn ask(&self, method: &str, path: &str, fields: &[&str]) -> Answer {
        self.post(method, path, fields, "")
    }

    /// A request with a body.
    pub(crate) fn post(&self, method: &str, path: &str, fields: &[&str], body: &str) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}", self.address);
        for field in fields {
            head.push_str("\r\n");
            head.push_str(field);
        }
        self.send(&head, body)
    }

    pub(crate) fn admin(&self, method: &str, path: &str) -> Answer {
        self.admin_as(&self.admin.unwrap().to_string(), method, path)
    }

    /// The admin port, asked by this name.
    pub(crate) fn admin_as(&self, host: &str, method: &str, path: &str) -> Answer {
        exchange(self.admin.unwrap(), &format!("{method} {path} HTTP/1.1\r\nHost: {host}"), "")
    }

    /// The admin port, with a body.
    pub(crate) fn admin_post(&self, path: &str, fields: &[&str], body: &str) -> Answer {
        let admin = self.admin.unwrap();
        let fields: String = fields.iter().map(|field| format!("\r\n{field}")).collect();
        exchange(admin, &format!("POST {path} HTTP/1.1\r\nHost: {admin}{fields}"), body)
    }

    /// How often what lies behind a rule's path has run.
    pub(crate) fn runs(&self, path: &str) -> u64 {
        self.admin("GET", "/counters").json()[path].as_u64().unwrap()
    }

    /// How often anything has run.
    pub(crate) fn all_runs(&self) -> u64 {
        let counters = self.admin("GET", "/counters").json();
        counters.as_object().unwrap().values().map(|runs| runs.as_u64().unwrap()).sum()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path("log")).unwrap()
    }

    /// Asks for a reload, and waits for what the log says of it: whether it was done.
    pub(crate) fn reload(&self) -> bool {
        let outcomes = || {
            let log = self.log();
            (log.matches("gate::server: reloaded").count(), log.matches("gate::server: not reloaded").count())
        };
        let (started, before) = (now(), outcomes());
        self.signal("HUP");
        wait_until("the reload", || outcomes() != before);
        assert!(started.elapsed() < Duration::from_secs(2), "slow: {:?}", started.elapsed());
        outcomes().0 > before.0
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(status.success());
    }

    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    fields: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// All lines of a field, in order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect()
    }

    /// The one line of a field, or nothing.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() < 2, "{all:?}");
        all.first().copied()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The `code` of a problem document that is whole and about this answer.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.field("content-type"), Some("application/problem+json"), "{self:?}");
        assert_eq!(self.field("cache-control"), Some("no-store"));
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        for member in ["type", "title", "detail", "id"] {
            assert!(problem[member].is_string(), "{member}: {problem}");
        }
        problem["code"].as_str().unwrap().to_owned()
    }
}

/// One request over a connection of its own.
pub(crate) fn exchange(address: SocketAddr, head: &str, body: &str) -> Answer {
    let mut stream = connect(address);
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    stream.write_all(format!("{head}\r\n{length}Connection: close\r\n\r\n{body}").as_bytes()).unwrap();
    read_answer(stream)
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Reads what the server sends until it closes.
pub(crate) fn read_answer(mut stream: TcpStream) -> Answer {
    let mut text = Vec::new();
    stream.read_to_end(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let fields = lines.map(|line| line.split_once(": ").unwrap()).map(|(name, value)| (name.into(), value.into()));
    Answer { status, fields: fields.collect(), body: body.to_owned() }
}

/// Waits for something that another process does; polls, and fails after a while.
pub(crate) fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let started = now();
    while !happened() {
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[expect(clippy::disallowed_methods, reason = "how long another process takes is measured, not simulated")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

const PATIENCE: Duration = Duration::from_secs(30);

/// The example beside the running test. `cargo test` has built it; a run of this test file alone may have to.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.ancestors().nth(2).unwrap();
        let binary = profile.join("examples/gate");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let built = fs::metadata(&binary).and_then(|metadata| metadata.modified()).ok();
        if built.is_none_or(|built| newest(&root.join("src")).max(newest(&root.join("examples/gate"))) > built) {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["build", "--quiet", "--example", "gate"]).current_dir(root);
            if profile.ends_with("release") {
                cargo.arg("--release");
            }
            assert!(cargo.status().unwrap().success(), "the example does not build");
        }
        binary
    })
}

/// When anything below `path` was last written.
fn newest(path: &Path) -> SystemTime {
    if path.is_dir() {
        fs::read_dir(path).unwrap().map(|entry| newest(&entry.unwrap().path())).max().unwrap_or(SystemTime::UNIX_EPOCH)
    } else {
        fs::metadata(path).unwrap().modified().unwrap()
    }
}
