//! Users kept elsewhere, and hashes that are replaced: what the store is asked, what its silence means, who pays for what.

#![cfg(feature = "password")]
#![expect(clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

mod support {
    pub(crate) mod log;
}

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use portcullis::credentials::BasicCredentials;
use portcullis::identity::password::{
    HashPool, PasswordCheck, PasswordMemory, PasswordStore, PasswordVerifier, StoredUser, User, Users, hash_password,
};
use portcullis::{Identity, Reason, Verifier, VerifyError};
use support::log::Log;

/// argon2id of `wonderland`, cheap on purpose, and so below what is asked for.
const WEAK: &str = "$argon2id$v=19$m=64,t=1,p=1$YWxpY2Ugc2FsdCBpcyBsb25n$62cZOQ5fMMOTpU/yq6NDWMLYYH7AjAckwv1NZFjkRLc";

/// A table in memory that counts queries, and is down on demand.
#[derive(Clone, Default)]
struct Table {
    hashes: Arc<Mutex<HashMap<String, String>>>,
    queries: Arc<AtomicUsize>,
    down: Arc<AtomicBool>,
}

impl Table {
    fn of(rows: &[(&str, &str)]) -> Self {
        let table = Self::default();
        rows.iter().for_each(|(name, hash)| table.set(name, hash));
        table
    }

    fn set(&self, name: &str, hash: &str) {
        self.hashes.lock().unwrap().insert(name.to_owned(), hash.to_owned());
    }

    fn hash(&self, name: &str) -> String {
        self.hashes.lock().unwrap()[name].clone()
    }
}

impl PasswordStore for Table {
    type Error = io::Error;

    async fn find(&self, name: &str) -> Result<Option<StoredUser>, io::Error> {
        self.queries.fetch_add(1, Ordering::SeqCst);
        if self.down.load(Ordering::SeqCst) {
            return Err(io::Error::other("the database is down"));
        }
        let hash = self.hashes.lock().unwrap().get(name).cloned();
        Ok(hash.map(|hash| {
            StoredUser::new(hash).roles(["clerk"]).scopes(["orders:read"]).disabled(name.starts_with("former "))
        }))
    }
}

async fn log_in(verifier: &PasswordVerifier, name: &str, password: &str) -> Result<Identity, VerifyError> {
    verifier.verify(BasicCredentials::new(name, password).unwrap()).await
}

async fn cause(verifier: &PasswordVerifier, name: &str, password: &str) -> &'static str {
    let refused = log_in(verifier, name, password).await.unwrap_err();
    assert_eq!(refused.reason(), Reason::Invalid);
    refused.cause().unwrap()
}

#[tokio::test]
async fn users_of_a_store_log_in_and_a_change_there_counts_at_once() {
    let table = Table::of(&[("alice", WEAK), ("former bob", WEAK)]);
    let verifier = PasswordVerifier::with_store("staff", table.clone());
    let alice = log_in(&verifier, "alice", "wonderland").await.unwrap();
    assert_eq!((alice.issuer(), alice.subject()), ("staff", "alice"));
    assert!(alice.roles().contains("clerk") && alice.scopes().contains("orders:read") && alice.amr().contains("pwd"));
    assert_eq!(cause(&verifier, "alice", "Wonderland").await, "wrong password");
    assert_eq!(cause(&verifier, "former bob", "wonderland").await, "the user is disabled");
    assert_eq!(cause(&verifier, "mallory", "wonderland").await, "no such user");

    table.set("alice", &hash_password("looking glass").unwrap());
    assert_eq!(cause(&verifier, "alice", "wonderland").await, "wrong password");
    assert!(log_in(&verifier, "alice", "looking glass").await.is_ok());

    // There is nothing in memory to exchange or to know.
    assert!(verifier.replace(Users::new()).is_empty());
    assert!(log_in(&verifier, "alice", "looking glass").await.is_ok());
    assert!(!verifier.contains("alice"));
}

/// CHOICE-10
#[tokio::test]
async fn a_store_that_does_not_answer_is_unavailable_for_everybody_alike() {
    let table = Table::of(&[("alice", WEAK)]);
    let verifier = PasswordVerifier::with_store("staff", table.clone());
    table.down.store(true, Ordering::SeqCst);
    for (name, password) in [("alice", "wonderland"), ("alice", "wrong"), ("mallory", "wrong")] {
        let refused = log_in(&verifier, name, password).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Unavailable);
        assert!(refused.retry_after().is_some());
        let source = std::error::Error::source(&refused).unwrap();
        assert_eq!(source.to_string(), "the database is down");
    }
    table.down.store(false, Ordering::SeqCst);
    assert!(log_in(&verifier, "alice", "wonderland").await.is_ok());
}

/// B06, B07, PW-6
#[tokio::test]
async fn a_poisoned_row_is_nobody_s() {
    let poisoned = [
        "",
        "null",
        "wonderland",
        "$argon2id$v=19$m=4194304,t=2,p=1$c29tZSBzYWx0IGhlcmU$ly7JxhCGmOcZT3Ub3mDVbVpWRGhkEzPX3RXbvJPIlSM",
        "$2b$31$abcdefghijklmnopqrstuugnA3sBav18rnV72BeOyKWV21iMMRCBW",
        "$2b$04$ééééééééééééééééééééééééé",
        "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
        "$y$j9T$salt$digest",
    ];
    let log = Log::start();
    for hash in poisoned {
        let verifier = PasswordVerifier::with_store("staff", Table::of(&[("alice", hash)]));
        for password in ["wonderland", "null", "undefined", "\"\"", " ", hash] {
            if !password.is_empty() {
                assert_eq!(cause(&verifier, "alice", password).await, "the stored hash cannot be read", "{hash}");
            }
        }
    }
    let text = log.text();
    assert!(text.contains("ERROR") && text.contains("a stored password hash cannot be read about=staff"), "{text}");
    assert!(!text.contains("wonderland") && !text.contains("ly7J"), "{text}");
}

