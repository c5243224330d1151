//! The one connection, kept as long as it is good.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::{ErrorKind, FromRedisValue, RedisError, ServerErrorKind, Value, from_redis_value};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::connection::Connection;
use super::cool_down::{CoolDown, SHORTEST};
use super::question::Question;
use super::server::{Server, Timeouts};
use crate::clock::{Clock, SystemClock, within};

/// Asks the server, over a connection that it makes when first asked and again when that broke. Clones share it.
#[derive(Clone)]
pub(crate) struct Link {
    shared: Arc<Shared>,
}

struct Shared {
    server: Arc<Server>,
    timeouts: Timeouts,
    state: Mutex<State>,
}

struct State {
    now: Now,
    cool_down: CoolDown,
    /// When a connection to a cluster may be exchanged again, by the monotonic clock.
    renew_from: Duration,
}

enum Now {
    /// Nobody asked yet, or the last connection served and broke.
    Idle,
    /// The receiver hears when the attempt is over.
    Connecting(watch::Receiver<()>),
    Connected(Arc<Kept>),
    /// A part of a cluster may still answer over this one, while another connection is being made.
    Renewing(Arc<Kept>),
    /// Left alone until that time, by the monotonic clock.
    Away {
        until: Duration,
        why: RedisError,
    },
}

struct Kept {
    connection: Connection,
    since: Duration,
}

impl Link {
    /// Nothing is connected yet.
    pub(crate) fn new(server: Server, timeouts: Timeouts) -> Self {
        Self::of(Arc::new(server), timeouts)
    }

    fn of(server: Arc<Server>, timeouts: Timeouts) -> Self {
        let state = State { now: Now::Idle, cool_down: CoolDown::default(), renew_from: Duration::ZERO };
        Self { shared: Arc::new(Shared { server, timeouts, state: Mutex::new(state) }) }
    }

    /// Another one to the same server.
    pub(crate) fn another(&self) -> Self {
        Self::of(Arc::clone(&self.shared.server), self.shared.timeouts)
    }

    /// Another connection, for what would hold up all the others; whoever has it looks after it.
    pub(crate) async fn connect_apart(&self) -> Result<Connection, RedisError> {
        self.shared.connect().await
    }

    /// The answer to `question`, which may be put twice. It comes, or fails, within one and a half times the longer timeout.
    pub(crate) async fn ask<T: FromRedisValue>(&self, question: &impl Question) -> Result<T, RedisError> {
        if Handle::try_current().is_err() {
            return Err((ErrorKind::InvalidClientConfig, "there is no runtime of tokio here").into());
        }
        let timeouts = self.shared.timeouts;
        let deadline = timeouts.connect.max(timeouts.answer).saturating_mul(3) / 2;
        let value = within(deadline, self.put(question)).await.unwrap_or_else(|_| Err(late()))?;
        Ok(from_redis_value(value)?)
    }

    async fn put(&self, question: &impl Question) -> Result<Value, RedisError> {
        let kept = self.kept().await?;
        match question.put(&mut kept.connection.clone()).await {
            Err(error) if self.shared.failed(&kept, &error) => {
                let kept = self.kept().await?;
                let answer = question.put(&mut kept.connection.clone()).await;
                if let Err(error) = &answer {
                    self.shared.failed(&kept, error);
                }
                answer
            }
            answer => answer,
        }
    }

