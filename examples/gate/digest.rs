//! `[digest]` at work. The scheme lives on across reloads, and with it the nonces it has given out and the requests it has
//! counted; the users in it are exchanged.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use portcullis::authenticate::{Digest, Scheme};
use portcullis::credentials::DigestAlgorithm;
use portcullis::identity::digest_access::DigestUsers;

use crate::config::DigestArea;

pub(crate) struct Digests {
    realm: String,
    algorithms: Vec<DigestAlgorithm>,
    scheme: Arc<dyn Scheme>,
    /// Whom the scheme knows.
    store: Arc<RwLock<DigestUsers>>,
    /// Whom it is to know from [`exchange`](Self::exchange) on.
    next: Mutex<Option<DigestUsers>>,
}

impl Digests {
    /// The scheme that `previous` has left, if it asks for the same. Nothing changes in that one until
    /// [`exchange`](Self::exchange).
    pub(crate) fn build(realm: &str, area: DigestArea, previous: Option<&Self>) -> Self {
        let DigestArea { users, algorithms } = area;
        let same = previous.filter(|previous| previous.realm == realm && previous.algorithms == algorithms);
        let realm = realm.to_owned();
        if let Some(previous) = same {
            let (scheme, store) = (Arc::clone(&previous.scheme), Arc::clone(&previous.store));
            return Self { realm, algorithms, scheme, store, next: Mutex::new(Some(users)) };
        }
        let store = Arc::new(RwLock::new(users));
        // Whoever names MD5 in a configuration wants it.
        let scheme = Digest::new(realm.as_str(), Arc::clone(&store)).algorithms(algorithms.iter().copied()).allow_md5();
        Self { realm, algorithms, scheme: Arc::new(scheme), store, next: Mutex::default() }
    }

    pub(crate) fn scheme(&self) -> Arc<dyn Scheme> {
        Arc::clone(&self.scheme)
    }

    /// Makes the new users count.
    pub(crate) fn exchange(&self) {
        if let Some(users) = self.next.lock().unwrap_or_else(PoisonError::into_inner).take() {
            *self.store.write().unwrap_or_else(PoisonError::into_inner) = users;
        }
    }
}
