//! An entry as it is kept elsewhere: fifty bytes.

use super::list::Entry;
use super::revocation::{Kind, Mark, Revocation};
use crate::clock::UnixTime;

impl Revocation {
    /// This revocation, made at `now`, for a list of one's own that is [kept elsewhere](super::Revocations): fifty bytes, which
    /// [`from_bytes`](Self::from_bytes) of this version of the crate and of later ones reads. They hold a digest and times, so
    /// they tell nobody a token or a name.
    ///
    /// ```
    /// use portcullis::clock::{Clock, SystemClock};
    /// use portcullis::identity::revocation::Revocation;
    ///
    /// let bytes = Revocation::subject("https://id.example", "alice").to_bytes(SystemClock.now());
    /// assert!(Revocation::from_bytes(&bytes).is_some());
    /// ```
    #[must_use]
    pub fn to_bytes(&self, now: UnixTime) -> Vec<u8> {
        let (issued_until, until) = (self.issued_until.unwrap_or(now), self.until.unwrap_or(OPEN));
        Entry { mark: self.mark, issued_until, until }.to_bytes()
    }

    /// The revocation that [`to_bytes`](Self::to_bytes) wrote; none, where these are other bytes, and then the list that
    /// holds them should not be [trusted](super::Revocations::generation).
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let Entry { mark, issued_until, until } = Entry::from_bytes(bytes)?;
        Some(Self {
            issued_until: Some(issued_until),
            until: Some(until).filter(|until| *until != OPEN),
            ..Self::new(mark)
        })
    }
}

/// The end of what has none of its own.
const OPEN: UnixTime = UnixTime::from_secs(u64::MAX);

impl Entry {
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let digest: [u8; 32] = self.mark.digest.into();
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.push(VERSION);
        bytes.push(letter(self.mark.kind));
        bytes.extend_from_slice(&digest);
        bytes.extend_from_slice(&self.issued_until.as_secs().to_be_bytes());
        bytes.extend_from_slice(&self.until.as_secs().to_be_bytes());
        bytes
    }

    /// Nothing where the bytes are of no form that is known here.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&[VERSION, letter], rest) = bytes.split_first_chunk()? else { return None };
        let kind = [Kind::Session, Kind::Subject, Kind::Token, Kind::TokenId]
            .into_iter()
            .find(|kind| self::letter(*kind) == letter)?;
        let (digest, rest) = rest.split_first_chunk::<32>()?;
        let (issued_until, rest) = rest.split_first_chunk()?;
        let until = rest.try_into().ok()?;
        let time = |bytes| UnixTime::from_secs(u64::from_be_bytes(bytes));
        Some(Self { mark: Mark::new(kind, (*digest).into()), issued_until: time(*issued_until), until: time(until) })
    }
}

const fn letter(kind: Kind) -> u8 {
    match kind {
        Kind::Session => b's',
        Kind::Subject => b'u',
        Kind::Token => b't',
        Kind::TokenId => b'i',
    }
}

/// Another form gets another number.
const VERSION: u8 = 1;
const LENGTH: usize = 2 + 32 + 2 * 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_as_it_was_written_and_nothing_else_is_read() {
        for kind in [Kind::Session, Kind::Subject, Kind::Token, Kind::TokenId] {
            let mark = Mark::of(kind, "https://id.example", "alice");
            let entry = Entry { mark, issued_until: UnixTime::from_secs(7), until: UnixTime::from_secs(u64::MAX) };
            let bytes = entry.to_bytes();
            assert_eq!(bytes.len(), LENGTH);
            let read = Entry::from_bytes(&bytes).unwrap();
            assert!(read.mark == mark && read.issued_until == entry.issued_until && read.until == entry.until);
            for length in 0..bytes.len() {
                assert!(Entry::from_bytes(&bytes[..length]).is_none());
            }
            assert!(Entry::from_bytes(&[&bytes[..], b"x"].concat()).is_none());
            assert!(Entry::from_bytes(&[&[9], &bytes[1..]].concat()).is_none());
            assert!(Entry::from_bytes(&[&[1, b'?'], &bytes[2..]].concat()).is_none());
        }
    }
}
