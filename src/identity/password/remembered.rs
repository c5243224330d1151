//! Credentials that were right before: the narrowest fact about them, kept within bounds.
//!
//! What is remembered is a MAC, under a key that this process drew for itself, over the user name, the password, the stored
//! hash that it matched, and the network it came from. No password can be read from it, and none guessed without the key.
//! Another stored hash gives another MAC, so what was remembered under the old one is dead at once; whether the user is still
//! there and may log in is judged on every use.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use constant_time_eq::constant_time_eq_32;
use hmac::{Hmac, KeyInit, Mac};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, UnitWeighter};
use sha2::Sha256;
use zeroize::Zeroize;

use crate::clock::{Clock, SystemClock};
use crate::credentials::BasicCredentials;
use crate::measure::Lookups;

/// How much a [`PasswordVerifier`](super::PasswordVerifier) remembers of credentials that were right, and for how long.
///
/// Clients send Basic credentials with every request, and hashing them takes 30 ms each time; credentials that are remembered
/// cost about a microsecond. Remembered is a keyed digest of user, password, stored hash and client network, never a password;
/// only what was right is, so no stranger can fill the memory; and it counts for nothing once the password is changed, or the
/// user disabled or removed. The time is counted from the check and not prolonged by use.
///
/// ```
/// use std::time::Duration;
/// use portcullis::identity::password::PasswordMemory;
///
/// let large = PasswordMemory::new().entries(50_000).ttl(Duration::from_secs(60));
/// let none = PasswordMemory::off();
/// assert_eq!(PasswordMemory::default(), PasswordMemory::new().entries(10_000).ttl(Duration::from_secs(300)));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PasswordMemory {
    entries: usize,
    ttl: Duration,
}

impl PasswordMemory {
    /// How many credentials are remembered unless configured otherwise.
    pub const DEFAULT_ENTRIES: usize = 10_000;
    /// How long they are remembered unless configured otherwise: 5 minutes.
    pub const DEFAULT_TTL: Duration = Duration::from_secs(5 * 60);

    /// The defaults: 10 000 credentials, 5 minutes.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Self::DEFAULT_ENTRIES, ttl: Self::DEFAULT_TTL }
    }

    /// Nothing is remembered: every request hashes its password.
    #[must_use]
    pub const fn off() -> Self {
        Self { entries: 0, ttl: Duration::ZERO }
    }

    /// How many credentials are remembered at most; one user counts once for each network that the user comes from. Default:
    /// 10 000, which take about a megabyte. Zero turns it off.
    #[must_use]
    pub const fn entries(mut self, entries: usize) -> Self {
        self.entries = entries;
        self
    }

    /// How long after the check. Default: 5 minutes. Zero turns it off.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }
}

impl Default for PasswordMemory {
    fn default() -> Self {
        Self::new()
    }
}

/// The MAC of credentials and what they were checked against.
pub(super) type Tag = [u8; 32];

pub(super) struct Remembered {
    /// None where the operating system gave no random bytes: then there are no tags, and nothing is remembered.
    key: Option<Hmac<Sha256>>,
    tags: Option<Tags>,
    limits: PasswordMemory,
    clock: Arc<dyn Clock>,
    owners: RandomState,
    pub(super) lookups: Lookups,
}

type Tags = Cache<u64, Right, UnitWeighter, foldhash::fast::RandomState>;

/// Credentials that were right.
#[derive(Clone, Copy)]
struct Right {
    tag: Tag,
    /// By a number, so that no name is kept here.
    owner: u64,
    /// Of the monotonic clock.
    until: Duration,
}

impl Remembered {
    fn new(limits: PasswordMemory, clock: Arc<dyn Clock>) -> Self {
        let (entries, is_on) = (limits.entries, limits.entries > 0 && !limits.ttl.is_zero());
        let options = OptionsBuilder::new().estimated_items_capacity(entries).weight_capacity(entries as u64).build();
        let tags = options.ok().filter(|_| is_on).map(|options| {
            Cache::with_options(
                options,
                UnitWeighter,
                foldhash::fast::RandomState::default(),
                DefaultLifecycle::default(),
            )
        });
        let lookups = Lookups::new("passwords", is_on);
        Self { key: key(), tags, limits, clock, owners: RandomState::new(), lookups }
    }

    pub(super) fn with_limits(&self, limits: PasswordMemory) -> Self {
        Self::new(limits, Arc::clone(&self.clock))
    }

    pub(super) fn with_clock(&self, clock: Arc<dyn Clock>) -> Self {
        Self::new(self.limits, clock)
    }

