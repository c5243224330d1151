//! The statements. SQLite lets one writer at a time in, whatever process it is in, so each is atomic.

use sqlx::{Connection, SqliteConnection, query, query_scalar};

use super::super::record::SessionRecord;
use super::super::sql::{
    Delete, DeleteOf, Fault, Insert, List, Load, Question, Rotate, Sweep, Touch, integer, read, read_all,
};
use super::super::store::{Ending, Inserted, OwnerLimit, WhenFull};

impl Question<SqliteConnection> for Load {
    type Answer = Option<SessionRecord>;

    async fn ask(&self, connection: &mut SqliteConnection, _: bool) -> Result<Self::Answer, Fault> {
        let row = query(LOAD).bind(&self.0.as_bytes()[..]).fetch_optional(connection).await?;
        row.map(|row| read(&row)).transpose()
    }
}

impl Question<SqliteConnection> for List<'_> {
    type Answer = Vec<SessionRecord>;

    async fn ask(&self, connection: &mut SqliteConnection, _: bool) -> Result<Self::Answer, Fault> {
        Ok(read_all(&query(LIST).bind(&self.0[..]).fetch_all(connection).await?))
    }
}

impl Question<SqliteConnection> for Insert {
    type Answer = Inserted;
    const IN_TRANSACTION: bool = true;

    async fn ask(&self, connection: &mut SqliteConnection, _: bool) -> Result<Inserted, Fault> {
        let Some(limit) = self.limit else {
            let begun = insert(self, connection).await?;
            return Ok(if begun { Inserted::Begun } else { Inserted::Taken });
        };
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let inserted = if !insert(self, &mut transaction).await? {
            Inserted::Taken
        } else if keep(self, limit, &mut transaction).await? {
            Inserted::Begun
        } else {
            Inserted::TooMany
        };
        match inserted {
            Inserted::Begun => transaction.commit().await?,
            Inserted::Taken | Inserted::TooMany => transaction.rollback().await?,
        }
        Ok(inserted)
    }
}

async fn insert(question: &Insert, connection: &mut SqliteConnection) -> Result<bool, Fault> {
    let row = &question.row;
    let inserted = query(INSERT)
        .bind(&row.key.as_bytes()[..])
        .bind(&row.digest[..])
        .bind(row.previous.as_ref().map(|previous| &previous[..]))
        .bind(&row.owner[..])
        .bind(integer(row.last_seen))
        .bind(integer(row.ends_at))
        .bind(integer(question.created_at))
        .bind(&row.facts[..]);
    Ok(inserted.execute(connection).await?.rows_affected() > 0)
}

/// Whether the new one may stay.
async fn keep(question: &Insert, limit: OwnerLimit, connection: &mut SqliteConnection) -> Result<bool, Fault> {
    let (owner, key, now) = (&question.row.owner[..], &question.row.key.as_bytes()[..], integer(question.now));
    let others = i64::try_from(limit.most.saturating_sub(1)).unwrap_or(i64::MAX);
    match limit.when_full {
        WhenFull::EndOldest => {
            query(END_OLDEST).bind(owner).bind(key).bind(now).bind(others).execute(connection).await?;
            Ok(true)
        }
        WhenFull::RefuseNew => {
            let found: i64 = query_scalar(COUNT).bind(owner).bind(key).bind(now).fetch_one(connection).await?;
            Ok(found <= others)
        }
    }
}

impl Question<SqliteConnection> for Touch {
    type Answer = bool;

    async fn ask(&self, connection: &mut SqliteConnection, _: bool) -> Result<bool, Fault> {
        let times =
            query(TOUCH).bind(&self.key.as_bytes()[..]).bind(integer(self.last_seen)).bind(integer(self.ends_at));
        Ok(times.execute(connection).await?.rows_affected() > 0)
    }
}

impl Question<SqliteConnection> for Rotate<'_> {
    type Answer = bool;

    async fn ask(&self, connection: &mut SqliteConnection, _: bool) -> Result<bool, Fault> {
        let Self { shown, row } = self;
        let rotated = query(ROTATE)
            .bind(&row.key.as_bytes()[..])
            .bind(&shown.digest()[..])
            .bind(&row.digest[..])
            .bind(row.previous.as_ref().map(|previous| &previous[..]))
            .bind(integer(row.last_seen))
            .bind(integer(row.ends_at))
            .bind(&row.facts[..])
            .bind(&row.owner[..]);
        Ok(rotated.execute(connection).await?.rows_affected() > 0)
    }
}

