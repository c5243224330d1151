//! The store: what it asks of the server, and what it makes of the answers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::{FromRedisValue, RedisError, Value, cmd, from_redis_value};

use super::super::error::StoreError;
use super::super::key::{SessionKey, SessionOwner, SessionTicket};
use super::super::moment::Moment;
use super::super::record::SessionRecord;
use super::super::store::{Ending, Inserted, OwnerLimit, SessionStore, WhenFull};
use super::builder::RedisStoreBuilder;
use super::keys::Keys;
use super::scripts::{DELETE, DELETE_ALL, DELETE_ONE, INSERT, LIST, ROTATE, TOUCH};
use super::value::{self, END_OF_TIME, HEAD, LONGEST, digits};
use crate::error::{ConfigError, Severity};
use crate::identity::redis_link::{Call, Link, Replicas};
use crate::trace;

/// A store in Redis (5.0 or later) or Valkey, shared by many processes: one server, a cluster, or what sentinels watch.
///
/// Clones share one connection. A request costs one trip to the server, and a second when it is
/// [noted](SessionStore::touch), which is once a minute at most. Nothing that is stored opens a session.
///
/// - **While the server is away** requests with a session are answered 503, the first within one and a half times the
///   [timeout](RedisStoreBuilder::timeout), those after it at once; it is asked again after two seconds at the latest.
/// - **What lasts** is what the server's own settings make last. With `appendfsync always` nothing that was acknowledged is
///   lost when the server is killed; with `everysec` the last second may be, a log-out included. A replica that takes over
///   lacks what had not reached it: with [`min_replicas`](RedisStoreBuilder::min_replicas) that counts as not done.
/// - **Memory** that runs out must refuse what is new (`maxmemory-policy noeviction`, the default). Any other policy ends
///   sessions early, and may forget which sessions an owner has, so that they outlive
///   [`end_all`](super::super::Sessions::end_all).
/// - What is over is cleared away by the server, a day later at most.
///
/// ```
/// use portcullis::identity::session::{RedisStore, Sessions};
///
/// let sessions = Sessions::new(RedisStore::new("redis://127.0.0.1:6379")?);
///
/// let cluster = RedisStore::new("rediss+cluster://user:password@one.internal:6379,two.internal:6379")?;
/// let watched = RedisStore::new("redis+sentinel://one.internal:26379,two.internal:26379/main")?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct RedisStore {
    shared: Arc<Shared>,
}

struct Shared {
    link: Link,
    /// For what waits for replicas, and would hold up the rest.
    writing: Link,
    keys: Keys,
    replicas: Option<Replicas>,
}

impl RedisStore {
    /// A store on the server at `url`: `redis://`, or `rediss://` for TLS; user, password and the number of the database in
    /// it, if need be. `redis+cluster://host:port,host:port` is a cluster, `redis+sentinel://host:port,host:port/name` what
    /// sentinels watch under that name; `rediss+…` is either with TLS. The server need not be there yet.
    ///
    /// # Errors
    ///
    /// As [`RedisStoreBuilder::build`].
    pub fn new(url: &str) -> Result<Self, ConfigError> {
        Self::builder(url).build()
    }

    /// A store in the making.
    pub fn builder(url: &str) -> RedisStoreBuilder {
        RedisStoreBuilder::new(url)
    }

    pub(super) fn of(link: Link, writing: Link, keys: Keys, replicas: Option<Replicas>) -> Self {
        Self { shared: Arc::new(Shared { link, writing, keys, replicas }) }
    }

    fn keys(&self) -> &Keys {
        &self.shared.keys
    }

    /// What the server has under the key of a session, `length` bytes of it at most; nothing where there is no session.
    async fn read(&self, key: SessionKey, length: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let mut question = cmd("GETRANGE");
        question.arg(self.keys().session(key)).arg(0).arg(length - 1);
        let value: Vec<u8> = self.shared.link.ask(&question).await.map_err(failed)?;
        Ok(Some(value).filter(|value| !value.is_empty()))
    }

    /// Runs a script whose changes must last.
    async fn run<T: FromRedisValue>(&self, call: Call) -> Result<T, StoreError> {
        let Shared { writing, replicas, .. } = &*self.shared;
        writing.ask(&call.kept_by(*replicas)).await.map_err(failed)
    }

