//! Tokens that were verified before: the narrowest fact about them, kept within bounds.
//!
//! What is remembered is that this whole token was genuine, under a key that its issuer had then, and met the rules that do
//! not change with time. Everything that may change is judged again on every use: whether the key is still in its set and
//! the set not too old, the time, revocation; and what a route demands is none of this stage's business.

use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;

use constant_time_eq::constant_time_eq;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};

use super::accepted::Accepted;
use super::source::IssuerKeys;
use super::standing::Standing;
use super::token_cache::TokenCache;
use crate::identity::identity::{Facts, Identity};
use crate::names::Names;

/// The tokens of one list of issuers; another list begins with none.
pub(super) struct Remembered {
    tokens: Option<Tokens>,
    /// Finds a token; its key is drawn anew for every list. That two tokens share a number is no harm: the whole token is
    /// compared.
    hasher: foldhash::quality::RandomState,
}

type Tokens = Cache<u64, Arc<Genuine>, Weigh, foldhash::fast::RandomState>;

/// A token that was verified.
pub(super) struct Genuine {
    token: Box<str>,
    pub(super) accepted: Accepted,
    pub(super) keys: IssuerKeys,
    pub(super) standing: Standing,
}

impl Genuine {
    pub(super) fn new(token: &str, accepted: Accepted, keys: IssuerKeys, standing: Standing) -> Self {
        Self { token: token.into(), accepted, keys, standing }
    }
}

impl Remembered {
    pub(super) fn new(limits: TokenCache) -> Self {
        let hasher = foldhash::quality::RandomState::default();
        let bytes = limits.bytes as u64;
        let tokens = OptionsBuilder::new()
            .estimated_items_capacity(limits.entries)
            .weight_capacity(bytes)
            .build()
            .ok()
            .filter(|_| limits.entries > 0)
            .map(|options| {
                let weigh = Weigh { least: bytes / limits.entries as u64 };
                Cache::with_options(options, weigh, foldhash::fast::RandomState::default(), DefaultLifecycle::default())
            });
        Self { tokens, hasher }
    }

    /// What is remembered of this very token.
    pub(super) fn get(&self, token: &str) -> Option<Arc<Genuine>> {
        let found = self.tokens.as_ref()?.get(&self.hasher.hash_one(token))?;
        constant_time_eq(found.token.as_bytes(), token.as_bytes()).then_some(found)
    }

    pub(super) fn insert(&self, genuine: Arc<Genuine>) {
        if let Some(tokens) = &self.tokens {
            tokens.insert(self.hasher.hash_one(&*genuine.token), genuine);
        }
    }

    /// Forgets a token that will not be accepted again.
    pub(super) fn remove(&self, token: &str) {
        if let Some(tokens) = &self.tokens {
            tokens.remove(&self.hasher.hash_one(token));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.as_ref().map_or(0, Cache::len)
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").field("tokens", &self.len()).finish_non_exhaustive()
    }
}

/// Weighs an entry by its bytes, and never less than its share: so the bound on bytes bounds the number too.
#[derive(Clone)]
struct Weigh {
    least: u64,
}

impl Weighter<u64, Arc<Genuine>> for Weigh {
    fn weight(&self, _: &u64, genuine: &Arc<Genuine>) -> u64 {
        let bytes = OVERHEAD + genuine.token.len() + size(&genuine.accepted.identity);
        self.least.max(bytes as u64)
    }
}

/// What hangs on an identity, as far as it is ours; the application's own value is not.
fn size(identity: &Identity) -> usize {
    let texts = [identity.subject(), identity.credential_id().unwrap_or_default(), identity.acr().unwrap_or_default()];
    let lists = [identity.scopes(), identity.roles(), identity.amr()];
    let names = lists.into_iter().flat_map(Names::iter);
    texts.into_iter().chain(names).map(|text| text.len() + size_of::<u32>()).sum::<usize>() + size_of::<Facts>()
}

/// The entry itself, its place in the table, and what the allocator adds.
const OVERHEAD: usize = size_of::<Genuine>() + 128;
