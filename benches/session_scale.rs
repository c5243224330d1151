//! How sessions in memory grow: what each takes, what finding one costs among a thousand to a million, and how long a sweep
//! keeps a request waiting.
//!
//! `cargo bench --bench session_scale` prints one table. Sessions are asked for in an order that no cache foresees, by the
//! verifier alone. The pause is the longest that one thread waited for a verdict while another swept away every second
//! session; how long the first thread waits with nobody sweeping, for the system's own reasons, stands beside it.

#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark stops by panicking and reports by printing"
)]

#[path = "../tests/support/at_once.rs"]
mod at_once;

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use at_once::at_once;
use portcullis::clock::{Clock, ManualClock, SystemClock};
use portcullis::credentials::SessionId;
use portcullis::identity::session::{MemoryStore, SessionStart, Sessions};
use portcullis::{Identity, Verifier};

fn main() {
    // With `--test`, as CI runs it, a small one shows that it works.
    let is_test = std::env::args().any(|argument| argument == "--test");
    let counts: &[usize] = if is_test { &[1_000] } else { &[1_000, 10_000, 100_000, 1_000_000] };
    println!("| live sessions | bytes each | finding one | longest wait, nobody sweeping | longest wait, sweeping |");
    println!("|---:|---:|---:|---:|---:|");
    for &count in counts {
        let row = measure(count);
        println!("| {count} | {} | {:?} | {:?} | {:?} |", row.bytes, row.finding, row.calm, row.pause);
    }
}

struct Row {
    bytes: i64,
    finding: Duration,
    calm: Duration,
    pause: Duration,
}

fn measure(count: usize) -> Row {
    let clock = ManualClock::at(SystemClock.now());
    let (mut sessions, mut ids) = (None, Vec::with_capacity(count));
    let bytes = allocation_counter::measure(|| {
        let store = MemoryStore::with_limit(count).unwrap();
        let begun = Sessions::builder(store).clock(clock.clone()).build().unwrap();
        for number in 0..count {
            let user = Identity::assertion("orders", format!("user-{number}")).scopes(["orders:read"]);
            let started = at_once(begun.create(&user.authenticated_now().build(), SessionStart::new())).unwrap();
            ids.push(started.into_id());
        }
        sessions = Some(begun);
    });
    let sessions = sessions.unwrap();
    let finding = finding(&sessions, &ids);
    // The second half is used in between, and lives on when the first is swept away.
    clock.advance(Duration::from_secs(20 * 60));
    let live = ids.split_off(count / 2);
    live.iter().for_each(|id| drop(sessions.verify_now(id).unwrap().unwrap()));
    let calm = longest_wait(&sessions, &live, || thread::sleep(Duration::from_millis(200)));
    clock.advance(Duration::from_secs(15 * 60));
    let mut swept = 0;
    let pause = longest_wait(&sessions, &live, || swept = at_once(sessions.sweep()).unwrap());
    assert_eq!(swept, count / 2);
    Row { bytes: bytes.bytes_current / count as i64, finding, calm, pause }
}

/// The median of many rounds.
fn finding(sessions: &Sessions, ids: &[SessionId]) -> Duration {
    let mut index = 0;
    let mut round = || {
        let start = now();
        for _ in 0..ROUND {
            index = (index + 7_919) % ids.len();
            black_box(sessions.verify_now(&ids[index]).unwrap().unwrap());
        }
        start.elapsed() / ROUND
    };
    let mut rounds: Vec<_> = (0..101).map(|_| round()).collect();
    rounds.sort_unstable();
    rounds[rounds.len() / 2]
}

/// The longest that a verdict took while `meanwhile` ran.
fn longest_wait(sessions: &Sessions, ids: &[SessionId], meanwhile: impl FnOnce()) -> Duration {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let (mut longest, mut index) = (Duration::ZERO, 0);
            while !over.load(Ordering::Relaxed) {
                index = (index + 7_919) % ids.len();
                let start = now();
                black_box(sessions.verify_now(&ids[index]).unwrap().unwrap());
                longest = longest.max(start.elapsed());
            }
            longest
        });
        meanwhile();
        over.store(true, Ordering::Relaxed);
        asking.join().unwrap()
    })
}

#[expect(clippy::disallowed_methods, reason = "measuring is reading the clock")]
fn now() -> Instant {
    Instant::now()
}

const ROUND: u32 = 1_000;