    /// As [`run`](Self::run), for a script that must be told of all sessions in an owner's list: until it has been.
    async fn run_on_list(&self, call: impl Fn(&[String], &[Vec<u8>]) -> Call) -> Result<Value, StoreError> {
        let (mut keys, mut names) = (Vec::new(), Vec::new());
        for _ in 0..MAX_TRIES {
            let answer = self.run(call(&keys, &names)).await?;
            match unknown(&answer)? {
                None => return Ok(answer),
                Some(list) => {
                    keys = list.iter().map(|key| self.keys().session(*key)).collect();
                    names = list.iter().map(|key| key.as_bytes().to_vec()).collect();
                }
            }
        }
        Err(StoreError::unavailable("the sessions of one owner change faster than they can be read"))
    }
}

impl SessionStore for RedisStore {
    async fn insert(
        &self,
        record: &SessionRecord,
        limit: Option<OwnerLimit>,
        now: Moment,
    ) -> Result<Inserted, StoreError> {
        let value = value::write(record)?;
        let (key, owner) = (self.keys().session(record.key()), self.keys().of(&record.owner()));
        let over = record.expires_at().max(record.ends_at());
        let most = limit.map_or(0, |limit| limit.most.max(1));
        let oldest_give_way = limit.is_some_and(|limit| limit.when_full == WhenFull::EndOldest);
        let answer = self.run_on_list(|keys, names| {
            let keys: Vec<_> = [&key, &owner].into_iter().chain(keys).collect();
            let call = INSERT.call(&keys).arg(&value).arg(lives(now, record.ends_at(), GRACE));
            let call = call.arg(lives(now, over, 2 * GRACE)).arg(record.key().as_bytes());
            let forgotten = Moment::from_millis(now.as_millis().saturating_sub(millis(GRACE)));
            call.arg(digits(over)).arg(digits(forgotten)).arg(digits(now)).arg(most).arg(oldest_give_way).arg(names)
        });
        match &*text(answer.await?)? {
            b"begun" => Ok(Inserted::Begun),
            b"taken" => Ok(Inserted::Taken),
            b"full" => Ok(Inserted::TooMany),
            _ => Err(StoreError::unavailable("the server did not run our script")),
        }
    }

    async fn load(&self, key: SessionKey) -> Result<Option<SessionRecord>, StoreError> {
        // A byte more than may be tells what is too long, and is all that is read of it.
        let value = self.read(key, LONGEST + 1).await?;
        value.map(|value| value::read(key, &value)).transpose()
    }

    async fn touch(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Result<bool, StoreError> {
        let call = TOUCH.call(&[self.keys().session(key)]).arg(digits(last_seen)).arg(digits(ends_at));
        // One that a failing master takes along is missed by nobody: the session is over a little earlier.
        match self.shared.link.ask(&call.arg(millis(GRACE))).await.map_err(failed)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(StoreError::damaged("at no time")),
        }
    }

    async fn rotate(&self, shown: &SessionTicket, record: &SessionRecord) -> Result<bool, StoreError> {
        let (now, over) = (record.last_seen(), record.expires_at().max(record.ends_at()));
        let call =
            ROTATE.call(&[self.keys().session(shown.key()), self.keys().of(&record.owner())]).arg(shown.digest());
        let call = call.arg(value::write(record)?).arg(lives(now, record.ends_at(), GRACE));
        let call = call.arg(lives(now, over, 2 * GRACE)).arg(digits(over)).arg(shown.key().as_bytes());
        self.run(call).await
    }

    async fn delete(&self, shown: &SessionTicket) -> Result<bool, StoreError> {
        let key = shown.key();
        // The list that it is in is told by the owner, who never changes.
        let owner = match self.read(key, HEAD).await? {
            Some(head) => match value::owner(&head) {
                Ok(owner) => self.keys().owner(key.shard(), &owner),
                // Where it cannot be read there is none that anybody could use.
                Err(_) => return Ok(false),
            },
            // It may have gone a moment ago, on this server alone: what waits for replicas waits for that too.
            None if self.shared.replicas.is_some() => self.keys().session(key),
            None => return Ok(false),
        };
        let call = DELETE.call(&[self.keys().session(key), owner]).arg(shown.digest()).arg(key.as_bytes());
        self.run(call).await
    }

