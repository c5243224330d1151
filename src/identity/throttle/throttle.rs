//! The handle, and the way an attempt is let in.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::builder::ThrottleBuilder;
use super::local::{Keys, Local, Reserved};
use super::locked::{Locks, Refused, Whose};
use super::permit::Permit;
use super::redis::Together;
use super::throttled::Throttled;
use crate::credentials::ClientAddress;
use crate::identity::error::VerifyError;
use crate::identity::identity::Identity;
use crate::measure;
use crate::observe::Listener;

/// Counts failed log-ins per account and per client, and refuses before comparing when there were too many; see
/// [the module](super) for the rules.
///
/// Clones share the counts: give one to everything that lets the same people in.
///
/// ```
/// use std::time::Duration;
/// use portcullis::authenticate::Basic;
/// use portcullis::identity::password::{PasswordVerifier, Users};
/// use portcullis::identity::throttle::Throttle;
///
/// let throttle = Throttle::builder().attempts(5).window(Duration::from_secs(60)).build()?;
/// let scheme = Basic::new("staff", throttle.around(PasswordVerifier::new("staff", Users::new())));
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Throttle {
    shared: Arc<Shared>,
}

struct Shared {
    local: Local,
    together: Option<Together>,
    canonical: Canonical,
    listener: Listener,
    throttled: measure::Throttled,
}

/// What is one account, by the names it goes by.
pub(super) type Canonical = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// What became of an attempt.
pub(super) enum Admitted {
    Permit(Permit),
    Remembered(Identity),
}

impl Throttle {
    /// A throttle in the making.
    pub fn builder() -> ThrottleBuilder {
        ThrottleBuilder::new()
    }

    pub(super) fn new(local: Local, together: Option<Together>, canonical: Canonical, listener: Listener) -> Self {
        let throttled = measure::Throttled::new();
        Self { shared: Arc::new(Shared { local, together, canonical, listener, throttled }) }
    }

    /// A verifier of user names and passwords that asks `verifier` for as long as there were not too many failures: for the
    /// scheme [`Basic`](crate::authenticate::Basic), and for log-in forms.
    #[must_use]
    pub fn around<V>(&self, verifier: V) -> Throttled<V> {
        Throttled::new(self.clone(), verifier)
    }

    /// Reserves an attempt, before anything is compared: for schemes of your own. Waits while all attempts that are left are
    /// under way.
    ///
    /// ```
    /// use portcullis::credentials::ClientAddress;
    /// use portcullis::identity::throttle::Throttle;
    /// use portcullis::{Identity, VerifyError};
    ///
    /// # async fn compare(account: &str, pin: &str) -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) }
    /// async fn verify(throttle: &Throttle, account: &str, pin: &str, client: ClientAddress) -> Result<Identity, VerifyError> {
    ///     let permit = throttle.guard(account, Some(client)).await?;
    ///     let verdict = compare(account, pin).await;
    ///     permit.settle(&verdict).await;
    ///     verdict
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// *Throttled*, with the time to wait, after too many failures of the account or the client.
    pub async fn guard(&self, account: &str, client: Option<ClientAddress>) -> Result<Permit, VerifyError> {
        match self.admit(self.keys(account, client), account, || None).await? {
            Admitted::Permit(permit) => Ok(permit),
            Admitted::Remembered(_) => Err(VerifyError::invalid()),
        }
    }

    /// Lets an attempt in, or one whose credentials are remembered from a client that has attempts left.
    pub(super) async fn admit(
        &self,
        keys: Keys,
        account: &str,
        remembered: impl Fn() -> Option<Identity> + Send + Sync,
    ) -> Result<Admitted, VerifyError> {
        let local = &self.shared.local;
        loop {
            let mut settled = pin!(local.settled.notified());
            // From here on, nothing that ends is missed.
            settled.as_mut().enable();
            if let Some(identity) = self.recall(keys.client, &remembered) {
                return Ok(Admitted::Remembered(identity));
            }
            match local.reserve(keys) {
                Reserved::Granted => {}
                Reserved::Refused(refused, locks) => {
                    self.tell(locks, None, keys);
                    return Err(self.refusal(refused));
                }
                Reserved::Undecided => {
                    let waiting = Waiting { throttle: self, keys, over: false };
                    settled.await;
                    waiting.end();
                    continue;
                }
            }
            let account = (!self.shared.listener.is_deaf()).then(|| account.into());
            let permit = Permit::new(self.clone(), keys, account);
            return match &self.shared.together {
                None => Ok(Admitted::Permit(permit)),
                Some(together) => {
                    together.admit(permit).await.map(Admitted::Permit).map_err(|refused| self.refusal(refused))
                }
            };
        }
    }

    /// What is remembered, unless the client has used up its attempts: what it guesses at is charged when it was wrong.
    pub(super) fn recall(&self, client: u128, remembered: impl FnOnce() -> Option<Identity>) -> Option<Identity> {
        if self.shared.local.has_room(client) { remembered() } else { None }
    }

    pub(super) fn keys(&self, account: &str, client: Option<ClientAddress>) -> Keys {
        let account = self.account_key(account);
        Keys { account, client: client.map_or(account, client_key), is_client_known: client.is_some() }
    }

    /// Whom an attempt is counted for besides the account: the account once more, where the client is not known.
    pub(super) fn client_of(&self, account: &str, client: Option<ClientAddress>) -> u128 {
        client.map_or_else(|| self.account_key(account), client_key)
    }

    /// Half of a digest: enough to tell names apart, whoever chooses them.
    fn account_key(&self, account: &str) -> u128 {
        let digest = Sha256::digest((self.shared.canonical)(account));
        digest.iter().take(16).fold(0, |bits, byte| (bits << 8) | u128::from(*byte))
    }

    fn refusal(&self, refused: Refused) -> VerifyError {
        match refused.whose {
            Whose::Account => self.shared.throttled.account(),
            Whose::Client => self.shared.throttled.client(),
        }
        refused.error(self.shared.local.rules(refused.whose))
    }

    /// Tells whoever listens who has to wait from now on.
    pub(super) fn tell(&self, locks: Locks, account: Option<&str>, keys: Keys) {
        locks.tell(&self.shared.listener, account, keys.known_client());
    }

    pub(super) fn local(&self) -> &Local {
        &self.shared.local
    }

    pub(super) fn together(&self) -> Option<&Together> {
        self.shared.together.as_ref()
    }
}

/// One who was told nothing yet, which tells that the credentials are not remembered: leaving now costs what failing costs.
struct Waiting<'t> {
    throttle: &'t Throttle,
    keys: Keys,
    over: bool,
}

impl Waiting<'_> {
    fn end(mut self) {
        self.over = true;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.over {
            let locks = self.throttle.local().charge(self.keys.client);
            self.throttle.tell(locks, None, self.keys);
        }
    }
}

impl Default for Throttle {
    /// 10 attempts a minute for an account, 100 for a client, counted in this process.
    fn default() -> Self {
        Self::builder().unchecked()
    }
}

fn client_key(client: ClientAddress) -> u128 {
    match client.network().ip() {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Without spaces around it and in small letters.
pub(super) fn folded(name: &str) -> Cow<'_, str> {
    let trimmed = name.trim();
    if trimmed.chars().any(char::is_uppercase) { trimmed.to_lowercase().into() } else { trimmed.into() }
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (accounts, clients) = self.shared.local.len();
        f.debug_struct("Throttle").field("accounts", &accounts).field("clients", &clients).finish_non_exhaustive()
    }
}
