//! Who has a name and a password that match.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::directory::{Directory, unusable};
use super::pool::HashPool;
use super::rehash::{Rehash, Rehasher};
use super::remembered::{PasswordMemory, Remembered};
use super::store::PasswordStore;
use super::under_way::{Check, UnderWay};
use super::users::Users;
use crate::clock::Clock;
use crate::credentials::BasicCredentials;
use crate::identity::error::VerifyError;
use crate::identity::identity::Identity;
use crate::identity::verifier::Verifier;

/// Verifies user names and passwords against [`Users`]; see [the module](super) for the rules.
///
/// The identity has the verifier's issuer, the user's name, roles and scopes, `amr` `pwd`, and is authenticated with the
/// request itself. Clones are cheap and share the users.
///
/// ```
/// use portcullis::identity::password::{PasswordVerifier, User, Users, hash_password};
///
/// let mut users = Users::new();
/// users.insert("alice", User::new(&hash_password("open sesame")?)?.roles(["admin"]))?;
/// let verifier = PasswordVerifier::new("staff", users);
///
/// assert!(verifier.contains("alice"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PasswordVerifier {
    pub(super) shared: Arc<Shared>,
    pool: HashPool,
    memory: Arc<Remembered>,
    under_way: Arc<UnderWay>,
    rehasher: Option<Arc<Rehasher>>,
}

pub(super) struct Shared {
    pub(super) issuer: Arc<str>,
    pub(super) directory: Directory,
}

impl Shared {
    /// As [`PasswordVerifier::replace`].
    pub(super) fn replace(&self, users: Users) -> Vec<String> {
        self.directory.replace(&self.issuer, users)
    }
}

impl PasswordVerifier {
    /// Verifies against `users`, and names `issuer` as who vouches for them: the realm of local users. Hashes on a pool
    /// of its own, [`HashPool::default`].
    pub fn new(issuer: impl Into<Arc<str>>, users: Users) -> Self {
        let issuer = issuer.into();
        let directory = Directory::memory(&issuer, users);
        Self::over(issuer, directory)
    }

    /// Verifies against users that are kept elsewhere. The store is asked before a password is compared, and again when
    /// it was right, so that a change counts at once; where it does not answer, the log-in is *unavailable*.
    ///
    /// An unknown name does the work of some user seen before; until one was seen, that of a new hash.
    pub fn with_store(issuer: impl Into<Arc<str>>, store: impl PasswordStore) -> Self {
        Self::over(issuer.into(), Directory::store(store))
    }

    pub(super) fn over(issuer: Arc<str>, directory: Directory) -> Self {
        Self {
            shared: Arc::new(Shared { issuer, directory }),
            pool: HashPool::default(),
            memory: Arc::default(),
            under_way: Arc::default(),
            rehasher: None,
        }
    }

    /// Hashes on this pool instead. Give one pool to all verifiers, so that they share one budget.
    #[must_use]
    pub fn pool(mut self, pool: HashPool) -> Self {
        self.pool = pool;
        self
    }

    /// How much is remembered of credentials that were right. Default: [`PasswordMemory::new`]. Of users in a store it is
    /// asked after the store, so that a change counts at once: it saves the hash, and not the way.
    #[must_use]
    pub fn memory(mut self, limits: PasswordMemory) -> Self {
        self.memory = Arc::new(self.memory.with_limits(limits));
        self
    }

