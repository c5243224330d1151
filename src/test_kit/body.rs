//! Bodies that arrive whole, in part, slowly or without end.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::clock::sleep;

/// The body of an answer.
#[derive(Debug)]
pub(super) struct AnswerBody {
    rest: Bytes,
    manner: Manner,
    /// What `Content-Length` says, where it is to be said.
    promised: Option<u64>,
}

enum Manner {
    Whole,
    /// Each byte after a pause.
    Drip(Duration, Pin<Box<dyn Future<Output = ()> + Send>>),
    /// Then blanks for ever.
    Endless,
    /// Then nothing, not even an end.
    Stall,
}

impl AnswerBody {
    pub(super) fn whole(bytes: impl Into<Bytes>) -> Self {
        let rest = bytes.into();
        Self { promised: Some(rest.len() as u64), rest, manner: Manner::Whole }
    }

    /// The first half of `bytes`, where all of them are promised.
    pub(super) fn incomplete(bytes: &Bytes) -> Self {
        let promised = Some(bytes.len() as u64);
        Self { promised, ..Self::whole(half(bytes)) }
    }

    pub(super) fn drip(bytes: Bytes, pause_between: Duration) -> Self {
        Self { manner: Manner::Drip(pause_between, Box::pin(sleep(pause_between))), ..Self::whole(bytes) }
    }

    pub(super) fn endless(start: Bytes) -> Self {
        Self { rest: start, manner: Manner::Endless, promised: None }
    }

    pub(super) fn stalled(bytes: &Bytes) -> Self {
        let promised = Some(bytes.len() as u64);
        Self { rest: half(bytes), manner: Manner::Stall, promised }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let body = self.get_mut();
        let data = match &mut body.manner {
            Manner::Drip(between, wait) if !body.rest.is_empty() => {
                ready!(wait.as_mut().poll(cx));
                *wait = Box::pin(sleep(*between));
                body.rest.split_to(1)
            }
            _ if !body.rest.is_empty() => std::mem::take(&mut body.rest),
            Manner::Endless => Bytes::from_static(&BLANKS),
            Manner::Stall => return Poll::Pending,
            Manner::Whole | Manner::Drip(..) => return Poll::Ready(None),
        };
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.manner, Manner::Whole | Manner::Drip(..)) && self.promised == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.promised.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl fmt::Debug for Manner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "Whole",
            Self::Drip(..) => "Drip",
            Self::Endless => "Endless",
            Self::Stall => "Stall",
        })
    }
}

/// The first half.
pub(super) fn half(bytes: &Bytes) -> Bytes {
    bytes.slice(..bytes.len() / 2)
}

static BLANKS: [u8; 16 * 1024] = [b' '; 16 * 1024];
