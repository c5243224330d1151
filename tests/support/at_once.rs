//! Futures that need not wait, as those of stores in memory.

#![allow(dead_code, reason = "each test file uses a part")]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// What `future` gives when it is asked the first time.
#[track_caller]
pub(crate) fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits"),
    }
}
