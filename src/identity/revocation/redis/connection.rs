//! What is asked of the server.

use std::time::Duration;

use redis::streams::{StreamRangeReply, StreamReadReply};
use redis::{RedisError, Value, cmd};

use super::super::list::Entry;
use crate::clock::UnixTime;
use crate::identity::redis_link::{Connection, Link};

/// Adds an entry, and drops those that are older than `keep` both by the server's clock and by ours, where it is `now`: a
/// clock that is wrong by itself empties no list.
pub(super) async fn append(
    link: &Link,
    key: &str,
    entry: Entry,
    now: UnixTime,
    keep: Duration,
) -> Result<(), RedisError> {
    let (seconds, _): (u64, u64) = link.ask(&cmd("TIME")).await?;
    let oldest = now.min(UnixTime::from_secs(seconds)).saturating_sub(keep);
    let mut command = cmd("XADD");
    command.arg(key).arg("MINID").arg("~").arg(oldest.as_secs().saturating_mul(1000));
    command.arg("*").arg(FIELD).arg(entry.to_bytes());
    link.ask::<String>(&command).await.map(drop)
}

/// Whether the stream still has the entry `id`.
pub(super) async fn has(connection: &mut Connection, key: &str, id: &str) -> Result<bool, RedisError> {
    let mut command = cmd("XRANGE");
    command.arg(key).arg(id).arg(id);
    let found: StreamRangeReply = command.query_async(connection).await?;
    Ok(!found.ids.is_empty())
}

/// What a read of the stream brought.
pub(super) struct News {
    /// Nothing, where an entry was of no form that is known here.
    pub(super) entries: Vec<Option<Entry>>,
    /// Where the next read goes on; nothing, where there was no news.
    pub(super) last: Option<String>,
}

/// The entries after `last`, at most [`MAX_NEWS`]; waits for the first for as long as `wait`.
pub(super) async fn read(
    connection: &mut Connection,
    key: &str,
    last: &str,
    wait: Option<Duration>,
) -> Result<News, RedisError> {
    let mut command = cmd("XREAD");
    command.arg("COUNT").arg(MAX_NEWS);
    if let Some(wait) = wait {
        // Zero would be for ever.
        command.arg("BLOCK").arg(wait.as_millis().max(1) as u64);
    }
    command.arg("STREAMS").arg(key).arg(last);
    let reply: Option<StreamReadReply> = command.query_async(connection).await?;
    let ids: Vec<_> = reply.into_iter().flat_map(|reply| reply.keys).flat_map(|stream| stream.ids).collect();
    let last = ids.last().map(|id| id.id.clone());
    let entries = ids.iter().map(|id| match id.map.get(FIELD) {
        Some(Value::BulkString(bytes)) => Entry::from_bytes(bytes),
        _ => None,
    });
    Ok(News { entries: entries.collect(), last })
}

/// The name of the one field that an entry of the stream has.
const FIELD: &str = "revocation";
/// How many entries are read at a time.
pub(super) const MAX_NEWS: usize = 1000;
