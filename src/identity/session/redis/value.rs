//! A session in bytes: a head of fixed size, which scripts read and write in place, then the facts.
//!
//! | bytes | |
//! |---|---|
//! | 0 | the version, `1` |
//! | 1 to 16 | the last noted request, in 16 decimal digits, as scripts can count with |
//! | 17 to 32 | when it is over, likewise |
//! | 33 to 48 | when it began, likewise |
//! | 49 to 80 | the digest of its owner |
//! | 81 to 112 | the digest of its id |
//! | 113 | `1` where there was a rotation, else `0` |
//! | 114 to 145 | the digest of the id before |

use super::super::error::StoreError;
use super::super::key::SessionKey;
use super::super::moment::Moment;
use super::super::record::SessionRecord;
use super::super::row::SessionRow;

pub(super) fn write(record: &SessionRecord) -> Result<Vec<u8>, StoreError> {
    let row = record.to_row()?;
    let mut value = Vec::with_capacity(HEAD + row.facts.len());
    value.extend_from_slice(VERSION);
    for time in [row.last_seen, row.ends_at, record.created_at()] {
        value.extend_from_slice(digits(time).as_bytes());
    }
    value.extend_from_slice(&row.owner);
    value.extend_from_slice(&row.digest);
    value.extend_from_slice(if row.previous.is_some() { b"1" } else { b"0" });
    value.extend_from_slice(&row.previous.unwrap_or_default());
    value.extend_from_slice(&row.facts);
    Ok(value)
}

pub(super) fn read(key: SessionKey, value: &[u8]) -> Result<SessionRecord, StoreError> {
    let mut rest = value;
    if take(&mut rest)? != VERSION {
        return Err(StoreError::damaged("of another version"));
    }
    let (last_seen, ends_at, _created_at) = (time(&mut rest)?, time(&mut rest)?, time(&mut rest)?);
    let (owner, digest) = (*take(&mut rest)?, *take(&mut rest)?);
    let previous = match (take(&mut rest)?, *take(&mut rest)?) {
        (b"0", _) => None,
        (b"1", previous) => Some(previous),
        _ => return Err(StoreError::damaged("rotated and not rotated")),
    };
    SessionRow { key, digest, previous, owner, last_seen, ends_at, facts: rest.to_vec() }.into_record()
}

/// The digest of the owner in the head of a session.
pub(super) fn owner(value: &[u8]) -> Result<[u8; 32], StoreError> {
    let mut rest = value;
    let _: &[u8; 49] = take(&mut rest)?;
    take(&mut rest).copied()
}

/// A time as scripts can count with.
pub(super) fn digits(time: Moment) -> String {
    format!("{:016}", time.as_millis().min(END_OF_TIME))
}

fn time(rest: &mut &[u8]) -> Result<Moment, StoreError> {
    let digits: &[u8; 16] = take(rest)?;
    let digits = Some(digits).filter(|digits| digits.iter().all(u8::is_ascii_digit));
    let millis = digits.and_then(|digits| str::from_utf8(digits).ok()).and_then(|digits| digits.parse().ok());
    millis.map(Moment::from_millis).ok_or(StoreError::damaged("at no time"))
}

fn take<'v, const N: usize>(rest: &mut &'v [u8]) -> Result<&'v [u8; N], StoreError> {
    let (taken, left) = rest.split_first_chunk().ok_or(StoreError::damaged("cut short"))?;
    *rest = left;
    Ok(taken)
}

const VERSION: &[u8; 1] = b"1";
/// How long the head is.
pub(super) const HEAD: usize = 146;
/// A session is not longer; what is, is none.
pub(super) const LONGEST: usize = HEAD + SessionRow::MAX_FACTS;
/// The last moment that scripts can count with, in the year 287396.
pub(super) const END_OF_TIME: u64 = (1 << 53) - 1;

#[cfg(test)]
mod tests {
    use super::super::super::key::SessionOwner;
    use super::*;

    fn record(previous: Option<[u8; 32]>) -> SessionRecord {
        let owner = SessionOwner::new("staff", "alice");
        let facts = r#"{"v":1,"issuer":"staff","subject":"alice","created_at":1000,"expires_at":9000}"#;
        let row = SessionRow {
            key: SessionKey::new([7; 16], &owner),
            digest: [8; 32],
            previous,
            owner: *owner.digest(),
            last_seen: Moment::from_millis(2000),
            ends_at: Moment::from_millis(u64::MAX),
            facts: facts.into(),
        };
        row.into_record().unwrap()
    }

    #[test]
    fn a_session_comes_back_as_it_was() {
        for previous in [None, Some([9; 32])] {
            let record = record(previous);
            let value = write(&record).unwrap();
            let back = read(record.key(), &value).unwrap();
            assert_eq!((back.digest(), back.previous()), (&[8; 32], previous.as_ref()));
            assert_eq!((back.last_seen(), back.ends_at().as_millis()), (record.last_seen(), END_OF_TIME));
            assert_eq!((back.created_at(), back.expires_at()), (record.created_at(), record.expires_at()));
            assert_eq!(owner(&value).unwrap(), *record.owner().digest());
        }
    }

    #[test]
    fn what_is_cut_short_or_changed_is_damaged_or_another_session_and_never_a_panic() {
        let record = record(Some([9; 32]));
        let value = write(&record).unwrap();
        for length in 0..value.len() {
            assert!(read(record.key(), &value[..length]).err().is_some_and(|error| error.is_damaged()), "{length}");
        }
        for at in 0..value.len() {
            let mut changed = value.clone();
            changed[at] ^= 0x80;
            let is_digest = (81..113).contains(&at) || (114..HEAD).contains(&at);
            assert_eq!(read(record.key(), &changed).is_ok(), is_digest, "{at}");
        }
    }
}
