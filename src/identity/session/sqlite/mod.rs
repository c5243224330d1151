//! Sessions in a SQLite file.

mod builder;
mod questions;
mod schema;
mod store;

pub use builder::SqliteStoreBuilder;
pub use store::SqliteStore;
