//! Sessions in memory, found by the cookie of a request among ten thousand.

#![allow(missing_docs, reason = "criterion's macros make public items")]

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use support::case::{Case, print_allocations};
use support::ours;

fn cases() -> Vec<Case> {
    let sessions = ours::Sessions::new(ours::LIVE);
    let mut cases = ours::sessions_tower(&sessions);
    cases.extend(ours::sessions_axum(&sessions));
    cases
}

fn bench(criterion: &mut Criterion) {
    let mut cases = cases();
    print_allocations(&mut cases);
    let mut group = criterion.benchmark_group("session");
    for case in &mut cases {
        group.bench_function(case.name.clone(), |bencher| bencher.iter_custom(|operations| case.time(operations)));
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
