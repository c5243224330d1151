//! For the tests of services: an issuer in the process, and assertions on challenges.
//!
//! Nothing of this belongs into a server: turn the feature `test-kit` on among the `dev-dependencies`.

mod answer;
mod assertions;
mod body;
mod challenges;
mod clients;
mod endpoints;
mod faults;
mod forger;
mod form;
mod grants;
mod gzip;
mod introspection;
mod issuer;
mod key_ring;
mod keys;
mod mint;
mod server;
mod state;
mod traffic;

pub use challenges::{Challenges, ParsedChallenge};
pub use faults::Fault;
pub use issuer::{TestIssuer, TestIssuerBuilder};
pub use mint::TokenBuilder;
pub use traffic::Endpoint;
