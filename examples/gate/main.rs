//! `gate`: a small, complete authenticating server, configured by a TOML file and built on the public API alone.
//!
//! It answers every accepted request with what it knows of who is asking, which makes it a place to try the crate
//! without writing code. Start it with the configuration that lies beside this file:
//!
//! ```text
//! cargo run --example gate -- --config examples/gate/gate.toml
//! ```
//!
//! and ask it things (the headers that matter are shown):
//!
//! ```text
//! $ curl -i localhost:8080/public
//! HTTP/1.1 200 OK
//!
//! {"anonymous":true,"issuer":null,"subject":null,"scheme":null,"scopes":[],"roles":[],"auth_time":null,"acr":null,"method":"GET","path":"/public"}
//!
//! $ curl -i localhost:8080/orders
//! HTTP/1.1 401 Unauthorized
//! www-authenticate: Basic realm="demo", charset="UTF-8"
//! www-authenticate: Session realm="demo"
//!
//! $ curl -i -u alice:wonderland localhost:8080/orders
//! HTTP/1.1 200 OK
//!
//! {"anonymous":false,"issuer":"demo","subject":"alice","scheme":"basic","scopes":["orders:read","orders:write"],…
//!
//! $ curl -i -u bob:builder -H 'Accept: text/plain' localhost:8080/orders
//! HTTP/1.1 403 Forbidden
//!
//! 403 Permission missing
//! …
//! scope: orders:read
//! …
//!
//! $ curl -i -u bob:builder localhost:8080/admin/users
//! HTTP/1.1 404 Not Found
//!
//! $ curl -i -u alice:wonderland 'localhost:8080/admin;x=1/users'
//! HTTP/1.1 400 Bad Request
//!
//! $ curl -i -d username=alice -d password=wonderland -H 'Accept: application/json' localhost:8080/login
//! HTTP/1.1 200 OK
//! set-cookie: __Host-gate=…; Max-Age=43200; Path=/; HttpOnly; SameSite=Lax; Secure
//!
//! {"session":"…","expires_at":…}
//! ```
//!
//! With the session of that answer in `$SESSION`:
//!
//! ```text
//! $ curl -i --http2-prior-knowledge -H "Authorization: Session $SESSION" localhost:8080/session/sessions
//! HTTP/2 200
//!
//! {"sessions":[{"id":"…","current":…,"created_at":…,"last_seen":…,"label":…}…]}
//!
//! $ curl -i -X POST -H "Cookie: __Host-gate=$SESSION" localhost:8080/orders
//! HTTP/1.1 403 Forbidden
//!
//! {"type":"urn:portcullis:problem:cross_site",…
//!
//! $ curl -i -X POST -H "Authorization: Session $SESSION" localhost:8080/logout
//! HTTP/1.1 204 No Content
//! ```
//!
//! The cookie alone changes something only from a page of gate's own, or of one of `trusted_origins`; what sends a header needs
//! no such proof. Sessions are in memory, or outlive gate in a SQLite file, Redis or PostgreSQL (`store`). gate starts without
//! the store too; while that is away, whoever shows a session is answered 503 and keeps it, and all others get in.
//!
//! Operators have a port of their own: `curl localhost:8081/healthz`, `/counters` for how often what lies behind each rule
//! has run, `/keys` for how the keys of each issuer stand, `/metrics` for Prometheus (`grafana.json` beside this file is a
//! dashboard of them, `alerts.yml` are rules). `POST /revocations` takes `{"issuer": "https://id.example",
//! "subject": "alice"}`, or `sid` or `jti` instead of the subject, and ends these tokens at once, until a restart. Of a local
//! user it ends the sessions, and has the password checked in full with the next request.
//!
//! Files of users are followed: who is removed is out within two seconds, sessions included. Failures are counted for each
//! account and each address, and answered 429 with `Retry-After` when there are too many. Where gate stands behind a proxy,
//! name it in `trusted_proxies`, or the proxy's address counts for everybody.
//!
//! With `[api_keys]`, `gate --new-api-key ci --scopes orders:read --config FILE` makes a key, shows it once on stdout, and
//! appends its digest to the file of keys; it counts after the next SIGHUP. Programs send it as `X-API-Key: <key>`, as a bearer
//! token, or with Basic as user name or password. A key is revoked by removing its line.
//!
//! All this is `mode = "echo"`. Two others put gate before a server that knows nothing of credentials:
//!
//! - `mode = "proxy"` and `upstream = "http://127.0.0.1:9000"`: who is let in is handed on to the server there, without the
//!   credentials, and with `X-Auth-Subject`, `-Issuer`, `-Scheme`, `-Scopes` and `-Roles`, which a client cannot write itself. Bodies
//!   go both ways as they come, websockets too. To try it, start `python3 -m http.server 9000` and ask as above. An upstream
//!   that cannot be reached is 502, one that is silent for 30 seconds 504.
//! - `mode = "forward-auth"`: nginx, Caddy, Traefik or Envoy asks whether a request may pass, and hears 204 with these fields, or
//!   the refusal. To ask by hand, say which request you mean: `curl -i -u alice:wonderland -H 'X-Forwarded-Method: GET' -H
//!   'X-Forwarded-Uri: /orders' localhost:8080`. The guide of the crate (`docs/deployment.md`) has a configuration for each.
//!
//! Whoever was refused has an id. `curl localhost:8081/refusals` tells why each of the last hundred was, and `--explain` does so
//! for a request that nobody sends:
//!
//! ```text
//! $ printf 'GET /orders HTTP/1.1\nHost: x\nAuthorization: Basic Ym9iOmJ1aWxkZXI=\n' |
//!     gate --explain --config examples/gate/gate.toml
//! rule: path = "/orders" is the first that matches
//! authenticate: GET /orders
//!   Basic: the credential was accepted
//! …
//! verdict: refused
//! ```
//!
//! `--check` reads the configuration and says everything that is wrong with it. SIGHUP reads it again: all of the new
//! one counts, or none. SIGTERM lets running requests end.
//!
//! ```text
//! main ─▶ config      the file, checked whole
//!      ─▶ gate        one configuration at work; exchanged at a stroke
//!           ├─ path      400 before anything else
//!           ├─ accounts  [basic], [session]: users, how they are checked, how often
//!           ├─ members   [session]: the crate's log-in services and sessions; rights, sqlite
//!           ├─ digest    [digest]
//!           ├─ bearer    [[issuer]], [introspection], [resource]: tokens
//!           ├─ doors     the rules: AuthenticateLayer, RequireLayer
//!           ├─ behind    what runs then: echo | proxy | forward_auth; identity_fields
//!           └─ refusals  the last ones, and why
//!      ─▶ explain     --explain: one request from stdin, judged and not run
//!      ─▶ new_key     --new-api-key: one line more in the file of keys
//!      ─▶ server      ports and signals; connection, admin, metrics
//! ```

