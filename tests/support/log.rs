//! What the operator would read: the events of one test.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

thread_local! {
    /// The events of this thread; each test has a thread of its own.
    static EVENTS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Events;

impl io::Write for Events {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        EVENTS.with_borrow_mut(|events| events.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The log of one test.
pub(crate) struct Log;

impl Log {
    /// Collects the events of this thread from here on. One subscriber serves all tests: were each to bring its own, the
    /// first event of one could be switched off for all by another that has none yet.
    pub(crate) fn start() -> Self {
        static SUBSCRIBER: Once = Once::new();
        SUBSCRIBER.call_once(|| {
            tracing_subscriber::fmt()
                .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
                .with_ansi(false)
                .with_writer(|| Events)
                .init();
        });
        EVENTS.take();
        Self
    }

    /// What was collected.
    pub(crate) fn text(self) -> String {
        String::from_utf8(EVENTS.take()).unwrap()
    }
}
