//! nginx with `auth_request`.

use std::process::{Command, Output};

use super::promises::{
    digest_is_about_the_original, digest_stage, only_gate_says_who_is_asking, refusals_arrive, sessions_live_behind_it,
    stage, what_is_judged_is_what_the_upstream_gets,
};
use super::support::front::Front;

#[tokio::test(flavor = "multi_thread")]
async fn refusals_arrive_with_their_status_and_the_first_challenge() {
    let Some(stage) = stage(Front::nginx).await else { return };
    // From 1.23 on all of them; Debian 12 has 1.22.
    let challenges = if is_before_1_23() { 1 } else { 3 };
    let refusals = refusals_arrive(&stage, challenges);
    assert!(refusals.iter().all(|(_, answer)| answer.field("retry-after").is_some() == (answer.status > 403)));
}

fn is_before_1_23() -> bool {
    let Output { stderr, .. } = Command::new("nginx").arg("-v").output().unwrap();
    let version = String::from_utf8(stderr).unwrap();
    let minor = version.split_once("nginx/1.").and_then(|(_, rest)| rest.split('.').next()?.parse::<u32>().ok());
    minor.is_some_and(|minor| minor < 23)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_upstream_is_told_who_is_asking_by_gate_alone() {
    let Some(stage) = stage(Front::nginx).await else { return };
    only_gate_says_who_is_asking(&stage);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_that_is_judged_is_the_one_that_goes_on() {
    let Some(stage) = stage(Front::nginx).await else { return };
    what_is_judged_is_what_the_upstream_gets(&stage);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_begin_act_and_end() {
    let Some(stage) = stage(Front::nginx).await else { return };
    sessions_live_behind_it(&stage);
}

#[tokio::test(flavor = "multi_thread")]
async fn digest_is_judged_on_the_request_that_the_client_made() {
    let Some(stage) = digest_stage(Front::nginx).await else { return };
    digest_is_about_the_original(&stage);
}
