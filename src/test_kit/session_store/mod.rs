//! The promises of a [`SessionStore`], as tests that any store can be put to.
//!
//! With [`session_store_contract!`](crate::session_store_contract) a store is tested as the crate's own are:
//!
//! ```
//! use portcullis::identity::session::MemoryStore; // yours
//! use portcullis::session_store_contract;
//!
//! session_store_contract!(memory_store, async { MemoryStore::new() });
//! ```
//!
//! That is a module `memory_store` with a `#[tokio::test]` for each function below (so `tokio` is needed among the
//! `dev-dependencies`, with `macros` and `rt-multi-thread`). Each opens a store of its own by the expression, which may
//! give an `Option`: with `None`, where a database is not installed for example, the test passes without a word.
//!
//! The store need not be empty, nor be anybody's own: every test has random owners. Times are those of the machine, and
//! an hour later; only what tries [`sweep`](SessionStore::sweep) begins sessions that were over long ago. A store fails a
//! test by an answer that is wrong, and by an error. The races are 500 rounds each: a store that passes may still have one,
//! a store that fails has one.

mod contract;
mod insert;
mod limit;
mod owners;
mod races;
mod rotate;
mod session;
mod sweep;
mod touch;
mod tried;

use crate::identity::session::SessionStore;

pub use insert::{
    a_key_that_is_taken_stays_with_its_session, a_session_that_has_begun_is_found, a_session_without_an_end_is_kept,
    an_unknown_key_is_no_error, every_fact_of_a_session_is_kept, the_largest_session_is_kept,
};
pub use limit::{
    a_lower_limit_ends_several, sessions_that_are_over_do_not_count, the_newest_is_refused, the_oldest_gives_way,
    ties_end_no_more_than_they_must,
};
pub use owners::{
    all_sessions_but_one_end, all_sessions_of_an_owner_end, many_owners_keep_apart,
    one_session_ends_by_its_key_and_owner, the_list_is_complete_and_in_order,
};
pub use races::{
    a_late_touch_and_a_log_out, a_late_touch_and_a_rotation, a_log_out_and_a_log_in,
    a_log_out_everywhere_and_a_late_touch, a_log_out_everywhere_and_a_log_in, a_log_out_everywhere_and_a_rotation,
    a_rotation_and_a_log_out, twenty_log_ins_keep_the_limit, two_log_ins_under_one_key, two_log_outs, two_rotations,
};
pub use rotate::{
    a_deleted_session_is_gone, a_rotation_needs_the_id_of_now, a_rotation_replaces_the_session,
    a_rotation_revives_nothing, a_session_is_deleted_by_its_id_or_the_one_before,
};
pub use sweep::{a_sweep_and_a_touch_agree, a_sweep_takes_what_is_over_in_batches};
pub use touch::{
    a_touch_moves_both_times_forward, a_touch_moves_no_time_back, a_touch_revives_nothing,
    a_touched_session_stays_with_its_owner,
};

/// What [`session_store_contract!`](crate::session_store_contract) may be given: a store, or an `Option` of one.
pub trait OpenStore {
    /// The store.
    type Store: SessionStore;

    /// The store, if it is there.
    fn open(self) -> Option<Self::Store>;
}

impl<S: SessionStore> OpenStore for S {
    type Store = Self;

    fn open(self) -> Option<Self> {
        Some(self)
    }
}

impl<S: SessionStore> OpenStore for Option<S> {
    type Store = S;

    fn open(self) -> Self {
        self
    }
}
