//! Credentials that were right before, and checks that are joined: what is remembered, for how long, and what ends it.

#![expect(clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};
use std::time::Duration;

use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::{BasicCredentials, ClientAddress};
use portcullis::identity::password::{HashPool, PasswordMemory, PasswordVerifier, User, Users, hash_password};
use portcullis::{Identity, Reason, Verifier, VerifyError};
use tokio::sync::oneshot;

/// argon2id of `wonderland`, cheap on purpose.
const ALICE: &str = "$argon2id$v=19$m=64,t=1,p=1$YWxpY2Ugc2FsdCBpcyBsb25n$62cZOQ5fMMOTpU/yq6NDWMLYYH7AjAckwv1NZFjkRLc";

fn users(names: &[&str]) -> Users {
    let mut users = Users::new();
    for name in names {
        users.insert(name, User::new(ALICE).unwrap()).unwrap();
    }
    users
}

fn credentials(name: &str, password: &str) -> BasicCredentials {
    BasicCredentials::new(name, password).unwrap()
}

fn from(address: &str, credentials: BasicCredentials) -> BasicCredentials {
    credentials.from_client(Some(ClientAddress::new(address.parse().unwrap())))
}

/// Whether it is known without a hash.
fn is_remembered(verifier: &PasswordVerifier, credentials: &BasicCredentials) -> bool {
    verifier.verify_now(credentials).is_some_and(|verdict| verdict.is_ok())
}

async fn reason(verifier: &PasswordVerifier, name: &str, password: &str) -> Option<Reason> {
    verifier.verify(credentials(name, password)).await.err().map(|error| error.reason())
}

fn poll_once<T>(future: Pin<&mut impl Future<Output = T>>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

/// A pool with one thread, held until the sender is used.
async fn held(pool: &HashPool) -> mpsc::Sender<()> {
    let (release, wait) = mpsc::channel();
    let (started, running) = oneshot::channel();
    let pool = pool.clone();
    tokio::spawn(async move {
        pool.run(move || {
            started.send(()).unwrap();
            wait.recv().unwrap();
        })
        .await
    });
    running.await.unwrap();
    release
}

/// What the pool ran after all that was sent before it.
async fn ran(pool: &HashPool) {
    pool.run(|| ()).await.unwrap();
}

#[tokio::test]
async fn credentials_that_were_right_are_known_without_a_hash_and_no_others_are() {
    let verifier = PasswordVerifier::new("staff", users(&["alice", "bob"]));
    let right = credentials("alice", "wonderland");
    assert!(!is_remembered(&verifier, &right));
    assert_eq!(reason(&verifier, "alice", "wonderland").await, None);
    assert!(is_remembered(&verifier, &right));
    assert!(is_remembered(&verifier.clone(), &right));
    for (name, password) in
        [("alice", "wonderlan"), ("alice", "wonderland "), ("bob", "wonderland"), ("alic", "ewonderland")]
    {
        assert!(!is_remembered(&verifier, &credentials(name, password)), "{name}");
    }
    // The name and the password are told apart by their lengths, wherever a reader would split them.
    assert_eq!(reason(&verifier, "alice", "wrong").await, Some(Reason::Invalid));
    assert!(!is_remembered(&verifier, &credentials("alice", "wrong")), "only successes");
}

#[tokio::test]
async fn what_is_remembered_ends_with_its_time_however_often_it_is_used() {
    let clock = ManualClock::at(UnixTime::from_secs(1_000));
    let limits = PasswordMemory::new().ttl(Duration::from_secs(300));
    let verifier = PasswordVerifier::new("staff", users(&["alice"])).memory(limits).clock(clock.clone());
    let right = credentials("alice", "wonderland");
    assert_eq!(reason(&verifier, "alice", "wonderland").await, None);
    for _ in 0..299 {
        clock.advance(Duration::from_secs(1));
        assert!(is_remembered(&verifier, &right));
    }
    clock.advance(Duration::from_secs(1));
    assert!(!is_remembered(&verifier, &right));
    assert_eq!(reason(&verifier, "alice", "wonderland").await, None, "and is learnt anew");
    assert!(is_remembered(&verifier, &right));
}

#[tokio::test]
async fn turned_off_nothing_is_remembered() {
    let no_entries = PasswordMemory::new().entries(0);
    for limits in [PasswordMemory::off(), no_entries, PasswordMemory::new().ttl(Duration::ZERO)] {
        let verifier = PasswordVerifier::new("staff", users(&["alice"])).memory(limits);
        assert_eq!(reason(&verifier, "alice", "wonderland").await, None);
        assert!(!is_remembered(&verifier, &credentials("alice", "wonderland")), "{limits:?}");
    }
}

/// So that what is remembered of a locked account is no place to guess at from elsewhere
#[tokio::test]
async fn what_is_remembered_from_one_network_is_not_known_from_another() {
    let verifier = PasswordVerifier::new("staff", users(&["alice"]));
    let right = || credentials("alice", "wonderland");
    verifier.verify(from("2001:db8:1:2::3", right())).await.unwrap();
    assert!(is_remembered(&verifier, &from("2001:db8:1:2:ffff::", right())), "the same /64");
    for elsewhere in ["2001:db8:1:3::3", "192.0.2.1"] {
        assert!(!is_remembered(&verifier, &from(elsewhere, right())), "{elsewhere}");
    }
    assert!(!is_remembered(&verifier, &right()));
}

/// B16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_password_is_refused_from_the_change_on_by_fifty_tasks_at_once() {
    let changed = || {
        let mut changed = Users::new();
        changed.insert("alice", User::new(&hash_password("another").unwrap()).unwrap()).unwrap();
        changed
    };
    let mut disabled = Users::new();
    disabled.insert("alice", User::new(ALICE).unwrap().disabled(true)).unwrap();
    for next in [changed(), disabled, Users::new()] {
        let pool = HashPool::builder().deadline(Duration::from_secs(60)).build().unwrap();
        let verifier = PasswordVerifier::new("staff", users(&["alice"])).pool(pool);
        assert_eq!(reason(&verifier, "alice", "wonderland").await, None);
        assert!(is_remembered(&verifier, &credentials("alice", "wonderland")));
        verifier.replace(next);
        assert!(!is_remembered(&verifier, &credentials("alice", "wonderland")));
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let verifier = verifier.clone();
                tokio::spawn(async move { reason(&verifier, "alice", "wonderland").await })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), Some(Reason::Invalid));
        }
    }
}

