//! What is told of limits that are reached.

use std::net::Ipv6Addr;
use std::time::Duration;

use super::count::Rules;
use crate::identity::error::VerifyError;
use crate::observe::{Claimed, Event, Finding, Listener};
use crate::trace;

/// Whose attempts are counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Whose {
    Account,
    Client,
}

/// An attempt that is not let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Refused {
    pub(super) whose: Whose,
    /// How long to wait.
    pub(super) delay: Duration,
}

impl Refused {
    /// The refusal, which says whose limit is reached, and not whether there is such an account.
    pub(super) fn error(self, rules: Rules) -> VerifyError {
        let (limit, hint) = match self.whose {
            Whose::Account => (
                "failed log-ins of the account",
                "Somebody guesses at this account, or its user has forgotten the password: it is let in again by itself.",
            ),
            Whose::Client => (
                "failed log-ins of the client",
                "One address fails for many accounts. If it is a proxy of yours, tell the addresses behind it \
                 (`TrustedProxies`); if an office, raise `attempts_per_client`.",
            ),
        };
        let most = format!("fewer than {} in {} s", rules.attempts, rules.window.as_secs());
        VerifyError::throttled(self.delay)
            .because("the account or the client has failed too often")
            .hint(hint)
            .finding(Finding::about(limit).expected(most).found("as many, or a wait that is not over"))
    }
}

/// Who has to wait from now on, and how long: at most one of each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Locks {
    pub(super) account: Option<Duration>,
    pub(super) client: Option<Duration>,
}

impl Locks {
    /// Tells of them, each once. `account` is the name as it was sent, where somebody listens; `client` the number of a network.
    pub(super) fn tell(self, listener: &Listener, account: Option<&str>, client: Option<u128>) {
        let client = client.map(|bits| Ipv6Addr::from_bits(bits).to_canonical());
        if let Some(retry_after) = self.account {
            let account = account.map(Claimed::new);
            trace::audit(listener, &Event::Locked { account, client, retry_after });
        }
        if let (Some(retry_after), Some(client)) = (self.client, client) {
            trace::audit(listener, &Event::Locked { account: None, client: Some(client), retry_after });
        }
    }
}
