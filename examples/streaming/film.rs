//! Films, which are sent as they are watched.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use http_body::Frame;
use tokio::time::{Interval, interval};

/// Their names in paths, and their titles.
pub(crate) const FILMS: [(&str, &str); 2] = [("metropolis", "Metropolis"), ("nosferatu", "Nosferatu")];

/// In so many parts.
const PARTS: u32 = 10;

/// A body whose parts are made when it is time for them: what a real service reads from a disk.
pub(crate) struct Film {
    title: &'static str,
    quality: &'static str,
    shown: u32,
    pace: Interval,
}

impl Film {
    pub(crate) fn new(title: &'static str, quality: &'static str) -> Self {
        Self { title, quality, shown: 0, pace: interval(Duration::from_millis(50)) }
    }
}

impl HttpBody for Film {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.shown == PARTS {
            return Poll::Ready(None);
        }
        ready!(self.pace.poll_tick(cx));
        self.shown += 1;
        let part = format!("{} in {}, part {} of {PARTS}\n", self.title, self.quality, self.shown);
        Poll::Ready(Some(Ok(Frame::data(part.into()))))
    }
}
