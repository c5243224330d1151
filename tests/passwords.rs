//! Passwords: what is accepted, what it costs, and what happens when there is too much of it.

#![expect(clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};
use std::time::Duration;

use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::BasicCredentials;
use portcullis::identity::AuthTime;
use portcullis::identity::password::{HashPool, PasswordVerifier, User, Users, hash_password};
use portcullis::{Identity, Reason, Verifier, VerifyError};

/// argon2id of `wonderland`, cheap on purpose.
const ALICE: &str = "$argon2id$v=19$m=64,t=1,p=1$YWxpY2Ugc2FsdCBpcyBsb25n$62cZOQ5fMMOTpU/yq6NDWMLYYH7AjAckwv1NZFjkRLc";
/// bcrypt of `bob's secret`, cost 4, made by another implementation, as are the next two.
const BOB: &str = "$2b$04$abcdefghijklmnopqrstuugnA3sBav18rnV72BeOyKWV21iMMRCBW";
/// bcrypt of 72 times `a`, cost 4.
const LONG: &str = "$2b$04$abcdefghijklmnopqrstuuBzzIgyKkz7xMWYSzkIjUSnxEQFQ0WNe";
/// bcrypt of `abc`, cost 4.
const ABC: &str = "$2b$04$abcdefghijklmnopqrstuuCi15uRb1eH7NAlJ/TgeJertyknQpYn2";
/// argon2id of the empty password.
const EMPTY: &str = "$argon2id$v=19$m=64,t=1,p=1$YWxpY2Ugc2FsdCBpcyBsb25n$GobYootbfwkNx1yT/lP1O66FuHlL2PRC+AEN/+9wVPU";

fn user(hash: &str) -> User {
    User::new(hash).unwrap()
}

fn staff() -> Users {
    let mut users = Users::new();
    users.insert("alice", user(ALICE).roles(["admin"]).scopes(["orders:read"])).unwrap();
    users.insert("bob", user(BOB)).unwrap();
    users.insert("carol", user(ALICE).disabled(true)).unwrap();
    users.insert("long", user(LONG)).unwrap();
    users.insert("abc", user(ABC)).unwrap();
    users.insert("empty", user(EMPTY)).unwrap();
    users
}

async fn log_in(verifier: &PasswordVerifier, name: &str, password: &str) -> Result<Identity, VerifyError> {
    verifier.verify(BasicCredentials::new(name, password).unwrap()).await
}

async fn cause(verifier: &PasswordVerifier, name: &str, password: &str) -> &'static str {
    let refused = log_in(verifier, name, password).await.unwrap_err();
    assert_eq!(refused.reason(), Reason::Invalid);
    refused.cause().unwrap()
}

/// A pool whose one thread is busy until the sender is used, and waits there.
struct Busy {
    pool: HashPool,
    release: mpsc::Sender<()>,
    held: tokio::task::JoinHandle<Result<(), VerifyError>>,
}

impl Busy {
    async fn new(pool: HashPool) -> Self {
        let (release, wait) = mpsc::channel();
        let (started, running) = tokio::sync::oneshot::channel();
        let held = tokio::spawn({
            let pool = pool.clone();
            async move {
                pool.run(move || {
                    started.send(()).unwrap();
                    wait.recv().unwrap();
                })
                .await
            }
        });
        running.await.unwrap();
        Self { pool, release, held }
    }

    async fn release(self) -> HashPool {
        self.release.send(()).unwrap();
        self.held.await.unwrap().unwrap();
        self.pool
    }
}

fn poll_once<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

#[tokio::test]
async fn the_right_password_yields_the_identity_of_the_user() {
    let verifier = PasswordVerifier::new("staff", staff());
    let alice = log_in(&verifier, "alice", "wonderland").await.unwrap();
    assert_eq!((alice.issuer(), alice.subject()), ("staff", "alice"));
    assert!(alice.roles().contains("admin"));
    assert!(alice.scopes().contains("orders:read"));
    assert!(alice.amr().contains("pwd"));
    assert_eq!(alice.auth_time(), AuthTime::Now);
    assert_eq!(log_in(&verifier, "bob", "bob's secret").await.unwrap().subject(), "bob");
}

/// TOK-11
#[tokio::test]
async fn whatever_is_wrong_the_answer_is_invalid_and_only_the_log_knows_why() {
    let verifier = PasswordVerifier::new("staff", staff());
    assert_eq!(cause(&verifier, "alice", "Wonderland").await, "wrong password");
    assert_eq!(cause(&verifier, "alice", "wonderland ").await, "wrong password");
    assert_eq!(cause(&verifier, "Alice", "wonderland").await, "no such user");
    assert_eq!(cause(&verifier, "mallory", "wonderland").await, "no such user");
    assert_eq!(cause(&verifier, "carol", "wonderland").await, "the user is disabled");
    assert!(verifier.contains("alice"));
    assert!(!verifier.contains("carol"));
    assert!(!verifier.contains("mallory"));
}

