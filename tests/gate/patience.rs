//! How long a silent upstream is waited for; in simulated time, on the module that waits.

#[path = "../../examples/gate/proxy/patience.rs"]
mod module;

use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::{BodyExt, Limited};
use hyper::body::Frame;
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::{Instant, sleep};

use module::{PATIENCE, Silent, Watched, watch};

/// A body of the chunks that are sent, until the sender is gone.
struct Chunks(Receiver<&'static str>);

impl HttpBody for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|chunk| chunk.map(|chunk| Ok(Frame::data(Bytes::from(chunk)))))
    }
}

/// The outcome, and after how many seconds it came.
async fn timed<A>(waiting: impl Future<Output = A>) -> (A, u64) {
    let begun = Instant::now();
    (waiting.await, begun.elapsed().as_secs())
}

/// An upstream that reads all, and answers after that.
async fn read_and_answer(body: Watched, after: Duration) -> &'static str {
    body.collect().await.unwrap();
    sleep(after).await;
    "answer"
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_says_nothing_for_30_seconds_is_given_up() {
    assert_eq!(PATIENCE, Duration::from_secs(30));
    let (_body, progress) = watch(Body::empty());
    assert_eq!(timed(progress.limit(pending::<()>())).await, (Err(Silent::Upstream), 30));

    for (pause, expected) in [(29, (Ok("answer"), 29)), (31, (Err(Silent::Upstream), 30))] {
        let (body, progress) = watch(Body::from("all at once"));
        assert_eq!(timed(progress.limit(read_and_answer(body, Duration::from_secs(pause)))).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_upload_is_no_silence() {
    let (sender, chunks) = mpsc::channel(1);
    let (body, progress) = watch(Body::new(Chunks(chunks)));
    let upload = tokio::spawn(async move {
        for _ in 0..10 {
            sleep(Duration::from_secs(25)).await;
            sender.send("chunk").await.unwrap();
        }
    });
    let exchange = read_and_answer(body, Duration::from_secs(25));
    assert_eq!(timed(progress.limit(exchange)).await, (Ok("answer"), 275));
    upload.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_sending_is_told_so_and_not_that_the_upstream_is_slow() {
    let (sender, chunks) = mpsc::channel(1);
    let (body, progress) = watch(Body::new(Chunks(chunks)));
    sender.send("chunk").await.unwrap();
    let exchange = read_and_answer(body, Duration::ZERO);
    assert_eq!(timed(progress.limit(exchange)).await, (Err(Silent::Client), 30));
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_stops_reading_is_the_one_that_is_slow() {
    let (sender, chunks) = mpsc::channel(2);
    let (mut body, progress) = watch(Body::new(Chunks(chunks)));
    sender.send("one").await.unwrap();
    sender.send("another").await.unwrap();
    let exchange = async move {
        body.frame().await.unwrap().unwrap();
        pending::<()>().await;
    };
    assert_eq!(timed(progress.limit(exchange)).await, (Err(Silent::Upstream), 30));
}

#[tokio::test]
async fn a_body_that_ends_in_an_error_is_known_for_the_clients_fault() {
    for (limit, is_broken) in [(5, false), (4, true)] {
        let (body, progress) = watch(Body::new(Limited::new(Body::from("chunk"), limit)));
        assert!(!progress.is_broken());
        let read = progress.limit(body.collect()).await.unwrap();
        assert_eq!((read.is_err(), progress.is_broken()), (is_broken, is_broken));
    }
}
