//! How long the upstream may be silent before it answers. A long upload is no silence.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, sleep_until};

/// So long nothing may move.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Whom everybody waited for in vain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Silent {
    /// It announced a body, and does not send it.
    Client,
    Upstream,
}

/// Watches `body`, which comes from the client.
pub(crate) fn watch(body: Body) -> (Watched, Progress) {
    let progress =
        Progress(Arc::new(Mutex::new(State { since: Instant::now(), awaited: Silent::Upstream, is_broken: false })));
    (Watched { body, progress: progress.clone() }, progress)
}

/// The body of a request on its way.
pub(crate) struct Watched {
    body: Body,
    progress: Progress,
}

/// How a request gets on.
#[derive(Clone)]
pub(crate) struct Progress(Arc<Mutex<State>>);

#[derive(Clone, Copy)]
struct State {
    since: Instant,
    awaited: Silent,
    /// Whether the client's body was none.
    is_broken: bool,
}

impl Progress {
    /// Waits for the answer, as long as something moves.
    pub(crate) async fn limit<A>(&self, answer: impl Future<Output = A>) -> Result<A, Silent> {
        let mut answer = pin!(answer);
        loop {
            let end = self.state().since + PATIENCE;
            tokio::select! {
                biased;
                answer = &mut answer => return Ok(answer),
                () = sleep_until(end) => {}
            }
            let State { since, awaited, .. } = *self.state();
            if since + PATIENCE <= Instant::now() {
                return Err(awaited);
            }
        }
    }

    fn note(&self, awaited: Silent) {
        let mut state = self.state();
        // Who is asked again and has still nothing is as silent as before.
        if awaited == Silent::Upstream || state.awaited == Silent::Upstream {
            *state = State { since: Instant::now(), awaited, ..*state };
        }
    }

    /// Whether the body of the client ended in an error.
    pub(crate) fn is_broken(&self) -> bool {
        self.state().is_broken
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.progress.note(if polled.is_pending() { Silent::Client } else { Silent::Upstream });
        if matches!(polled, Poll::Ready(Some(Err(_)))) {
            self.progress.state().is_broken = true;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
