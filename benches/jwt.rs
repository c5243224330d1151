//! A JWT seen for the first time: the verifier and the layer, against the check of its signature alone. And seen before:
//! against the bare service.

#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark stops by panicking, and criterion's macros make public items"
)]

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use support::case::{Case, print_allocations};
use support::ours;
use support::seen::{self, Live};
use support::token::{ALGORITHMS, Signed};

fn for_the_first_time() -> Vec<Case> {
    ALGORITHMS
        .into_iter()
        .map(Signed::new)
        .flat_map(|signed| [ours::raw(&signed), ours::jwt_verifier(&signed), ours::jwt(&signed)])
        .collect()
}

/// Of a thousand tokens; the tables in `peers` have ten thousand.
fn before() -> Vec<Case> {
    let live = Live::signed(1_000);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let mut cases = runtime.expect("a runtime").block_on(seen::seen(&live));
    cases.push(seen::remembering(&live));
    cases
}

fn bench(criterion: &mut Criterion) {
    for (name, mut cases) in [("jwt", for_the_first_time()), ("jwt seen before", before())] {
        print_allocations(&mut cases);
        let mut group = criterion.benchmark_group(name);
        for case in &mut cases {
            group.bench_function(case.name.clone(), |bencher| bencher.iter_custom(|operations| case.time(operations)));
        }
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
