//! What two threads do in the time of one: on tokens that were seen before, on the bare service, and on nothing but
//! arithmetic, which is the most that the machine has to give.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

use portcullis::authenticate::Bearer;
use portcullis::identity::jwt::JwtVerifier;
use tower::Layer;

use crate::support::ours::{self, layer};
use crate::support::request::{Bare, Body, Head, call};
use crate::support::seen::Live;
use crate::table::{quantile, waited};

/// Makes the work of one thread; the number says of which.
type Work<'w> = Box<dyn Fn(usize) -> Box<dyn FnMut(usize) + Send + 'w> + Sync + 'w>;

pub(crate) fn print() {
    let live = Live::padded(ours::LIVE);
    let verifier = live.verifier();
    let mut tokens = Vec::new();
    live.tokens.for_each(|token| tokens.push(token.to_owned()));
    let works = [
        ("arithmetic", arithmetic()),
        ("bare tower service", served(&tokens, None)),
        ("**portcullis**, seen before", served(&tokens, Some(&verifier))),
        ("**portcullis**, seen before, verifier alone", verified(&tokens, &verifier)),
    ];
    println!("\n| what each thread does | one thread | two threads | two in the time of one | p10 – p90 |");
    println!("|---|---:|---:|---:|---:|");
    let mut rounds = vec![Vec::new(); works.len()];
    for _ in 0..ROUNDS {
        for ((_, work), rounds) in works.iter().zip(&mut rounds) {
            rounds.push((undisturbed(work, 1), undisturbed(work, 2)));
        }
    }
    for ((name, _), rounds) in works.iter().zip(&rounds) {
        let of = |value: fn(&(f64, f64)) -> f64, part| quantile(rounds.iter().map(value).collect(), part);
        let scale = |part| of(|(one, two)| 2.0 * one / two, part);
        println!(
            "| {name} | {:.0} ns | {:.0} ns | {:.2} | {:.2} – {:.2} |",
            of(|(one, _)| *one, 0.5),
            of(|(_, two)| *two, 0.5),
            scale(0.5),
            scale(0.1),
            scale(0.9)
        );
    }
}

fn arithmetic<'w>() -> Work<'w> {
    Box::new(|_| {
        Box::new(|operations| {
            let mut number = black_box(1_u64);
            for _ in 0..operations * 100 {
                number = number.wrapping_mul(6_364_136_223_846_793_005) ^ (number >> 29);
            }
            black_box(number);
        })
    })
}

/// Requests with tokens of its own, made on the way, through one layer.
fn served<'w>(tokens: &'w [String], verifier: Option<&JwtVerifier>) -> Work<'w> {
    let layer = verifier.map(|verifier| layer(Bearer::new("orders", verifier.clone())));
    Box::new(move |thread| {
        let mut own = own(tokens, thread);
        let guarded = layer.as_ref().map(|layer| layer.layer(Bare::<Body>::new()));
        Box::new(move |operations| {
            let (mut bare, mut guarded) = (Bare::<Body>::new(), guarded.clone());
            for token in own.by_ref().take(operations) {
                let request = Head::bearer(token).request();
                match &mut guarded {
                    Some(guarded) => drop(black_box(call(guarded, request))),
                    None => drop(black_box(call(&mut bare, request))),
                }
            }
        })
    })
}

fn verified<'w>(tokens: &'w [String], verifier: &JwtVerifier) -> Work<'w> {
    let verifier = verifier.clone();
    Box::new(move |thread| {
        let (mut own, verifier) = (own(tokens, thread), verifier.clone());
        Box::new(move |operations| {
            for token in own.by_ref().take(operations) {
                drop(black_box(verifier.verify_token(token).expect("a good token")));
            }
        })
    })
}

/// Every other token, for ever, with a stride that reaches all of them.
fn own(tokens: &[String], thread: usize) -> impl Iterator<Item = &String> + Send {
    let half = tokens.len() / 2;
    (0..).map(move |step: usize| &tokens[2 * (step * 7_919 % half) + thread])
}

/// Nanoseconds per operation of each of `threads` at once. Where one of them had to wait for a core to run on, that says
/// nothing, and is tried again.
fn undisturbed(work: &Work<'_>, threads: usize) -> f64 {
    let mut tries = (0..TRIES).map(|_| time(work, threads));
    tries.find_map(|(nanoseconds, waited)| (waited < 0.01).then_some(nanoseconds)).expect("a core for each thread")
}

/// Nanoseconds per operation, and the part of the time that threads waited for a core.
#[expect(clippy::disallowed_methods, reason = "measuring is reading the clock")]
fn time(work: &Work<'_>, threads: usize) -> (f64, f64) {
    let start = Barrier::new(threads);
    let timed = |thread| {
        let mut work = work(thread);
        work(OPERATIONS / 10);
        start.wait();
        let (begun, before) = (Instant::now(), waited());
        work(OPERATIONS);
        (begun.elapsed().as_nanos() as f64, waited() - before)
    };
    let times: Vec<(f64, f64)> = std::thread::scope(|scope| {
        let timed = &timed;
        let threads: Vec<_> = (0..threads).map(|thread| scope.spawn(move || timed(thread))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread that ends")).collect()
    });
    let (total, waited) = times.iter().fold((0.0, 0.0), |sum, time| (sum.0 + time.0, sum.1 + time.1));
    (total / (threads * OPERATIONS) as f64, waited / total)
}

const ROUNDS: usize = 21;
const TRIES: usize = 4_000;
const OPERATIONS: usize = 5_000;