    /// Every part is preceded by its length, so that no two credentials share what is digested.
    pub(super) fn tag(&self, credentials: &BasicCredentials, stored: &str) -> Option<Tag> {
        let mut mac = self.key.clone()?;
        for part in [credentials.username(), credentials.expose_password(), stored] {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part.as_bytes());
        }
        match credentials.client().map(|client| client.network().ip()) {
            None => mac.update(&[0]),
            Some(IpAddr::V4(address)) => mac.update(&address.octets()),
            Some(IpAddr::V6(address)) => mac.update(&address.octets()),
        }
        Some(mac.finalize().into_bytes().into())
    }

    pub(super) fn holds(&self, tag: &Option<Tag>) -> bool {
        let (Some(tags), Some(tag)) = (&self.tags, tag) else { return false };
        tags.get(&place(tag))
            .is_some_and(|right| constant_time_eq_32(&right.tag, tag) && self.clock.monotonic() < right.until)
    }

    pub(super) fn insert(&self, tag: Option<Tag>, name: &str) {
        if let (Some(tags), Some(tag)) = (&self.tags, tag) {
            let until = self.clock.monotonic().saturating_add(self.limits.ttl);
            tags.insert(place(&tag), Right { tag, owner: self.owners.hash_one(name), until });
        }
    }

    /// Forgets the credentials of `name`. It looks at all that is remembered, which a log-out everywhere is worth.
    pub(super) fn forget(&self, name: &str) {
        if let Some(tags) = &self.tags {
            let owner = self.owners.hash_one(name);
            tags.retain(|_, right| right.owner != owner);
        }
    }
}

/// Where a tag lies: a part of it, since all of it is compared.
fn place(tag: &Tag) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *tag;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

fn key() -> Option<Hmac<Sha256>> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).ok()?;
    let keyed = Hmac::new_from_slice(&key).ok();
    key.zeroize();
    keyed
}

impl Default for Remembered {
    fn default() -> Self {
        Self::new(PasswordMemory::new(), Arc::new(SystemClock))
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").field("limits", &self.limits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::credentials::ClientAddress;

    fn remembered(entries: usize) -> Remembered {
        Remembered::new(PasswordMemory::new().entries(entries), Arc::new(SystemClock))
    }

    fn credentials(name: &str, password: &str) -> BasicCredentials {
        BasicCredentials::new(name, password).unwrap()
    }

    #[test]
    fn fifty_thousand_credentials_take_six_megabytes_at_most() {
        let memory = remembered(50_000);
        let tag = |number: u32| {
            let client = ClientAddress::new(Ipv4Addr::from(number).into());
            memory.tag(&credentials("alice", "wonderland").from_client(Some(client)), "a stored hash")
        };
        let kept = allocation_counter::measure(|| (0..50_000).for_each(|number| memory.insert(tag(number), "alice")));
        let held = (0..50_000).filter(|&number| memory.holds(&tag(number))).count();
        assert!(held > 49_000, "{held}");
        assert!(kept.bytes_max < 6_000_000, "{kept:?}");
        (50_000..200_000).for_each(|number| memory.insert(tag(number), "alice"));
        assert!(memory.tags.as_ref().unwrap().len() <= 50_000);
    }

    #[test]
    fn what_is_forgotten_is_what_one_user_showed_from_wherever() {
        let memory = remembered(100);
        let from = |name, number: u32| {
            let client = ClientAddress::new(Ipv4Addr::from(number).into());
            memory.tag(&credentials(name, "wonderland").from_client(Some(client)), "a stored hash")
        };
        for number in 0..5 {
            memory.insert(from("alice", number), "alice");
            memory.insert(from("bob", number), "bob");
        }
        memory.forget("alice");
        for number in 0..5 {
            assert!(!memory.holds(&from("alice", number)) && memory.holds(&from("bob", number)));
        }
    }

    #[test]
    fn no_two_credentials_share_a_tag_and_no_two_processes_one_key() {
        let (memory, other) = (remembered(1), remembered(1));
        let stored = "a stored hash";
        let tags = [
            memory.tag(&credentials("alice", "secret"), stored),
            memory.tag(&credentials("alices", "ecret"), stored),
            memory.tag(&credentials("alice", "secreta"), " stored hash"),
            memory.tag(&credentials("alice", "secret"), "another stored hash"),
            other.tag(&credentials("alice", "secret"), stored),
        ];
        let distinct: std::collections::HashSet<_> = tags.iter().flatten().collect();
        assert_eq!(distinct.len(), tags.len());
    }
}
