//! API keys: texts for programs, made here, of which only digests are kept.
//!
//! - A key says by its shape what it is (see [`ApiKey`](crate::credentials::ApiKey)): one that was mistyped or cut off is
//!   refused by its checksum, and no store is asked.
//! - It is looked up by its public id; then the SHA-256 digest of the whole is compared in constant time. No slow hash is
//!   needed: 190 random bits cannot be guessed.
//! - Unknown, revoked and wrong keys get one answer, *invalid*; *expired* is said only of a key that is genuine. A store that
//!   cannot answer makes it *unavailable*, never *invalid*.
//! - A key has an owner, scopes and roles of its own, and keeps to them whatever header it came in. One owner may have any
//!   number of keys, so a key is replaced by issuing the next, moving over, and revoking the first.
//!
//! Keys live in a [store](ApiKeyStore): [`MemoryApiKeys`], [`FileApiKeys`], or a database behind the port. The scheme
//! `authenticate::ApiKeys` reads them from a request; [`ApiKeyVerifier::or`] joins them to another kind of bearer token.

mod file;
mod generate;
mod line;
mod memory;
mod or;
mod record;
mod store;
mod uses;
mod verifier;

pub use file::FileApiKeys;
pub use memory::MemoryApiKeys;
pub use or::ApiKeyOr;
pub use record::ApiKeyRecord;
pub use store::ApiKeyStore;
pub use verifier::ApiKeyVerifier;
