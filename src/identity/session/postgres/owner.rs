//! What concerns all sessions of an owner. Such questions wait for each other, by a lock on the owner's digest that ends
//! with the transaction; no two of them can hold what the other needs.

use sqlx::{AssertSqlSafe, Connection, PgConnection, PgTransaction, query, query_scalar};

use super::super::sql::{DeleteOf, Fault, Insert, Question, integer};
use super::super::store::{Ending, Inserted, OwnerLimit, WhenFull};

impl Question<PgConnection> for Insert {
    type Answer = Inserted;
    const IN_TRANSACTION: bool = true;

    async fn ask(&self, connection: &mut PgConnection, again: bool) -> Result<Inserted, Fault> {
        let Some(limit) = self.limit else {
            let begun = insert(self, connection, again).await?;
            return Ok(if begun { Inserted::Begun } else { Inserted::Taken });
        };
        let mut transaction = lock(connection, &self.row.owner).await?;
        let inserted = if !insert(self, &mut transaction, again).await? {
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

async fn insert(question: &Insert, connection: &mut PgConnection, again: bool) -> Result<bool, Fault> {
    let row = &question.row;
    let inserted = query(INSERT)
        .bind(&row.key.as_bytes()[..])
        .bind(&row.digest[..])
        .bind(row.previous.as_ref().map(|previous| &previous[..]))
        .bind(&row.owner[..])
        .bind(integer(row.last_seen))
        .bind(integer(row.ends_at))
        .bind(integer(question.created_at))
        .bind(&row.facts[..])
        .bind(again);
    Ok(inserted.execute(connection).await?.rows_affected() > 0)
}

/// Whether the new one may stay.
async fn keep(question: &Insert, limit: OwnerLimit, connection: &mut PgConnection) -> Result<bool, Fault> {
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

impl Question<PgConnection> for DeleteOf<'_> {
    type Answer = usize;
    const IN_TRANSACTION: bool = true;

    async fn ask(&self, connection: &mut PgConnection, _: bool) -> Result<usize, Fault> {
        let mut transaction = lock(connection, self.owner).await?;
        let owner = &self.owner[..];
        let deleted = match &self.which {
            Ending::All => query(DELETE_ALL).bind(owner).execute(&mut *transaction).await,
            Ending::AllBut(key) => {
                query(DELETE_ALL_BUT).bind(owner).bind(&key.as_bytes()[..]).execute(&mut *transaction).await
            }
            Ending::Only(key) => {
                query(DELETE_ONLY).bind(owner).bind(&key.as_bytes()[..]).execute(&mut *transaction).await
            }
        };
        let deleted = deleted?.rows_affected();
        transaction.commit().await?;
        Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
    }
}

/// Begins a transaction that no other of this owner runs beside. Every statement after it sees what those before have done.
async fn lock<'a>(connection: &'a mut PgConnection, owner: &[u8; 32]) -> Result<PgTransaction<'a>, Fault> {
    let [a, b, c, d, e, f, g, h, ..] = *owner;
    let number = i64::from_be_bytes([a, b, c, d, e, f, g, h]);
    let begin = format!("BEGIN; SELECT pg_advisory_xact_lock({number})");
    Ok(connection.begin_with(AssertSqlSafe(begin)).await?)
}

// Where it is asked again, the row may be there already, with a digest that nobody else can have put there.
const INSERT: &str = "INSERT INTO portcullis_sessions AS kept \
                      (key, digest, previous, owner, last_seen, ends_at, created, facts) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                      ON CONFLICT (key) DO UPDATE SET digest = excluded.digest \
                      WHERE $9 AND kept.digest = excluded.digest";
const END_OLDEST: &str = "DELETE FROM portcullis_sessions WHERE key = ANY (ARRAY(\
                          SELECT key FROM portcullis_sessions WHERE owner = $1 AND key <> $2 AND ends_at > $3 \
                          ORDER BY created DESC, number DESC OFFSET $4))";
const COUNT: &str = "SELECT count(*) FROM portcullis_sessions WHERE owner = $1 AND key <> $2 AND ends_at > $3";
const DELETE_ALL: &str = "DELETE FROM portcullis_sessions WHERE owner = $1";
const DELETE_ALL_BUT: &str = "DELETE FROM portcullis_sessions WHERE owner = $1 AND key <> $2";
const DELETE_ONLY: &str = "DELETE FROM portcullis_sessions WHERE owner = $1 AND key = $2";
