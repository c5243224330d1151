//! The tables, made and changed by the crate itself.

use sqlx::{Connection, SqliteConnection, query, query_scalar, raw_sql};

use super::super::sql::Fault;

/// Makes the tables what this version of the crate needs, unless they are. Of several processes that begin at once one does
/// it, and the others wait.
pub(super) async fn prepare(connection: &mut SqliteConnection) -> Result<(), Fault> {
    prepare_with(connection, &STEPS).await
}

async fn prepare_with(connection: &mut SqliteConnection, steps: &[&'static str]) -> Result<(), Fault> {
    let known = steps.len() as i64;
    let tables: i64 = query_scalar(HAS_VERSIONS).fetch_one(&mut *connection).await?;
    if tables > 0 && version(connection).await? == known {
        return Ok(());
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    raw_sql(VERSIONS).execute(&mut *transaction).await?;
    let found = version(&mut transaction).await?;
    let missing = usize::try_from(found).ok().and_then(|found| steps.get(found..));
    for step in missing.ok_or(Fault::Newer { found, known })? {
        raw_sql(*step).execute(&mut *transaction).await?;
    }
    query(SET_VERSION).bind(known).execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}

async fn version(connection: &mut SqliteConnection) -> Result<i64, Fault> {
    let found = query_scalar("SELECT version FROM portcullis_schema WHERE part = 'sessions'");
    Ok(found.fetch_optional(connection).await?.unwrap_or(0))
}

const HAS_VERSIONS: &str = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'portcullis_schema'";
const VERSIONS: &str =
    "CREATE TABLE IF NOT EXISTS portcullis_schema (part TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL) STRICT";
const SET_VERSION: &str = "INSERT INTO portcullis_schema (part, version) VALUES ('sessions', ?1) \
                           ON CONFLICT (part) DO UPDATE SET version = excluded.version";

/// Each leads from one version to the next. What was released is never changed.
const STEPS: [&str; 1] = [
    // `number` orders what began in the same millisecond.
    "CREATE TABLE portcullis_sessions (
        number INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE CHECK (length(key) = 16),
        digest BLOB NOT NULL CHECK (length(digest) = 32),
        previous BLOB CHECK (length(previous) = 32),
        owner BLOB NOT NULL CHECK (length(owner) = 32),
        last_seen INTEGER NOT NULL,
        ends_at INTEGER NOT NULL,
        created INTEGER NOT NULL,
        facts BLOB NOT NULL
    ) STRICT;
    CREATE INDEX portcullis_sessions_ends_at ON portcullis_sessions (ends_at);
    CREATE INDEX portcullis_sessions_owner ON portcullis_sessions (owner, created)",
];

#[cfg(test)]
mod tests {
    use super::*;

    async fn empty() -> SqliteConnection {
        SqliteConnection::connect("sqlite::memory:").await.unwrap()
    }

    #[tokio::test]
    async fn what_an_earlier_version_left_is_kept_and_changed() {
        let mut connection = empty().await;
        prepare_with(&mut connection, &["CREATE TABLE a (x)"]).await.unwrap();
        query("INSERT INTO a VALUES (1)").execute(&mut connection).await.unwrap();
        let steps = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y DEFAULT 7"];
        for _ in 0..2 {
            prepare_with(&mut connection, &steps).await.unwrap();
            assert_eq!(version(&mut connection).await.unwrap(), 2);
        }
        let sum: i64 = query_scalar("SELECT x + y FROM a").fetch_one(&mut connection).await.unwrap();
        assert_eq!(sum, 8);
    }

    #[tokio::test]
    async fn a_step_that_fails_leaves_the_version_as_it_was() {
        let mut connection = empty().await;
        prepare_with(&mut connection, &["CREATE TABLE a (x)"]).await.unwrap();
        let steps = ["CREATE TABLE a (x)", "CREATE TABLE b (x); INSERT INTO nowhere VALUES (1)"];
        prepare_with(&mut connection, &steps).await.unwrap_err();
        assert_eq!(version(&mut connection).await.unwrap(), 1);
        prepare_with(&mut connection, &["CREATE TABLE a (x)", "CREATE TABLE b (x)"]).await.unwrap();
    }

    #[tokio::test]
    async fn a_newer_version_is_said_to_be_one() {
        let mut connection = empty().await;
        prepare_with(&mut connection, &["CREATE TABLE a (x)", "CREATE TABLE b (x)"]).await.unwrap();
        let fault = prepare_with(&mut connection, &["CREATE TABLE a (x)"]).await.unwrap_err().to_string();
        assert!(fault.contains("of version 2, and this program knows them up to 1"), "{fault}");
    }
}