impl Question<SqliteConnection> for Delete<'_> {
    type Answer = bool;

    async fn ask(&self, connection: &mut SqliteConnection, _: bool) -> Result<bool, Fault> {
        let deleted = query(DELETE).bind(&self.0.key().as_bytes()[..]).bind(&self.0.digest()[..]).execute(connection);
        Ok(deleted.await?.rows_affected() > 0)
    }
}

impl Question<SqliteConnection> for DeleteOf<'_> {
    type Answer = usize;

    async fn ask(&self, connection: &mut SqliteConnection, _: bool) -> Result<usize, Fault> {
        let owner = &self.owner[..];
        let deleted = match &self.which {
            Ending::All => query(DELETE_ALL).bind(owner).execute(connection).await,
            Ending::AllBut(key) => {
                query(DELETE_ALL_BUT).bind(owner).bind(&key.as_bytes()[..]).execute(connection).await
            }
            Ending::Only(key) => query(DELETE_ONLY).bind(owner).bind(&key.as_bytes()[..]).execute(connection).await,
        };
        Ok(usize::try_from(deleted?.rows_affected()).unwrap_or(usize::MAX))
    }
}

impl Question<SqliteConnection> for Sweep {
    type Answer = usize;

    async fn ask(&self, connection: &mut SqliteConnection, _: bool) -> Result<usize, Fault> {
        let at_most = i64::try_from(self.at_most).unwrap_or(i64::MAX);
        let swept = query(SWEEP).bind(integer(self.now)).bind(at_most).execute(connection).await?;
        Ok(usize::try_from(swept.rows_affected()).unwrap_or(usize::MAX))
    }
}

// 65536 is `SessionRow::MAX_FACTS`; what is longer is not even read.
const LOAD: &str = "SELECT key, digest, previous, owner, last_seen, ends_at, \
                    CASE WHEN length(facts) <= 65536 THEN facts END \
                    FROM portcullis_sessions WHERE key = ?1";
const LIST: &str = "SELECT key, digest, previous, owner, last_seen, ends_at, \
                    CASE WHEN length(facts) <= 65536 THEN facts END \
                    FROM portcullis_sessions WHERE owner = ?1 ORDER BY created, number";
const INSERT: &str = "INSERT INTO portcullis_sessions \
                      (key, digest, previous, owner, last_seen, ends_at, created, facts) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (key) DO NOTHING";
const END_OLDEST: &str = "DELETE FROM portcullis_sessions WHERE number IN (\
                          SELECT number FROM portcullis_sessions WHERE owner = ?1 AND key <> ?2 AND ends_at > ?3 \
                          ORDER BY created DESC, number DESC LIMIT -1 OFFSET ?4)";
const COUNT: &str = "SELECT count(*) FROM portcullis_sessions WHERE owner = ?1 AND key <> ?2 AND ends_at > ?3";
const TOUCH: &str = "UPDATE portcullis_sessions \
                     SET last_seen = max(last_seen, ?2), ends_at = max(ends_at, ?3) WHERE key = ?1";
const ROTATE: &str = "UPDATE portcullis_sessions \
                      SET digest = ?3, previous = ?4, last_seen = ?5, ends_at = ?6, facts = ?7 \
                      WHERE key = ?1 AND owner = ?8 AND digest = ?2";
const DELETE: &str = "DELETE FROM portcullis_sessions WHERE key = ?1 AND (digest = ?2 OR previous = ?2)";
const DELETE_ALL: &str = "DELETE FROM portcullis_sessions WHERE owner = ?1";
const DELETE_ALL_BUT: &str = "DELETE FROM portcullis_sessions WHERE owner = ?1 AND key <> ?2";
const DELETE_ONLY: &str = "DELETE FROM portcullis_sessions WHERE owner = ?1 AND key = ?2";
const SWEEP: &str = "DELETE FROM portcullis_sessions WHERE number IN (\
                     SELECT number FROM portcullis_sessions WHERE ends_at <= ?1 ORDER BY ends_at LIMIT ?2)";
