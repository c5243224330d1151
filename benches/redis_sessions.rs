//! What a request by session costs with the sessions in Redis, beside one bare `GET` of the same key by the same client.
//!
//! `cargo bench --bench redis_sessions` starts a `redis-server` of its own on a free port, and prints one table: medians over
//! rounds in which all cases come in turn, and how often the server was asked for each request. Without the program it says
//! so.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark stops by panicking, reports by printing, and measures by reading the clock"
)]

#[path = "../tests/support/redis.rs"]
mod redis_server;
#[path = "../tests/support/services.rs"]
mod services;

use std::convert::Infallible;
use std::time::{Duration, Instant};

use http::{Request, Response};
use portcullis::authenticate::Session;
use portcullis::identity::session::{RedisStore, SessionStart, Sessions};
use portcullis::{AuthenticateLayer, Identity};
use redis::AsyncCommands;
use redis_server::Redis;
use tower::{Layer, ServiceExt, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let Some(server) = Redis::start() else { return };
    let is_test = std::env::args().any(|argument| argument == "--test");
    let (rounds, round) = if is_test { (3, 10) } else { (201, 100) };

    let sessions = Sessions::new(RedisStore::new(&server.url()).unwrap());
    let alice = Identity::assertion("orders", "alice").scopes(["orders:read"]).authenticated_now().build();
    let started = sessions.create(&alice, SessionStart::new().label("Firefox on Linux")).await.unwrap();
    let cookie = format!("theme=dark; __Host-session={}; lang=en", started.id().encode().expose());
    let layer = AuthenticateLayer::new(Session::new("orders", sessions.clone())).unwrap();
    let service = layer.layer(service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(()))));
    let ask = async |cookie: &str, status: u16| {
        let request = Request::get("/orders").header("cookie", cookie).body(()).unwrap();
        assert_eq!(service.clone().oneshot(request).await.unwrap().status(), status);
    };

    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let key: String = connection.keys::<_, Vec<String>>("*:s:*").await.unwrap().remove(0);

    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..rounds {
        let start = Instant::now();
        for _ in 0..round {
            let value: Vec<u8> = connection.get(&key).await.unwrap();
            assert!(!value.is_empty());
        }
        times[0].push(start.elapsed() / round);
        let start = Instant::now();
        for _ in 0..round {
            ask(&cookie, 200).await;
        }
        times[1].push(start.elapsed() / round);
        let start = Instant::now();
        for _ in 0..round {
            ask("theme=dark; __Host-session=not-an-id; lang=en", 401).await;
        }
        times[2].push(start.elapsed() / round);
    }

    println!("| case | median | p10 – p90 | × bare GET | commands for each |\n|---|---:|---:|---:|---:|");
    let bare = median(&mut times[0]);
    let mut trips = Vec::new();
    for (cookie, status) in [(cookie.as_str(), 200), ("__Host-session=not-an-id", 401)] {
        let before = commands(&mut connection).await;
        for _ in 0..100 {
            ask(cookie, status).await;
        }
        // The question itself is one.
        trips.push((commands(&mut connection).await - before - 1) as f64 / 100.0);
    }
    let names = ["bare `GET` of the same key", "portcullis, session in Redis", "portcullis, broken cookie"];
    for ((name, times), trips) in names.iter().zip(&mut times).zip([1.0, trips[0], trips[1]]) {
        let median = median(times);
        let (low, high) = (times[times.len() / 10], times[times.len() * 9 / 10]);
        let ratio = median.as_secs_f64() / bare.as_secs_f64();
        println!("| {name} | {median:.2?} | {low:.2?} – {high:.2?} | {ratio:.2} | {trips:.2} |");
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// How many commands the server has processed.
async fn commands(connection: &mut redis::aio::MultiplexedConnection) -> u64 {
    let info: String = redis::cmd("INFO").arg("stats").query_async(connection).await.unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix("total_commands_processed:")).unwrap();
    line.trim().parse().unwrap()
}
