//! Looks at the file again and again, and takes over what it says.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::time::Duration;
use std::{io, thread};

use super::super::hash::Strength;
use super::super::users::Users;
use super::super::verifier::{self, PasswordVerifier};
use super::builder::{HtpasswdFileBuilder, OnRevoked, Rights};
use super::content::{Content, Stamp};
use super::file::Shared;
use super::lines;
use super::state::HtpasswdState;
use crate::error::{ConfigError, Severity};
use crate::trace;

/// A change is taken over when two looks at it are alike, so within twice this time and a little.
pub(super) const INTERVAL: Duration = Duration::from_millis(500);

/// What was said of the file before it was opened.
pub(super) struct Rules {
    pub(super) path: PathBuf,
    strength: Strength,
    rights: Rights,
    on_revoked: Option<Box<OnRevoked>>,
}

/// Issuer and name of somebody whose old password is worth nothing now.
pub(super) type Revoked = (Arc<str>, String);

impl Rules {
    pub(super) fn new(builder: HtpasswdFileBuilder) -> Self {
        let HtpasswdFileBuilder { path, strength, rights, on_revoked } = builder;
        Self { path, strength, rights, on_revoked }
    }

    pub(super) fn name(&self) -> String {
        format!("{:?}", self.path.display().to_string())
    }

    fn read(&self, content: Content) -> Result<(Users, Vec<Box<str>>), ConfigError> {
        let mut users = lines::read(&self.path.display().to_string(), &content.0?, self.strength)?;
        let without_user = self.rights.give(&mut users);
        Ok((users, without_user))
    }

    /// Calls the hook for each; one call that panics does not keep the others from being made.
    pub(super) fn tell(&self, revoked: &[Revoked]) {
        let Some(hook) = &self.on_revoked else { return };
        for (issuer, name) in revoked {
            if catch_unwind(AssertUnwindSafe(|| hook(issuer, name))).is_err() {
                trace::happened(Severity::Error, "the hook for revoked users panicked", &self.path.display(), None);
            }
        }
    }
}

/// What is known of the file.
pub(super) struct Kept {
    state: HtpasswdState,
    users: Users,
    verifiers: Vec<Weak<verifier::Shared>>,
    /// Of what was taken over last, or refused.
    judged: u64,
    seen: Seen,
}

/// The last look.
struct Seen {
    stamp: Option<Stamp>,
    digest: u64,
    /// Whether the look before saw the same: the file has been left alone since.
    settled: bool,
    /// What could not be read may be allowed later, and that leaves the stamp as it is.
    is_readable: bool,
}

impl Seen {
    fn look(rules: &Rules) -> (Self, Content) {
        // Before the content: what is written in between is seen as a change next time.
        let stamp = Stamp::of(&rules.path);
        let content = Content::of(&rules.path);
        (Self { stamp, digest: content.digest(), settled: false, is_readable: content.0.is_ok() }, content)
    }
}

impl Kept {
    pub(super) fn open(rules: &Rules) -> Result<Self, ConfigError> {
        let (seen, content) = Seen::look(rules);
        let (users, without_user) = rules.read(content)?;
        let state = HtpasswdState { users: users.len(), reloads: 0, fault: None, without_user };
        Ok(Self { state, users, verifiers: Vec::new(), judged: seen.digest, seen })
    }

    pub(super) const fn users(&self) -> &Users {
        &self.users
    }

    pub(super) fn state(&self) -> HtpasswdState {
        self.state.clone()
    }

    /// Has `verifier` follow the file.
    pub(super) fn feed(&mut self, verifier: &PasswordVerifier) {
        self.verifiers.retain(|fed| fed.strong_count() > 0);
        self.verifiers.push(Arc::downgrade(&verifier.shared));
    }

    /// Takes over what the file says now, whether it is still being written or not.
    pub(super) fn reload(&mut self, rules: &Rules) -> (Result<(), ConfigError>, Vec<Revoked>) {
        let (seen, content) = Seen::look(rules);
        self.seen = seen;
        self.judge(rules, content)
    }

    /// Looks for a change, and takes it over when a second look sees the same: a file that is being written is half of one,
    /// and might be a sound one, of fewer users.
    fn look(&mut self, rules: &Rules) -> Vec<Revoked> {
        if self.seen.settled && self.seen.is_readable && self.seen.stamp == Stamp::of(&rules.path) {
            return Vec::new();
        }
        let (mut seen, content) = Seen::look(rules);
        seen.settled = seen.stamp == self.seen.stamp && seen.digest == self.seen.digest;
        self.seen = seen;
        if !self.seen.settled || self.seen.digest == self.judged {
            return Vec::new();
        }
        self.judge(rules, content).1
    }

    fn judge(&mut self, rules: &Rules, content: Content) -> (Result<(), ConfigError>, Vec<Revoked>) {
        self.judged = self.seen.digest;
        let about = &rules.path.display();
        match rules.read(content) {
            Ok((users, without_user)) => {
                let reloads = self.state.reloads.saturating_add(1);
                self.state = HtpasswdState { users: users.len(), reloads, fault: None, without_user };
                self.users = users;
                let revoked = self.exchange();
                trace::happened(Severity::Info, "users reloaded", about, None);
                (Ok(()), revoked)
            }
            Err(error) => {
                trace::happened(Severity::Error, "users not reloaded, those of before stay", about, Some(&error));
                self.state.fault = Some(error.clone());
                (Err(error), Vec::new())
            }
        }
    }