#[tokio::test]
async fn with_no_users_at_all_everybody_is_refused() {
    let verifier = PasswordVerifier::new("staff", Users::new());
    assert_eq!(cause(&verifier, "alice", "wonderland").await, "no such user");
}

#[tokio::test]
async fn an_empty_password_is_never_right() {
    let verifier = PasswordVerifier::new("staff", staff());
    // It does not even become a credential.
    assert!(BasicCredentials::new("empty", "").is_err());
    assert!(BasicCredentials::new("", "wonderland").is_err());
    for password in ["null", "undefined", "\"\"", " "] {
        assert_eq!(cause(&verifier, "empty", password).await, "wrong password");
    }
}

/// PW-3
#[tokio::test]
async fn bcrypt_never_cuts_a_password() {
    let verifier = PasswordVerifier::new("staff", staff());
    let whole = "a".repeat(72);
    assert!(log_in(&verifier, "long", &whole).await.is_ok());
    assert_eq!(cause(&verifier, "long", &format!("{whole}B")).await, "wrong password");
    assert_eq!(cause(&verifier, "long", &"a".repeat(71)).await, "wrong password");
    assert!(log_in(&verifier, "abc", "abc").await.is_ok());
    // A NUL does not even become a credential; the hash itself refuses it in a unit test.
    assert!(BasicCredentials::new("abc", "abc\0x").is_err());
}

#[tokio::test]
async fn a_hash_of_the_reference_implementation_is_read() {
    let mut users = Users::new();
    let hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    users.insert("reference", user(hash)).unwrap();
    let verifier = PasswordVerifier::new("staff", users);
    assert!(log_in(&verifier, "reference", "password").await.is_ok());
    assert_eq!(cause(&verifier, "reference", "Password").await, "wrong password");
}

/// PW-3
#[tokio::test]
async fn a_long_password_counts_to_its_last_character() {
    for length in [64, 128, 1000] {
        let password = "x".repeat(length);
        let mut users = Users::new();
        users.insert("alice", user(&hash_password(&password).unwrap())).unwrap();
        let verifier = PasswordVerifier::new("staff", users);
        assert!(log_in(&verifier, "alice", &password).await.is_ok());
        let almost = format!("{}y", &password[1..]);
        assert_eq!(cause(&verifier, "alice", &almost).await, "wrong password");
    }
}

/// PW-1
#[test]
fn a_new_hash_has_the_recommended_parameters_and_a_salt_of_its_own() {
    let (first, second) = (hash_password("open sesame").unwrap(), hash_password("open sesame").unwrap());
    assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_ne!(first, second);
    User::new(&first).unwrap();
}

#[test]
fn a_password_that_could_never_be_sent_is_not_hashed() {
    assert!(hash_password("").is_err());
    assert!(hash_password("abc\0def").is_err());
    assert!(hash_password("abc\n").is_err());
    assert!(hash_password(&"x".repeat(1025)).is_err());
    assert!(hash_password(&"x".repeat(1024)).is_ok());
}

