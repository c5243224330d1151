//! A JWT seen for the first time: the verifier and the layer, against the check of its signature alone.

#![allow(missing_docs, reason = "criterion's macros make public items")]

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use support::case::{Case, print_allocations};
use support::ours;
use support::token::{ALGORITHMS, Signed};

fn cases() -> Vec<Case> {
    ALGORITHMS
        .into_iter()
        .map(Signed::new)
        .flat_map(|signed| [ours::raw(&signed), ours::jwt_verifier(&signed), ours::jwt(&signed)])
        .collect()
}

fn bench(criterion: &mut Criterion) {
    let mut cases = cases();
    print_allocations(&mut cases);
    let mut group = criterion.benchmark_group("jwt");
    for case in &mut cases {
        group.bench_function(case.name.clone(), |bencher| bencher.iter_custom(|operations| case.time(operations)));
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
