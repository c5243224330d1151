//! A file of users while the service runs: what changes it, what does not, and who is told.

#![cfg(feature = "htpasswd")]
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

mod support {
    pub(crate) mod log;
}

use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::time::Duration;

use portcullis::credentials::BasicCredentials;
use portcullis::identity::password::{HashPool, HtpasswdFile, HtpasswdFileBuilder, PasswordVerifier};
use portcullis::{Identity, Reason, Verifier, VerifyError};
use support::log::Log;
use tempfile::TempDir;

/// argon2id of `wonderland`, cheap on purpose.
const WONDERLAND: &str =
    "$argon2id$v=19$m=64,t=1,p=1$YWxpY2Ugc2FsdCBpcyBsb25n$62cZOQ5fMMOTpU/yq6NDWMLYYH7AjAckwv1NZFjkRLc";
/// bcrypt of `bob's secret`, cost 4.
const SECRET: &str = "$2b$04$abcdefghijklmnopqrstuugnA3sBav18rnV72BeOyKWV21iMMRCBW";

/// A file of a test's own.
struct OnDisk {
    folder: TempDir,
}

impl OnDisk {
    fn new(lines: &[String]) -> Self {
        let file = Self { folder: TempDir::new().unwrap() };
        file.write(lines);
        file
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("users.htpasswd")
    }

    /// As careful programs do it: a new file takes the old one's place.
    fn write(&self, lines: &[String]) {
        let new = self.folder.path().join("new");
        fs::write(&new, lines.join("\n") + "\n").unwrap();
        fs::rename(new, self.path()).unwrap();
    }

    fn builder(&self) -> HtpasswdFileBuilder {
        HtpasswdFile::builder(self.path())
    }
}

fn line(name: &str, hash: &str) -> String {
    format!("{name}:{hash}")
}

fn two() -> [String; 2] {
    [line("alice", WONDERLAND), line("bob", SECRET)]
}

async fn log_in(verifier: &PasswordVerifier, name: &str, password: &str) -> Result<Identity, VerifyError> {
    verifier.verify(BasicCredentials::new(name, password).unwrap()).await
}

async fn cause(verifier: &PasswordVerifier, name: &str, password: &str) -> &'static str {
    let refused = log_in(verifier, name, password).await.unwrap_err();
    assert_eq!(refused.reason(), Reason::Invalid);
    refused.cause().unwrap()
}

/// Polls until `happened`, with a bound: another thread looks at the file.
fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if happened() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited in vain for {what}");
}

#[tokio::test]
async fn users_of_the_file_log_in_with_the_rights_that_are_given_beside_it() {
    let on_disk = OnDisk::new(&[line("alice", WONDERLAND), line("bob", SECRET), line("carol", WONDERLAND)]);
    let builder = on_disk.builder().roles("alice", ["admin"]).scopes("alice", ["orders:read"]).disabled("carol");
    let file = builder.roles("alcie", ["typo"]).open().unwrap();
    let verifier = file.verifier("staff");

    let alice = log_in(&verifier, "alice", "wonderland").await.unwrap();
    assert_eq!((alice.issuer(), alice.subject()), ("staff", "alice"));
    assert!(alice.roles().contains("admin") && alice.scopes().contains("orders:read"));
    assert!(log_in(&verifier, "bob", "bob's secret").await.unwrap().roles().is_empty());
    assert_eq!(cause(&verifier, "carol", "wonderland").await, "the user is disabled");
    assert_eq!(cause(&verifier, "mallory", "wonderland").await, "no such user");
    assert_eq!(file.state().users(), 3);
    assert_eq!(file.state().without_user().collect::<Vec<_>>(), ["alcie"]);
}

#[test]
fn a_file_that_is_broken_from_the_start_is_not_opened() {
    let on_disk = OnDisk::new(&[line("alice", WONDERLAND), "no colon".into(), line("alice", SECRET)]);
    let error = on_disk.builder().open().unwrap_err();
    let faults: Vec<_> = error.faults().iter().map(ToString::to_string).collect();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("users.htpasswd\" line 2: no colon"), "{faults:?}");
    assert!(faults[1].contains("users.htpasswd\" line 3: \"alice\" is on line 1 already"), "{faults:?}");

    let error = HtpasswdFile::builder(on_disk.folder.path()).open().unwrap_err();
    assert!(error.to_string().contains("is not a file"), "{error}");
}