    /// The connection, made if there is none.
    async fn kept(&self) -> Result<Arc<Kept>, RedisError> {
        loop {
            let mut begun = None;
            let mut over = {
                let mut state = self.shared.state();
                match &state.now {
                    Now::Connected(kept) | Now::Renewing(kept) => return Ok(Arc::clone(kept)),
                    Now::Away { until, why } if now() < *until => return Err(why.clone()),
                    Now::Connecting(over) => over.clone(),
                    Now::Idle | Now::Away { .. } => {
                        let (sender, over) = watch::channel(());
                        state.now = Now::Connecting(over.clone());
                        begun = Some(sender);
                        over
                    }
                }
            };
            if let Some(sender) = begun {
                self.shared.begin(sender);
            }
            // The attempt says nothing but that it is over, by dropping the sender.
            drop(over.changed().await);
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an attempt to connect, which goes on whoever waits for it. Inside a runtime, and not while the state is locked:
    /// where the runtime is being shut down, the attempt ends here.
    fn begin(self: &Arc<Self>, over: watch::Sender<()>) {
        let attempt = Attempt { shared: Arc::clone(self), outcome: None, _over: over };
        tokio::spawn(async move {
            let outcome = attempt.shared.connect().await;
            attempt.ended(outcome);
        });
    }

    async fn connect(&self) -> Result<Connection, RedisError> {
        let deadline = self.timeouts.connect.saturating_mul(self.server.patience());
        within(deadline, self.server.connect(self.timeouts)).await.unwrap_or_else(|_| Err(late()))
    }

    fn attempted(&self, outcome: Result<Connection, RedisError>) {
        let (now, mut state) = (now(), self.state());
        state.now = match outcome {
            Ok(connection) => Now::Connected(Arc::new(Kept { connection, since: now })),
            Err(why) => Now::Away { until: now + state.cool_down.after_failure(now), why },
        };
    }

    /// Judges the connection by an error that came over it. Whether asking again over another is worth it.
    fn failed(self: &Arc<Self>, kept: &Arc<Kept>, error: &RedisError) -> bool {
        let elsewhere =
            matches!(error.kind(), ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown));
        let broken = error.is_unrecoverable_error() || elsewhere;
        let astray = matches!(kept.connection, Connection::Cluster(_)) && error.is_cluster_error();
        if !broken && !astray && !error.is_timeout() {
            return false;
        }
        let (now, mut state) = (now(), self.state());
        let is_current = matches!(&state.now, Now::Connected(current) if Arc::ptr_eq(current, kept));
        match kept.connection {
            // The driver has tried again for as long as it may.
            Connection::Cluster(_) => {
                if is_current && now >= state.renew_from {
                    state.renew_from = now + state.cool_down.after_failure(now);
                    state.now = Now::Renewing(Arc::clone(kept));
                    drop(state);
                    self.begin(watch::Sender::new(()));
                }
                false
            }
            Connection::One(_) => {
                if is_current && now.saturating_sub(kept.since) < SHORTEST {
                    // Else a server that takes connections and serves none would get one for each question.
                    let until = now + state.cool_down.after_failure(now);
                    state.now = Now::Away { until, why: error.clone() };
                } else if is_current {
                    state.now = Now::Idle;
                }
                broken
            }
        }
    }
}

/// An attempt to connect; however it ends, those who wait hear of it.
struct Attempt {
    shared: Arc<Shared>,
    outcome: Option<Result<Connection, RedisError>>,
    _over: watch::Sender<()>,
}

impl Attempt {
    fn ended(mut self, outcome: Result<Connection, RedisError>) {
        drop(self.outcome.replace(outcome));
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let cut_short = || Err((ErrorKind::Io, "the attempt to connect was cut short").into());
        self.shared.attempted(self.outcome.take().unwrap_or_else(cut_short));
    }
}

fn late() -> RedisError {
    io::Error::from(io::ErrorKind::TimedOut).into()
}

/// By the monotonic clock.
fn now() -> Duration {
    SystemClock.monotonic()
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Waker};

    use redis::{Cmd, cmd};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::secret::Secret;

    const LONG: Timeouts = Timeouts { connect: Duration::from_secs(30), answer: Duration::from_secs(30) };

    fn link_to(url: String, timeouts: Timeouts) -> Link {
        Link::new(Server::new(&Secret::new(url), None).unwrap(), timeouts)
    }

    /// A server that says OK to everything, and how many connections it has taken.
    async fn agreeable() -> (Link, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let link = link_to(format!("redis://{}", listener.local_addr().unwrap()), LONG);
        let connections = Arc::<AtomicUsize>::default();
        let taken = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                taken.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    let mut part = [0; 4096];
                    while let Ok(read @ 1..) = stream.read(&mut part).await {
                        let commands = part[..read].iter().filter(|byte| **byte == b'*').count();
                        if stream.write_all("+OK\r\n".repeat(commands).as_bytes()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        (link, connections)
    }

    fn broken() -> RedisError {
        io::Error::from(io::ErrorKind::BrokenPipe).into()
    }

    fn ping() -> Cmd {
        cmd("PING")
    }

    #[tokio::test]
    async fn a_late_failure_of_an_old_connection_leaves_the_new_one() {
        let (link, connections) = agreeable().await;
        let old = link.kept().await.unwrap();
        link.shared.state().now = Now::Idle;
        let new = link.kept().await.unwrap();
        for error in [broken(), late()] {
            link.shared.failed(&old, &error);
            assert!(Arc::ptr_eq(&link.kept().await.unwrap(), &new));
        }
        assert_eq!(link.ask::<String>(&ping()).await.unwrap(), "OK");
        assert_eq!(connections.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn an_error_that_says_nothing_of_the_connection_leaves_it() {
        let (link, _) = agreeable().await;
        let kept = link.kept().await.unwrap();
        let refused = RedisError::from((ErrorKind::Server(ServerErrorKind::NoPerm), "no"));
        assert!(!link.shared.failed(&kept, &refused));
        assert!(Arc::ptr_eq(&link.kept().await.unwrap(), &kept));
    }

    /// A server that takes connections and serves none would else get one for each question
    #[tokio::test]
    async fn a_connection_that_breaks_as_soon_as_it_is_made_is_not_made_again_at_once() {
        let (link, connections) = agreeable().await;
        let kept = link.kept().await.unwrap();
        assert!(link.shared.failed(&kept, &broken()));
        assert!(link.ask::<String>(&ping()).await.is_err());
        assert_eq!(connections.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn who_waits_for_an_attempt_that_is_cut_short_is_told() {
        let (link, _) = agreeable().await;
        let (sender, over) = watch::channel(());
        link.shared.state().now = Now::Connecting(over);
        let question = ping();
        let mut waiting = pin!(link.ask::<String>(&question));
        assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(Attempt { shared: Arc::clone(&link.shared), outcome: None, _over: sender });
        assert!(waiting.await.unwrap_err().to_string().contains("cut short"));
    }

    #[test]
    fn where_there_is_no_runtime_there_is_no_answer_and_no_panic() {
        let link = link_to(String::from("redis://127.0.0.1:1"), LONG);
        let question = ping();
        let asked = pin!(link.ask::<String>(&question)).poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(asked, Poll::Ready(Err(_))));
    }
}
