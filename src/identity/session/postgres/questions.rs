//! The statements that find, move and end single sessions, and clear away old ones. Each is atomic by itself.

use sqlx::{PgConnection, query};

use super::super::record::SessionRecord;
use super::super::sql::{Delete, Fault, List, Load, Question, Rotate, Sweep, Touch, integer, read, read_all};

impl Question<PgConnection> for Load {
    type Answer = Option<SessionRecord>;

    async fn ask(&self, connection: &mut PgConnection, _: bool) -> Result<Self::Answer, Fault> {
        let row = query(LOAD).bind(&self.0.as_bytes()[..]).fetch_optional(connection).await?;
        row.map(|row| read(&row)).transpose()
    }
}

impl Question<PgConnection> for Touch {
    type Answer = bool;

    async fn ask(&self, connection: &mut PgConnection, _: bool) -> Result<bool, Fault> {
        let times =
            query(TOUCH).bind(&self.key.as_bytes()[..]).bind(integer(self.last_seen)).bind(integer(self.ends_at));
        Ok(times.execute(connection).await?.rows_affected() > 0)
    }
}

impl Question<PgConnection> for Rotate<'_> {
    type Answer = bool;

    async fn ask(&self, connection: &mut PgConnection, again: bool) -> Result<bool, Fault> {
        let Self { shown, row } = self;
        let rotated = query(ROTATE)
            .bind(&row.key.as_bytes()[..])
            .bind(&shown.digest()[..])
            .bind(&row.digest[..])
            .bind(row.previous.as_ref().map(|previous| &previous[..]))
            .bind(integer(row.last_seen))
            .bind(integer(row.ends_at))
            .bind(&row.facts[..])
            .bind(&row.owner[..])
            .bind(again);
        Ok(rotated.execute(connection).await?.rows_affected() > 0)
    }
}

impl Question<PgConnection> for Delete<'_> {
    type Answer = bool;

    async fn ask(&self, connection: &mut PgConnection, _: bool) -> Result<bool, Fault> {
        let deleted = query(DELETE).bind(&self.0.key().as_bytes()[..]).bind(&self.0.digest()[..]).execute(connection);
        Ok(deleted.await?.rows_affected() > 0)
    }
}

impl Question<PgConnection> for List<'_> {
    type Answer = Vec<SessionRecord>;

    async fn ask(&self, connection: &mut PgConnection, _: bool) -> Result<Self::Answer, Fault> {
        Ok(read_all(&query(LIST).bind(&self.0[..]).fetch_all(connection).await?))
    }
}

impl Question<PgConnection> for Sweep {
    type Answer = usize;

    async fn ask(&self, connection: &mut PgConnection, _: bool) -> Result<usize, Fault> {
        let at_most = i64::try_from(self.at_most).unwrap_or(i64::MAX);
        let swept = query(SWEEP).bind(integer(self.now)).bind(at_most).execute(connection).await?;
        Ok(usize::try_from(swept.rows_affected()).unwrap_or(usize::MAX))
    }
}

// 65536 is `SessionRow::MAX_FACTS`; what is longer is not even read.
const LOAD: &str = "SELECT key, digest, previous, owner, last_seen, ends_at, \
                    CASE WHEN octet_length(facts) <= 65536 THEN facts END \
                    FROM portcullis_sessions WHERE key = $1";
const LIST: &str = "SELECT key, digest, previous, owner, last_seen, ends_at, \
                    CASE WHEN octet_length(facts) <= 65536 THEN facts END \
                    FROM portcullis_sessions WHERE owner = $1 ORDER BY created, number";
const TOUCH: &str = "UPDATE portcullis_sessions \
                     SET last_seen = greatest(last_seen, $2), ends_at = greatest(ends_at, $3) WHERE key = $1";
// Where it is asked again, the digest may be there already: nobody else can have put it there.
const ROTATE: &str = "UPDATE portcullis_sessions \
                      SET digest = $3, previous = $4, last_seen = $5, ends_at = $6, facts = $7 \
                      WHERE key = $1 AND owner = $8 AND (digest = $2 OR ($9 AND digest = $3))";
// Where it meets a rotation, the server waits for that and looks again: then the digest is the previous one.
const DELETE: &str = "DELETE FROM portcullis_sessions WHERE key = $1 AND (digest = $2 OR previous = $2)";
// What others hold is in use or being ended, and left alone: nobody waits for a sweep, and it waits for nobody.
const SWEEP: &str = "DELETE FROM portcullis_sessions WHERE ends_at <= $1 AND key = ANY (ARRAY(\
                     SELECT key FROM portcullis_sessions WHERE ends_at <= $1 ORDER BY ends_at LIMIT $2 \
                     FOR UPDATE SKIP LOCKED))";
