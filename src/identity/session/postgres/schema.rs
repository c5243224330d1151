//! The tables, made and changed by the crate itself.

use sqlx::{Connection, PgConnection, query, query_scalar, raw_sql};

use super::super::sql::Fault;

/// Makes the tables what this version of the crate needs, unless they are. Of several processes that begin at once one does
/// it, and the others wait. A role that may not make tables is enough where they are there.
pub(super) async fn prepare(connection: &mut PgConnection) -> Result<(), Fault> {
    prepare_with(connection, &STEPS).await
}

async fn prepare_with(connection: &mut PgConnection, steps: &[&'static str]) -> Result<(), Fault> {
    let known = steps.len() as i64;
    let exists: bool =
        query_scalar("SELECT to_regclass('portcullis_schema') IS NOT NULL").fetch_one(&mut *connection).await?;
    if exists && version(connection).await? == known {
        return Ok(());
    }
    let mut transaction = connection.begin_with(BEGIN).await?;
    raw_sql(VERSIONS).execute(&mut *transaction).await?;
    let found = version(&mut transaction).await?;
    let missing = usize::try_from(found).ok().and_then(|found| steps.get(found..));
    for step in missing.ok_or(Fault::Newer { found, known })? {
        raw_sql(*step).execute(&mut *transaction).await?;
    }
    query(SET_VERSION).bind(known).execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}

async fn version(connection: &mut PgConnection) -> Result<i64, Fault> {
    let found = query_scalar("SELECT version FROM portcullis_schema WHERE part = 'sessions'");
    Ok(found.fetch_optional(connection).await?.unwrap_or(0))
}

/// The number is ours alone: the first bytes of the digest of `portcullis`.
const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout = '60s'; SELECT pg_advisory_xact_lock(7381240360074406115)";
const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS portcullis_schema (part text PRIMARY KEY, version bigint NOT NULL)";
const SET_VERSION: &str = "INSERT INTO portcullis_schema (part, version) VALUES ('sessions', $1) \
                           ON CONFLICT (part) DO UPDATE SET version = excluded.version";

/// Each leads from one version to the next. What was released is never changed.
const STEPS: [&str; 1] = [
    // `number` orders what began in the same millisecond.
    "CREATE TABLE portcullis_sessions (
        key bytea PRIMARY KEY CHECK (octet_length(key) = 16),
        digest bytea NOT NULL CHECK (octet_length(digest) = 32),
        previous bytea CHECK (octet_length(previous) = 32),
        owner bytea NOT NULL CHECK (octet_length(owner) = 32),
        last_seen bigint NOT NULL,
        ends_at bigint NOT NULL,
        created bigint NOT NULL,
        number bigint GENERATED ALWAYS AS IDENTITY,
        facts bytea NOT NULL
    );
    CREATE INDEX portcullis_sessions_ends_at ON portcullis_sessions (ends_at);
    CREATE INDEX portcullis_sessions_owner ON portcullis_sessions (owner, created, number)",
];
