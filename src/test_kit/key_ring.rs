//! Which keys an issuer has, which of them it signs with, and which it publishes.

use std::io;
use std::sync::Arc;

use super::keys::SigningKey;
use crate::identity::jwt::Algorithm;

/// All keys that an issuer ever had. The last one for an algorithm signs.
pub(super) struct KeyRing {
    algorithms: Vec<Algorithm>,
    entries: Vec<Entry>,
    /// JWKs of others, word for word.
    extra: Vec<String>,
    made: usize,
}

struct Entry {
    key: Arc<SigningKey>,
    is_published: bool,
}

impl KeyRing {
    pub(super) fn new(algorithms: Vec<Algorithm>) -> io::Result<Self> {
        let mut ring = Self { algorithms, entries: Vec::new(), extra: Vec::new(), made: 0 };
        ring.rotate()?;
        Ok(ring)
    }

    pub(super) fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// New keys for all algorithms, or none if one cannot be made.
    pub(super) fn rotate(&mut self) -> io::Result<()> {
        let mut rsa = None;
        let mut fresh = Vec::with_capacity(self.algorithms.len());
        for &algorithm in &self.algorithms {
            let id = format!("{algorithm}-{}", self.made + fresh.len() + 1);
            let key = Arc::new(SigningKey::generate(algorithm, id, &mut rsa)?);
            fresh.push(Entry { key, is_published: true });
        }
        self.made += fresh.len();
        self.entries.extend(fresh);
        Ok(())
    }

    /// A new key for one algorithm, which signs from now on.
    pub(super) fn add(&mut self, algorithm: Algorithm) -> io::Result<String> {
        let key = SigningKey::generate(algorithm, format!("{algorithm}-{}", self.made + 1), &mut None)?;
        let id = key.id.clone();
        self.made += 1;
        if !self.algorithms.contains(&algorithm) {
            self.algorithms.push(algorithm);
        }
        self.entries.push(Entry { key: Arc::new(key), is_published: true });
        Ok(id)
    }

    pub(super) fn publish(&mut self, id: &str, is_published: bool) -> io::Result<()> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, format!("the issuer has no key {id:?}"));
        let entry = self.entries.iter_mut().find(|entry| entry.key.id == id).ok_or_else(missing)?;
        entry.is_published = is_published;
        Ok(())
    }

    /// New keys for all algorithms, published alone.
    pub(super) fn replace(&mut self) -> io::Result<()> {
        let old = self.entries.len();
        self.rotate()?;
        self.entries.iter_mut().take(old).for_each(|entry| entry.is_published = false);
        Ok(())
    }

    pub(super) fn publish_extra(&mut self, jwk: String) {
        self.extra.push(jwk);
    }

    pub(super) fn clear_extra(&mut self) {
        self.extra.clear();
    }

    /// The key that signs for `algorithm`.
    pub(super) fn current(&self, algorithm: Algorithm) -> Option<Arc<SigningKey>> {
        self.entries.iter().rev().find(|entry| entry.key.algorithm == algorithm).map(|entry| Arc::clone(&entry.key))
    }

    pub(super) fn named(&self, id: &str) -> Option<Arc<SigningKey>> {
        self.entries.iter().find(|entry| entry.key.id == id).map(|entry| Arc::clone(&entry.key))
    }

    /// The document of RFC 7517 section 5, newest key first, then what was added word for word.
    pub(super) fn document(&self) -> String {
        let own = self.entries.iter().rev().filter(|entry| entry.is_published).map(|entry| entry.key.jwk().to_string());
        let keys: Vec<_> = own.chain(self.extra.iter().cloned()).collect();
        format!(r#"{{"keys": [{}]}}"#, keys.join(", "))
    }
}