/// BASIC-15, PW-6
#[test]
fn poisoned_hashes_are_faults_that_say_why_and_repeat_nothing() {
    let salt = "YWxpY2Ugc2FsdCBpcyBsb25n";
    let digest = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";
    let argon = |costs: &str| format!("$argon2id$v=19${costs}${salt}${digest}");
    assert!(User::new(&argon("m=19456,t=2,p=1")).is_ok());
    for (hash, problem) in [
        (String::new(), "without a password"),
        ("null".into(), "unknown kind"),
        ("wonderland".into(), "unknown kind"),
        ("$".into(), "unknown kind"),
        ("$y$j9T$salt$digest".into(), "unknown kind"),
        ("{SSHA}MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI".into(), "unknown kind"),
        ("rqXexS6ZhobKA".into(), "DES crypt"),
        ("$apr1$salt$digest".into(), "weak kind"),
        ("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=".into(), "weak kind"),
        ("$argon2i$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$aGFzaA".into(), "hash has not"),
        ("$argon2d$v=19$m=4194304,t=3,p=1$c2FsdHNhbHQ$aGFzaA".into(), "256 MiB"),
        (format!("$argon2id$m=19456,t=2,p=1${salt}${digest}"), "form"),
        (format!("$argon2id$v=18$m=19456,t=2,p=1${salt}${digest}"), "version 19"),
        (format!("$argon2id$v=19$m=19456,t=2,p=1${salt}"), "form"),
        (format!("$argon2id$v=19$m=19456,t=2,p=1${salt}${digest}$more"), "form"),
        (argon("m=4194304,t=2,p=1"), "256 MiB"),
        (argon("m=19456,t=1000000000,p=1"), "fewer passes"),
        (argon("m=262144,t=5,p=1"), "fewer passes"),
        (argon("m=19456,t=2,p=17"), "16"),
        (argon("m=8,t=2,p=2"), "under 8 times p"),
        (argon("m=19456,t=0,p=1"), "zero"),
        (argon("m=19456,t=2,p=0"), "zero"),
        (argon("m=19456,t=2"), "plain numbers"),
        (argon("t=2,m=19456,p=1"), "plain numbers"),
        (argon("m=19456,t=2,p=1,m=8"), "plain numbers"),
        (argon("m=+19456,t=2,p=1"), "plain numbers"),
        (argon("m=019456,t=2,p=1"), "plain numbers"),
        (argon("m=99999999999,t=2,p=1"), "plain numbers"),
        (format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA${digest}"), "salt"),
        (format!("$argon2id$v=19$m=19456,t=2,p=1${salt}$c2hvcnQ"), "hash has not"),
        (format!("$argon2id$v=19$m=19456,t=2,p=1${salt}$!!!"), "base64"),
        (format!("$argon2id$v=19$m=19456,t=2,p=1$ééééé${digest}"), "base64"),
        (BOB.replacen("$04$", "$31$", 1), "between 4 and 14"),
        (BOB.replacen("$04$", "$15$", 1), "between 4 and 14"),
        (BOB.replacen("$04$", "$03$", 1), "between 4 and 14"),
        (BOB.replacen("$2b$", "$2x$", 1), "faulty"),
        (format!("$2b$04${}", "é".repeat(26)), "60 characters"),
        ("$2b$04$short".into(), "60 characters"),
    ] {
        let error = User::new(&hash).unwrap_err();
        assert!(error.to_string().contains(problem), "{hash}: {error}");
        assert!(!error.to_string().contains(digest), "{error}");
    }
}

#[test]
fn a_name_that_could_never_be_sent_or_is_taken_is_a_fault() {
    let mut users = Users::new();
    users.insert("alice", user(ALICE)).unwrap();
    assert!(users.insert("alice", user(BOB)).unwrap_err().to_string().contains("given twice"));
    assert!(users.insert("", user(BOB)).unwrap_err().to_string().contains("empty"));
    assert!(users.insert(&"x".repeat(257), user(BOB)).unwrap_err().to_string().contains("256 bytes"));
    assert_eq!(users.insert("a:b\n", user(BOB)).unwrap_err().faults().len(), 2);
    assert_eq!(users.len(), 1);
}

#[tokio::test]
async fn replaced_users_count_from_then_on_and_those_revoked_are_named() {
    let verifier = PasswordVerifier::new("staff", staff());
    let clone = verifier.clone();
    let mut users = Users::new();
    users.insert("alice", user(ALICE).roles(["reader"])).unwrap();
    users.insert("bob", user(ABC)).unwrap();
    users.insert("abc", user(ABC).disabled(true)).unwrap();

    let mut revoked = verifier.replace(users);
    revoked.sort();
    assert_eq!(revoked, ["abc", "bob", "empty", "long"]);

    assert!(log_in(&clone, "alice", "wonderland").await.unwrap().roles().contains("reader"));
    assert_eq!(cause(&clone, "bob", "bob's secret").await, "wrong password");
    assert!(log_in(&clone, "bob", "abc").await.is_ok());
}

#[tokio::test]
async fn a_password_changed_while_it_was_checked_is_refused() {
    let busy = Busy::new(HashPool::default()).await;
    let verifier = PasswordVerifier::new("staff", staff()).pool(busy.pool.clone());
    let mut waiting = pin!(log_in(&verifier, "alice", "wonderland"));
    assert!(!poll_once(waiting.as_mut()));
    verifier.replace(Users::new());
    busy.release().await;
    assert_eq!(waiting.await.unwrap_err().reason(), Reason::Invalid);
}

/// PW-7, CHOICE-10
#[tokio::test]
async fn a_full_queue_is_unavailable_and_says_when_to_return() {
    let pool = HashPool::builder().queue(2).deadline(Duration::from_secs(7)).build().unwrap();
    let busy = Busy::new(pool).await;
    let verifier = PasswordVerifier::new("staff", staff()).pool(busy.pool.clone());

    let mut first = pin!(log_in(&verifier, "alice", "wonderland"));
    let mut second = pin!(log_in(&verifier, "mallory", "wonderland"));
    assert!(!poll_once(first.as_mut()));
    assert!(!poll_once(second.as_mut()));

    let refused = log_in(&verifier, "bob", "bob's secret").await.unwrap_err();
    assert_eq!(refused.reason(), Reason::Unavailable);
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(7)));

    busy.release().await;
    assert!(first.await.is_ok());
    assert_eq!(second.await.unwrap_err().reason(), Reason::Invalid);
    assert!(log_in(&verifier, "alice", "wonderland").await.is_ok());
}

