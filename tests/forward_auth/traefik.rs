//! Traefik with `forwardAuth`.

use super::promises::{
    bodies_are_gates, digest_is_about_the_original, digest_stage, only_gate_says_who_is_asking, refusals_arrive,
    sessions_live_behind_it, stage, what_is_judged_is_what_the_upstream_gets,
};
use super::support::front::Front;

#[tokio::test(flavor = "multi_thread")]
async fn refusals_arrive_whole() {
    let Some(stage) = stage(Front::traefik).await else { return };
    bodies_are_gates(&refusals_arrive(&stage, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_upstream_is_told_who_is_asking_by_gate_alone() {
    let Some(stage) = stage(Front::traefik).await else { return };
    only_gate_says_who_is_asking(&stage);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_that_is_judged_is_the_one_that_goes_on() {
    let Some(stage) = stage(Front::traefik).await else { return };
    what_is_judged_is_what_the_upstream_gets(&stage);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_begin_act_and_end() {
    let Some(stage) = stage(Front::traefik).await else { return };
    sessions_live_behind_it(&stage);
}

#[tokio::test(flavor = "multi_thread")]
async fn digest_is_judged_on_the_request_that_the_client_made() {
    let Some(stage) = digest_stage(Front::traefik).await else { return };
    digest_is_about_the_original(&stage);
}
