//! Nonces that prove by themselves that we made them, and when.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use constant_time_eq::constant_time_eq;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::clock::UnixTime;

/// Makes nonces and knows its own again: the time, a number, and a MAC over both and the realm. Nothing is kept for one.
pub(super) struct Nonces {
    keyed: Hmac<Sha256>,
    /// Makes the nonces of one second differ. It starts where it may, so that processes that share a key hardly ever make
    /// the same.
    next: AtomicU64,
}

/// When a nonce was made, and which of that second it is. In the order of time.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Issued([u8; 16]);

impl Issued {
    fn new(time: UnixTime, number: u64) -> Self {
        let mut bytes = [0; 16];
        let parts = time.as_secs().to_be_bytes().into_iter().chain(number.to_be_bytes());
        bytes.iter_mut().zip(parts).for_each(|(byte, part)| *byte = part);
        Self(bytes)
    }

    pub(super) fn time(self) -> UnixTime {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        UnixTime::from_secs(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

impl Nonces {
    /// `None` for a key that is no key: HMAC takes any length, so it never is.
    pub(super) fn new(key: &[u8], start: u64) -> Option<Self> {
        Some(Self { keyed: Hmac::new_from_slice(key).ok()?, next: AtomicU64::new(start) })
    }

    /// A nonce of this moment, unlike any other.
    pub(super) fn fresh(&self, realm: &str, now: UnixTime) -> String {
        let issued = Issued::new(now, self.next.fetch_add(1, Ordering::Relaxed));
        BASE64_URL_SAFE_NO_PAD.encode([issued.0, self.mac(&[NONCE, &issued.0, realm.as_bytes()])].concat())
    }

    /// When this nonce was made, if we made it for this realm.
    pub(super) fn read(&self, nonce: &str, realm: &str) -> Option<Issued> {
        let mut bytes = [0; 2 * PART];
        let length = BASE64_URL_SAFE_NO_PAD.decode_slice(nonce, &mut bytes).ok()?;
        let (issued, mac) = bytes.get(..length)?.split_first_chunk::<PART>()?;
        constant_time_eq(&self.mac(&[NONCE, issued, realm.as_bytes()]), mac).then_some(Issued(*issued))
    }

    /// What a client must send back unchanged (RFC 7616 section 3.3): the same for all of a realm.
    pub(super) fn opaque(&self, realm: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.mac(&[OPAQUE, realm.as_bytes()]))
    }

    fn mac(&self, parts: &[&[u8]]) -> [u8; PART] {
        // The parts cannot be mistaken for others: all but the last are of fixed length.
        let tag: [u8; 32] =
            parts.iter().fold(self.keyed.clone(), |mac, part| mac.chain_update(part)).finalize().into_bytes().into();
        let mut half = [0; PART];
        half.iter_mut().zip(tag).for_each(|(byte, part)| *byte = part);
        half
    }
}

const PART: usize = 16;
const NONCE: &[u8] = b"nonce ";
const OPAQUE: &[u8] = b"opaque";