#[tokio::test]
async fn the_work_of_a_client_who_left_is_not_done() {
    let pool = HashPool::default();
    let busy = Busy::new(pool.clone()).await;
    let runs = Arc::new(AtomicUsize::new(0));
    let count = || {
        let runs = Arc::clone(&runs);
        move || runs.fetch_add(1, Ordering::SeqCst)
    };
    {
        let mut gone = pin!(pool.run(count()));
        assert!(!poll_once(gone.as_mut()));
    }
    let mut stays = pin!(pool.run(count()));
    assert!(!poll_once(stays.as_mut()));
    busy.release().await;
    assert_eq!(stays.await.unwrap(), 0, "the first to run is the one that stayed");
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

/// PW-7
#[tokio::test]
async fn what_waited_past_the_deadline_is_unavailable_and_not_run() {
    let clock = ManualClock::at(UnixTime::from_secs(1_000));
    let pool = HashPool::builder().deadline(Duration::from_secs(5)).clock(clock.clone()).build().unwrap();
    let busy = Busy::new(pool).await;
    let verifier = PasswordVerifier::new("staff", staff()).pool(busy.pool.clone());
    let mut late = pin!(log_in(&verifier, "alice", "wonderland"));
    assert!(!poll_once(late.as_mut()));
    clock.advance(Duration::from_secs(4));
    let mut in_time = pin!(log_in(&verifier, "alice", "wonderland"));
    assert!(!poll_once(in_time.as_mut()));
    clock.advance(Duration::from_secs(1));
    busy.release().await;

    let late = late.await.unwrap_err();
    assert_eq!(late.reason(), Reason::Unavailable);
    assert!(late.retry_after().is_some());
    assert!(in_time.await.is_ok());
}

#[tokio::test]
async fn a_job_that_panics_fails_alone() {
    let pool = HashPool::default();
    let panicked = pool.run(|| std::panic::resume_unwind(Box::new("a fault of ours"))).await;
    let error: VerifyError = panicked.map(|()| "finished").unwrap_err();
    assert_eq!(error.reason(), Reason::Unavailable);
    assert_eq!(pool.run(|| 7).await.unwrap(), 7);
}

#[tokio::test]
async fn the_threads_end_when_the_last_handle_is_dropped() {
    struct Last(mpsc::Sender<()>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }
    thread_local! {
        static LAST: std::cell::RefCell<Option<Last>> = const { std::cell::RefCell::new(None) };
    }
    let (sender, ended) = mpsc::channel();
    let pool = HashPool::default();
    // What a thread owns is dropped when it ends.
    pool.run(move || LAST.set(Some(Last(sender)))).await.unwrap();
    let verifier = PasswordVerifier::new("staff", Users::new()).pool(pool.clone());
    drop(pool);
    assert!(ended.try_recv().is_err(), "the verifier still holds the pool");
    drop(verifier);
    ended.recv_timeout(Duration::from_secs(30)).unwrap();
}

#[tokio::test]
async fn several_threads_hash_at_a_time() {
    let pool = HashPool::builder().threads(2).build().unwrap();
    let meet = Arc::new(std::sync::Barrier::new(2));
    let job = || {
        let meet = Arc::clone(&meet);
        move || meet.wait().is_leader()
    };
    let (one, other) = tokio::join!(pool.run(job()), pool.run(job()));
    assert!(one.unwrap() ^ other.unwrap());
}

#[test]
fn a_pool_that_could_do_nothing_is_not_built() {
    let error = HashPool::builder().threads(0).queue(0).deadline(Duration::ZERO).build().unwrap_err();
    assert_eq!(error.faults().len(), 3);
}

#[test]
fn the_pool_needs_no_async_runtime() {
    struct Thread(std::thread::Thread);
    impl std::task::Wake for Thread {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let verifier = PasswordVerifier::new("staff", staff());
    let waker = Arc::new(Thread(std::thread::current())).into();
    let mut log_in = pin!(log_in(&verifier, "alice", "wonderland"));
    let verdict = loop {
        match log_in.as_mut().poll(&mut Context::from_waker(&waker)) {
            std::task::Poll::Ready(verdict) => break verdict,
            std::task::Poll::Pending => std::thread::park(),
        }
    };
    assert!(verdict.is_ok());
}

#[test]
fn nothing_printed_shows_a_hash() {
    let verifier = PasswordVerifier::new("staff", staff());
    let printed = format!("{verifier:?} {:?} {:?} {:?}", staff(), user(ALICE), HashPool::default());
    assert!(!printed.contains("argon2id"), "{printed}");
}
