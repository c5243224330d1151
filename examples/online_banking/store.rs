//! Where sessions are kept, and what the command line says of it.

use std::error::Error;
use std::time::Duration;

use portcullis::identity::session::{MemoryStore, PostgresStore, RedisStore, Sessions, SessionsBuilder, SqliteStore};
use tempfile::TempDir;

/// What was asked for when the bank was started.
pub(crate) struct Options {
    /// As `--store` names it.
    pub(crate) store: String,
    pub(crate) idle: Duration,
    /// Holds the file of sessions where none was named; gone with this.
    _folder: Option<TempDir>,
}

const USAGE: &str = "usage: online_banking [--store STORE] [--idle TIME]\n\
    STORE  memory, sqlite:PATH, redis://…, rediss://… or postgres://…; if not given, a SQLite file that is gone afterwards\n\
    TIME   how long a session lives without a request, such as 90s, 30m (if not given) or 2h";

impl Options {
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let (mut store, mut idle) = (None, Duration::from_secs(30 * 60));
        while let Some(argument) = arguments.next() {
            let value = arguments.next().ok_or(USAGE)?;
            match argument.as_str() {
                "--store" => store = Some(value),
                "--idle" => idle = time(&value).ok_or(USAGE)?,
                _ => return Err(USAGE.into()),
            }
        }
        if let Some(store) = store {
            return Ok(Self { store, idle, _folder: None });
        }
        let folder = tempfile::tempdir()?;
        let store = format!("sqlite:{}", folder.path().join("sessions.db").display());
        Ok(Self { store, idle, _folder: Some(folder) })
    }
}

fn time(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

/// Sessions in the store of that name. All the rest is the same wherever they are kept.
pub(crate) async fn open(store: &str) -> Result<SessionsBuilder, Box<dyn Error>> {
    let (kind, rest) = store.split_once(':').unwrap_or((store, ""));
    Ok(match kind {
        "memory" => Sessions::builder(MemoryStore::new()),
        "sqlite" => Sessions::builder(SqliteStore::open(rest).await?),
        "postgres" | "postgresql" => Sessions::builder(PostgresStore::connect(store).await?),
        // Also a cluster, and what sentinels watch: `redis+cluster://…`, `redis+sentinel://…`.
        "redis" | "rediss" | "redis+cluster" | "rediss+cluster" | "redis+sentinel" | "rediss+sentinel" => {
            Sessions::builder(RedisStore::new(store)?)
        }
        _ => return Err(USAGE.into()),
    })
}
