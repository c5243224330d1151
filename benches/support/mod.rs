//! What the benchmarks share: cases that can be timed and counted, requests as a server makes them, and the library set up
//! in the ways that are measured. The package beside this folder includes it too.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    dead_code,
    reason = "a benchmark stops by panicking and reports by printing, and each one uses a part"
)]

#[path = "../../tests/support/at_once.rs"]
pub(crate) mod at_once;
pub(crate) mod case;
#[path = "../../tests/support/keys.rs"]
pub(crate) mod keys;
pub(crate) mod ours;
pub(crate) mod request;
pub(crate) mod seen;
pub(crate) mod token;
