//! A key set as an issuer publishes it: read with what is wrong in it left out, and compared with the one before.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::identity::jwt::algorithm::Algorithm;
use crate::identity::jwt::jwk::{Skipped, entries, name, none_for, read_entry};
use crate::identity::jwt::key_set::{KeySet, Keys, Named};
use crate::identity::jwt::material::Material;

/// The usable keys of a set, and what else was meant for us.
pub(super) struct PublishedSet {
    keys: Vec<(Named, Material)>,
    /// Entries that cannot be used, each with the reason.
    pub(super) skipped: Arc<[String]>,
}

/// What a key is called outside: its `kid` and its algorithm.
pub(super) type KeyName = (Option<Arc<str>>, Algorithm);

impl PublishedSet {
    /// Reads a set. A key that cannot be used, whatever is wrong with it, is left out, and the others are not the worse for
    /// it; so the set may be empty. An error says why the document is no set that can be believed.
    pub(super) fn read(json: &[u8], allowed: &[Algorithm]) -> Result<Self, Cow<'static, str>> {
        let entries = entries(json)?;
        let (mut keys, mut skipped) = (Vec::new(), Vec::new());
        for (index, entry) in entries.iter().enumerate() {
            match read_entry(entry, allowed) {
                Ok(Ok(key)) => keys.push(key),
                Ok(Err(Skipped)) => {}
                Err(problem) => {
                    let shown: String = name(entry, index).chars().take(MAX_SHOWN).collect();
                    skipped.push(format!("{shown}: {problem}"));
                }
            }
        }
        if keys.is_empty() && skipped.is_empty() && !entries.is_empty() {
            skipped.push(none_for(entries.len(), allowed));
        }
        Ok(Self { keys, skipped: skipped.into() })
    }

    /// Takes over the keys that were in `last` too, so that what was verified with them stays verified.
    pub(super) fn carry_over(&mut self, last: &Self) {
        for (key, material) in &mut self.keys {
            if let Some(known) = last.find(key, material) {
                *key = known.clone();
            }
        }
    }

    /// Ends the keys that are not in `next` any more, wherever something that was verified with them is remembered. Returns
    /// what they are called.
    pub(super) fn retire_all_but(&self, next: &Self) -> Vec<KeyName> {
        let removed = self.keys.iter().filter(|(key, material)| next.find(key, material).is_none());
        removed
            .map(|(key, _)| {
                key.standing.retired.store(true, Ordering::Release);
                key_name(key)
            })
            .collect()
    }

    pub(super) fn key_set(&self) -> KeySet {
        KeySet(Keys::Public(self.keys.iter().map(|(key, _)| key.clone()).collect()))
    }

    pub(super) fn names(&self) -> Arc<[KeyName]> {
        self.keys.iter().map(|(key, _)| key_name(key)).collect()
    }

    fn find(&self, key: &Named, material: &Material) -> Option<&Named> {
        let is_same = |own: &Named| own.key_id == key.key_id && own.algorithm == key.algorithm;
        self.keys.iter().find(|(own, numbers)| is_same(own) && numbers == material).map(|(own, _)| own)
    }
}

fn key_name(key: &Named) -> KeyName {
    (key.key_id.clone(), key.algorithm)
}

/// Of a name that an issuer gave.
const MAX_SHOWN: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(keys: &[(&str, &str)]) -> PublishedSet {
        let keys = keys
            .iter()
            .map(|(kid, x)| serde_json::json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x, "alg": "EdDSA"}));
        let json = serde_json::json!({"keys": keys.collect::<Vec<_>>()}).to_string();
        PublishedSet::read(json.as_bytes(), &[Algorithm::EdDSA]).unwrap()
    }

    const ONE: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const TWO: &str = "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw";

    /// What was verified with a key stays verified through refreshes, until that key goes
    #[test]
    fn a_key_keeps_its_standing_while_it_is_in_the_set() {
        let first = read(&[("one", ONE), ("two", TWO)]);
        let standings: Vec<_> = first.keys.iter().map(|(key, _)| key.standing.clone()).collect();

        let mut second = read(&[("two", TWO), ("one", ONE)]);
        second.carry_over(&first);
        assert!(first.retire_all_but(&second).is_empty());
        assert!(standings.iter().all(|standing| standing.holds()));

        // Other numbers under the same name are another key, and so are the same under another name.
        let mut third = read(&[("one", TWO), ("three", TWO)]);
        third.carry_over(&second);
        let removed = second.retire_all_but(&third);
        assert_eq!(removed.len(), 2);
        assert!(!standings.iter().any(|standing| standing.holds()));
        assert!(third.keys.iter().all(|(key, _)| key.standing.holds()));
    }
}
