//! A scheme and a verifier of one's own: API keys in `Authorization: ApiKey`, looked up in an embedded database (redb).
//!
//! ```text
//! cargo run --example custom_verifier
//! ```
//!
//! It listens on 127.0.0.1, port 3000 unless `PORT` says otherwise, and prints `$KEY`, a key that was just issued.
//! `/plan` looks keys up in a good database, `/broken` in one whose table nobody has created. Of the answers, the
//! headers that matter here:
//!
//! ```text
//! $ curl -i localhost:3000/plan
//! HTTP/1.1 401 Unauthorized
//! www-authenticate: ApiKey realm="plans"
//!
//! $ curl -i -H "authorization: ApiKey $KEY" localhost:3000/plan
//! HTTP/1.1 200 OK
//!
//! acme is on the plan "gold"
//!
//! $ curl -i -H 'authorization: ApiKey kJ3vX9qLw2rT8mZs5bYc' localhost:3000/plan
//! HTTP/1.1 401 Unauthorized
//! www-authenticate: ApiKey realm="plans"
//!
//! $ curl -i -H "authorization: ApiKey $KEY" localhost:3000/broken
//! HTTP/1.1 503 Service Unavailable
//! retry-after: 5
//! ```

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::http::request::Parts;
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use portcullis::authenticate::{Attempt, Scheme};
use portcullis::axum::Value;
use portcullis::credentials::Authorization;
use portcullis::response::Challenge;
use portcullis::{AuthenticateLayer, Identity, Verifier, VerifyError};
use redb::{Database, ReadableDatabase, TableDefinition};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "says what to try")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let files = tempfile::tempdir()?;
    let good = Accounts::new(Database::create(files.path().join("good.redb"))?);
    let broken = Accounts::new(Database::create(files.path().join("broken.redb"))?);
    let key = good.issue(&Account { name: "acme".into(), plan: "gold".into() })?;
    println!("Listening on http://{}.", listener.local_addr()?);
    println!("Paste this, then try the lines at the top of examples/custom_verifier.rs:\n\nKEY={key}");
    Ok(axum::serve(listener, app(good, broken)?).await?)
}

/// What a client presents: the SHA-256 digest of its key, so that the key itself goes no further than the scheme.
struct KeyDigest([u8; 32]);

impl KeyDigest {
    fn of(key: &str) -> Self {
        Self(Sha256::digest(key).into())
    }
}

/// `Authorization: ApiKey <key>`, for any verifier of digests.
struct ApiKey<V>(Arc<V>);

impl<V: Verifier<KeyDigest>> Scheme for ApiKey<V> {
    fn challenge(&self) -> Challenge {
        Challenge::new("ApiKey").quoted("realm", "plans")
    }

    fn authenticate(&self, head: &Parts) -> Attempt {
        match Authorization::from_headers(&head.headers) {
            Ok(Some(field)) if field.is("ApiKey") => match field.token68() {
                Ok(key) => Attempt::verify(&self.0, KeyDigest::of(key)),
                Err(unreadable) => Attempt::Ready(Err(unreadable.into())),
            },
            _ => Attempt::NotPresented,
        }
    }
}

/// One row of the database: who has a key, and what they pay for.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) plan: String,
}

const ACCOUNTS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("accounts by key digest");

/// The database. Whoever reads it learns digests, and no key.
pub(crate) struct Accounts(Arc<Database>);

impl Accounts {
    pub(crate) fn new(database: Database) -> Self {
        Self(Arc::new(database))
    }

    /// Stores an account under a fresh key, which is shown this once.
    pub(crate) fn issue(&self, account: &Account) -> Result<String, Box<dyn Error>> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        let key = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let transaction = self.0.begin_write()?;
        transaction.open_table(ACCOUNTS)?.insert(KeyDigest::of(&key).0, &*serde_json::to_vec(account)?)?;
        transaction.commit()?;
        Ok(key)
    }
}

fn find(database: &Database, digest: &KeyDigest) -> Result<Option<Account>, Box<dyn Error + Send + Sync>> {
    let row = database.begin_read()?.open_table(ACCOUNTS)?.get(digest.0)?;
    Ok(row.map(|row| serde_json::from_slice(row.value())).transpose()?)
}

impl Verifier<KeyDigest> for Accounts {
    async fn verify(&self, digest: KeyDigest) -> Result<Identity, VerifyError> {
        let database = Arc::clone(&self.0);
        // redb reads from the disk, so it is asked off the async workers.
        let found = tokio::task::spawn_blocking(move || find(&database, &digest)).await;
        match found.map_err(VerifyError::unavailable)? {
            Ok(Some(account)) => {
                Ok(Identity::assertion("plans", &*account.name).authenticated_now().value(account).build())
            }
            Ok(None) => Err(VerifyError::invalid().because("no such key")),
            // That nobody can tell is not a no: the client keeps its key and tries again.
            Err(trouble) => Err(VerifyError::unavailable(trouble)),
        }
    }
}

pub(crate) fn app(good: Accounts, broken: Accounts) -> Result<Router, Box<dyn Error>> {
    let guard = |accounts| AuthenticateLayer::new(ApiKey(Arc::new(accounts)));
    Ok(Router::new().route("/plan", get(plan).layer(guard(good)?)).route("/broken", get(plan).layer(guard(broken)?)))
}

/// Gets the row that the verifier has read; no second query.
async fn plan(account: Value<Account>) -> String {
    format!("{} is on the plan {:?}\n", account.name, account.plan)
}
