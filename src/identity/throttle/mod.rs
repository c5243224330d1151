//! How often a password may be guessed: failures are counted per account and per client, before anything is compared.
//!
//! - An attempt is reserved before the password is compared and charged when it was wrong, so attempts at the same instant
//!   are as good as attempts one after the other: where the limit is 10, at most 10 wrong passwords are compared. Those who
//!   come while all that is left is under way wait for how it ends.
//! - After too many failures the answer is *throttled* (429) and says when to return, without comparing: a right password and
//!   a wrong one get the same. Then one attempt is free; each further failure doubles the delay, up to 15 minutes, or to the
//!   window where that is longer. No lock is for ever, and after a quiet time all is forgotten.
//! - Success gives the attempt back and forgives nothing, so that nobody can guess in the shadow of an owner who logs in, or
//!   of an account of their own. An outage gives it back too. Who leaves before the verdict is charged as a client, since
//!   silence can tell that credentials are not remembered, and the account is not.
//! - Whoever is known is not locked out with the account: sessions are none of this, and credentials that were right not long
//!   ago from the same network pass as long as that network has attempts left. From elsewhere they do not, since what is
//!   remembered would be a place to guess at without limit.
//! - Clients are counted by [`ClientAddress`](crate::credentials::ClientAddress), IPv6 by networks of 64 bits, with ten
//!   times the attempts of an account. Where the client is not known, an account counts as one.
//! - Counted are digests of names, as many as fit. When there are more, what has failed least is forgotten first, so a flood
//!   of names never frees an account that is under attack.
//!
//! With the feature `redis`, many processes count together: `ThrottleBuilder::redis`.

mod builder;
mod count;
mod local;
mod locked;
mod permit;
#[cfg_attr(not(feature = "redis"), path = "redis_off.rs")]
mod redis;
mod table;
#[expect(clippy::module_inception, reason = "the module is named after the one type it makes")]
mod throttle;
mod throttled;

pub use builder::ThrottleBuilder;
pub use permit::Permit;
pub use throttle::Throttle;
pub use throttled::Throttled;
