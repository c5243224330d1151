//! What the handle of an issuer and its server share.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::rand;

use super::clients::Clients;
use super::grants::Grants;
use super::key_ring::KeyRing;
use super::keys::{SigningKey, base64url};
use super::traffic::Traffic;
use crate::clock::Clock;
use crate::identity::jwt::Algorithm;

pub(super) struct State {
    /// The `iss` of its tokens.
    pub(super) name: String,
    /// `http://127.0.0.1:PORT`, with nothing after it.
    pub(super) origin: String,
    /// The path of the issuer: empty, or begins with a slash.
    pub(super) path: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) traffic: Traffic,
    keys: Mutex<KeyRing>,
    grants: Mutex<Grants>,
    clients: Mutex<Clients>,
    serial: AtomicU64,
}

impl State {
    pub(super) fn new(name: String, origin: String, path: String, clock: Arc<dyn Clock>, keys: KeyRing) -> Self {
        Self {
            name,
            origin,
            path,
            clock,
            traffic: Traffic::new(),
            keys: Mutex::new(keys),
            grants: Mutex::default(),
            clients: Mutex::default(),
            serial: AtomicU64::new(1),
        }
    }

    pub(super) fn keys(&self) -> MutexGuard<'_, KeyRing> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn grants(&self) -> MutexGuard<'_, Grants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the issuer is: what its metadata are found under.
    pub(super) fn url(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }

    /// The algorithm of tokens that name none.
    pub(super) fn default_algorithm(&self) -> Algorithm {
        self.keys().algorithms().first().copied().unwrap_or(Algorithm::ES256)
    }

    pub(super) fn current_key(&self, algorithm: Algorithm) -> Option<Arc<SigningKey>> {
        self.keys().current(algorithm)
    }

    /// Text that nobody had before.
    pub(super) fn unique(&self) -> String {
        let mut random = [0; 24];
        // Without random numbers the serial number alone makes it unique, within this issuer.
        let _ = rand::fill(&mut random);
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        format!("{}{serial}", base64url(random))
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("name", &self.name).field("url", &self.url()).finish_non_exhaustive()
    }
}