mod accounts;
mod admin;
mod arrival;
mod bearer;
mod behind;
mod config;
mod connection;
mod digest;
mod doors;
mod echo;
mod explain;
mod forward_auth;
mod gate;
mod guarded;
mod identity_fields;
mod kept;
mod members;
mod method;
mod metrics;
mod new_key;
mod page;
mod path;
mod problem;
mod proxy;
mod rare;
mod refusals;
mod reply;
mod revocations;
mod rights;
mod server;
mod sqlite;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

use self::gate::Gate;
use self::kept::Kept;
use self::new_key::NewKey;
use self::server::Addresses;

fn main() -> ExitCode {
    let Some(Arguments { task, new_key, file }) = Arguments::read(std::env::args_os().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if let Some(wanted) = new_key {
        return make_key(&file, wanted);
    }
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    if let Err(error) = metrics::install() {
        eprintln!("gate: {error}");
        return ExitCode::FAILURE;
    }
    let built = config::load(&file, &Kept::default()).and_then(|config| {
        let addresses = Addresses { listen: config.listen, admin: config.admin };
        Ok((Gate::build(config, None)?, addresses))
    });
    match built {
        Err(faults) => {
            report(faults);
            ExitCode::from(2)
        }
        Ok((gate, addresses)) => {
            let done = match task {
                Task::Check => Ok(ExitCode::SUCCESS),
                Task::Explain => explain::explain(gate),
                Task::Run => run(gate, addresses, file).map(|()| ExitCode::SUCCESS),
            };
            done.unwrap_or_else(|error| {
                eprintln!("gate: {error}");
                ExitCode::FAILURE
            })
        }
    }
}

const USAGE: &str = "\
usage: gate [--check | --explain] --config FILE
       gate --new-api-key OWNER [--scopes SCOPE ...] [--expires TIME] --config FILE

--check        say what is wrong with the configuration, and end
--explain      read one raw HTTP/1.1 request from stdin, and say step by step what would become of it
--new-api-key  make a key, show it, and append its digest to the file of [api_keys]
--scopes       what it may be used for; left out: nothing
--expires      when it ends, as in 720h; left out: never";

fn make_key(config: &Path, wanted: NewKey) -> ExitCode {
    match new_key::make(config, wanted) {
        Ok(key) => match writeln!(io::stdout(), "{}", key.expose()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(faults) => {
            report(faults);
            ExitCode::from(2)
        }
    }
}

#[tokio::main]
async fn run(gate: Gate, addresses: Addresses, file: PathBuf) -> io::Result<()> {
    server::run(gate, addresses, file).await
}

/// Every fault on a line of its own, whatever the log is set to.
fn report(faults: config::Faults) {
    for line in faults.into_lines() {
        eprintln!("gate: {line}");
    }
}

/// What is to be done with a configuration.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Task {
    Check,
    Explain,
    Run,
}

struct Arguments {
    task: Task,
    new_key: Option<NewKey>,
    file: PathBuf,
}

impl Arguments {
    fn read(words: impl Iterator<Item = OsString>) -> Option<Self> {
        let mut words = words.peekable();
        let (mut task, mut file, mut owner, mut scopes, mut expires) = (Task::Run, None, None, None, None);
        while let Some(word) = words.next() {
            match word.to_str()? {
                "--check" if task != Task::Explain => task = Task::Check,
                "--explain" if task != Task::Check => task = Task::Explain,
                "--config" if file.is_none() => file = Some(PathBuf::from(words.next()?)),
                "--new-api-key" if owner.is_none() => owner = Some(words.next()?.into_string().ok()?),
                "--expires" if expires.is_none() => expires = Some(words.next()?.into_string().ok()?),
                "--scopes" if scopes.is_none() => {
                    let mut named = Vec::new();
                    while let Some(word) = words.next_if(|word| !word.as_encoded_bytes().starts_with(b"--")) {
                        named.extend(word.to_str()?.split([' ', ',']).map(ToOwned::to_owned));
                    }
                    named.retain(|name| !name.is_empty());
                    scopes = Some(named).filter(|named| !named.is_empty());
                    scopes.as_ref()?;
                }
                _ => return None,
            }
        }
        if owner.is_none() && (scopes.is_some() || expires.is_some()) || owner.is_some() && task != Task::Run {
            return None;
        }
        let new_key = owner.map(|owner| NewKey { owner, scopes: scopes.unwrap_or_default(), expires });
        Some(Self { task, new_key, file: file? })
    }
}
