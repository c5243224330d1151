//! Passwords: credentials that were seen before, and a first check beside the argon2 crate alone.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark stops by panicking, and criterion's macros make public items"
)]

mod support;

use std::hint::black_box;

use base64::prelude::{BASE64_STANDARD, Engine};
use criterion::{Criterion, criterion_group, criterion_main};
use http::StatusCode;
use portcullis::Verifier;
use portcullis::authenticate::Basic;
use portcullis::credentials::BasicCredentials;
use portcullis::identity::password::{PasswordMemory, PasswordVerifier, User, Users, hash_password};
use portcullis::identity::throttle::Throttle;
use support::case::{Case, print_allocations};
use support::ours::{bare_tower, layer, tower};
use support::request::Head;

/// Who may log in, by passwords hashed as new ones are.
fn staff() -> PasswordVerifier {
    let mut users = Users::new();
    users.insert("alice", User::new(&hash_password(PASSWORD).unwrap()).unwrap()).unwrap();
    PasswordVerifier::new("orders", users)
}

const PASSWORD: &str = "correct horse battery staple";

fn basic_head() -> Head {
    Head::authorization(&format!("Basic {}", BASE64_STANDARD.encode(format!("alice:{PASSWORD}"))))
}

/// Basic credentials that were seen before, alone and behind a throttle.
fn basic_seen_before() -> Vec<Case> {
    let verifier = staff();
    let first = BasicCredentials::new("alice", PASSWORD).unwrap();
    runtime().block_on(verifier.verify(first)).unwrap();
    let throttled = Throttle::default().around(verifier.clone());
    vec![
        bare_tower(&basic_head()),
        tower("portcullis, Basic seen before", &layer(Basic::new("orders", verifier)), StatusCode::OK, &basic_head()),
        tower(
            "portcullis, Basic seen before, throttled",
            &layer(Basic::new("orders", throttled)),
            StatusCode::OK,
            &basic_head(),
        ),
    ]
}

/// A first check, and the limit: the argon2 crate alone with its memory reused.
fn basic_first() -> Vec<Case> {
    let (verifier, runtime) = (staff().memory(PasswordMemory::off()), runtime());
    let mut blocks = vec![argon2::Block::new(); argon2::Params::DEFAULT.block_count()];
    let engine = argon2::Argon2::default();
    vec![
        Case::new(
            "argon2 crate, memory reused",
            || (),
            move |()| {
                let mut digest = [0; 32];
                let password = black_box(PASSWORD.as_bytes());
                engine.hash_password_into_with_memory(password, &[7; 16], &mut digest, &mut blocks).unwrap();
                black_box(digest);
            },
        )
        .baseline(),
        Case::new(
            "portcullis, first check",
            || BasicCredentials::new("alice", PASSWORD).unwrap(),
            move |credentials| drop(black_box(runtime.block_on(verifier.verify(credentials)).unwrap())),
        ),
    ]
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn bench(criterion: &mut Criterion) {
    let mut seen_before = basic_seen_before();
    print_allocations(&mut seen_before);
    let mut group = criterion.benchmark_group("password");
    for case in &mut seen_before {
        group.bench_function(case.name.clone(), |bencher| bencher.iter_custom(|operations| case.time(operations)));
    }
    group.sample_size(10);
    for case in &mut basic_first() {
        group.bench_function(case.name.clone(), |bencher| bencher.iter_custom(|operations| case.time(operations)));
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
