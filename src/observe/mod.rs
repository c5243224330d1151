//! Why was I refused? What operators and developers are told, and no client: a record of each decision, and what belongs into an
//! audit log.
//!
//! | who asks | looks at |
//! |---|---|
//! | the client | the answer: what to do next, and an id to quote |
//! | the operator | the log (feature `tracing`), with the same id; counts (feature `metrics`); an [`Observer`] that hears each [`Event`] |
//! | the developer | the [`Decision`]: the schemes tried, the stage, what was expected and found, a hint |
//!
//! Nothing here holds a secret: no password, no token, no session id, no path of a request.

mod claimed;
mod decision;
mod decision_id;
mod event;
mod finding;
mod hint;
mod observer;
#[cfg(any(feature = "introspection", feature = "session"))]
mod reach;
mod recent;
mod route;
mod tried;

pub use claimed::Claimed;
pub use decision::{Decision, Outcome, Stage};
pub use decision_id::DecisionId;
pub use event::Event;
pub use finding::Finding;
pub(crate) use hint::hint_for;
pub(crate) use observer::Listener;
pub use observer::Observer;
#[cfg(any(feature = "introspection", feature = "session"))]
pub(crate) use reach::Reach;
pub use recent::RecentRefusals;
pub use route::Route;
pub use tried::Tried;
