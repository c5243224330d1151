//! A row of the table, as every database gives it: `key`, `digest`, `previous`, `owner`, `last_seen`, `ends_at`, `facts`.

use sqlx::{ColumnIndex, Decode, Row, Type};

use super::fault::Fault;
use crate::error::Severity;
use crate::identity::session::key::SessionKey;
use crate::identity::session::moment::Moment;
use crate::identity::session::record::SessionRecord;
use crate::identity::session::row::SessionRow;
use crate::trace;

/// The session in the row. What cannot be one is damaged; facts that are too long were not read at all, and are null.
pub(crate) fn read<R>(row: &R) -> Result<SessionRecord, Fault>
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> &'r [u8]: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Option<&'r [u8]>: Decode<'r, R::Database> + Type<R::Database>,
    i64: for<'r> Decode<'r, R::Database> + Type<R::Database>,
{
    let row = SessionRow {
        key: SessionKey::from_bytes(bytes(row, 0)?),
        digest: bytes(row, 1)?,
        previous: optional(row, 2)?.map(sized).transpose()?,
        owner: bytes(row, 3)?,
        last_seen: moment(row, 4)?,
        ends_at: moment(row, 5)?,
        facts: optional(row, 6)?.ok_or(Fault::Damaged("larger than any session"))?.to_vec(),
    };
    row.into_record().map_err(Fault::NoSession)
}

/// The sessions in the rows. One that is damaged opens nothing, and keeps nobody from the others.
pub(crate) fn read_all<R>(rows: &[R]) -> Vec<SessionRecord>
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> &'r [u8]: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Option<&'r [u8]>: Decode<'r, R::Database> + Type<R::Database>,
    i64: for<'r> Decode<'r, R::Database> + Type<R::Database>,
{
    let read = |row| match read(row) {
        Ok(record) => Some(record),
        Err(fault) => {
            trace::happened(Severity::Error, "a session record is damaged, and passed over", &TABLE, Some(&fault));
            None
        }
    };
    rows.iter().filter_map(read).collect()
}

/// What a time is in a column.
pub(crate) fn integer(moment: Moment) -> i64 {
    i64::try_from(moment.as_millis()).unwrap_or(i64::MAX)
}

fn moment<R>(row: &R, column: usize) -> Result<Moment, Fault>
where
    R: Row,
    usize: ColumnIndex<R>,
    i64: for<'r> Decode<'r, R::Database> + Type<R::Database>,
{
    let millis: i64 = row.try_get(column).map_err(|_| Fault::Damaged("a time is no number"))?;
    u64::try_from(millis).map(Moment::from_millis).map_err(|_| Fault::Damaged("a time before 1970"))
}

fn bytes<R, const N: usize>(row: &R, column: usize) -> Result<[u8; N], Fault>
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> Option<&'r [u8]>: Decode<'r, R::Database> + Type<R::Database>,
{
    optional(row, column)?.map_or(Err(WRONG_LENGTH), sized)
}

fn optional<R>(row: &R, column: usize) -> Result<Option<&[u8]>, Fault>
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> Option<&'r [u8]>: Decode<'r, R::Database> + Type<R::Database>,
{
    row.try_get(column).map_err(|_| Fault::Damaged("a column holds no bytes"))
}

fn sized<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Fault> {
    bytes.try_into().map_err(|_| WRONG_LENGTH)
}

const WRONG_LENGTH: Fault = Fault::Damaged("a digest or key of another length");
const TABLE: &str = "portcullis_sessions";
