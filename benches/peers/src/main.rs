//! portcullis and its neighbours, measured side by side: one process, all cases in turn.
//!
//! `cargo run --release` prints the tables as Markdown; a first argument keeps the groups whose title contains it, a
//! second one the cases whose name ends with it.

mod jwt;
mod middleware;
mod session;
#[path = "../../support/mod.rs"]
mod support;
mod table;

use http::StatusCode;
use portcullis::identity::jwt::Algorithm;
use support::case::Case;
use support::ours;
use support::request::Head;
use support::token::{ALGORITHMS, Signed};
use table::Group;

fn main() {
    let (title, name) = (argument(1), argument(2));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut groups = runtime.block_on(groups());
    groups.retain(|group| group.title.contains(&title));
    groups.iter_mut().for_each(|group| group.cases.retain(|case| case.name.ends_with(&name)));
    table::measure(&mut groups);
}

fn argument(index: usize) -> String {
    std::env::args().nth(index).unwrap_or_default()
}

async fn groups() -> Vec<Group> {
    let rs256 = Signed::new(Algorithm::RS256);
    let mut groups = vec![
        Group::new("Nothing sent: 401", nothing_sent(&rs256).await),
        Group::new("Garbage sent (`Bearer not.a.jwt`): 401", garbage(&rs256).await),
        Group::new("Accepted, verdict at hand", accepted()),
    ];
    for algorithm in ALGORITHMS {
        let signed = Signed::new(algorithm);
        let mut cases = vec![ours::raw(&signed).baseline(), ours::jwt_verifier(&signed), ours::jwt(&signed)];
        cases.extend(jwt::layers(&signed, &Head::bearer(&signed.token), StatusCode::OK).await);
        cases.push(jwt::decode(&signed));
        cases.push(ours::jwt_axum(&signed));
        cases.push(jwt::from_fn(&signed, &Head::bearer(&signed.token), StatusCode::OK));
        groups.push(Group::new(format!("JWT {algorithm}, seen for the first time"), cases));
    }
    groups.push(Group::new("Session in memory, 10 000 live", sessions().await));
    groups.push(Group::new("Permission check", permission().await));
    groups
}

async fn nothing_sent(signed: &Signed) -> Vec<Case> {
    let head = Head::new();
    let mut cases = vec![ours::bare_tower(&head)];
    cases.extend(ours::nothing_sent());
    cases.push(middleware::tower_http_basic(&head, StatusCode::UNAUTHORIZED));
    cases.push(middleware::tower_http_bearer(&head, StatusCode::UNAUTHORIZED));
    cases.extend(jwt::layers(signed, &head, StatusCode::UNAUTHORIZED).await);
    cases.push(ours::bare_axum(&head));
    cases.push(ours::nothing_sent_axum());
    cases.push(jwt::from_fn(signed, &head, StatusCode::UNAUTHORIZED));
    cases
}

async fn garbage(signed: &Signed) -> Vec<Case> {
    let head = Head::bearer("not.a.jwt");
    let mut cases = vec![ours::bare_tower(&head), ours::garbage(signed)];
    cases.push(middleware::tower_http_bearer(&head, StatusCode::UNAUTHORIZED));
    cases.extend(jwt::layers(signed, &head, StatusCode::UNAUTHORIZED).await);
    cases.push(ours::bare_axum(&head));
    cases.push(jwt::from_fn(signed, &head, StatusCode::UNAUTHORIZED));
    cases
}

fn accepted() -> Vec<Case> {
    let head = Head::bearer(ours::OPAQUE);
    let mut cases = vec![ours::bare_tower(&head)];
    cases.extend(ours::accepted());
    cases.push(middleware::tower_http_bearer(&head, StatusCode::OK));
    cases.push(middleware::tower_http_basic(&Head::authorization("Basic YWxpY2U6c2VjcmV0"), StatusCode::OK));
    cases.push(ours::bare_axum(&head));
    cases.push(ours::accepted_axum());
    cases.push(middleware::from_fn_static(&head));
    cases
}

async fn sessions() -> Vec<Case> {
    let sessions = ours::Sessions::new(ours::LIVE);
    let mut cases = ours::sessions_tower(&sessions);
    cases.extend(ours::sessions_axum(&sessions));
    cases.extend(session::tower_sessions(ours::LIVE).await);
    cases.extend(session::axum_login(ours::LIVE).await);
    cases
}

async fn permission() -> Vec<Case> {
    let mut cases = ours::permission();
    cases.extend(session::axum_login_permission().await);
    cases
}
