//! Sessions: what a log-in leaves behind, so that the next request need not prove everything again.
//!
//! - A session is begun by [`create`](Sessions::create) and by nothing else: an id that was not made here is never
//!   adopted, and a request without a session never makes one.
//! - An id is 256 bits, shown once. Half of it finds the session, in every list and log too, and is no secret; half of it
//!   is. Kept is the SHA-256 digest of the whole, so that a look into the store opens no session.
//! - A session ends at the first of: [`end`](Sessions::end) and its relatives, the idle limit after the last request, the
//!   absolute limit after its beginning. Requests move the first limit and never the second. Time never goes back here, so
//!   setting the wall clock back revives nothing.
//! - An end is final. A request that is being answered meanwhile cannot bring the session back.
//! - Where rights change, [`renew`](Sessions::renew) gives the session another id, and the old one is dead at once.
//! - A store that does not answer is never a reason to call anybody a stranger: the answer is 503, and the client keeps its
//!   cookie.
//!
//! What is stored in a session is the [`Identity`](crate::Identity) of the log-in. It does not follow changes made to the
//! user since, unless [`recheck`](SessionsBuilder::recheck) asks.
//!
//! | store | feature | lives as long as | shared by |
//! |---|---|---|---|
//! | [`MemoryStore`] | | the process | the process |
//! | `SqliteStore` | `sqlite` | the file | the processes of a machine |
//! | `PostgresStore` | `postgres` | the database | all that reach it |
//! | `RedisStore` | `redis` | the server, and its disk | any number of machines |
//! | [`CachedStore`] | | the store that it is in front of | the same; what ends elsewhere is seen some seconds late |

mod builder;
mod cached;
mod ending;
mod erased;
mod error;
#[cfg(feature = "login")]
mod heard;
mod info;
mod key;
mod memory;
mod moment;
#[cfg(feature = "postgres")]
mod postgres;
mod record;
#[cfg(feature = "redis")]
mod redis;
mod row;
mod sessions;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod start;
mod store;
mod sweep;
mod value;
mod verdict;

pub use builder::SessionsBuilder;
pub use cached::{CachedStore, CachedStoreBuilder};
pub use error::{SessionError, StoreError};
pub use info::{NewSession, SessionInfo};
pub use key::{SessionKey, SessionOwner, SessionTicket};
pub use memory::MemoryStore;
pub use moment::Moment;
#[cfg(feature = "postgres")]
pub use postgres::{PostgresStore, PostgresStoreBuilder};
pub use record::SessionRecord;
#[cfg(feature = "redis")]
pub use redis::{RedisStore, RedisStoreBuilder};
pub use row::SessionRow;
pub use sessions::Sessions;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteStore, SqliteStoreBuilder};
pub use start::SessionStart;
pub use store::{Ending, Inserted, OwnerLimit, SessionStore, WhenFull};
