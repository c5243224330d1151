//! Logging in and out as services: a form or JSON in, a session out.
//!
//! | service | request | answer |
//! |---|---|---|
//! | [`LogIn`] | `POST`, a form or JSON: `username`, `password`, and if you like `return_to`, `remember` | `Set-Cookie`, and 303 for browsers, 204 for programs |
//! | [`LogOut`] | `POST` | the session is over, the cookie cleared; 303 or 204, also where there was none |
//! | [`Manage`] | `GET /sessions` | 200, the sessions of who is asking, in JSON |
//! | | `DELETE /sessions/{id}`, `POST /sessions/{id}/end` | 204 or 303; 404 where they have no such session |
//! | | `POST /revoke-others` | all are over but the one that asks; 204 or 303 |
//! | | `POST /revoke-all` | all are over, and the cookie is cleared; 204 or 303 |
//!
//! - What goes wrong is answered as in a layer, and by the same [`Respond`](crate::response::Respond) hook: a wrong password and
//!   an unknown name are 401 with one text, a throttled guess is 429, a store or a pool that does not answer is 503 and
//!   leaves the cookie alone. A body that cannot be read in one way is 400, one over 64 KiB 413, one that takes more than
//!   10 seconds 400. Who has [as many sessions as they may](crate::identity::session::SessionsBuilder::refuse_newest) is
//!   told so with 403. A method that is not in the table is 405. Of 405 and 413 the hook is not asked.
//! - A log-in always makes a new id. The session that the client had is over; where it is of the same subject it goes on
//!   under the new id, and its time begins anew; the list keeps one entry for the device.
//! - `return_to` is followed to a path of this server. Anything else, such as `//elsewhere`, is not looked at, and the
//!   client gets [home](LoginBuilder::home).
//! - Where a browser says from where it was sent (`Sec-Fetch-Site`, `Origin`), the scheme's
//!   [same-origin rule](crate::authenticate::SameOrigin) holds for log-in and log-out too; where nothing is said it was none, and is let
//!   in. What changes sessions by cookie needs the proof always.
//! - A log-out is done in the store before the cookie is cleared. With the cookie goes what the browser kept of the pages
//!   (`Clear-Site-Data: "cache"`), so that going back shows nothing private. An `Authorization` field speaks for the client: then the
//!   cookie beside it is neither read nor cleared, and the log-out needs no further proof.
//! - To end all sessions of a subject also empties what the verifier [remembers](crate::Verifier::forget) of its
//!   credentials.
//! - A [`ClientAddress`](crate::credentials::ClientAddress) in the request's extensions is handed to the verifier, to count
//!   failures by, and kept for the list.
//!
//! The fields of a log-in are read strictly: each once, UTF-8, no broken escape. Other fields are passed over. `remember` is
//! `on`, `true`, `1` or `yes`; `off`, `false`, `0`, `no` and nothing mean the contrary; in JSON it is a boolean.
//!
//! [Sessions in production](crate::guide::sessions) shows how it all fits together.

mod attempt;
mod builder;
mod fields;
mod form;
mod future;
mod json;
mod label;
mod log_in;
mod log_out;
mod manage;
mod reply;
mod routes;
mod service;
mod settings;
mod urlencoded;
mod verifier;
mod wish;

pub use attempt::LogInAttempt;
pub use builder::{Login, LoginBuilder};
pub use future::ResponseFuture;
pub use service::{LogIn, LogOut, Manage};
