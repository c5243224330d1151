//! Who has a name and a password that match.

use std::fmt;
use std::hint::black_box;
use std::sync::{Arc, PoisonError, RwLock};

use super::accounts::Accounts;
use super::pool::HashPool;
use super::remembered::{PasswordMemory, Remembered};
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
    shared: Arc<Shared>,
    pool: HashPool,
    memory: Arc<Remembered>,
    under_way: Arc<UnderWay>,
}

struct Shared {
    issuer: Arc<str>,
    accounts: RwLock<Arc<Accounts>>,
}

impl PasswordVerifier {
    /// Verifies against `users`, and names `issuer` as who vouches for them: the realm of local users. Hashes on a pool
    /// of its own, [`HashPool::default`].
    pub fn new(issuer: impl Into<Arc<str>>, users: Users) -> Self {
        let issuer = issuer.into();
        let accounts = RwLock::new(Arc::new(Accounts::new(&issuer, users)));
        Self {
            shared: Arc::new(Shared { issuer, accounts }),
            pool: HashPool::default(),
            memory: Arc::default(),
            under_way: Arc::default(),
        }
    }

    /// Hashes on this pool instead. Give one pool to all verifiers, so that they share one budget.
    #[must_use]
    pub fn pool(mut self, pool: HashPool) -> Self {
        self.pool = pool;
        self
    }

    /// How much is remembered of credentials that were right. Default: [`PasswordMemory::new`].
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

    /// Whether `name` is known and not disabled.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.accounts().by_name.get(name).is_some_and(|account| account.identity.is_some())
    }

    /// Exchanges the users, in every clone and for every verdict from now on, that of a password which is being hashed
    /// included.
    ///
    /// Returns the names, in no order, of those who could log in before and whose old password is worth nothing now:
    /// removed, disabled, or given another password. End their sessions too:
    ///
    /// ```
    /// # #[cfg(feature = "session")] {
    /// use portcullis::identity::password::{PasswordVerifier, Users};
    /// use portcullis::identity::session::MemorySessions;
    ///
    /// fn reload(verifier: &PasswordVerifier, sessions: &MemorySessions, users: Users) {
    ///     for name in verifier.replace(users) {
    ///         sessions.end_all("staff", &name);
    ///     }
    /// }
    /// # }
    /// ```
    pub fn replace(&self, users: Users) -> Vec<String> {
        let fresh = Arc::new(Accounts::new(&self.shared.issuer, users));
        let mut current = self.shared.accounts.write().unwrap_or_else(PoisonError::into_inner);
        let revoked = current
            .by_name
            .iter()
            .filter(|(name, account)| account.identity.is_some() && fresh.still_good(name, account).is_none())
            .map(|(name, _)| String::from(&**name))
            .collect();
        *current = fresh;
        revoked
    }

    fn accounts(&self) -> Arc<Accounts> {
        Arc::clone(&self.shared.accounts.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Verifier<BasicCredentials> for PasswordVerifier {
    async fn verify(&self, credentials: BasicCredentials) -> Result<Identity, VerifyError> {
        let accounts = self.accounts();
        let account = accounts.by_name.get(credentials.username()).cloned();
        // Drawn for known names too, since with many users the draw itself takes time.
        let decoy = black_box(accounts.decoy(credentials.username()));
        let hash = match &account {
            Some(account) => Arc::clone(&account.hash),
            None => decoy,
        };
        drop(accounts);
        // The stored hash is part of it: a check that was joined or is remembered is worth nothing for another password.
        let tag = self.memory.tag(&credentials, account.as_ref().map_or("", |account| &account.stored));
        if let Some(identity) = account.as_ref().and_then(|account| account.identity.as_ref())
            && self.memory.holds(&tag)
        {
            return Ok(identity.clone());
        }
        let credentials = Arc::new(credentials);
        let check = Check { credentials: Arc::clone(&credentials), hash };
        let matches = self.under_way.run(tag, check, &self.pool).await?;
        match account {
            None => Err(VerifyError::invalid().because("no such user")),
            Some(account) if account.identity.is_none() => Err(VerifyError::invalid().because("the user is disabled")),
            Some(_) if !matches => Err(VerifyError::invalid().because("wrong password")),
            Some(account) => {
                let identity = self.accounts().still_good(credentials.username(), &account);
                let identity = identity
                    .ok_or(VerifyError::invalid().because("the user changed while the password was checked"))?;
                self.memory.insert(tag);
                Ok(identity)
            }
        }
    }

    fn verify_now(&self, credentials: &BasicCredentials) -> Option<Result<Identity, VerifyError>> {
        self.remembered(credentials).map(Ok)
    }

    fn remembered(&self, credentials: &BasicCredentials) -> Option<Identity> {
        let accounts = self.accounts();
        let account = accounts.by_name.get(credentials.username());
        let tag = self.memory.tag(credentials, account.map_or("", |account| &account.stored));
        let known = self.memory.holds(&tag);
        account?.identity.as_ref().filter(|_| known).cloned()
    }
}

impl fmt::Debug for PasswordVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordVerifier")
            .field("issuer", &self.shared.issuer)
            .field("users", &self.accounts().by_name.len())
            .field("pool", &self.pool)
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::argon2id::Memory;
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

    #[tokio::test]
    async fn whoever_is_asking_one_hash_is_computed() {
        let (alice, carol) = (Arc::default(), Arc::default());
        let mut users = Users::new();
        users.insert("alice", user(&alice)).unwrap();
        users.insert("carol", user(&carol).disabled(true)).unwrap();
        let verifier = PasswordVerifier::new("staff", users);

        for (name, password, accepted) in [
            ("alice", "right", true),
            ("alice", "wrong", false),
            ("carol", "right", false),
            ("carol", "wrong", false),
            ("mallory", "right", false),
            ("mallory", "wrong", false),
        ] {
            assert_eq!(log_in(&verifier, name, password).await, accepted, "{name}");
            assert_eq!(alice.take() + carol.take(), 1, "{name}");
        }
    }

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
