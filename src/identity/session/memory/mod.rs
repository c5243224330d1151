//! Sessions in the memory of this process.

mod entry;
mod store;

pub use store::MemoryStore;