/// B16
#[tokio::test]
async fn a_password_changed_in_the_store_while_it_was_checked_is_refused() {
    let table = Table::of(&[("alice", WEAK)]);
    let pool = HashPool::default();
    let verifier = PasswordVerifier::with_store("staff", table.clone()).pool(pool.clone());
    let (release, wait) = mpsc::channel::<()>();
    let held = tokio::spawn(async move { pool.run(move || wait.recv().unwrap()).await });
    let waiting = tokio::spawn({
        let verifier = verifier.clone();
        async move { log_in(&verifier, "alice", "wonderland").await }
    });
    while table.queries.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    table.set("alice", &WEAK.replace("62cZ", "63cZ"));
    release.send(()).unwrap();
    held.await.unwrap().unwrap();
    assert_eq!(waiting.await.unwrap().unwrap_err().reason(), Reason::Invalid);
}

/// What is asked of the hook, and what it says.
fn saved(verifier: PasswordVerifier, table: Table) -> (PasswordVerifier, mpsc::Receiver<String>) {
    let (told, heard) = mpsc::channel();
    let verifier = verifier.on_rehash(move |rehash| {
        let mut hashes = table.hashes.lock().unwrap();
        let current = hashes.get_mut(rehash.name()).ok_or("no such row")?;
        if current == rehash.old_hash() {
            rehash.new_hash().clone_into(current);
        }
        told.send(rehash.name().to_owned())?;
        Ok(())
    });
    (verifier, heard)
}

/// PW-5
#[tokio::test]
async fn an_old_hash_is_replaced_after_the_first_log_in_and_once() {
    let table = Table::of(&[("alice", WEAK), ("bob", &hash_password("builder").unwrap())]);
    let (verifier, heard) = saved(PasswordVerifier::with_store("staff", table.clone()), table.clone());
    assert_eq!(cause(&verifier, "alice", "Wonderland").await, "wrong password");
    assert!(log_in(&verifier, "bob", "builder").await.is_ok());
    assert!(heard.try_recv().is_err(), "neither a wrong password nor a good hash is a reason");

    assert!(log_in(&verifier, "alice", "wonderland").await.is_ok());
    assert_eq!(heard.recv_timeout(Duration::from_secs(30)).unwrap(), "alice");
    let fresh = table.hash("alice");
    assert!(fresh.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{fresh}");
    assert_eq!(User::new(&fresh).unwrap().check_password("wonderland").unwrap(), PasswordCheck::Success);

    assert!(log_in(&verifier, "alice", "wonderland").await.is_ok());
    // Jobs run in turn: whatever was to come has come when this one is done.
    assert!(log_in(&verifier, "bob", "builder").await.is_ok());
    assert!(heard.try_recv().is_err());
}

/// PW-5
#[tokio::test]
async fn a_hook_that_keeps_the_old_hash_is_called_once_and_one_that_fails_again() {
    let mut users = Users::new();
    users.insert("alice", User::new(WEAK).unwrap()).unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let fails = Arc::new(AtomicBool::new(true));
    let pool = HashPool::default();
    // What is remembered is not checked again.
    let verifier = PasswordVerifier::new("staff", users).memory(PasswordMemory::off()).pool(pool.clone()).on_rehash({
        let (calls, fails) = (Arc::clone(&calls), Arc::clone(&fails));
        move |_| {
            calls.fetch_add(1, Ordering::SeqCst);
            if fails.load(Ordering::SeqCst) { Err("the disk is full".into()) } else { Ok(()) }
        }
    });
    for (failing, expected) in [(true, 1), (true, 2), (false, 3), (false, 3), (false, 3)] {
        fails.store(failing, Ordering::SeqCst);
        assert!(log_in(&verifier, "alice", "wonderland").await.is_ok());
        // The pool has one thread: this runs after the hook.
        pool.run(|| ()).await.unwrap();
        assert_eq!(calls.load(Ordering::SeqCst), expected);
    }
}

#[tokio::test]
async fn a_hook_that_panics_costs_nobody_the_log_in() {
    let mut users = Users::new();
    users.insert("alice", User::new(WEAK).unwrap()).unwrap();
    let verifier = PasswordVerifier::new("staff", users)
        .memory(PasswordMemory::off())
        .on_rehash(|_| std::panic::resume_unwind(Box::new("a fault of the application's")));
    for _ in 0..3 {
        assert!(log_in(&verifier, "alice", "wonderland").await.is_ok());
    }
}

/// The log-in is answered while the hook is still at work.
#[tokio::test]
async fn nobody_waits_for_the_hook() {
    let mut users = Users::new();
    users.insert("alice", User::new(WEAK).unwrap()).unwrap();
    let (release, wait) = mpsc::channel::<()>();
    let (told, heard) = mpsc::channel();
    let wait = Mutex::new(wait);
    let verifier = PasswordVerifier::new("staff", users).on_rehash(move |_| {
        wait.lock().unwrap().recv()?;
        told.send(())?;
        Ok(())
    });
    assert!(log_in(&verifier, "alice", "wonderland").await.is_ok());
    assert!(heard.try_recv().is_err());
    release.send(()).unwrap();
    heard.recv_timeout(Duration::from_secs(30)).unwrap();
}

#[test]
fn nothing_printed_shows_a_hash() {
    let verifier = PasswordVerifier::with_store("staff", Table::of(&[("alice", WEAK)]));
    let printed = format!("{verifier:?} {:?}", StoredUser::new(WEAK));
    assert!(!printed.contains("argon2id"), "{printed}");
}
