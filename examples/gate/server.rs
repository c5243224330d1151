//! Two ports, two protocols on each, and the signals.

use std::convert::Infallible;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::{Body as _, Incoming};
use hyper::header::CONTENT_LENGTH;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::admin;
use crate::config;
use crate::gate::{Current, Gate};

/// Where to listen.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct Addresses {
    pub(crate) listen: SocketAddr,
    pub(crate) admin: Option<SocketAddr>,
}

/// Serves until told to stop, then until what runs is done.
pub(crate) async fn run(gate: Gate, addresses: Addresses, file: PathBuf) -> io::Result<()> {
    let listener = bind("listen", addresses.listen).await?;
    let admin_listener = match addresses.admin {
        Some(admin) => Some(bind("admin", admin).await?),
        None => None,
    };
    let (hangup, mut terminate, mut interrupt) =
        (signal(SignalKind::hangup())?, signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let current = Arc::new(Current::new(gate));
    tokio::spawn(reload_on(hangup, Arc::clone(&current), file, addresses));
    announce(&listener, admin_listener.as_ref())?;

    let connections = GracefulShutdown::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => serve(accepted, Port::Public, &current, &connections).await,
            accepted = accept(admin_listener.as_ref()) => serve(accepted, Port::Admin, &current, &connections).await,
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    drop((listener, admin_listener));
    tracing::info!("stopping");
    if tokio::time::timeout(GRACE, connections.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
    Ok(())
}

/// How long running requests get to end.
const GRACE: Duration = Duration::from_secs(10);

/// The lines that tell whoever started us where we are. Nothing else goes to stdout.
fn announce(listener: &TcpListener, admin: Option<&TcpListener>) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "gate listening on http://{}", listener.local_addr()?)?;
    if let Some(admin) = admin {
        writeln!(stdout, "gate admin on http://{}", admin.local_addr()?)?;
    }
    stdout.flush()
}

async fn bind(key: &str, address: SocketAddr) -> io::Result<TcpListener> {
    let told = |error| io::Error::other(format!("{key}: cannot listen on {address}: {error}"));
    TcpListener::bind(address).await.map_err(told)
}

/// Waits for ever where there is no listener.
async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

#[derive(Clone, Copy)]
enum Port {
    Public,
    Admin,
}

/// Speaks HTTP/1.1, or HTTP/2 with whom it begins that way.
async fn serve(
    accepted: io::Result<(TcpStream, SocketAddr)>,
    port: Port,
    current: &Arc<Current>,
    connections: &GracefulShutdown,
) {
    let stream = match accepted {
        Ok((stream, _)) => stream,
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            // Out of descriptors: trying again at once would only burn the processor.
            tokio::time::sleep(Duration::from_millis(50)).await;
            return;
        }
    };
    // Only costs delay where it fails.
    drop(stream.set_nodelay(true));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // With a timer, a client has 30 seconds for the head of a request.
    builder.http1().timer(TokioTimer::new());
    // The longest token and more, so that it is judged here as it is over HTTP/1.1.
    builder.http2().timer(TokioTimer::new()).max_header_list_size(64 * 1024);
    let current = Arc::clone(current);
    let service = service_fn(move |request| answer(port, current.get(), request));
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error, "connection ended");
        }
    });
}

async fn answer(port: Port, gate: Arc<Gate>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let is_head = request.method() == Method::HEAD;
    let request = request.map(Body::new);
    let response = match port {
        Port::Public => gate.answer(request).await,
        Port::Admin => admin::answer(&gate, &request),
    };
    Ok(if is_head { without_body(response) } else { response })
}

/// The answer to HEAD: what GET would have said, without saying it.
fn without_body(mut response: Response<Body>) -> Response<Body> {
    let length = response.body().size_hint().exact().filter(|_| !response.headers().contains_key(CONTENT_LENGTH));
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

fn reload(current: &Current, file: &Path) -> Result<Addresses, config::Faults> {
    let config = config::load(file)?;
    let addresses = Addresses { listen: config.listen, admin: config.admin };
    current.reload(config)?;
    Ok(addresses)
}
