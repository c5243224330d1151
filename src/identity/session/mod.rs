//! Sessions: what a log-in leaves behind, so that the next request need not prove everything again.
//!
//! - A session is begun by [`create`](MemorySessions::create) and by nothing else: an id that was not made here is never
//!   adopted, and a request without a session never makes one.
//! - An id is 256 bits from the operating system, shown once. Kept is its SHA-256 digest, so that a look at the memory
//!   opens no session. For lists and logs each session has a *public id*, unrelated to the id and good for nothing else.
//! - A session ends at the first of: [`end`](MemorySessions::end) and its relatives, the idle limit after the last
//!   request, the absolute limit after its beginning. Requests move the first limit and never the second. Both are
//!   measured by the monotonic clock, so setting the wall clock back revives nothing.
//! - An end is final. A request that is being answered meanwhile cannot bring the session back.
//!
//! What is stored in a session is the [`Identity`](crate::Identity) of the log-in. It does not follow changes made to the
//! user since: end the sessions of who is gone ([`retain`](MemorySessions::retain)), and begin a new one where rights
//! change.

mod limits;
mod memory;
mod record;
mod table;

pub use limits::MemorySessionsBuilder;
pub use memory::MemorySessions;
pub use record::{NewSession, SessionInfo};
