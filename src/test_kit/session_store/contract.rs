//! The suite as a macro.

/// Tests a store of sessions for every promise of [`SessionStore`](crate::identity::session::SessionStore).
///
/// The first argument names the module of the tests, the second is a future of the store, or of an `Option` of it. See
/// [`test_kit::session_store`](crate::test_kit::session_store).
///
/// ```
/// use portcullis::identity::session::MemoryStore;
///
/// portcullis::session_store_contract!(memory, async { MemoryStore::new() });
/// portcullis::session_store_contract!(only_where_it_is_installed, async { None::<MemoryStore> });
/// ```
#[macro_export]
macro_rules! session_store_contract {
    ($name:ident, $open:expr $(,)?) => {
        $crate::session_store_contract! { @promises $name, $open =>
            a_session_that_has_begun_is_found
            every_fact_of_a_session_is_kept
            the_largest_session_is_kept
            a_session_without_an_end_is_kept
            a_key_that_is_taken_stays_with_its_session
            an_unknown_key_is_no_error
            a_touch_moves_both_times_forward
            a_touch_moves_no_time_back
            a_touch_revives_nothing
            a_touched_session_stays_with_its_owner
            a_rotation_replaces_the_session
            a_rotation_needs_the_id_of_now
            a_rotation_revives_nothing
            a_deleted_session_is_gone
            a_session_is_deleted_by_its_id_or_the_one_before
            the_list_is_complete_and_in_order
            all_sessions_of_an_owner_end
            all_sessions_but_one_end
            one_session_ends_by_its_key_and_owner
            many_owners_keep_apart
            the_oldest_gives_way
            the_newest_is_refused
            sessions_that_are_over_do_not_count
            ties_end_no_more_than_they_must
            a_lower_limit_ends_several
            a_sweep_takes_what_is_over_in_batches
            a_sweep_and_a_touch_agree
            a_late_touch_and_a_log_out
            a_late_touch_and_a_rotation
            a_rotation_and_a_log_out
            two_rotations
            two_log_outs
            a_log_out_and_a_log_in
            a_log_out_everywhere_and_a_late_touch
            a_log_out_everywhere_and_a_rotation
            a_log_out_everywhere_and_a_log_in
            two_log_ins_under_one_key
            twenty_log_ins_keep_the_limit
        }
    };
    (@promises $name:ident, $open:expr => $($promise:ident)*) => {
        async fn $name() -> impl $crate::test_kit::session_store::OpenStore {
            $open.await
        }

        mod $name {
            $(
                #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $promise() {
                    let opened = super::$name().await;
                    if let Some(store) = $crate::test_kit::session_store::OpenStore::open(opened) {
                        $crate::test_kit::session_store::$promise(store).await;
                    }
                }
            )*
        }
    };
}
