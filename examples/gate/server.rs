//! Two ports, and the signals.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::{Body as _, Incoming};
use hyper::header::CONTENT_LENGTH;
use hyper::{Method, Request, Response};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::MissedTickBehavior;

use crate::admin;
use crate::config;
use crate::connection;
use crate::gate::{Current, Gate};
use crate::metrics;

/// Where to listen.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct Addresses {
    pub(crate) listen: SocketAddr,
    pub(crate) admin: Option<SocketAddr>,
}

/// Serves until told to stop, then until what runs is done.
pub(crate) async fn run(gate: Gate, addresses: Addresses, file: PathBuf) -> io::Result<()> {
    let public = Socket::open("listen", addresses.listen, Port::Public).await?;
    let admin = match addresses.admin {
        Some(address) => Some(Socket::open("admin", address, Port::Admin).await?),
        None => None,
    };
    let (hangup, mut terminate, mut interrupt) =
        (signal(SignalKind::hangup())?, signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    gate.reach_out();
    let current = Arc::new(Current::new(gate));
    tokio::spawn(reload_on(hangup, Arc::clone(&current), file, addresses));
    tokio::spawn(follow_files(Arc::clone(&current)));
    tokio::spawn(metrics::upkeep());
    announce(&public, admin.as_ref())?;

    let connections = GracefulShutdown::new();
    loop {
        tokio::select! {
            visitor = public.next() => serve(visitor, &current, &connections).await,
            visitor = next(admin.as_ref()) => serve(visitor, &current, &connections).await,
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    drop((public, admin));
    tracing::info!("stopping");
    if tokio::time::timeout(GRACE, connections.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
    Ok(())
}

/// How long running requests get to end. Whoever stopped us counts ten seconds, and the process takes a moment to go.
const GRACE: Duration = Duration::from_secs(9);

/// The lines that tell whoever started us where we are. Nothing else goes to stdout.
fn announce(public: &Socket, admin: Option<&Socket>) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "gate listening on http://{}", public.listener.local_addr()?)?;
    if let Some(admin) = admin {
        writeln!(stdout, "gate admin on http://{}", admin.listener.local_addr()?)?;
    }
    stdout.flush()
}

/// Where clients come in.
struct Socket {
    listener: TcpListener,
    port: Port,
    /// For so many more connections.
    room: Arc<Semaphore>,
}

#[derive(Clone, Copy)]
enum Port {
    Public,
    Admin,
}

/// A connection, and its place among those there may be.
struct Visitor {
    stream: TcpStream,
    /// The other end.
    peer: IpAddr,
    port: Port,
    place: OwnedSemaphorePermit,
}

/// A connection's place; a request takes it along, for tunnels outlive their connection.
pub(crate) struct Place(#[expect(dead_code, reason = "it is held")] OwnedSemaphorePermit);

/// So many connections may be open at each port; more wait in the queue of the system. Far more than one machine
/// serves at a time, and with the longest of heads still less memory than it has.
const MAX_CONNECTIONS: usize = 10_000;

impl Socket {
    async fn open(key: &str, address: SocketAddr, port: Port) -> io::Result<Self> {
        let told = |error| io::Error::other(format!("{key}: cannot listen on {address}: {error}"));
        let listener = TcpListener::bind(address).await.map_err(told)?;
        Ok(Self { listener, port, room: Arc::new(Semaphore::new(MAX_CONNECTIONS)) })
    }

    async fn next(&self) -> io::Result<Visitor> {
        let place = Arc::clone(&self.room).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, peer) = self.listener.accept().await?;
        Ok(Visitor { stream, peer: peer.ip(), port: self.port, place })
    }
}

/// Waits for ever where there is none.
async fn next(socket: Option<&Socket>) -> io::Result<Visitor> {
    match socket {
        Some(socket) => socket.next().await,
        None => std::future::pending().await,
    }
}

async fn serve(visitor: io::Result<Visitor>, current: &Arc<Current>, connections: &GracefulShutdown) {
    let Visitor { stream, peer, port, place } = match visitor {
        Ok(visitor) => visitor,
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            // Out of descriptors: trying again at once would only burn the processor.
            tokio::time::sleep(Duration::from_millis(50)).await;
            return;
        }
    };
    // Only costs delay where it fails.
    drop(stream.set_nodelay(true));
    let current = Arc::clone(current);
    let place = Arc::new(Place(place));
    let answer = move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&place));
        answer(port, peer, current.get(), request)
    };
    tokio::spawn(connection::serve(stream, answer, connections.watcher()));
}

async fn answer(port: Port, peer: IpAddr, gate: Arc<Gate>, request: Request<Incoming>) -> Response<Body> {
    let is_head = request.method() == Method::HEAD;
    let request = request.map(Body::new);
    let response = match port {
        Port::Public => gate.answer(request, peer).await,
        Port::Admin => admin::answer(&gate, request).await,
    };
    if is_head { without_body(response) } else { response }
}

/// The answer to HEAD: what GET would have said, without saying it.
fn without_body(mut response: Response<Body>) -> Response<Body> {
    let length = response.body().size_hint().exact().filter(|_| !response.headers().contains_key(CONTENT_LENGTH));
    // An upstream that leaves it out has said nothing about what GET would say.
    let length = length.filter(|&length| length > 0);
    if let Some(length) = length {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    *response.body_mut() = Body::empty();
    response
}

/// Reads everything again whenever told to; one at a time, in order.
async fn reload_on(mut hangup: Signal, current: Arc<Current>, file: PathBuf, addresses: Addresses) {
    while hangup.recv().await.is_some() {
        let (current, file) = (Arc::clone(&current), file.clone());
        let reloaded = tokio::task::spawn_blocking(move || reload(&current, &file)).await;
        match reloaded {
            Ok(Ok(found)) => {
                if found != addresses {
                    tracing::warn!("listen and admin stay as they were until a restart");
                }
                tracing::info!("reloaded");
            }
            Ok(Err(faults)) => {
                tracing::error!("not reloaded; everything stays as it was");
                crate::report(faults);
            }
            Err(error) => tracing::error!(%error, "not reloaded"),
        }
    }
}

/// Takes over what has changed in the files of users, which are watched by themselves.
async fn follow_files(current: Arc<Current>) {
    let mut looks = tokio::time::interval(LOOK_AT_FILES);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        // Waits for whoever reads the file at this moment, which no request shall have to.
        let current = Arc::clone(&current);
        if let Err(error) = tokio::task::spawn_blocking(move || current.catch_up()).await {
            tracing::error!(%error, "not followed the files of users");
        }
    }
}

/// The watch takes a second and a half at most, and two are promised.
const LOOK_AT_FILES: Duration = Duration::from_millis(100);

fn reload(current: &Current, file: &Path) -> Result<Addresses, config::Faults> {
    let config = config::load(file, &current.get().kept)?;
    let addresses = Addresses { listen: config.listen, admin: config.admin };
    current.reload(config)?;
    Ok(addresses)
}
