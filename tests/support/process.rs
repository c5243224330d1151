//! A program by others that a test runs: started on 127.0.0.1, watched, and stopped with the test.

#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tempfile::NamedTempFile;
use tokio::net::TcpStream;

/// It is killed when this is dropped. What it writes to stderr is kept for messages.
pub(crate) struct Process {
    child: Child,
    log: NamedTempFile,
    /// Open as long as this lives: a program that ends with its stdin ends even if the test is killed.
    _stdin: ChildStdin,
    stdout: Option<BufReader<ChildStdout>>,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        let log = NamedTempFile::new().unwrap();
        let stderr = Stdio::from(log.reopen().unwrap());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = child.stdout.take().map(BufReader::new);
        Self { child, log, _stdin: stdin, stdout }
    }

    /// The next line of its stdout, with a bound on the wait. It has ended if there is none.
    pub(crate) async fn line(&mut self) -> String {
        let mut stdout = self.stdout.take().unwrap();
        let read = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            (line, stdout)
        });
        let Ok(read) = tokio::time::timeout(PATIENCE, read).await else { panic!("no line from {}", self.log()) };
        let (line, stdout) = read.unwrap();
        self.stdout = Some(stdout);
        line.strip_suffix('\n').unwrap_or_else(|| panic!("it has ended: {}", self.log())).to_owned()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log.path()).unwrap()
    }

    /// Polls until `happened`, with a bound; fails at once if the program ends.
    pub(crate) async fn wait_until(&mut self, what: &str, mut happened: impl AsyncFnMut() -> bool) {
        let started = now();
        while !happened().await {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "ended with {ended:?} before {what}: {}", self.log());
            assert!(started.elapsed() < PATIENCE, "waited in vain for {what}: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// One request over a connection of its own. `None`: nobody listens there.
pub(crate) async fn ask(address: SocketAddr, mut request: Request<Full<Bytes>>) -> Option<Response<Bytes>> {
    request.headers_mut().entry(HOST).or_insert_with(|| HeaderValue::try_from(address.to_string()).unwrap());
    let exchange = async {
        let stream = TcpStream::connect(address).await.ok()?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let (head, body) = sender.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        connection.abort();
        Some(Response::from_parts(head, body))
    };
    let Ok(response) = tokio::time::timeout(PATIENCE, exchange).await else { panic!("no answer from {address}") };
    response
}

#[expect(clippy::disallowed_methods, reason = "how long another process takes is measured, not simulated")]
fn now() -> Instant {
    Instant::now()
}

/// Long for a program on a busy machine, short for somebody who waits for a test that hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
