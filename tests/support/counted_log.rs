//! A log of the whole process of which only the size is kept, and what its lines say was left out.

#![allow(dead_code, reason = "each file uses a part")]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Clone, Default)]
pub(crate) struct CountedLog(Arc<Counts>);

#[derive(Default)]
struct Counts {
    lines: AtomicU64,
    bytes: AtomicU64,
    unlogged: AtomicU64,
}

impl CountedLog {
    /// Counts whatever is logged from here on, at the most talkative level. Once in a process.
    pub(crate) fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        log
    }

    pub(crate) fn lines(&self) -> u64 {
        self.0.lines.load(Ordering::Relaxed)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// How many refusals the lines say were not logged.
    pub(crate) fn unlogged(&self) -> u64 {
        self.0.unlogged.load(Ordering::Relaxed)
    }
}

/// An event is written in one piece.
impl io::Write for CountedLog {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lines.fetch_add(1, Ordering::Relaxed);
        self.0.bytes.fetch_add(line.len() as u64, Ordering::Relaxed);
        let text = String::from_utf8_lossy(line);
        let unlogged = text.split_once("unlogged=").and_then(|(_, rest)| {
            rest.split(|character: char| !character.is_ascii_digit()).next()?.parse::<u64>().ok()
        });
        self.0.unlogged.fetch_add(unlogged.unwrap_or(0), Ordering::Relaxed);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