    /// The clock that the memory's end is measured with. Default: the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.memory = Arc::new(self.memory.with_clock(Arc::new(clock)));
        self
    }

    /// Calls `hook` with a new hash for whoever logs in while the stored one is below what is asked for today: argon2id
    /// with one of the five sets of parameters that OWASP lists, scrypt likewise, PBKDF2 with 600,000 rounds of SHA-256 or
    /// 210,000 of SHA-512, bcrypt of cost 10; anything else always is. Default: nothing happens.
    ///
    /// The log-in does not wait for it. The pool hashes the password again after what waits there, and calls the hook on
    /// the same thread, so it may block, and counts against the pool's budget while it does. It is called once for a
    /// stored hash; where it fails, an error is told to the operator, and the next log-in that is
    /// hashed, and not known from the memory, is another chance.
    ///
    /// ```
    /// use portcullis::identity::password::{PasswordVerifier, Users};
    ///
    /// let verifier = PasswordVerifier::new("staff", Users::new()).on_rehash(|rehash| {
    ///     // Where the hash is still the old one: the user may have another password by now.
    ///     save(rehash.name(), rehash.old_hash(), rehash.new_hash())?;
    ///     Ok(())
    /// });
    /// # fn save(_: &str, _: &str, _: &str) -> std::io::Result<()> { Ok(()) }
    /// ```
    #[must_use]
    pub fn on_rehash<H>(mut self, hook: H) -> Self
    where
        H: Fn(&Rehash) -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    {
        self.rehasher = Some(Rehasher::new(Arc::clone(&self.shared.issuer), Box::new(hook)));
        self
    }

    /// Whether `name` is known and not disabled. Of users in a store nothing is known here: `false`.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.shared.directory.contains(name)
    }

    /// Exchanges the users, in every clone and for every verdict from now on, that of a password which is being hashed
    /// included. Users in a store cannot be exchanged from here: nothing happens.
    ///
    /// Returns the names, in no order, of those who could log in before and whose old password is worth nothing now:
    /// removed, disabled, or given another password. End their sessions too:
    ///
    /// ```
    /// # #[cfg(feature = "session")] {
    /// use portcullis::identity::password::{PasswordVerifier, Users};
    /// use portcullis::identity::session::{SessionError, Sessions};
    ///
    /// async fn reload(verifier: &PasswordVerifier, sessions: &Sessions, users: Users) -> Result<(), SessionError> {
    ///     for name in verifier.replace(users) {
    ///         sessions.end_all("staff", &name).await?;
    ///     }
    ///     Ok(())
    /// }
    /// # }
    /// ```
    #[expect(clippy::must_use_candidate, reason = "the exchange is what it is for; not everybody keeps sessions")]
    pub fn replace(&self, users: Users) -> Vec<String> {
        self.shared.replace(users)
    }
}

impl Verifier<BasicCredentials> for PasswordVerifier {
    async fn verify(&self, credentials: BasicCredentials) -> Result<Identity, VerifyError> {
        let Shared { issuer, directory } = &*self.shared;
        let found = directory.find(issuer, credentials.username()).await?;
        let (hash, needs_rehash) = (found.hash.clone(), found.hash.needs_rehash());
        // The stored hash is part of it: a check that was joined or is remembered is worth nothing for another password.
        let tag = self.memory.tag(&credentials, found.account.as_ref().map_or("", |account| &account.stored));
        if let Some(identity) = found.account.as_ref().ok().and_then(|account| account.identity.as_ref())
            && self.memory.holds(&tag)
        {
            self.memory.lookups.hit();
            return Ok(identity.clone());
        }
        self.memory.lookups.missed();
        let credentials = Arc::new(credentials);
        let check = Check { credentials: Arc::clone(&credentials), hash };
        let matches = self.under_way.run(tag, check, &self.pool).await?;
        let account = found.account.map_err(unusable)?;
        if account.identity.is_none() {
            return Err(VerifyError::invalid()
                .because("the user is disabled")
                .hint("Enable the user again if that is wrong; whether the password was right is not told."));
        }
        if !matches {
            return Err(VerifyError::invalid()
                .because("wrong password")
                .hint("The user exists and the password is another: it was mistyped, or changed."));
        }
        let identity = directory.still_good(issuer, credentials.username(), &account).await?;
        if let (true, Some(rehasher)) = (needs_rehash, &self.rehasher) {
            rehasher.rehash(&self.pool, credentials, account.stored);
        }
        self.memory.insert(tag, identity.subject());
        Ok(identity)
    }

    fn verify_now(&self, credentials: &BasicCredentials) -> Option<Result<Identity, VerifyError>> {
        self.remembered(credentials).map(Ok)
    }

    fn remembered(&self, credentials: &BasicCredentials) -> Option<Identity> {
        self.shared.directory.look(credentials.username(), |account| {
            let tag = self.memory.tag(credentials, account.map_or("", |account| &account.stored));
            let known = self.memory.holds(&tag);
            account?.identity.as_ref().filter(|_| known).cloned().inspect(|_| self.memory.lookups.hit())
        })?
    }

    fn forget(&self, subject: &Identity) {
        if subject.issuer() == &*self.shared.issuer {
            self.memory.forget(subject.subject());
        }
    }
}

