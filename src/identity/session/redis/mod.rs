//! Sessions shared by many processes, in Redis or Valkey.
//!
//! | key | value | lives |
//! |---|---|---|
//! | `{prefix:SHARD}:s:KEY` | a session: a head of fixed size, then its facts | a day longer than the session, at most |
//! | `{prefix:SHARD}:o:OWNER` | a sorted set: the sessions of an owner, by when each is over for good | longer than any of them |
//!
//! What stands in braces decides where in a cluster a key lies. An owner and all their sessions have the same shard there, so
//! that one script sees all of them. Each script is told every key that it may touch. Where the list of an owner has a
//! session in it that the script was not told of, it changes nothing and says what is in the list; then it is run again.

mod builder;
mod keys;
mod scripts;
mod store;
mod value;

pub use builder::RedisStoreBuilder;
pub use store::RedisStore;
