//! What is asked of a database, whichever it is.

use std::future::Future;

use super::fault::Fault;
use crate::identity::session::error::StoreError;
use crate::identity::session::key::{SessionKey, SessionTicket};
use crate::identity::session::moment::Moment;
use crate::identity::session::record::SessionRecord;
use crate::identity::session::row::SessionRow;
use crate::identity::session::store::{Ending, OwnerLimit};

/// One method of the store, over a connection of type `C`. It is atomic.
pub(crate) trait Question<C>: Sync {
    type Answer: Send;

    /// Whether it begins a transaction of several statements.
    const IN_TRANSACTION: bool = false;

    /// `again` says that it may have been answered before, and the answer lost on its way.
    fn ask(&self, connection: &mut C, again: bool) -> impl Future<Output = Result<Self::Answer, Fault>> + Send;
}

pub(crate) struct Load(pub(in super::super) SessionKey);

pub(crate) struct Insert {
    pub(crate) row: SessionRow,
    pub(crate) created_at: Moment,
    pub(crate) limit: Option<OwnerLimit>,
    pub(crate) now: Moment,
}

pub(crate) struct Touch {
    pub(crate) key: SessionKey,
    pub(crate) last_seen: Moment,
    pub(crate) ends_at: Moment,
}

pub(crate) struct Rotate<'a> {
    pub(crate) shown: &'a SessionTicket,
    pub(crate) row: SessionRow,
}

pub(crate) struct Delete<'a>(pub(in super::super) &'a SessionTicket);

pub(crate) struct DeleteOf<'a> {
    pub(crate) owner: &'a [u8; 32],
    pub(crate) which: Ending,
}

pub(crate) struct List<'a>(pub(in super::super) &'a [u8; 32]);

pub(crate) struct Sweep {
    pub(crate) now: Moment,
    pub(crate) at_most: usize,
}

impl Insert {
    pub(crate) fn of(record: &SessionRecord, limit: Option<OwnerLimit>, now: Moment) -> Result<Self, StoreError> {
        Ok(Self { row: record.to_row()?, created_at: record.created_at(), limit, now })
    }
}
