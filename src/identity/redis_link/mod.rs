//! The connection to Redis or Valkey that everything in one process shares: one server, a cluster, or whatever sentinels say is
//! the master now.
//!
//! - There is one connection, over which all ask at the same time. Whoever needs it while it is being made waits for that one
//!   attempt, whose end does not depend on who waits.
//! - An attempt that fails holds for a while: until then everybody is told at once, and the pauses grow to two seconds.
//! - A connection that broke or stayed silent is dropped, and the next question makes another: nothing needs a restart. So is
//!   one to a server that is no longer the master.
//! - A cluster is not given up while a part of it answers; another connection, which knows the nodes of now, takes its place.
//!
//! What broke is asked once more over a new connection, so each question must be one that may come twice.

mod address;
mod connection;
mod cool_down;
mod link;
mod question;
mod script;
mod server;

pub(crate) use connection::Connection;
pub(crate) use link::Link;
pub(crate) use script::{Call, Replicas, Script};
pub(crate) use server::{Server, Timeouts};
