//! A real PostgreSQL server of a test's own, on a free port, with its data in a folder of its own.

#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::services;

/// It is killed when this is dropped.
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    user: Option<(u32, u32)>,
    settings: Vec<String>,
    child: Option<Child>,
}

impl Postgres {
    /// Starts one, unless there is no program. It writes what was committed to disk before it answers.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// As [`start`](Self::start), with settings such as `log_statement=all`.
    pub(crate) fn start_with(settings: &[&str]) -> Option<Self> {
        let mut postgres = Self::prepare()?;
        postgres.settings.extend(settings.iter().map(|&setting| setting.to_owned()));
        postgres.launch();
        Some(postgres)
    }

    /// As [`start`](Self::start), over the network with TLS alone. Its certificate, in PEM, is in the file of that path.
    pub(crate) fn start_with_tls() -> Option<(Self, PathBuf)> {
        let mut postgres = Self::prepare()?;
        let key = rcgen::generate_simple_self_signed([String::from("localhost")]).unwrap();
        let certificate = postgres.file("cert.pem", &key.cert.pem());
        let key = postgres.file("key.pem", &key.signing_key.serialize_pem());
        let access = postgres.file("access", "local all all trust\nhostssl all all all trust\n");
        for (name, value) in [("ssl_cert_file", &certificate), ("ssl_key_file", &key), ("hba_file", &access)] {
            postgres.settings.push(format!("{name}={}", value.display()));
        }
        postgres.settings.push("ssl=on".into());
        postgres.launch();
        Some((postgres, certificate))
    }

    /// As [`start`](Self::start), over the network with a password, which is that of `postgres`.
    pub(crate) fn start_with_passwords(password: &str) -> Option<Self> {
        let mut postgres = Self::prepare()?;
        let access = postgres.file("access", "local all all trust\nhost all all all scram-sha-256\n");
        postgres.settings.push(format!("hba_file={}", access.display()));
        postgres.launch();
        postgres.ask(&format!("alter role postgres password '{password}'"));
        Some(postgres)
    }

    /// A folder with an empty database in it.
    pub(crate) fn prepare() -> Option<Self> {
        let programs = programs()?;
        let user = if id(&["-u"]) == Some(0) {
            // The server refuses to run as root.
            let ids = id(&["-u", "postgres"]).zip(id(&["-g", "postgres"]));
            Some(ids.or_else(|| services::missing("there is no user postgres to run the server as, and root may not"))?)
        } else {
            None
        };
        let port = services::free_port();
        let folder = TempDir::new().unwrap();
        if let Some((user, group)) = user {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let postgres = Self { programs, folder, port, user, settings: Vec::new(), child: None };
        let mut command = postgres.command("initdb");
        command.args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
            "--wal-segsize=1",
        ]);
        let made = command.arg("--pgdata").arg(postgres.data()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Some(postgres)
    }

    /// A file that the server, and nobody else, may read.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::{PermissionsExt, chown};
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        if let Some((user, group)) = self.user {
            chown(&path, Some(user), Some(group)).unwrap();
        }
        path
    }

    /// Starts it, or starts it again where its data are.
    pub(crate) fn launch(&mut self) {
        let started = now();
        self.child = Some(self.spawn());
        while self.psql("select 1").is_none() {
            assert!(started.elapsed() < PATIENCE, "postgres does not listen: {}", self.log());
            // It refuses to start while one of those that were killed has not quite gone.
            if self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_some()) {
                self.child = Some(self.spawn());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn spawn(&self) -> Child {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        command.arg("-k").arg(self.folder.path()).args(["-c", "max_connections=60", "-c", "fsync=on"]);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        let log = fs::File::options().create(true).append(true).open(self.log_file()).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    /// Kills it without a word, and all that serve connections.
    pub(crate) fn kill(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // Stopped, it starts no more of them.
        signal("-STOP", &[child.id()]);
        signal("-KILL", &children(child.id()));
        drop(child.kill());
        drop(child.wait());
    }

    /// Has it end all connections at once and stop in good order.
    pub(crate) fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        signal("-INT", &[child.id()]);
        child.wait().unwrap();
    }

    /// Stops it where it stands, connections open; or lets it go on.
    pub(crate) fn freeze(&self, frozen: bool) {
        let process = self.child.as_ref().unwrap().id();
        let way = if frozen { "-STOP" } else { "-CONT" };
        signal(way, &[process]);
        signal(way, &children(process));
    }

    /// Over TCP, for the database that every server has.
    pub(crate) fn url(&self) -> String {
        self.url_of("postgres")
    }

    pub(crate) fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Another, empty, database.
    pub(crate) fn create_database(&self, name: &str) -> String {
        self.ask(&format!("create database {name}"));
        self.url_of(name)
    }

    /// What it answers, without titles: a row a line, with `|` between columns.
    #[track_caller]
    pub(crate) fn ask(&self, sql: &str) -> String {
        self.psql(sql).unwrap_or_else(|| panic!("{sql}: {}", self.log()))
    }

    #[track_caller]
    pub(crate) fn ask_of(&self, database: &str, sql: &str) -> String {
        self.psql_of(database, sql).unwrap_or_else(|| panic!("{sql}: {}", self.log()))
    }

    /// All that is in the database, as text.
    pub(crate) fn dump(&self) -> String {
        let mut command = self.command("pg_dump");
        command.args(["--username=postgres", "--inserts", "--port", &self.port.to_string(), "--host"]);
        let output = command.arg(self.folder.path()).arg("postgres").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The bytes of all files, its log of changes included.
    pub(crate) fn files(&self) -> Vec<u8> {
        fn read(folder: &Path, bytes: &mut Vec<u8>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    read(&path, bytes);
                } else if path.is_file() {
                    // One may vanish meanwhile.
                    bytes.extend(fs::read(&path).unwrap_or_default());
                }
            }
        }
        let mut bytes = Vec::new();
        read(self.folder.path(), &mut bytes);
        bytes
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn psql(&self, sql: &str) -> Option<String> {
        self.psql_of("postgres", sql)
    }

    fn psql_of(&self, database: &str, sql: &str) -> Option<String> {
        let mut command = self.command("psql");
        command.args(["--username=postgres", "--no-psqlrc", "-At", "--port", &self.port.to_string(), "--host"]);
        let output = command.arg(self.folder.path()).args([database, "-c", sql]).output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim_end().to_owned())
    }

    /// One of its programs, as the user that it runs as, with nothing of our surroundings that would change what it does.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.folder.path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Where they are: Debian keeps those of the server out of the `PATH`.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).collect::<Vec<_>>();
    let is_complete = |folder: &PathBuf| {
        ["initdb", "pg_dump", "postgres", "psql"].iter().all(|program| folder.join(program).is_file())
    };
    let found = on_path.into_iter().chain(folders.into_iter().rev()).find(is_complete);
    found.or_else(|| services::missing("PostgreSQL is neither on the PATH nor in /usr/lib/postgresql"))
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn signal(signal: &str, processes: &[u32]) {
    let processes: Vec<_> = processes.iter().map(ToString::to_string).collect();
    // Some may have ended meanwhile.
    drop(Command::new("kill").arg(signal).args(processes).stderr(Stdio::null()).status());
}

fn children(parent: u32) -> Vec<u32> {
    let output = Command::new("ps").args(["-o", "pid=", "--ppid", &parent.to_string()]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

#[expect(clippy::disallowed_methods, reason = "how long another process takes is measured, not simulated")]
fn now() -> Instant {
    Instant::now()
}

const PATIENCE: Duration = Duration::from_secs(30);