    fn exchange(&mut self) -> Vec<Revoked> {
        let mut revoked = Vec::new();
        for verifier in self.verifiers.iter().filter_map(Weak::upgrade) {
            let names = verifier.replace(self.users.clone());
            revoked.extend(names.into_iter().map(|name| (Arc::clone(&verifier.issuer), name)));
        }
        revoked
    }
}

/// Whoever watches stops when this is dropped.
pub(super) type Stop = SyncSender<()>;

pub(super) fn stop() -> (Stop, Receiver<()>) {
    sync_channel(0)
}

/// Starts the thread that watches.
pub(super) fn start(file: Weak<Shared>, stopped: Receiver<()>) -> io::Result<()> {
    // Linux shows 15 characters of a thread's name.
    thread::Builder::new().name(String::from("portcullis-file")).spawn(move || watch(&file, &stopped)).map(drop)
}

fn watch(file: &Weak<Shared>, stopped: &Receiver<()>) {
    while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
        let Some(file) = file.upgrade() else { return };
        // A fault of ours in one look must not be the last one.
        let looked = catch_unwind(AssertUnwindSafe(|| {
            let revoked = file.kept().look(&file.rules);
            file.rules.tell(&revoked);
        }));
        if looked.is_err() {
            trace::happened(Severity::Error, "a look at the users panicked", &file.rules.path.display(), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use tempfile::TempDir;

    use super::super::file::HtpasswdFile;
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";

    fn lines(names: &[&str]) -> String {
        names.iter().map(|name| format!("{name}:{HASH}\n")).collect()
    }

    fn opened(path: &Path) -> (Rules, Kept, PasswordVerifier) {
        let rules = Rules::new(HtpasswdFile::builder(path));
        let mut kept = Kept::open(&rules).unwrap();
        let verifier = PasswordVerifier::new("staff", kept.users().clone());
        kept.feed(&verifier);
        (rules, kept, verifier)
    }

    fn names(revoked: Vec<Revoked>) -> Vec<String> {
        revoked.into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn a_change_counts_with_the_second_look_and_so_within_two_seconds() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("users");
        fs::write(&path, lines(&["alice", "bob"])).unwrap();
        let (rules, mut kept, verifier) = opened(&path);
        kept.look(&rules);
        fs::write(&path, lines(&["alice"])).unwrap();
        assert!(kept.look(&rules).is_empty());
        assert!(verifier.contains("bob"));
        assert_eq!(names(kept.look(&rules)), ["bob"]);
        assert!(!verifier.contains("bob"));
        assert!(INTERVAL * 3 < Duration::from_secs(2), "a look just before the change, and two after it");
    }

    #[test]
    fn a_file_that_is_still_being_written_is_left_alone_though_each_part_of_it_is_sound() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("users");
        let all = ["alice", "bob", "carol", "dave"];
        fs::write(&path, lines(&all)).unwrap();
        let (rules, mut kept, verifier) = opened(&path);
        kept.look(&rules);
        for written in 1..all.len() {
            fs::write(&path, lines(all.get(..written).unwrap())).unwrap();
            assert!(kept.look(&rules).is_empty());
            assert!(verifier.contains("dave"));
        }
        fs::write(&path, lines(&all)).unwrap();
        assert!(kept.look(&rules).is_empty() && kept.look(&rules).is_empty() && kept.look(&rules).is_empty());
        assert_eq!(kept.state().reloads(), 0);
    }

    /// Some file systems keep whole seconds, and a password may be changed twice in one.
    #[test]
    fn a_change_that_leaves_time_length_and_file_as_they_were_is_seen_while_the_file_is_young() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("users");
        fs::write(&path, lines(&["alice"])).unwrap();
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        let (rules, mut kept, verifier) = opened(&path);
        fs::write(&path, lines(&["clare"])).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
        kept.look(&rules);
        kept.look(&rules);
        assert!(verifier.contains("clare") && !verifier.contains("alice"));
    }

    #[test]
    fn a_settled_file_is_looked_at_and_not_read() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("users");
        fs::write(&path, lines(&["alice"])).unwrap();
        let (rules, mut kept, _) = opened(&path);
        kept.look(&rules);
        assert!(kept.seen.settled);
        kept.seen.digest = 0;
        kept.look(&rules);
        assert_eq!(kept.seen.digest, 0);
    }

    #[test]
    fn a_broken_file_is_judged_once_and_a_reload_by_hand_is_not_judged_again() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("users");
        fs::write(&path, lines(&["alice"])).unwrap();
        let (rules, mut kept, _) = opened(&path);
        fs::write(&path, "no colon").unwrap();
        assert!(kept.reload(&rules).0.is_err());
        fs::write(&path, lines(&["alice", "bob"])).unwrap();
        assert!(kept.reload(&rules).0.is_ok());
        assert!(kept.look(&rules).is_empty() && kept.look(&rules).is_empty());
        assert_eq!(kept.state().reloads(), 1);
        assert!(kept.state().fault().is_none());
    }
}
