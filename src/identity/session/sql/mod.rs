//! What the stores in databases share: connections, what is asked over them, and how a row is read.

mod fault;
mod pool;
mod question;
mod row;

pub(super) use fault::Fault;
pub(super) use pool::{Pool, Upkeep};
pub(super) use question::{Delete, DeleteOf, Insert, List, Load, Question, Rotate, Sweep, Touch};
pub(super) use row::{integer, read, read_all};
