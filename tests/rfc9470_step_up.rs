//! RFC 9470: a log-in that is too old or too weak.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support {
    pub(crate) mod stack;
}

use std::future::ready;
use std::time::Duration;

use portcullis::authenticate::Bearer;
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::BearerToken;
use portcullis::identity::Assertion;
use portcullis::permission::{Requirement, acr, all, any, max_age, scope};
use portcullis::{AuthenticateLayer, Identity, RequireLayer};
use support::stack::{Answer, Scripted, basic, bearer, cookie, get, send};

const NOW: UnixTime = UnixTime::from_secs(1_000_000);
const STEP_UP: [(&str, Option<&str>); 1] = [("Bearer", Some("insufficient_user_authentication"))];

fn somebody() -> Assertion {
    Identity::assertion("test", "ann")
}

async fn ask(identity: Assertion, requirement: Requirement) -> Answer {
    let identity = identity.build();
    let verifier = move |_: BearerToken| ready(Ok(identity.clone()));
    let authenticate = AuthenticateLayer::new(Bearer::new("api", verifier)).unwrap();
    let require = RequireLayer::new(requirement).unwrap().clock(ManualClock::at(NOW));
    send(&(authenticate, require), get([bearer("x")])).await
}

fn ago(seconds: u64) -> UnixTime {
    UnixTime::from_secs(NOW.as_secs() - seconds)
}

/// STEP-1, STEP-2, CHOICE-4
#[tokio::test]
async fn a_log_in_that_is_too_weak_is_401_and_names_what_would_do() {
    let answer = ask(somebody().acr("bronze"), acr(["gold", "silver"])).await;
    answer.assert_refused(401, "step_up", &STEP_UP);
    assert_eq!(answer.challenges()[0].get("acr_values"), Some("gold silver"), "best first");
    assert_eq!(answer.challenges()[0].get("max_age"), None);
    for own in ["gold", "silver"] {
        ask(somebody().acr(own), acr(["gold", "silver"])).await.assert_accepted("ann");
    }
    for own in ["GOLD", "gol", "golden", "gold silver", ""] {
        ask(somebody().acr(own), acr(["gold", "silver"])).await.assert_refused(401, "step_up", &STEP_UP);
    }
}

/// STEP-3
#[tokio::test]
async fn a_log_in_that_is_too_old_is_401_and_names_the_age_that_would_do() {
    let five_minutes = || max_age(Duration::from_secs(300));
    let answer = ask(somebody().authenticated_at(ago(600)), five_minutes()).await;
    answer.assert_refused(401, "step_up", &STEP_UP);
    assert_eq!(answer.challenges()[0].get("max_age"), Some("300"));
    assert_eq!(answer.json()["max_age"], 300);
    ask(somebody().authenticated_at(ago(301)), five_minutes()).await.assert_refused(401, "step_up", &STEP_UP);
    ask(somebody().authenticated_at(ago(300)), five_minutes()).await.assert_accepted("ann");
    ask(somebody().authenticated_at(NOW), max_age(Duration::ZERO)).await.assert_accepted("ann");
}

/// A credential that is itself the proof is always fresh
#[tokio::test]
async fn a_credential_that_is_the_proof_itself_is_fresh() {
    ask(somebody().authenticated_now(), max_age(Duration::ZERO)).await.assert_accepted("ann");
}

/// STEP-5
#[tokio::test]
async fn an_identity_that_does_not_say_when_or_how_fails_the_demand() {
    ask(somebody(), max_age(Duration::MAX)).await.assert_refused(401, "step_up", &STEP_UP);
    ask(somebody(), acr(["gold"])).await.assert_refused(401, "step_up", &STEP_UP);
}

/// The strictest of several demands is asked for, and a missing scope outweighs them
#[tokio::test]
async fn several_demands_are_told_in_one_challenge() {
    let demands = || [max_age(Duration::from_secs(300)), max_age(Duration::from_secs(60)), acr(["gold"])];
    let answer = ask(somebody(), all(demands())).await;
    answer.assert_refused(401, "step_up", &STEP_UP);
    let challenge = answer.challenges().remove(0);
    assert_eq!((challenge.get("max_age"), challenge.get("acr_values")), (Some("60"), Some("gold")));

    let answer = ask(somebody(), all([all(demands()), scope("write")])).await;
    answer.assert_refused(403, "forbidden", &[("Bearer", Some("insufficient_scope"))]);
    let answer = ask(somebody(), any([acr(["gold"]), scope("write")])).await;
    answer.assert_refused(401, "step_up", &STEP_UP);
}

/// A scheme without `error` in its challenge still gets its 401 and its challenge; the body says the rest
#[tokio::test]
async fn a_step_up_of_a_session_or_a_password_has_plain_challenges() {
    let require = RequireLayer::new(acr(["gold"])).unwrap();
    for (line, first) in [(cookie("ann"), "Session"), (basic("ann"), "Basic")] {
        let answer = send(&(Scripted::ready().layer(), require.clone()), get([line])).await;
        let others = ["Bearer", "Basic", "Session"].into_iter().filter(|scheme| *scheme != first);
        let expected: Vec<_> = [first].into_iter().chain(others).map(|scheme| (scheme, None)).collect();
        answer.assert_refused(401, "step_up", &expected);
        assert_eq!(answer.json()["acr_values"], "gold");
    }
}
