//! The listener of an issuer: up, down, and up again at the same address.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::answer::Delivery;
use super::body::AnswerBody;
use super::endpoints;
use super::state::State;

/// Answers for a [`State`] until dropped.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    /// One task that accepts, and one for each connection; none while down.
    tasks: Arc<Mutex<JoinSet<()>>>,
}

impl Server {
    /// A listener at a free port of this machine, which [`come_up`](Self::come_up) puts to work.
    pub(super) async fn bind() -> io::Result<(Self, TcpListener)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Ok((Self { address: listener.local_addr()?, tasks: Arc::default() }, listener))
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) async fn bind_again(&self) -> io::Result<TcpListener> {
        TcpListener::bind(self.address).await
    }

    pub(super) fn come_up(&self, listener: TcpListener, state: Arc<State>) {
        // Weak: the set owns the task, so a task that owned the set would keep both.
        let connections = Arc::downgrade(&self.tasks);
        lock(&self.tasks).spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    // One that was reset before it was accepted is no concern of the others; and if there are no
                    // descriptors left, others must run for some to be freed.
                    tokio::task::yield_now().await;
                    continue;
                };
                let Some(tasks) = connections.upgrade() else { return };
                let mut tasks = lock(&tasks);
                while tasks.try_join_next().is_some() {}
                tasks.spawn(serve(stream, Arc::clone(&state)));
            }
        });
    }

    /// Closes the listener and every connection. When it returns, connecting is refused.
    pub(super) async fn go_down(&self) {
        // Twice, for the connection that was accepted while the first set was being taken away.
        for _ in 0..2 {
            let mut tasks = std::mem::take(&mut *lock(&self.tasks));
            tasks.shutdown().await;
        }
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    let service = service_fn(move |request| respond(Arc::clone(&state), request));
    // It fails where a fault makes it fail, and where a client has had enough.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

async fn respond(state: Arc<State>, request: Request<Incoming>) -> io::Result<Response<AnswerBody>> {
    match endpoints::answer(&state, request).await {
        Delivery::Answered(response) => Ok(response),
        Delivery::HangUp => Err(io::Error::other("as the test wants it")),
        Delivery::Stall => std::future::pending().await,
    }
}

fn lock(tasks: &Mutex<JoinSet<()>>) -> MutexGuard<'_, JoinSet<()>> {
    tasks.lock().unwrap_or_else(PoisonError::into_inner)
}