#[tokio::test]
async fn whose_rights_changed_and_not_the_password_is_known_with_the_new_rights() {
    let verifier = PasswordVerifier::new("staff", users(&["alice"]));
    assert_eq!(reason(&verifier, "alice", "wonderland").await, None);
    let mut promoted = Users::new();
    promoted.insert("alice", User::new(ALICE).unwrap().roles(["admin"])).unwrap();
    verifier.replace(promoted);
    let known = verifier.verify_now(&credentials("alice", "wonderland")).unwrap().unwrap();
    assert!(known.roles().contains("admin"));
}

/// Counts the jobs that a pool ran, by how many turns there were between two of ours.
async fn verdicts(verifier: &PasswordVerifier, count: usize) -> Vec<Result<Identity, VerifyError>> {
    let tasks: Vec<_> = (0..count)
        .map(|_| {
            let verifier = verifier.clone();
            tokio::spawn(async move { verifier.verify(credentials("alice", "wonderland")).await })
        })
        .collect();
    let mut verdicts = Vec::new();
    for task in tasks {
        verdicts.push(task.await.unwrap());
    }
    verdicts
}

#[tokio::test]
async fn thirty_two_first_requests_with_the_same_credentials_need_one_place_and_one_hash() {
    // Two places in the queue: thirty-two checks would not fit.
    let pool = HashPool::builder().queue(1).build().unwrap();
    let verifier = PasswordVerifier::new("staff", users(&["alice"])).pool(pool.clone());
    let release = held(&pool).await;
    let log_ins = tokio::spawn({
        let verifier = verifier.clone();
        async move { verdicts(&verifier, 32).await }
    });
    // All of them have asked before the pool goes on.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    release.send(()).unwrap();
    let verdicts = log_ins.await.unwrap();
    assert_eq!(verdicts.iter().filter(|verdict| verdict.is_ok()).count(), 32);
}

