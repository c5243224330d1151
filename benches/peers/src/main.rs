//! portcullis and its neighbours, measured side by side: one process, all cases in turn.
//!
//! `cargo run --release` prints the tables as Markdown. What else there is, by its first argument:
//!
//! | arguments | prints |
//! |---|---|
//! | `tables TITLE CASE` | the groups whose title contains the one, the cases whose name ends with the other |
//! | `curve COUNT…` | what a token costs that was seen before, and what it weighs, by how many there are |
//! | `threads` | what two threads do in the time of one |
//! | `sockets NAME` | servers over loopback, driven by `wrk`: the lists that have a server whose name contains the one |

mod curve;
mod jwt;
mod middleware;
mod passwords;
mod serve;
mod session;
mod sockets;
#[path = "../../support/mod.rs"]
mod support;
mod table;
mod threads;

use std::future::Future;

use http::StatusCode;
use portcullis::identity::jwt::Algorithm;
use support::case::Case;
use support::ours;
use support::request::Head;
use support::seen::{self, Live};
use support::token::{ALGORITHMS, Signed};
use table::Group;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    match arguments.first().map(String::as_str) {
        None | Some("tables") => tables(rest),
        Some("curve") => curve::print(rest),
        Some("threads") => threads::print(),
        Some("serve") => serve::run(rest),
        Some("sockets") => sockets::print(rest.first().map_or("", String::as_str)),
        Some(other) => panic!("`{other}` is none of tables, curve, threads, sockets"),
    }
}

fn tables(arguments: &[String]) {
    let argument = |index: usize| arguments.get(index).cloned().unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut tables = Tables { wanted: argument(0), groups: Vec::new() };
    runtime.block_on(tables.set_up());
    let name = argument(1);
    tables.groups.iter_mut().for_each(|group| group.cases.retain(|case| case.name.ends_with(&name)));
    table::measure(&mut tables.groups);
}

struct Tables {
    wanted: String,
    groups: Vec<Group>,
}

impl Tables {
    async fn set_up(&mut self) {
        let rs256 = Signed::new(Algorithm::RS256);
        self.add("Nothing sent: 401", nothing_sent(&rs256)).await;
        self.add("Garbage sent (`Bearer not.a.jwt`): 401", garbage(&rs256)).await;
        self.add("Accepted, verdict at hand", async { accepted() }).await;
        for algorithm in ALGORITHMS {
            let title = format!("JWT {algorithm}, seen for the first time");
            self.add(title, seen_for_the_first_time(Signed::new(algorithm))).await;
        }
        self.add("JWT RS256, seen before", seen_before()).await;
        self.add("Session in memory, 10 000 live", sessions()).await;
        self.add("Permission check", permission()).await;
    }

    /// Sets a group up if it is wanted.
    async fn add(&mut self, title: impl Into<String>, cases: impl Future<Output = Vec<Case>>) {
        let title = title.into();
        if title.contains(&self.wanted) {
            self.groups.push(Group::new(title, cases.await));
        }
    }
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

async fn seen_for_the_first_time(signed: Signed) -> Vec<Case> {
    let head = Head::bearer(&signed.token);
    let mut cases = vec![ours::raw(&signed).baseline(), ours::jwt_verifier(&signed), ours::jwt(&signed)];
    if signed.key.algorithm == Algorithm::RS256 {
        cases.push(seen::remembering(&Live::signed(2_000)));
    }
    cases.extend(jwt::layers(&signed, &head, StatusCode::OK).await);
    cases.push(jwt::decode(&signed));
    cases.push(ours::jwt_axum(&signed));
    cases.push(jwt::from_fn(&signed, &head, StatusCode::OK));
    cases
}

async fn seen_before() -> Vec<Case> {
    let live = Live::signed(ours::LIVE);
    let mut cases = seen::seen(&live).await;
    let signed = live.into_signed();
    cases.extend(jwt::layers(&signed, &Head::bearer(&signed.token), StatusCode::OK).await);
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
