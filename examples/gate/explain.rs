//! `--explain`: one request from stdin, and what would become of it, step by step. Nothing runs but the judging.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::connection;
use crate::gate::Gate;

/// What would become of a request.
pub(crate) struct Verdict {
    pub(crate) passes: bool,
    /// A line for each step.
    pub(crate) steps: Vec<String>,
}

impl Verdict {
    pub(crate) fn passes(step: impl Into<String>) -> Self {
        Self { passes: true, steps: vec![step.into()] }
    }

    pub(crate) fn refused(step: impl Into<String>) -> Self {
        Self { passes: false, steps: vec![step.into()] }
    }

    /// The same, but refused in the end where there is a `fault`.
    pub(crate) fn unless(mut self, fault: Option<impl Into<String>>) -> Self {
        if let Some(fault) = fault.filter(|_| self.passes) {
            self.passes = false;
            self.steps.push(fault.into());
        }
        self
    }

    /// The same after a step that came before.
    pub(crate) fn after(mut self, step: impl Into<String>) -> Self {
        self.steps.insert(0, step.into());
        self
    }
}

/// Reads a request and prints the verdict.
#[tokio::main]
pub(crate) async fn explain(gate: Gate) -> io::Result<ExitCode> {
    let mut raw = Vec::new();
    io::stdin().lock().take(MAX_REQUEST).read_to_end(&mut raw)?;
    // The beginning of HTTP/2 is followed by frames, which nobody types.
    let is_none = raw.trim_ascii().is_empty() || raw.starts_with(b"PRI * HTTP/2");
    let verdict = if is_none { unreadable() } else { judge(gate, with_line_ends(raw)).await? };
    let mut stdout = io::stdout().lock();
    for step in &verdict.steps {
        writeln!(stdout, "{step}")?;
    }
    writeln!(stdout, "{}", if verdict.passes { "verdict: would pass" } else { "verdict: refused" })?;
    Ok(if verdict.passes { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// More than a head may have; of a body nothing is read.
const MAX_REQUEST: u64 = 256 * 1024;

/// The request is read by what reads those of the port, so that what it refuses is refused here.
async fn judge(gate: Gate, raw: Vec<u8>) -> io::Result<Verdict> {
    gate.reach_out();
    let gate = Arc::new(gate);
    let (sender, mut verdicts) = mpsc::channel(1);
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    let connections = GracefulShutdown::new();
    let answer = move |request: Request<Incoming>| {
        let (gate, sender) = (Arc::clone(&gate), sender.clone());
        async move {
            let verdict = gate.explain(request.map(drop), IpAddr::V4(Ipv4Addr::LOCALHOST)).await;
            // Of several requests the first is meant.
            drop(sender.try_send(verdict));
            Response::new(Body::empty())
        }
    };
    let served = tokio::spawn(connection::serve(server, answer, connections.watcher()));
    // Whoever stops reading has read enough. The connection stays open, as a client's does that waits for its answer.
    drop(client.write_all(&raw).await);
    let mut answered = Vec::new();
    tokio::select! {
        // Who has nothing more to say would else be waited for.
        () = tokio::time::sleep(PATIENCE) => {}
        verdict = verdicts.recv() => return Ok(verdict.unwrap_or_else(unreadable)),
        // Answered without having been asked: it was not understood.
        read = client.read_to_end(&mut answered) => { read?; }
    }
    served.abort();
    Ok(verdicts.try_recv().unwrap_or_else(|_| unreadable()))
}

/// Longer than any store or issuer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

fn unreadable() -> Verdict {
    Verdict::refused(
        "request: refused, 400: it cannot be read as HTTP/1.1. Begin with a line such as \
         \"GET /orders HTTP/1.1\", then \"Host: localhost\" and the other fields, and end with an empty line.",
    )
}

/// Lines as they are typed end in LF alone, and the empty line at the end is easily forgotten.
fn with_line_ends(raw: Vec<u8>) -> Vec<u8> {
    let position = |pattern: &[u8]| raw.windows(pattern.len()).position(|window| window == pattern);
    if position(b"\r\n\r\n").is_some() {
        return raw;
    }
    let end = position(b"\n\n").unwrap_or(raw.len());
    let (head, body) = raw.split_at(end);
    let mut request = Vec::with_capacity(raw.len() + 64);
    for line in head.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)) {
        if !line.is_empty() {
            request.extend_from_slice(line);
            request.extend_from_slice(b"\r\n");
        }
    }
    request.extend_from_slice(b"\r\n");
    request.extend_from_slice(body.strip_prefix(b"\n\n").unwrap_or(body));
    request
}
