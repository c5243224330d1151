//! Many users at once, who log in, come back and log out while the store of their sessions is taken away; and who notice
//! what must never happen.

#![allow(dead_code, reason = "each test file uses a part")]

use std::convert::Infallible;
use std::future::ready;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use portcullis::authenticate::Session;
use portcullis::credentials::SessionId;
use portcullis::identity::session::{SessionStart, SessionStore, Sessions};
use portcullis::{AuthenticateLayer, Identity};
use tokio::task::JoinSet;
use tower::{Layer, ServiceExt, service_fn};

/// A service behind the layer, with sessions in some store.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) sessions: Sessions,
    layer: AuthenticateLayer,
}

impl Door {
    pub(crate) fn new(store: impl SessionStore) -> Self {
        // Some log in far more often than one subject may.
        let sessions = Sessions::builder(store).max_per_subject(usize::MAX).build().unwrap();
        let layer = AuthenticateLayer::new(Session::new("shop", sessions.clone())).unwrap();
        Self { sessions, layer }
    }

    /// Logs in; what the client carries from then on.
    pub(crate) async fn log_in(&self, name: &str) -> Option<String> {
        let identity = Identity::assertion("staff", name).roles(["clerk"]).build();
        let started = self.sessions.create(&identity, SessionStart::new().label("Firefox")).await.ok()?;
        Some(started.id().encode().expose().clone())
    }

    /// What one request with it is answered.
    pub(crate) async fn show(&self, id: &str) -> StatusCode {
        let inner =
            service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("inner")))));
        let request = Request::get("/").header(AUTHORIZATION, format!("Session {id}")).body(()).unwrap();
        let service = self.layer.layer(inner);
        service.oneshot(request).await.unwrap().status()
    }
}

/// What has been seen so far.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) let_in: AtomicU64,
    pub(crate) unavailable: AtomicU64,
    pub(crate) slowest_unavailable_ms: AtomicU64,
    /// With an id that was ended, or never was one: none may be let in.
    pub(crate) let_in_wrongly: AtomicU64,
    /// With an id whose session had begun, and was not ended: none may be refused.
    pub(crate) refused_wrongly: AtomicU64,
    pub(crate) log_ins: AtomicU64,
    pub(crate) log_outs: AtomicU64,
}

pub(crate) struct Crowd {
    door: Door,
    seen: Arc<Seen>,
    stop: Arc<AtomicBool>,
    users: JoinSet<()>,
    alive: Arc<Mutex<Vec<String>>>,
    ended: Arc<Mutex<Vec<String>>>,
}

impl Crowd {
    /// So many users, each of whom does one thing after the other until they are told to stop.
    pub(crate) fn gather(door: &Door, users: usize) -> Self {
        let mut crowd = Self {
            door: door.clone(),
            seen: Arc::default(),
            stop: Arc::default(),
            users: JoinSet::new(),
            alive: Arc::default(),
            ended: Arc::default(),
        };
        for number in 0..users {
            let (door, seen, stop) = (door.clone(), Arc::clone(&crowd.seen), Arc::clone(&crowd.stop));
            let (alive, ended) = (Arc::clone(&crowd.alive), Arc::clone(&crowd.ended));
            crowd.users.spawn(async move {
                let (mut own, mut gone) = (Vec::<String>::new(), Vec::<String>::new());
                for turn in 0_usize.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    match turn % 8 {
                        0 => {
                            if let Some(id) = door.log_in(&format!("user {number}")).await {
                                seen.log_ins.fetch_add(1, Ordering::Relaxed);
                                own.push(id);
                            }
                        }
                        4 if own.len() > 3 => {
                            // From then on nobody can say whether it lives, unless the answer comes.
                            let id = own.remove(turn % own.len());
                            if door.sessions.end(&SessionId::parse(&id).unwrap()).await.is_ok() {
                                seen.log_outs.fetch_add(1, Ordering::Relaxed);
                                gone.push(id);
                            }
                        }
                        5 if !gone.is_empty() => seen.note(&door, &gone[turn % gone.len()], false).await,
                        6 => {
                            let stranger = SessionId::from_bytes([turn as u8; 32]).encode();
                            seen.note(&door, stranger.expose(), false).await;
                        }
                        7 if !own.is_empty() => {
                            // The public half is right, the secret one is not.
                            let mut bytes = *SessionId::parse(&own[turn % own.len()]).unwrap().expose();
                            bytes[turn % 16] ^= 1;
                            seen.note(&door, SessionId::from_bytes(bytes).encode().expose(), false).await;
                        }
                        _ if !own.is_empty() => seen.note(&door, &own[turn % own.len()], true).await,
                        _ => tokio::task::yield_now().await,
                    }
                }
                alive.lock().unwrap().extend(own);
                ended.lock().unwrap().extend(gone);
            });
        }
        crowd
    }

    pub(crate) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Polls until `happened`, with a bound.
    pub(crate) async fn until(&self, what: &str, happened: impl Fn(&Seen) -> bool) {
        let started = now();
        while !happened(&self.seen) {
            assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Until so many more requests were let in, and so many more log-ins done.
    pub(crate) async fn until_busy(&self) {
        let (let_in, log_ins) = (load(&self.seen.let_in) + 200, load(&self.seen.log_ins) + 20);
        self.until("requests", |seen| load(&seen.let_in) >= let_in && load(&seen.log_ins) >= log_ins).await;
    }

    /// Has all stop, and compares what they were told with what the store says now.
    pub(crate) async fn disperse(mut self) -> String {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.users.join_next().await {
            ended.unwrap();
        }
        let (alive, ended) = (self.alive.lock().unwrap().clone(), self.ended.lock().unwrap().clone());
        for id in &alive {
            assert_eq!(self.door.show(id).await, StatusCode::OK, "a session was lost that had begun");
        }
        for id in &ended {
            assert_eq!(self.door.show(id).await, StatusCode::UNAUTHORIZED, "a session lives that was ended");
        }
        let seen = &self.seen;
        assert_eq!(load(&seen.let_in_wrongly), 0);
        assert_eq!(load(&seen.refused_wrongly), 0);
        assert!(load(&seen.slowest_unavailable_ms) < 2000, "{} ms", load(&seen.slowest_unavailable_ms));
        format!(
            "{} let in, {} log-ins, {} log-outs, {} times unavailable, at most after {} ms; {} sessions live, {} are ended",
            load(&seen.let_in),
            load(&seen.log_ins),
            load(&seen.log_outs),
            load(&seen.unavailable),
            load(&seen.slowest_unavailable_ms),
            alive.len(),
            ended.len()
        )
    }
}

impl Seen {
    async fn note(&self, door: &Door, id: &str, lives: bool) {
        let asked = now();
        let status = door.show(id).await;
        let count = match status {
            StatusCode::OK if lives => &self.let_in,
            StatusCode::OK => &self.let_in_wrongly,
            StatusCode::UNAUTHORIZED if lives => &self.refused_wrongly,
            StatusCode::UNAUTHORIZED => return,
            StatusCode::SERVICE_UNAVAILABLE => {
                let took = asked.elapsed().as_millis() as u64;
                self.slowest_unavailable_ms.fetch_max(took, Ordering::Relaxed);
                &self.unavailable
            }
            other => panic!("{other}"),
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

pub(crate) fn load(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

#[expect(clippy::disallowed_methods, reason = "how long an outage takes to be told is measured, not simulated")]
fn now() -> Instant {
    Instant::now()
}

const PATIENCE: Duration = Duration::from_secs(60);
