//! Tokens that were verified before: the narrowest fact about them, kept within bounds.
//!
//! What is remembered is that this whole token was genuine, under a key that its issuer had then, and met the rules that do
//! not change with time. Everything that may change is judged again on every use: whether the key is still in its set and
//! the set not too old, the time, revocation; and what a route demands is none of this stage's business.

use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;

use super::accepted::Accepted;
use super::standing::Standing;
use super::table::Table;
use super::token_cache::TokenCache;
use crate::identity::identity::{Facts, Proof};
use crate::measure::Lookups;
use crate::names::Names;

/// The tokens of one list of issuers; another list begins with none.
pub(super) struct Remembered {
    table: Option<Table>,
    pub(super) lookups: Lookups,
    /// Gives tokens their numbers; its key is drawn anew for every list.
    hasher: foldhash::quality::RandomState,
}

/// A token that came with a request.
#[derive(Clone, Copy)]
pub(super) struct Presented<'t> {
    pub(super) token: &'t [u8],
    /// What finds it. That two tokens share one is no harm: the whole token is compared.
    pub(super) number: u64,
}

/// A token that was verified.
// In this order, because what every use looks at then comes from memory together with the reference count before it.
#[repr(C)]
pub(super) struct Genuine {
    /// Empty where nothing is remembered.
    pub(super) token: Box<[u8]>,
    pub(super) standing: Standing,
    /// Where its issuer stands in the list.
    pub(super) issuer: usize,
    pub(super) accepted: Accepted,
}

impl Remembered {
    pub(super) fn new(limits: TokenCache) -> Self {
        let table = (limits.entries > 0).then(|| Table::new(limits));
        let lookups = Lookups::new("tokens", table.is_some());
        Self { table, lookups, hasher: foldhash::quality::RandomState::default() }
    }

    /// A token as it can be looked for here.
    pub(super) fn presented<'t>(&self, token: &'t [u8]) -> Presented<'t> {
        // The end of its signature: no two tokens that were accepted share it, and hashing all the rest takes ten times as long.
        let end = token.last_chunk::<64>().map_or(token, |end| end);
        Presented { token, number: if self.table.is_some() { self.hasher.hash_one(end) } else { 0 } }
    }

    /// What is remembered of this very token.
    pub(super) fn get(&self, token: Presented<'_>) -> Option<Arc<Genuine>> {
        self.table.as_ref()?.get(token)
    }

    pub(super) fn insert(&self, token: Presented<'_>, genuine: Arc<Genuine>) {
        if let Some(table) = &self.table {
            table.insert(token, genuine);
        }
    }

    /// Forgets a token that will not be accepted again.
    pub(super) fn remove(&self, token: Presented<'_>) {
        if let Some(table) = &self.table {
            table.remove(token);
        }
    }

    /// The token's text for as long as it is remembered.
    pub(super) fn copy(&self, token: &[u8]) -> Box<[u8]> {
        if self.table.is_some() { token.into() } else { Box::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.table.as_ref().map_or(0, Table::len)
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").field("tokens", &self.len()).finish_non_exhaustive()
    }
}

impl Genuine {
    /// What the least of them takes: itself, its places in the table, and what the allocator adds.
    pub(super) const LEAST_BYTES: usize = size_of::<Self>() + 128;

    /// What it takes, with all that hangs on it and is ours; the application's own value is not.
    pub(super) fn bytes(&self) -> usize {
        let facts = self.facts();
        let texts = [Some(&facts.subject), facts.credential_id.as_ref(), facts.acr.as_ref()];
        let texts = texts.into_iter().flatten().map(|text| text.len());
        let names = [&facts.scopes, &facts.roles, &facts.amr].into_iter().flat_map(Names::iter);
        let names = names.map(|name| name.len() + size_of::<u32>());
        Self::LEAST_BYTES + self.token.len() + texts.chain(names).sum::<usize>()
    }
}

impl Proof for Genuine {
    fn facts(&self) -> &Facts {
        self.accepted.facts()
    }
}
