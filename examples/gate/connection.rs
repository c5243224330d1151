//! One connection: HTTP/1.1, or HTTP/2 with whom begins that way, within limits of space and time.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;

/// The longest token and more, so that it is judged by the rules and not by its length; and so much memory a connection
/// can take by sending nothing but heads.
const MAX_HEAD: u32 = 64 * 1024;
/// A head is sent at once by everybody but those who want to hold the connection.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);
/// After such a silence, a client of HTTP/2 is asked whether it is still there. One that was cut off never says so.
const PING_AFTER: Duration = Duration::from_secs(30);
const PING_DEADLINE: Duration = Duration::from_secs(10);

/// Has `answer` answer what comes over `stream`, until either side ends it or nothing came in time.
pub(crate) async fn serve<S, A>(stream: S, answer: impl Fn(Request<Incoming>) -> A, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    A: Future<Output = Response<Body>> + Send + 'static,
{
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let mut http1 = builder.http1();
    http1.timer(TokioTimer::new()).header_read_timeout(HEAD_DEADLINE).max_buf_size(MAX_HEAD as usize);
    let mut http2 = builder.http2();
    http2.timer(TokioTimer::new()).keep_alive_interval(PING_AFTER).keep_alive_timeout(PING_DEADLINE);
    http2.max_header_list_size(MAX_HEAD);

    let begun = Arc::new(Notify::new());
    let arrived = Arc::clone(&begun);
    let service = service_fn(move |request| {
        arrived.notify_one();
        let answered = answer(request);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    let mut connection = pin!(watcher.watch(connection));
    // The deadline of the builder holds for HTTP/1.1 alone, and only once it is known to be that.
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = begun.notified() => connection.await,
        () = tokio::time::sleep(HEAD_DEADLINE) => {
            tracing::debug!("nothing was asked in time");
            return;
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "connection ended");
    }
}
