//! Users and passwords in a database (SQLite), whose old hashes are replaced as people log in.
//!
//! ```text
//! cargo run --example password_store
//! ```
//!
//! It listens on 127.0.0.1, port 3000 unless `PORT` says otherwise, and prints `$PASSWORD`, which is alice's and carol's.
//! carol has left, and bob's password is still stored as an old program stored it, with bcrypt of cost 4. `/hello` looks
//! users up in a good database, `/broken` in one whose table nobody has created. Of the answers, the headers that matter
//! here:
//!
//! ```text
//! $ curl -i localhost:3000/hello
//! HTTP/1.1 401 Unauthorized
//! www-authenticate: Basic realm="staff", charset="UTF-8"
//!
//! $ curl -i -u "alice:$PASSWORD" localhost:3000/hello
//! HTTP/1.1 200 OK
//!
//! hello alice, you are: clerk, admin
//!
//! $ curl -i -u "bob:bob's secret" localhost:3000/hello
//! HTTP/1.1 200 OK
//!
//! hello bob, you are: clerk
//!
//! $ curl -i -u "carol:$PASSWORD" localhost:3000/hello
//! HTTP/1.1 401 Unauthorized
//! www-authenticate: Basic realm="staff", charset="UTF-8"
//!
//! $ curl -i -u "mallory:$PASSWORD" localhost:3000/hello
//! HTTP/1.1 401 Unauthorized
//! www-authenticate: Basic realm="staff", charset="UTF-8"
//!
//! $ curl -i -u "alice:$PASSWORD" localhost:3000/broken
//! HTTP/1.1 503 Service Unavailable
//! retry-after: 5
//! ```

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use portcullis::authenticate::Basic;
use portcullis::identity::password::{PasswordStore, PasswordVerifier, Rehash, StoredUser, hash_password};
use portcullis::{AuthenticateLayer, Identity};
use rusqlite::{Connection, OptionalExtension};
use tokio::net::TcpListener;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "says what to try")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let files = tempfile::tempdir()?;
    let good = Staff::new(Connection::open(files.path().join("staff.sqlite"))?);
    let broken = Staff::new(Connection::open_in_memory()?);
    let password = good.found()?;
    println!("Listening on http://{}.", listener.local_addr()?);
    println!("Paste this, then try the lines at the top of examples/password_store.rs:\n\nPASSWORD={password}");
    Ok(axum::serve(listener, app(good, broken)?).await?)
}

/// The database. One connection does here; a service has a pool of them.
#[derive(Clone)]
pub(crate) struct Staff(Arc<Mutex<Connection>>);

type Trouble = Box<dyn Error + Send + Sync>;

impl Staff {
    pub(crate) fn new(connection: Connection) -> Self {
        Self(Arc::new(Mutex::new(connection)))
    }

    /// Creates the table with three people in it. Returns the password of two of them.
    pub(crate) fn found(&self) -> Result<String, Box<dyn Error>> {
        let mut bytes = [0; 12];
        getrandom::fill(&mut bytes)?;
        let password = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let hash = hash_password(&password)?;
        let table = "CREATE TABLE staff (name TEXT PRIMARY KEY, hash TEXT NOT NULL, roles TEXT NOT NULL, left_at TEXT)";
        self.with(|connection| {
            connection.execute(table, [])?;
            for (name, hash, roles, left_at) in [
                ("alice", &*hash, "clerk,admin", None),
                ("bob", OLD_HASH, "clerk", None),
                ("carol", &*hash, "clerk", Some("2026-10-31")),
            ] {
                connection.execute("INSERT INTO staff VALUES (?1, ?2, ?3, ?4)", (name, hash, roles, left_at))?;
            }
            Ok(())
        })?;
        Ok(password)
    }

    /// What is stored for `name`.
    pub(crate) fn row(&self, name: &str) -> rusqlite::Result<Option<StoredUser>> {
        let query = "SELECT hash, roles, left_at IS NOT NULL FROM staff WHERE name = ?1";
        self.with(|connection| {
            let row = connection.query_row(query, [name], |row| {
                let (hash, roles): (String, String) = (row.get(0)?, row.get(1)?);
                Ok(StoredUser::new(hash).roles(roles.split(',')).disabled(row.get(2)?))
            });
            row.optional()
        })
    }

    /// Replaces the hash that was matched and no other: the password may have been changed meanwhile.
    fn store(&self, rehash: &Rehash) -> Result<(), Trouble> {
        let statement = "UPDATE staff SET hash = ?1 WHERE name = ?2 AND hash = ?3";
        let values = [rehash.new_hash(), rehash.name(), rehash.old_hash()];
        self.with(|connection| connection.execute(statement, values))?;
        Ok(())
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        work(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// bcrypt of `bob's secret`.
const OLD_HASH: &str = "$2b$04$abcdefghijklmnopqrstuugnA3sBav18rnV72BeOyKWV21iMMRCBW";

impl PasswordStore for Staff {
    type Error = Trouble;

    async fn find(&self, name: &str) -> Result<Option<StoredUser>, Trouble> {
        let (staff, name) = (self.clone(), name.to_owned());
        // SQLite reads from the disk, so it is asked off the async workers.
        Ok(tokio::task::spawn_blocking(move || staff.row(&name)).await??)
    }
}

pub(crate) fn app(good: Staff, broken: Staff) -> Result<Router, Box<dyn Error>> {
    let guard = |staff: Staff| {
        // Called on a thread of the pool that hashes, so it may block.
        let verifier =
            PasswordVerifier::with_store("staff", staff.clone()).on_rehash(move |rehash| staff.store(rehash));
        AuthenticateLayer::new(Basic::new("staff", verifier))
    };
    Ok(Router::new().route("/hello", get(hello).layer(guard(good)?)).route("/broken", get(hello).layer(guard(broken)?)))
}

async fn hello(identity: Identity) -> String {
    let roles: Vec<_> = identity.roles().iter().collect();
    format!("hello {}, you are: {}\n", identity.subject(), roles.join(", "))
}
