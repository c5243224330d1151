//! Ten thousand refusals a second for ten seconds: how much is logged, whether the counts add up, and whether memory grows.
//!
//! `cargo bench --bench refusals` prints one table, a row for each second: the refusals, the lines of the log and their bytes, what the
//! process holds, and what it takes to answer one. The log is the `tracing` crate's own format at the most talkative level, kept by
//! a writer that counts; an observer keeps the last hundred records. The wrong tokens are all different. A last line adds up: what
//! was logged, and what the lines say was not.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark reads the clock, stops by panicking and reports by printing"
)]

#[path = "../tests/support/counted_log.rs"]
mod counted_log;

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use counted_log::CountedLog;
use http::{Request, Response};
use portcullis::authenticate::Bearer;
use portcullis::identity::token::TokenVerifier;
use portcullis::observe::RecentRefusals;
use portcullis::response::ResponseBody;
use portcullis::{AuthenticateLayer, ConfigError};
use tower::{Layer, Service, service_fn};

type Answer = Response<ResponseBody<String>>;

const A_SECOND: u64 = 10_000;

fn main() {
    let seconds = if std::env::args().any(|argument| argument == "--test") { 1 } else { 10 };
    let log = CountedLog::start();
    let recent = Arc::new(RecentRefusals::new(100));
    let scheme = Bearer::new("orders", TokenVerifier::new());
    let layer = AuthenticateLayer::builder().scheme(scheme).observer(recent.clone()).build().unwrap();
    let inner = service_fn(async |_: Request<()>| Ok::<_, ConfigError>(Response::new(String::new())));
    let mut service = layer.layer(inner);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();

    println!("| second | refusals | lines | bytes logged | resident | one answer |\n|---:|---:|---:|---:|---:|---:|");
    let (started, mut sent) = (Instant::now(), 0);
    for second in 1..=seconds {
        let (lines, bytes, mut busy) = (log.lines(), log.bytes(), Duration::ZERO);
        for _ in 0..A_SECOND / 100 {
            let begun = Instant::now();
            for _ in 0..100 {
                let request =
                    Request::get("/").header("authorization", format!("Bearer wrong{sent}")).body(()).unwrap();
                let answer: Answer = runtime.block_on(service.call(request)).unwrap();
                assert_eq!(answer.status(), 401);
                sent += 1;
            }
            busy += begun.elapsed();
            // The rate is part of what is measured.
            let due = Duration::from_nanos(sent * 1_000_000_000 / A_SECOND);
            std::thread::sleep(due.saturating_sub(started.elapsed()));
        }
        let (lines, bytes) = (log.lines() - lines, log.bytes() - bytes);
        let each = busy / u32::try_from(A_SECOND).unwrap();
        println!("| {second} | {A_SECOND} | {lines} | {bytes} | {} KiB | {each:?} |", resident());
    }
    // What the last line could not tell yet, the next one that is logged does.
    let logged = log.lines();
    while log.lines() == logged {
        let request = Request::get("/").header("authorization", "Bearer wrong").body(()).unwrap();
        runtime.block_on(service.call(request)).unwrap();
        sent += 1;
    }
    println!("\n{sent} refusals: {} logged, {} told to be unlogged", log.lines(), log.unlogged());
    assert_eq!(log.lines() + log.unlogged(), sent, "the counts are exact");
    assert_eq!(recent.newest_first().len(), 100);
}

fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or_default()
}