/// B16
#[tokio::test]
async fn a_change_counts_by_itself_and_whoever_lost_a_password_is_named_for_every_verifier() {
    let on_disk = OnDisk::new(&[line("alice", WONDERLAND), line("bob", SECRET), line("carol", SECRET)]);
    let (told, revoked) = mpsc::channel();
    let hook = move |issuer: &str, name: &str| told.send(format!("{name} of {issuer}")).unwrap();
    let file = on_disk.builder().roles("alice", ["admin"]).on_revoked(hook).open().unwrap();
    let (staff, intranet) = (file.verifier("staff"), file.verifier("intranet"));

    on_disk.write(&[line("alice", WONDERLAND), line("bob", WONDERLAND), line("dave", SECRET)]);
    wait_until("the reload", || file.state().reloads() == 1);

    for verifier in [&staff, &intranet] {
        assert!(log_in(verifier, "alice", "wonderland").await.unwrap().roles().contains("admin"));
        assert_eq!(cause(verifier, "bob", "bob's secret").await, "wrong password");
        assert!(log_in(verifier, "bob", "wonderland").await.is_ok());
        assert_eq!(cause(verifier, "carol", "bob's secret").await, "no such user");
        assert!(log_in(verifier, "dave", "bob's secret").await.is_ok());
    }
    let mut named: Vec<_> = (0..4).map(|_| revoked.recv_timeout(Duration::from_secs(30)).unwrap()).collect();
    named.sort();
    assert_eq!(named, ["bob of intranet", "bob of staff", "carol of intranet", "carol of staff"]);
    assert!(revoked.try_recv().is_err());
}

#[tokio::test]
async fn a_broken_file_keeps_the_users_and_says_which_lines_are_wrong_until_it_is_mended() {
    let on_disk = OnDisk::new(&two());
    let file = on_disk.builder().on_revoked(|_, name| panic!("{name} was revoked")).open().unwrap();
    let verifier = file.verifier("staff");
    for (content, problem) in [
        (format!("{}\nbob:$2b$04$abcdefghij", line("alice", WONDERLAND)), "line 2: password hash: not 60 characters"),
        (String::new(), "holds no user"),
        ("# all gone\n".into(), "holds no user"),
        (format!("\u{feff}{}", line("alice", WONDERLAND)), "line 1: begins with a byte order mark"),
        (format!("{}\nbob:bob's secret", line("alice", WONDERLAND)), "line 2: password hash: of an unknown kind"),
    ] {
        fs::write(on_disk.path(), content).unwrap();
        wait_until(problem, || file.state().fault().is_some_and(|fault| fault.to_string().contains(problem)));
        assert!(log_in(&verifier, "alice", "wonderland").await.is_ok());
        assert!(log_in(&verifier, "bob", "bob's secret").await.is_ok());
        assert_eq!((file.state().users(), file.state().reloads()), (2, 0));
    }
    fs::remove_file(on_disk.path()).unwrap();
    wait_until("the file's absence", || {
        file.state().fault().is_some_and(|fault| fault.to_string().contains("No such file"))
    });
    assert!(log_in(&verifier, "alice", "wonderland").await.is_ok());

    on_disk.write(&[line("alice", WONDERLAND), line("bob", SECRET), line("carol", SECRET)]);
    wait_until("the mended file", || file.state().fault().is_none());
    assert_eq!((file.state().users(), file.state().reloads()), (3, 1));
    assert!(log_in(&verifier, "carol", "bob's secret").await.is_ok());
}

#[tokio::test]
async fn a_reload_by_hand_counts_when_it_returns() {
    let on_disk = OnDisk::new(&two());
    let file = on_disk.builder().open().unwrap();
    let verifier = file.verifier("staff");
    on_disk.write(&two()[..1]);
    file.reload().unwrap();
    assert_eq!(cause(&verifier, "bob", "bob's secret").await, "no such user");

    fs::write(on_disk.path(), "no colon").unwrap();
    assert!(file.reload().unwrap_err().to_string().contains("line 1: no colon"));
    assert!(file.state().fault().is_some());
    assert!(log_in(&verifier, "alice", "wonderland").await.is_ok());
}

