//! One thing to measure: what is prepared, and what of it is timed and counted.

use std::fmt;
use std::time::{Duration, Instant};

/// Inputs are made this many at a time, outside the timed region: few enough to stay in the nearest cache.
pub(crate) const BATCH: u64 = 16;

/// Runs a batch, with the part that counts inside the given wrapper.
type Batch = Box<dyn FnMut(&mut dyn FnMut(&mut dyn FnMut()))>;

pub(crate) struct Case {
    pub(crate) name: String,
    /// What the cases after it are compared with.
    pub(crate) is_baseline: bool,
    batch: Batch,
}

/// Per operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allocations {
    pub(crate) count: f64,
    pub(crate) bytes: f64,
}

impl Case {
    /// `run` is what is measured; it also destroys what it was given and what it made.
    pub(crate) fn new<I: 'static>(
        name: impl Into<String>,
        mut prepare: impl FnMut() -> I + 'static,
        mut run: impl FnMut(I) + 'static,
    ) -> Self {
        let batch: Batch = Box::new(move |around| {
            let mut inputs: Vec<I> = (0..BATCH).map(|_| prepare()).collect();
            around(&mut || inputs.drain(..).for_each(&mut run));
        });
        Self { name: name.into(), is_baseline: false, batch }
    }

    pub(crate) fn baseline(mut self) -> Self {
        self.is_baseline = true;
        self
    }

    /// How long `operations` of them take.
    pub(crate) fn time(&mut self, operations: u64) -> Duration {
        let mut total = Duration::ZERO;
        let batches = operations.div_ceil(BATCH);
        for _ in 0..batches {
            (self.batch)(&mut |region| allocation_counter::opt_out(|| total += timed(region)));
        }
        total.mul_f64(operations as f64 / (batches * BATCH) as f64)
    }

    /// What one of them allocates, once whatever is made on first use has been made.
    pub(crate) fn allocations(&mut self) -> Allocations {
        (self.batch)(&mut |region| region());
        let mut count = Allocations { count: 0.0, bytes: 0.0 };
        (self.batch)(&mut |region| {
            let info = allocation_counter::measure(region);
            let per_operation = |total: u64| total as f64 / BATCH as f64;
            count = Allocations { count: per_operation(info.count_total), bytes: per_operation(info.bytes_total) };
        });
        count
    }
}

/// A function of its own so that a profiler can be told to look at nothing else.
#[inline(never)]
#[expect(clippy::disallowed_methods, reason = "measuring is reading the clock")]
fn timed(region: &mut dyn FnMut()) -> Duration {
    let start = Instant::now();
    region();
    start.elapsed()
}

impl fmt::Display for Allocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = usize::from(self.count.fract() > 0.0);
        write!(f, "{:.digits$} ({:.0})", self.count, self.bytes)
    }
}

/// One row per case.
pub(crate) fn print_allocations(cases: &mut [Case]) {
    println!("\n| case | allocations (bytes) per operation |\n|---|---:|");
    for case in cases {
        let allocations = case.allocations();
        println!("| {} | {allocations} |", case.name);
    }
    println!();
}
