//! What some tests need beside the clone: programs by others, their packages, files. Where one is missing, a test says on
//! stderr that it is skipped, and passes; with `PORTCULLIS_REQUIRE_SERVICES=1`, which `.ci/run` sets, it fails.
//!
//! ```ignore
//! let Some(envoy) = services::program("envoy") else { return };
//! ```

#![allow(dead_code, reason = "each test file uses a part")]

use std::env;
use std::fmt::Display;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

/// The program of this name on the `PATH`.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    found.or_else(|| missing(format_args!("{name} is not on the PATH")))
}

/// Node, if the packages that `tests/node/package-lock.json` pins are installed (`npm ci` in that folder).
pub(crate) fn node() -> Option<PathBuf> {
    let packages = node_folder().join("node_modules");
    if !packages.is_dir() {
        return missing("tests/node/node_modules is not there; run `npm ci` in tests/node");
    }
    program("node")
}

/// Python with the packages that `tests/python/requirements.txt` pins: that of `.venv`, where `.ci/run` installs them, else the
/// one on the `PATH`.
pub(crate) fn python() -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python");
    let python = if own.is_file() { own } else { program("python3")? };
    let imports = Command::new(&python).args(["-c", "import aiohttp, httpx, prometheus_client, requests"]).output();
    if imports.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    missing("Python lacks packages; run `pip install -r tests/python/requirements.txt`")
}

/// Where the scripts for Node are.
pub(crate) fn node_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node")
}

/// A port that nobody listens at, and that this gives to nobody else. It lies below those that the system gives to
/// connections, one of which would else take it before a server does.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Other test processes begin elsewhere.
    let start = u16::try_from(std::process::id() * 131 % 16_000).unwrap();
    loop {
        let port = 15_000 + start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 16_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Nothing, said aloud; or the end of the test, where all services must be there.
#[track_caller]
pub(crate) fn missing<T>(what: impl Display) -> Option<T> {
    let required = env::var_os("PORTCULLIS_REQUIRE_SERVICES").is_some_and(|value| value == "1");
    assert!(!required, "PORTCULLIS_REQUIRE_SERVICES is 1, and {what}");
    eprintln!("skipped: {what}");
    None
}