/// B16
#[tokio::test]
async fn a_user_removed_while_the_password_was_checked_is_refused() {
    let on_disk = OnDisk::new(&two());
    let file = on_disk.builder().open().unwrap();
    let pool = HashPool::default();
    let verifier = file.verifier("staff").pool(pool.clone());
    let (release, wait) = mpsc::channel::<()>();
    let (started, running) = tokio::sync::oneshot::channel();
    let held = tokio::spawn(async move {
        pool.run(move || {
            started.send(()).unwrap();
            wait.recv().unwrap();
        })
        .await
    });
    running.await.unwrap();
    let mut waiting = pin!(log_in(&verifier, "bob", "bob's secret"));
    assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());

    on_disk.write(&two()[..1]);
    file.reload().unwrap();
    release.send(()).unwrap();
    held.await.unwrap().unwrap();
    assert_eq!(waiting.await.unwrap_err().reason(), Reason::Invalid);
}

#[test]
fn a_hook_that_panics_keeps_neither_the_others_nor_the_watch_from_going_on() {
    let on_disk = OnDisk::new(&[line("alice", WONDERLAND), line("bob", SECRET), line("carol", SECRET)]);
    let (told, revoked) = mpsc::channel();
    let hook = move |_: &str, name: &str| {
        told.send(name.to_owned()).unwrap();
        std::panic::resume_unwind(Box::new("a fault of the application's"));
    };
    let file = on_disk.builder().on_revoked(hook).open().unwrap();
    let _verifier = file.verifier("staff");
    on_disk.write(&[line("alice", WONDERLAND)]);
    let mut named: Vec<_> = (0..2).map(|_| revoked.recv_timeout(Duration::from_secs(30)).unwrap()).collect();
    named.sort();
    assert_eq!(named, ["bob", "carol"]);
    on_disk.write(&[line("dave", WONDERLAND)]);
    assert_eq!(revoked.recv_timeout(Duration::from_secs(30)).unwrap(), "alice");
}

#[tokio::test]
async fn the_watch_goes_on_for_a_verifier_alone_and_ends_with_it() {
    struct Last(mpsc::Sender<()>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }
    let (sender, ended) = mpsc::channel();
    let last = Last(sender);
    let on_disk = OnDisk::new(&two());
    let hook = move |_: &str, _: &str| {
        let _held = &last;
    };
    let verifier = on_disk.builder().on_revoked(hook).open().unwrap().verifier("staff");
    assert!(ended.try_recv().is_err(), "the verifier still holds the file");
    on_disk.write(&two()[..1]);
    wait_until("the reload", || !verifier.contains("bob"));
    assert!(log_in(&verifier, "alice", "wonderland").await.is_ok());
    drop(verifier);
    ended.recv_timeout(Duration::from_secs(30)).unwrap();
}

#[test]
fn nothing_printed_shows_a_hash() {
    let on_disk = OnDisk::new(&two());
    let builder = format!("{:?}", on_disk.builder());
    let file = on_disk.builder().open().unwrap();
    fs::write(on_disk.path(), format!("alice:{SECRET}x\nbob:{WONDERLAND}x")).unwrap();
    file.reload().unwrap_err();
    let printed = format!("{builder} {file:?} {:?} {:?}", file.verifier("staff"), file.users());
    assert!(!printed.contains("2b$04") && !printed.contains("m=64"), "{printed}");
}

#[test]
fn the_operator_reads_of_reloads_and_of_faults_with_their_lines() {
    let on_disk = OnDisk::new(&two());
    let file = on_disk.builder().open().unwrap();
    let log = Log::start();
    on_disk.write(&two()[..1]);
    file.reload().unwrap();
    fs::write(on_disk.path(), "alice:wonderland").unwrap();
    file.reload().unwrap_err();
    let text = log.text();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].contains("INFO") && lines[0].contains("users reloaded"), "{text}");
    assert!(lines[0].contains("users.htpasswd"), "{text}");
    assert!(lines[1].contains("ERROR") && lines[1].contains("those of before stay"), "{text}");
    assert!(lines[1].contains("line 1: password hash: of an unknown kind"), "{text}");
    assert!(!text.contains("wonderland"), "{text}");
}