    async fn delete_of(&self, owner: &SessionOwner<'_>, which: Ending) -> Result<usize, StoreError> {
        let list = self.keys().of(owner);
        let spared = match which {
            Ending::Only(key) if key.shard() != owner.shard() => return Ok(0),
            Ending::Only(key) => {
                let call = DELETE_ONE.call(&[self.keys().session(key), list]).arg(owner.digest()).arg(key.as_bytes());
                return self.run(call).await;
            }
            Ending::AllBut(key) => key.as_bytes().to_vec(),
            Ending::All => Vec::new(),
        };
        let answer = self.run_on_list(|keys, names| {
            let keys: Vec<_> = [&list].into_iter().chain(keys).collect();
            DELETE_ALL.call(&keys).arg(&spared).arg(names)
        });
        from_redis_value(answer.await?).map_err(|error| failed(error.into()))
    }

    async fn list(&self, owner: &SessionOwner<'_>) -> Result<Vec<SessionRecord>, StoreError> {
        let list = self.keys().of(owner);
        let answer = self.run_on_list(|keys, names| {
            let keys: Vec<_> = [&list].into_iter().chain(keys).collect();
            LIST.call(&keys).arg(LONGEST).arg(names)
        });
        let found: Vec<Vec<u8>> = from_redis_value(answer.await?).map_err(|error| failed(error.into()))?;
        let mut records = Vec::new();
        for found in found.get(1..).unwrap_or_default().chunks_exact(2) {
            let key = name(&found[0])?;
            match value::read(key, &found[1]) {
                Ok(record) => records.push(record),
                // Nobody can use it, and the others are no worse for it.
                Err(error) => trace::happened(Severity::Error, "a session is damaged", &key, Some(&error)),
            }
        }
        records.sort_unstable_by_key(|record| (record.created_at(), record.key()));
        Ok(records)
    }

    /// Nothing: the server clears away what is over.
    async fn sweep(&self, _: Moment, _: usize) -> Result<usize, StoreError> {
        Ok(0)
    }

    fn needs_sweep(&self) -> bool {
        false
    }
}

/// The sessions in an owner's list, where that is the answer.
fn unknown(answer: &Value) -> Result<Option<Vec<SessionKey>>, StoreError> {
    match answer {
        Value::Array(names) if !matches!(names.first(), Some(Value::BulkString(word)) if word == b"found") => {
            let names = names.iter().map(|value| match value {
                Value::BulkString(bytes) => name(bytes),
                _ => Err(FOREIGN_LIST),
            });
            names.collect::<Result<_, _>>().map(Some)
        }
        _ => Ok(None),
    }
}

/// The session that has this name in an owner's list.
fn name(bytes: &[u8]) -> Result<SessionKey, StoreError> {
    bytes.try_into().map(SessionKey::from_bytes).map_err(|_| FOREIGN_LIST)
}

fn text(answer: Value) -> Result<Vec<u8>, StoreError> {
    from_redis_value(answer).map_err(|error| failed(error.into()))
}

fn failed(error: RedisError) -> StoreError {
    // Of what it holds the error says nothing.
    if error.code() == Some("WRONGTYPE") { StoreError::damaged("no string") } else { StoreError::unavailable(error) }
}

/// How long from `now` something is kept that is over then, in milliseconds. By no clock: those of two machines may differ.
fn lives(now: Moment, over: Moment, grace: Duration) -> u64 {
    millis(over.saturating_since(now)).saturating_add(millis(grace)).min(END_OF_TIME)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// How much longer than it lives a session is kept, so that whoever comes late is told that it is over.
const GRACE: Duration = Duration::from_secs(24 * 60 * 60);
/// Each time that one is told of too few, another has succeeded.
const MAX_TRIES: usize = 100;
const FOREIGN_LIST: StoreError = StoreError::damaged("in a list of what are no sessions");

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.keys().prefix()).finish_non_exhaustive()
    }
}
