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
