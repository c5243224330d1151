//! Log-ins, requests and log-outs at the same time, and what must be true of them whatever becomes of the store meanwhile.

#![allow(dead_code, reason = "each test file uses a part")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use portcullis::credentials::SessionId;
use portcullis::identity::session::{SessionStart, Sessions};
use portcullis::{Identity, Reason, Verifier};
use tokio::task::JoinHandle;

/// Some clients that log in, come again and log out, over and over.
pub(crate) struct Load {
    sessions: Sessions,
    stop: Arc<AtomicBool>,
    counts: Arc<Counts>,
    clients: Vec<JoinHandle<Client>>,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// What the store acknowledged.
    pub(crate) begun: AtomicU64,
    pub(crate) ended: AtomicU64,
    pub(crate) accepted: AtomicU64,
    /// Requests, log-ins and log-outs without an answer.
    pub(crate) unavailable: AtomicU64,
    /// The longest that anything took, in milliseconds.
    pub(crate) longest: AtomicU64,
}

/// What one client knows of its sessions.
#[derive(Default)]
struct Client {
    alive: Vec<SessionId>,
    ended: Vec<SessionId>,
    rounds: usize,
}

impl Load {
    pub(crate) fn start(sessions: &Sessions, clients: usize) -> Self {
        let (stop, counts) = (Arc::new(AtomicBool::new(false)), Arc::<Counts>::default());
        let clients = (0..clients).map(|number| {
            let (sessions, stop, counts) = (sessions.clone(), Arc::clone(&stop), Arc::clone(&counts));
            tokio::spawn(async move {
                let mut client = Client::default();
                let identity = Identity::assertion("staff", format!("user-{number}")).build();
                while !stop.load(Ordering::Relaxed) {
                    client.live(&sessions, &identity, &counts).await;
                }
                client
            })
        });
        let clients = clients.collect();
        Self { sessions: sessions.clone(), stop, counts, clients }
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Waits until so many more requests were accepted.
    pub(crate) async fn until_accepted(&self, more: u64) {
        let (started, before) = (now(), self.counts.accepted.load(Ordering::Relaxed));
        while self.counts.accepted.load(Ordering::Relaxed) < before + more {
            assert!(started.elapsed() < Duration::from_secs(60), "nothing is accepted any more: {:?}", self.counts);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until so many more got no answer.
    pub(crate) async fn until_unavailable(&self, more: u64) {
        let (started, before) = (now(), self.counts.unavailable.load(Ordering::Relaxed));
        while self.counts.unavailable.load(Ordering::Relaxed) < before + more {
            assert!(started.elapsed() < Duration::from_secs(60), "nobody is told of an outage: {:?}", self.counts);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends it, and compares what the clients know with what the store, which is there again, says: what was acknowledged is
    /// so, every time it is asked for.
    pub(crate) async fn finish(self) -> Arc<Counts> {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            let client = client.await.unwrap();
            for id in &client.alive {
                assert_eq!(settled(&self.sessions, id).await, None, "a session that was acknowledged is lost");
            }
            for id in &client.ended {
                assert_eq!(settled(&self.sessions, id).await, Some(Reason::Invalid), "a session that was ended lives");
            }
        }
        self.counts
    }
}

impl Client {
    /// One session: begun, used beside others, and every second time ended.
    async fn live(&mut self, sessions: &Sessions, identity: &Identity, counts: &Counts) {
        let created = counts.timed(sessions.create(identity, SessionStart::new())).await;
        let Ok(created) = created else { return counts.no_answer().await };
        counts.begun.fetch_add(1, Ordering::Relaxed);
        let id = created.into_id();
        self.alive.push(SessionId::from_bytes(*id.expose()));
        for back in 0..4 {
            let id = self.alive.iter().rev().nth(back * 3).unwrap_or(&id);
            self.ask(sessions, id, None, counts).await;
            if let Some(id) = self.ended.iter().rev().nth(back * 3) {
                self.ask(sessions, id, Some(Reason::Invalid), counts).await;
            }
        }
        self.rounds += 1;
        if self.rounds.is_multiple_of(2) {
            self.alive.pop();
            match counts.timed(sessions.end(&id)).await {
                Ok(_) => {
                    counts.ended.fetch_add(1, Ordering::Relaxed);
                    self.ask(sessions, &id, Some(Reason::Invalid), counts).await;
                    self.ended.push(id);
                }
                // It may have ended or not.
                Err(_) => counts.no_answer().await,
            }
        }
    }

    async fn ask(&self, sessions: &Sessions, id: &SessionId, refusal: Option<Reason>, counts: &Counts) {
        let asked = counts.timed(sessions.verify(SessionId::from_bytes(*id.expose()))).await;
        match asked.map_err(|error| error.reason()) {
            Err(Reason::Unavailable) => counts.no_answer().await,
            Ok(_) if refusal.is_none() => _ = counts.accepted.fetch_add(1, Ordering::Relaxed),
            other => assert_eq!(other.err(), refusal, "wrongly let in, or wrongly refused"),
        }
    }
}

impl Counts {
    async fn timed<T>(&self, work: impl Future<Output = T>) -> T {
        let started = now();
        let done = work.await;
        let took = u64::try_from(started.elapsed().as_millis()).unwrap();
        self.longest.fetch_max(took, Ordering::Relaxed);
        done
    }

    async fn no_answer(&self) {
        self.unavailable.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Why a session is refused, once there is an answer.
async fn settled(sessions: &Sessions, id: &SessionId) -> Option<Reason> {
    let started = now();
    loop {
        let asked = sessions.verify(SessionId::from_bytes(*id.expose())).await;
        match asked.err().map(|error| error.reason()) {
            Some(Reason::Unavailable) => assert!(started.elapsed() < Duration::from_secs(30), "no answer any more"),
            answer => return answer,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "how long another process takes is measured, not simulated")]
fn now() -> Instant {
    Instant::now()
}
