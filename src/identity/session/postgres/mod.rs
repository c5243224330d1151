//! Sessions in PostgreSQL.

mod address;
mod builder;
mod owner;
mod questions;
mod schema;
mod store;

pub use builder::PostgresStoreBuilder;
pub use store::PostgresStore;
