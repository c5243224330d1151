//! Revocations shared by many processes, through a stream in Redis or Valkey.
//!
//! The stream is the list, in order. Every process reads it whole when it begins, then waits at its end, and so has all of it
//! in memory: a request costs no trip.

mod builder;
mod connection;
mod mirror;
mod revocations;

pub use builder::RedisRevocationsBuilder;
pub use revocations::RedisRevocations;
