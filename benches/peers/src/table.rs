//! Sampling and the tables.

use crate::support::case::{Allocations, Case};

pub(crate) struct Group {
    pub(crate) title: String,
    pub(crate) cases: Vec<Case>,
}

impl Group {
    pub(crate) fn new(title: impl Into<String>, cases: Vec<Case>) -> Self {
        Self { title: title.into(), cases }
    }
}

/// One case and what is known of it.
struct Row<'c> {
    case: &'c mut Case,
    allocations: Allocations,
    /// How many operations fill a round.
    operations: u64,
    /// Nanoseconds per operation, one sample per round.
    samples: Vec<f64>,
}

/// Samples all cases of all groups in turn, so that a busy moment of the machine meets all of them, and prints a table
/// for each group.
pub(crate) fn measure(groups: &mut [Group]) {
    let mut tables: Vec<(&str, Vec<Row<'_>>)> = Vec::new();
    for group in groups {
        tables.push((&group.title, group.cases.iter_mut().map(Row::new).collect()));
    }
    for round in 0..=ROUNDS {
        for row in tables.iter_mut().flat_map(|(_, rows)| rows) {
            let sample = row.sample();
            // The first one warms caches up.
            if round > 0 {
                row.samples.push(sample);
            }
        }
    }
    for (title, rows) in &tables {
        print(title, rows);
    }
}

impl<'c> Row<'c> {
    fn new(case: &'c mut Case) -> Self {
        let allocations = case.allocations();
        let estimate = case.time(256).as_nanos() as u64 / 256;
        Self { case, allocations, operations: ROUND_NANOSECONDS / estimate.max(1) + 1, samples: Vec::new() }
    }

    fn sample(&mut self) -> f64 {
        let nanoseconds = undisturbed(|| self.case.time(self.operations).as_nanos() as f64);
        nanoseconds / self.operations as f64
    }

    fn quantile(&self, part: f64) -> f64 {
        quantile(self.samples.clone(), part)
    }
}

/// Measures again where the thread had to wait for a core meanwhile, as long as there is hope.
fn undisturbed(mut measure: impl FnMut() -> f64) -> f64 {
    let mut once = || {
        let before = waited();
        let nanoseconds = measure();
        (nanoseconds, waited() - before)
    };
    let mut last = once();
    for _ in 0..TRIES {
        if last.1 < last.0 / 100.0 {
            break;
        }
        last = once();
    }
    last.0
}

/// Nanoseconds that this thread was ready to run and did not (proc(5), `schedstat`).
pub(crate) fn waited() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux says it");
    text.split_whitespace().nth(1).and_then(|field| field.parse().ok()).expect("a number")
}

/// The value that `part` of all lie below.
pub(crate) fn quantile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * part).round() as usize]
}

fn print(title: &str, rows: &[Row<'_>]) {
    println!("\n### {title}\n");
    println!("| case | median | p10 – p90 | over baseline | × baseline | allocations (bytes) |");
    println!("|---|---:|---:|---:|---:|---:|");
    let mut baseline = 0.0;
    for row in rows {
        let median = row.quantile(0.5);
        let (low, high) = (time(row.quantile(0.1)), time(row.quantile(0.9)));
        let (name, allocations) = (row.case.name.replace("portcullis", "**portcullis**"), row.allocations);
        let compared = if row.case.is_baseline {
            baseline = median;
            " | ".to_owned()
        } else {
            format!("{} | {:.2}", difference(median - baseline), median / baseline)
        };
        println!("| {name} | {} | {low} – {high} | {compared} | {allocations} |", time(median));
    }
}

fn difference(nanoseconds: f64) -> String {
    let sign = if nanoseconds < 0.0 { "−" } else { "+" };
    format!("{sign}{}", time(nanoseconds.abs()))
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1_000.0 => format!("{nanoseconds:.0} ns"),
        ..10_000.0 => format!("{:.2} µs", nanoseconds / 1e3),
        _ => format!("{:.1} µs", nanoseconds / 1e3),
    }
}

const ROUNDS: usize = 61;
const TRIES: usize = 4;
const ROUND_NANOSECONDS: u64 = 2_000_000;
