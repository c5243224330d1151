//! What the layer adds to a service: refusals, verdicts at hand, verdicts to wait for, permissions.

#![allow(missing_docs, reason = "criterion's macros make public items")]

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use portcullis::identity::jwt::Algorithm;
use support::case::{Case, print_allocations};
use support::ours;
use support::request::Head;
use support::token::Signed;

fn cases() -> Vec<Case> {
    let mut cases = vec![ours::bare_tower(&Head::new())];
    cases.extend(ours::nothing_sent());
    cases.push(ours::garbage(&Signed::new(Algorithm::ES256)));
    cases.extend(ours::accepted());
    cases.extend(ours::permission());
    cases
}

fn bench(criterion: &mut Criterion) {
    let mut cases = cases();
    print_allocations(&mut cases);
    let mut group = criterion.benchmark_group("overhead");
    for case in &mut cases {
        group.bench_function(case.name.clone(), |bencher| bencher.iter_custom(|operations| case.time(operations)));
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