impl fmt::Debug for PasswordVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordVerifier")
            .field("issuer", &self.shared.issuer)
            .field("users", &self.shared.directory)
            .field("pool", &self.pool)
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::accounts::Accounts;
    use super::super::argon2::Memory;
    use super::super::hash::{OutOfMemory, StoredHash};
    use super::super::users::User;
    use super::*;

    /// Stands for a hash with parameters of its own: counts how often its work is done.
    #[derive(Default)]
    struct Counted(AtomicUsize);

    impl StoredHash for Counted {
        fn matches(&self, password: &[u8], _: &mut Memory) -> Result<bool, OutOfMemory> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(password == b"right")
        }

        fn needs_rehash(&self) -> bool {
            false
        }
    }

    impl Counted {
        fn take(&self) -> usize {
            self.0.swap(0, Ordering::SeqCst)
        }
    }

    fn user(hash: &Arc<Counted>) -> User {
        let stored = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";
        let mut user = User::new(stored).unwrap();
        user.hash = Arc::clone(hash) as Arc<dyn StoredHash>;
        user
    }

    /// Users whose stored hashes differ, as salted ones do.
    fn users(hashes: &[Arc<Counted>]) -> Users {
        let mut users = Users::new();
        for (number, hash) in hashes.iter().enumerate() {
            let mut user = user(hash);
            user.stored = format!("stored hash {number}").into();
            users.insert(&format!("user {number}"), user).unwrap();
        }
        users
    }

    async fn log_in(verifier: &PasswordVerifier, name: &str, password: &str) -> bool {
        verifier.verify(BasicCredentials::new(name, password).unwrap()).await.is_ok()
    }

    /// B01
    #[tokio::test]
    async fn whoever_is_asking_one_hash_is_computed() {
        let (alice, carol) = (Arc::default(), Arc::default());
        let mut users = Users::new();
        users.insert("alice", user(&alice)).unwrap();
        users.insert("carol", user(&carol).disabled(true)).unwrap();
        let verifier = PasswordVerifier::new("staff", users);

        assert!(log_in(&verifier, "alice", "right").await);
        assert_eq!(alice.take(), 1);
        // What some kinds of hash would cut is work like the rest.
        let long = [72, 73, 1000, BasicCredentials::MAX_PASSWORD].map(|length| "x".repeat(length));
        for password in ["wrong", "w"].into_iter().chain(long.iter().map(String::as_str)) {
            for name in ["alice", "carol", "mallory"] {
                assert!(!log_in(&verifier, name, password).await, "{name}");
                assert_eq!(alice.take() + carol.take(), 1, "{name}, {} bytes", password.len());
            }
        }
        for name in ["carol", "mallory"] {
            assert!(!log_in(&verifier, name, "right").await, "{name}");
            assert_eq!(alice.take() + carol.take(), 1, "{name}");
        }
        // What is no credential costs nobody anything, whatever the name.
        for name in ["alice", "mallory"] {
            for password in [String::new(), "x".repeat(BasicCredentials::MAX_PASSWORD + 1)] {
                assert!(BasicCredentials::new(name, &password).is_err());
            }
        }
    }

    /// B01
    #[tokio::test]
    async fn an_unknown_name_costs_what_some_user_costs_and_always_the_same_one() {
        let hashes: Vec<Arc<Counted>> = (0..8).map(|_| Arc::default()).collect();
        let users = users(&hashes);
        let verifier = PasswordVerifier::new("staff", users.clone());
        let mut resembled = std::collections::HashSet::new();
        for number in 0..200 {
            let name = format!("nobody {number}");
            for round in 0..3 {
                assert!(!log_in(&verifier, &name, "right").await);
                if round == 1 {
                    verifier.replace(users.clone());
                }
            }
            let runs: Vec<_> = hashes.iter().map(|hash| hash.take()).collect();
            resembled.insert(runs.iter().position(|&runs| runs == 3).unwrap());
            assert_eq!(runs.iter().sum::<usize>(), 3);
        }
        assert_eq!(resembled.len(), 8, "every user is resembled by some");
    }
    #[test]
    fn an_unknown_name_costs_the_same_elsewhere_and_nearly_always_after_a_change() {
        let hashes: Vec<Arc<Counted>> = (0..20).map(|_| Arc::default()).collect();
        let issuer = Arc::from("staff");
        let [before, elsewhere] = [0, 1].map(|_| Accounts::new(&issuer, users(&hashes[..19])));
        let after = Accounts::new(&issuer, users(&hashes));
        let names: Vec<_> = (0..200).map(|number| format!("nobody {number}")).collect();
        let same = |one: &Accounts, other: &Accounts| {
            names.iter().filter(|name| Arc::ptr_eq(&one.decoy(name), &other.decoy(name))).count()
        };
        assert_eq!(same(&before, &elsewhere), 200);
        // The new user is resembled by one name in twenty, give or take.
        assert!((170..200).contains(&same(&before, &after)), "{}", same(&before, &after));
    }
}
