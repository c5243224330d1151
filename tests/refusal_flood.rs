//! However fast refusals come: the log stays small and its counts exact, memory stays flat, and who observes misses none.

#![cfg(all(feature = "token", feature = "tracing"))]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support {
    pub(crate) mod at_once;
    pub(crate) mod counted_log;
}

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{Request, Response};
use portcullis::authenticate::Bearer;
use portcullis::clock::{Clock, SystemClock};
use portcullis::identity::token::TokenVerifier;
use portcullis::observe::{Decision, Event, Observer, RecentRefusals};
use portcullis::{AuthenticateLayer, ConfigError};
use support::at_once::at_once;
use support::counted_log::CountedLog;
use tower::{Layer, Service, service_fn};

/// Counts, and keeps the last hundred.
struct Heard {
    decisions: AtomicU64,
    events: AtomicU64,
    recent: RecentRefusals,
}

impl Observer for Heard {
    fn decided(&self, decision: &Decision<'_>) {
        self.decisions.fetch_add(1, Ordering::Relaxed);
        self.recent.decided(decision);
    }

    fn happened(&self, event: &Event<'_>) {
        assert!(matches!(event, Event::Refused(_)));
        self.events.fetch_add(1, Ordering::Relaxed);
    }
}

const FLOOD: u64 = 100_000;

/// The whole file is one test: the log is that of the process.
#[test]
fn a_flood_of_refusals_is_counted_exactly_logged_in_few_lines_and_held_by_nobody() {
    let log = CountedLog::start();
    let recent = RecentRefusals::new(100);
    let heard = Arc::new(Heard { decisions: AtomicU64::new(0), events: AtomicU64::new(0), recent });
    let scheme = Bearer::new("orders", TokenVerifier::new());
    let layer = AuthenticateLayer::builder().scheme(scheme).observer(heard.clone()).log_at_most(5).build().unwrap();
    let inner = service_fn(async |_: Request<()>| Ok::<_, ConfigError>(Response::new(String::new())));
    let mut service = layer.layer(inner);
    let mut refuse = |number: u64| {
        let request = Request::get("/").header("authorization", format!("Bearer wrong{number}")).body(()).unwrap();
        assert_eq!(at_once(service.call(request)).unwrap().status(), 401);
    };
    // What is made once: the tables, the buffers of the log, the hundred records.
    (0..200).for_each(&mut refuse);

    let began = SystemClock.monotonic();
    let held = allocation_counter::measure(|| (200..FLOOD).for_each(&mut refuse));
    let seconds = (SystemClock.monotonic() - began).as_secs() + 2;
    assert!(held.bytes_current.abs() < 64 * 1024, "{} bytes are held for {FLOOD} refusals", held.bytes_current);
    assert!(log.lines() <= 5 * (seconds + 1), "{} lines in {seconds} s", log.lines());

    // What was not logged last, the next line tells.
    let (mut sent, logged) = (FLOOD, log.lines());
    while log.lines() == logged {
        refuse(sent);
        sent += 1;
    }
    assert_eq!(log.lines() + log.unlogged(), sent);
    assert_eq!(heard.decisions.load(Ordering::Relaxed), sent);
    assert_eq!(heard.events.load(Ordering::Relaxed), sent);
    assert_eq!(heard.recent.newest_first().len(), 100);
}
