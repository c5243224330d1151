//! Failures that many processes count together in a real Redis server: at one instant, over a restart, and without it.

#![cfg(all(feature = "redis", feature = "password"))]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support {
    pub(crate) mod redis;
    pub(crate) mod services;
}

use std::sync::Arc;
use std::time::Duration;

use portcullis::Reason;
use portcullis::credentials::ClientAddress;
use portcullis::identity::throttle::Throttle;
use support::redis::Redis;
use tokio::sync::Barrier;

/// One process of several.
fn process(redis: &Redis) -> Throttle {
    Throttle::builder().attempts(5).window(Duration::from_secs(600)).redis(&redis.url()).build().unwrap()
}

fn client(number: u8) -> Option<ClientAddress> {
    Some(ClientAddress::new([10, 0, 0, number].into()))
}

/// Whether a guess was let in.
async fn guess(throttle: &Throttle, number: u8) -> bool {
    match throttle.guard("alice", client(number)).await {
        Ok(permit) => {
            permit.failed().await;
            true
        }
        Err(error) => {
            assert_eq!(error.reason(), Reason::Throttled);
            assert!(error.retry_after().unwrap() > Duration::from_secs(500));
            false
        }
    }
}

/// B21
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_guesses_at_one_instant_in_four_processes_five_are_let_in() {
    let Some(redis) = Redis::start() else { return };
    let processes: Vec<_> = (0..4).map(|_| process(&redis)).collect();
    let start = Arc::new(Barrier::new(200));
    let guesses: Vec<_> = (0..200_u8)
        .map(|number| {
            let (throttle, start) = (processes[usize::from(number % 4)].clone(), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                guess(&throttle, number).await
            })
        })
        .collect();
    let mut let_in = 0;
    for guess in guesses {
        let_in += usize::from(guess.await.unwrap());
    }
    assert_eq!(let_in, 5);
}

#[tokio::test]
async fn counts_survive_a_restart_of_the_process_and_of_the_server() {
    let Some(mut redis) = Redis::start() else { return };
    let before = process(&redis);
    for number in 0..5 {
        assert!(guess(&before, number).await);
    }
    drop(before);
    redis.kill();
    redis.launch();
    assert!(!guess(&process(&redis), 9).await);
}

#[tokio::test]
async fn while_the_server_is_away_every_process_counts_for_itself() {
    let Some(mut redis) = Redis::start() else { return };
    let throttle = process(&redis);
    assert!(guess(&throttle, 0).await);
    redis.kill();
    for number in 1..5 {
        assert!(guess(&throttle, number).await, "people can log in");
    }
    assert!(!guess(&throttle, 9).await, "and no more guesses are let in");
    let other = process(&redis);
    for number in 0..5 {
        assert!(guess(&other, number).await);
    }
    assert!(!guess(&other, 9).await);
}

#[tokio::test]
async fn what_was_right_or_left_is_given_back_there_too() {
    let Some(redis) = Redis::start() else { return };
    let (one, other) = (process(&redis), process(&redis));
    for _ in 0..10 {
        one.guard("alice", client(1)).await.unwrap().succeeded().await;
        drop(other.guard("alice", client(1)).await.unwrap());
    }
    for number in 0..5 {
        assert!(guess(&one, number).await);
    }
    assert!(!guess(&other, 9).await);
}

#[tokio::test]
async fn no_name_stands_in_the_server() {
    let Some(redis) = Redis::start() else { return };
    assert!(guess(&process(&redis), 1).await);
    let keys = redis.ask("KEYS *");
    assert!(keys.contains("portcullis:throttle:account:") && keys.contains("portcullis:throttle:client:"), "{keys}");
    assert!(!keys.contains("alice"), "{keys}");
}