#[tokio::test]
async fn checks_that_differ_in_anything_are_not_joined() {
    let pool = HashPool::builder().queue(1).build().unwrap();
    let verifier = PasswordVerifier::new("staff", users(&["alice", "bob"])).pool(pool.clone());
    let release = held(&pool).await;
    let mut first = pin!(verifier.verify(from("192.0.2.1", credentials("alice", "wonderland"))));
    assert!(!poll_once(first.as_mut()));
    for other in [
        from("192.0.2.1", credentials("alice", "wonderlanD")),
        from("192.0.2.1", credentials("bob", "wonderland")),
        from("192.0.2.1", credentials("alicew", "onderland")),
        from("192.0.2.2", credentials("alice", "wonderland")),
    ] {
        let refused = verifier.verify(other).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Unavailable, "there is no second place");
    }
    release.send(()).unwrap();
    assert!(first.await.is_ok());
}

#[tokio::test]
async fn a_first_waiter_who_leaves_harms_nobody_who_joined() {
    let pool = HashPool::default();
    let verifier = PasswordVerifier::new("staff", users(&["alice"])).pool(pool.clone());
    let release = held(&pool).await;
    let mut second = pin!(verifier.verify(credentials("alice", "wonderland")));
    {
        let mut first = pin!(verifier.verify(credentials("alice", "wonderland")));
        assert!(!poll_once(first.as_mut()));
        assert!(!poll_once(second.as_mut()));
    }
    release.send(()).unwrap();
    assert!(second.await.is_ok());

    // And where all have left, the next one is the first again.
    let verifier = verifier.clone().memory(PasswordMemory::off());
    let release = held(&pool).await;
    {
        let mut gone = pin!(verifier.verify(credentials("alice", "wonderland")));
        assert!(!poll_once(gone.as_mut()));
    }
    release.send(()).unwrap();
    ran(&pool).await;
    assert!(verifier.verify(credentials("alice", "wonderland")).await.is_ok());
}

#[tokio::test]
async fn a_check_that_was_joined_does_not_outlive_a_change_of_users() {
    let pool = HashPool::default();
    let verifier = PasswordVerifier::new("staff", users(&["alice"])).pool(pool.clone());
    let release = held(&pool).await;
    let mut before = pin!(verifier.verify(credentials("alice", "wonderland")));
    let mut joined = pin!(verifier.verify(credentials("alice", "wonderland")));
    assert!(!poll_once(before.as_mut()) && !poll_once(joined.as_mut()));
    let mut changed = Users::new();
    changed.insert("alice", User::new(&hash_password("another").unwrap()).unwrap()).unwrap();
    verifier.replace(changed);
    let mut after = pin!(verifier.verify(credentials("alice", "wonderland")));
    assert!(!poll_once(after.as_mut()));
    release.send(()).unwrap();
    for waiting in [before.await, joined.await, after.await] {
        assert_eq!(waiting.unwrap_err().reason(), Reason::Invalid);
    }
    assert!(!is_remembered(&verifier, &credentials("alice", "wonderland")));
}

/// B05: somebody who floods the queue waits behind themselves
#[tokio::test]
async fn a_client_that_floods_the_queue_does_not_keep_others_out() {
    let pool = HashPool::builder().queue(8).build().unwrap();
    let verifier = PasswordVerifier::new("staff", users(&["alice"])).pool(pool.clone());
    let release = held(&pool).await;
    let refused = Arc::new(AtomicUsize::new(0));
    let flood: Vec<_> = (0..100)
        .map(|number| {
            let (verifier, refused) = (verifier.clone(), Arc::clone(&refused));
            tokio::spawn(async move {
                let guess = from("198.51.100.66", credentials("alice", &format!("guess {number}")));
                let error = verifier.verify(guess).await.unwrap_err();
                if error.reason() == Reason::Unavailable {
                    assert!(error.retry_after().is_some());
                    refused.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    while refused.load(Ordering::SeqCst) < 92 {
        tokio::task::yield_now().await;
    }
    let mut owner = pin!(verifier.verify(from("192.0.2.1", credentials("alice", "wonderland"))));
    assert!(!poll_once(owner.as_mut()));
    release.send(()).unwrap();
    assert!(owner.await.is_ok());
    for guess in flood {
        guess.await.unwrap();
    }
    assert_eq!(refused.load(Ordering::SeqCst), 93, "the last of the flood made place");
}
