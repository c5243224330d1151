//! Where checks come from, to be fair between those who send them.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use crate::credentials::ClientAddress;

/// Who shares a queue: a client's network where it is known, else an account.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Source {
    /// By a number instead of its name, which may be long, and a password typed into the wrong field.
    Account(u64),
    Network(ClientAddress),
    Unknown,
}

impl Source {
    pub(super) fn of(account: &str, client: Option<ClientAddress>) -> Self {
        static KEY: OnceLock<RandomState> = OnceLock::new();
        match client {
            Some(client) => Self::Network(client.network()),
            None => Self::Account(KEY.get_or_init(RandomState::new).hash_one(account)),
        }
    }
}
