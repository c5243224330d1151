//! The table in `portcullis::permission`: who may, and what the others are told.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support {
    pub(crate) mod stack;
}

use std::error::Error;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Request;
use http::request::Parts;
use portcullis::authenticate::Bearer;
use portcullis::credentials::BearerToken;
use portcullis::permission::{Decision, Policy, Requirement, acr, all, any, authenticated, policy, role, scope};
use portcullis::{AuthenticateLayer, Identity, RequireLayer, VerifyError};
use support::stack::{ALL_PLAIN, Answer, Scripted, bare, bearer, cookie, get, send};

const FORBIDDEN: [(&str, Option<&str>); 1] = [("Bearer", Some("insufficient_scope"))];

fn require(requirement: Requirement) -> RequireLayer {
    RequireLayer::new(requirement).unwrap()
}

/// A layer under which everybody is `ann`, with these scopes and roles.
fn known(scopes: &[&str], roles: &[&str]) -> AuthenticateLayer {
    let identity = Identity::assertion("test", "ann").scopes(scopes).roles(roles).build();
    let verifier = move |_: BearerToken| ready(Ok(identity.clone()));
    AuthenticateLayer::new(Bearer::new("api", verifier)).unwrap()
}

async fn ask(scopes: &[&str], layer: RequireLayer) -> Answer {
    send(&(known(scopes, &[]), layer), get([bearer("x")])).await
}

/// What a policy that has to be waited for will do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Will {
    Fail,
    No,
    Panic,
    Yes,
}

/// A policy that is never at hand, and counts how often it is asked.
#[derive(Clone)]
struct Waiting {
    will: Will,
    asked: Arc<AtomicUsize>,
}

impl Waiting {
    fn new(will: Will) -> Self {
        Self { will, asked: Arc::default() }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn requirement(&self) -> Requirement {
        policy(self.clone())
    }
}

impl Policy for Waiting {
    async fn decide(&self, _: &Identity, _: &Parts) -> Result<Decision, Box<dyn Error + Send + Sync>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        match self.will {
            Will::Fail => Err("store zebra-5150 is down".into()),
            Will::No => Ok(Decision::Deny),
            Will::Panic => panic!("as the test wants it"),
            Will::Yes => Ok(Decision::Allow),
        }
    }
}

/// A waiting policy that looks at the scopes.
struct Holds(&'static str);

impl Policy for Holds {
    async fn decide(&self, identity: &Identity, _: &Parts) -> Result<Decision, Box<dyn Error + Send + Sync>> {
        tokio::task::yield_now().await;
        Ok(if identity.scopes().contains(self.0) { Decision::Allow } else { Decision::Deny })
    }
}

/// HTTP-3: 401 for the unknown, 403 for the known, and never the one for the other
#[tokio::test]
async fn the_known_are_forbidden_and_the_unknown_are_asked_who_they_are() {
    for verifier in [Scripted::ready(), Scripted::waiting()] {
        let layers = (verifier.schemes().allow_anonymous().build().unwrap(), require(scope("write")));
        send(&layers, bare()).await.assert_refused(401, "missing", &ALL_PLAIN);
        send(&layers, get([bearer("ann")])).await.assert_refused(403, "forbidden", &FORBIDDEN);
        send(&layers, get([cookie("ann")])).await.assert_refused(403, "forbidden", &[]);
        let expired = [("Bearer", Some("invalid_token")), ("Basic", None), ("Session", None)];
        send(&layers, get([bearer("expired")])).await.assert_refused(401, "expired", &expired);
        send(&layers, get([bearer("unavailable")])).await.assert_refused(503, "unavailable", &[]);
        let enough = (verifier.layer(), require(scope("read")));
        send(&enough, get([bearer("ann")])).await.assert_accepted("ann");
    }
}

/// Anonymous is not an identity and meets no requirement, not even the least
#[tokio::test]
async fn the_anonymous_meet_no_requirement() {
    let optional = Scripted::ready().schemes().allow_anonymous().build().unwrap();
    let yes = |_: &Identity, _: &Parts| Decision::Allow;
    for requirement in
        [authenticated(), policy(yes), any([authenticated(), scope("a")]), Waiting::new(Will::Yes).requirement()]
    {
        let layers = (optional.clone(), require(requirement));
        send(&layers, bare()).await.assert_refused(401, "missing", &ALL_PLAIN);
        send(&layers, get([cookie("invalid")])).await.assert_refused(401, "missing", &ALL_PLAIN);
        send(&layers, get([bearer("ann")])).await.assert_accepted("ann");
    }
}

#[tokio::test]
async fn without_the_layer_outside_nobody_passes_and_the_answer_says_what_is_missing() {
    let forged = || Identity::assertion("test", "root").scopes(["a"]).roles(["admin"]).build();
    for requirement in [scope("a"), authenticated(), Waiting::new(Will::Yes).requirement()] {
        let layer = require(requirement);
        let answer = send(&layer, bare()).await;
        answer.assert_refused(500, "misconfigured", &[]);
        assert!(answer.json()["detail"].as_str().unwrap().contains("AuthenticateLayer"));
        let mut planted = bare();
        planted.extensions_mut().insert(forged());
        send(&layer, planted).await.assert_refused(500, "misconfigured", &[]);
    }
}

/// HTTP-4: `hidden` turns 403 into 404 that tells nothing, and leaves the other answers as they are
#[tokio::test]
async fn a_hidden_route_looks_like_no_route() {
    let verifier = Scripted::ready();
    let optional = verifier.schemes().allow_anonymous().build().unwrap();
    let secret = all([scope("zebra"), role("zebra")]);
    let answer = send(&(optional.clone(), require(secret.clone()).hidden()), get([bearer("ann")])).await;
    answer.assert_refused(404, "not_found", &[]);
    assert!(!String::from_utf8_lossy(&answer.body).contains("zebra"));
    send(&(optional.clone(), require(secret).hidden()), bare()).await.assert_refused(401, "missing", &ALL_PLAIN);
    let hide = policy(|_: &Identity, _: &Parts| Decision::Hide);
    send(&(optional.clone(), require(hide)), get([bearer("ann")])).await.assert_refused(404, "not_found", &[]);
    let broken = require(Waiting::new(Will::Fail).requirement()).hidden();
    send(&(optional.clone(), broken), get([bearer("ann")])).await.assert_refused(503, "unavailable", &[]);
    let weak = require(acr(["gold"])).hidden();
    assert_eq!(send(&(optional, weak), get([bearer("ann")])).await.status, 401);
}

/// The scopes stand in its challenge and in its body, the roles in its body
#[tokio::test]
async fn a_403_names_all_that_is_missing_and_nothing_that_is_there() {
    let wanted = all([scope("c"), scope("a"), scope("b"), scope("c"), any([scope("d"), role("boss")]), role("clerk")]);
    let answer = send(&(known(&["a"], &[]), require(wanted)), get([bearer("x")])).await;
    answer.assert_refused(403, "forbidden", &FORBIDDEN);
    assert_eq!(answer.challenges()[0].get("scope"), Some("c b d"), "each once, in the order of the requirement");
    let body = answer.json();
    assert_eq!(body["scope"], "c b d");
    assert_eq!(body["roles"], serde_json::json!(["boss", "clerk"]));
    let rejection = answer.rejection.unwrap();
    assert_eq!(rejection.missing_scopes().collect::<Vec<_>>(), ["c", "b", "d"]);
    assert_eq!(rejection.missing_roles().collect::<Vec<_>>(), ["boss", "clerk"]);

    let answer = send(&(known(&[], &["x"]), require(role("admin"))), get([bearer("x")])).await;
    answer.assert_refused(403, "forbidden", &FORBIDDEN);
    assert_eq!(answer.challenges()[0].get("scope"), None);
}

#[tokio::test]
async fn any_and_all_keep_their_truth_tables_however_they_are_nested() {
    type Leaf = fn(&'static str) -> Requirement;
    type Shape = fn(Leaf) -> Requirement;
    type Truth = fn(bool, bool, bool) -> bool;
    let leaves: [Leaf; 3] = [
        |name| scope(name),
        |name| {
            policy(
                move |identity: &Identity, _: &Parts| {
                    if identity.scopes().contains(name) { Decision::Allow } else { Decision::Deny }
                },
            )
        },
        |name| policy(Holds(name)),
    ];
    let shapes: [(Shape, Truth); 7] = [
        (|x| x("a"), |a, _, _| a),
        (|x| any([x("a"), x("b")]), |a, b, _| a || b),
        (|x| all([x("a"), x("b")]), |a, b, _| a && b),
        (|x| any([all([x("a"), x("b")]), x("c")]), |a, b, c| (a && b) || c),
        (|x| all([any([x("a"), x("b")]), x("c")]), |a, b, c| (a || b) && c),
        (|x| any([all([any([x("a"), x("b")]), x("c")]), all([x("b")])]), |a, b, c| b || (a && c)),
        (|x| all([all([x("a"), any([x("c"), all([x("b"), x("c")])])]), any([x("a")])]), |a, _, c| a && c),
    ];
    for number in 0..8_u8 {
        let [a, b, c] = [1, 2, 4].map(|bit| number & bit != 0);
        let held: Vec<_> =
            [("a", a), ("b", b), ("c", c)].iter().filter(|(_, held)| *held).map(|(name, _)| *name).collect();
        for leaf in leaves {
            for (shape, truth) in shapes {
                let answer = ask(&held, require(shape(leaf))).await;
                if truth(a, b, c) {
                    answer.assert_accepted("ann")
                } else {
                    answer.assert_refused(403, "forbidden", &FORBIDDEN)
                }
            }
            let twice = (known(&held, &[]), require(leaf("a")), require(leaf("b")));
            let layers = (twice.0, (twice.1, twice.2));
            let answer = send(&layers, get([bearer("x")])).await;
            if a && b { answer.assert_accepted("ann") } else { answer.assert_refused(403, "forbidden", &FORBIDDEN) }
        }
    }
}

#[tokio::test]
async fn names_are_whole_words_and_nothing_in_them_is_a_pattern() {
    for wanted in ["read", "*", "admin:*", "a.c", "?"] {
        for own in [
            "read",
            "readonly",
            "read:x",
            "x-read",
            "rea",
            "read,write",
            "READ",
            "read\u{a0}",
            "read\t",
            " read",
            "*",
            "admin:*",
            "admin:x",
            "abc",
            "a.c",
            ".*",
            "?",
            "",
        ] {
            for (requirement, scopes, roles) in [(scope(wanted), vec![own], vec![]), (role(wanted), vec![], vec![own])]
            {
                let answer = send(&(known(&scopes, &roles), require(requirement)), get([bearer("x")])).await;
                assert_eq!(answer.status == 200, wanted == own, "{own:?} for {wanted:?}");
                assert_eq!(answer.seen.is_some(), wanted == own);
            }
        }
    }
    let by_scope_and_role = |requirement| (known(&["clerk"], &["read"]), require(requirement));
    for mixed_up in [scope("read"), role("clerk")] {
        send(&by_scope_and_role(mixed_up), get([bearer("x")])).await.assert_refused(403, "forbidden", &FORBIDDEN);
    }
}

#[test]
fn an_empty_requirement_does_not_build_at_any_depth() {
    let none = || Vec::<Requirement>::new();
    for empty in [
        all(none()),
        any(none()),
        any([scope("a"), all(none())]),
        all([any([any(none())])]),
        scope(""),
        role(""),
        role(" \t"),
        acr(Vec::<String>::new()),
        acr([""]),
        scope("a b"),
        scope("a\"b"),
        scope("a\\b"),
        scope("\u{e9}"),
        scope("a\r\nb"),
    ] {
        let error = RequireLayer::new(empty.clone()).expect_err(&format!("{empty:?}"));
        assert_eq!(error.faults().len(), 1, "{empty:?}");
    }
    let error = RequireLayer::new(all([all(none()), scope(""), role("")])).unwrap_err();
    assert_eq!(error.faults().len(), 3, "every fault at once: {error}");
    let many = || (0..100).map(|number| scope(format!("a-rather-long-scope-{number}")));
    assert!(RequireLayer::new(all(many())).is_err(), "no challenge could name them all");
}

/// A broken policy is neither yes nor no, and only decides where the others do not
#[tokio::test]
async fn policies_that_say_yes_no_or_nothing_combine_as_in_three_valued_logic() {
    let status = |truth| match truth {
        Will::Yes => 200,
        Will::No => 403,
        Will::Fail => 503,
        Will::Panic => 500,
    };
    for left in [Will::Yes, Will::No, Will::Fail] {
        for right in [Will::Yes, Will::No, Will::Fail] {
            let both = [left, right];
            let decided = |by| if both.contains(&by) { by } else { Will::Fail };
            let conjunction = if both == [Will::Yes; 2] { Will::Yes } else { decided(Will::No) };
            let disjunction = if both == [Will::No; 2] { Will::No } else { decided(Will::Yes) };
            let parts = || both.map(|will| Waiting::new(will).requirement());

            for (requirement, truth) in [
                (all(parts()), conjunction),
                (any(parts()), disjunction),
                (any([all(parts()), scope("missing")]), conjunction),
                (all([any(parts()), scope("held")]), disjunction),
            ] {
                let answer = ask(&["held"], require(requirement)).await;
                assert_eq!(answer.status.as_u16(), status(truth), "{both:?}");
                assert_eq!(answer.seen.is_some(), truth == Will::Yes);
            }
        }
    }
}

/// CHOICE-10
#[tokio::test]
async fn a_policy_that_fails_is_503_and_says_nothing_of_why() {
    let answer = ask(&[], require(Waiting::new(Will::Fail).requirement())).await;
    answer.assert_refused(503, "unavailable", &[]);
    assert_eq!(answer.lines("retry-after"), ["5"]);
    assert!(!format!("{:?}{:?}", answer.headers, answer.body).contains("zebra"));
    let source = answer.rejection.as_ref().and_then(|rejection| Error::source(rejection)).map(ToString::to_string);
    assert_eq!(source.as_deref(), Some("store zebra-5150 is down"), "the operator learns it");
}

struct PanicsAtOnce;

impl Policy for PanicsAtOnce {
    fn decide(
        &self,
        _: &Identity,
        _: &Parts,
    ) -> impl Future<Output = Result<Decision, Box<dyn Error + Send + Sync>>> + Send {
        assert!(std::hint::black_box(false), "as the test wants it");
        ready(Ok(Decision::Allow))
    }
}

///
#[tokio::test]
async fn a_policy_that_panics_is_500_and_the_next_request_is_served() {
    let sync = |_: &Identity, head: &Parts| {
        assert!(!head.headers.contains_key("x-panic"), "as the test wants it");
        Decision::Allow
    };
    let sometimes = require(policy(sync));
    for layer in [
        sometimes.clone(),
        require(policy(PanicsAtOnce)),
        require(all([Waiting::new(Will::Panic).requirement(), policy(sync)])),
    ] {
        for layer in [layer.clone(), layer.hidden()] {
            let answer = send(&(known(&[], &[]), layer), get([bearer("x"), ("x-panic", "1".to_owned())])).await;
            answer.assert_refused(500, "misconfigured", &[]);
        }
    }
    ask(&[], sometimes).await.assert_accepted("ann");
}

/// A closure that says no first and panics when it is asked again
#[tokio::test]
async fn a_policy_that_panics_while_the_refusal_is_explained_is_500_too() {
    let asked = AtomicUsize::new(0);
    let fickle = policy(move |_: &Identity, _: &Parts| {
        assert_eq!(asked.fetch_add(1, Ordering::Relaxed), 0, "as the test wants it");
        Decision::Deny
    });
    ask(&[], require(fickle)).await.assert_refused(500, "misconfigured", &[]);
}

/// No policy is asked whose answer the verdict does not need, and none twice
#[tokio::test]
async fn no_more_policies_are_asked_than_the_verdict_needs() {
    let (yes, no) = (Waiting::new(Will::Yes), Waiting::new(Will::No));
    let other = Waiting::new(Will::Panic);
    for (requirement, status) in [
        (all([no.requirement(), other.requirement()]), 403),
        (any([yes.requirement(), other.requirement()]), 200),
        (all([other.requirement(), scope("missing")]), 403),
        (all([scope("missing"), other.requirement()]), 403),
        (any([other.requirement(), scope("held")]), 200),
        (any([scope("held"), other.requirement()]), 200),
        (all([any([yes.requirement(), other.requirement()]), any([scope("held"), other.requirement()])]), 200),
        (any([all([no.requirement(), other.requirement()]), all([scope("missing"), other.requirement()])]), 403),
    ] {
        assert_eq!(ask(&["held"], require(requirement)).await.status.as_u16(), status);
    }
    assert_eq!((yes.asked(), no.asked(), other.asked()), (2, 2, 0));

    let shared = Waiting::new(Will::Yes);
    let requirement = shared.requirement();
    ask(&[], require(all([requirement.clone(), any([requirement.clone()]), requirement]))).await.assert_accepted("ann");
    assert_eq!(shared.asked(), 1);
}

/// A policy sees who and what
#[tokio::test]
async fn a_policy_decides_by_the_identity_and_the_request() {
    let own = |identity: &Identity, head: &Parts| match head.uri.path().strip_prefix("/~") {
        Some(name) if name == identity.subject() => Decision::Allow,
        Some(_) => Decision::Hide,
        None => Decision::Deny,
    };
    let layers = (known(&[], &[]), require(policy(own)));
    let to = |path: &str| Request::get(path).header("authorization", "Bearer x").body(()).unwrap();
    send(&layers, to("/~ann")).await.assert_accepted("ann");
    send(&layers, to("/~bob")).await.assert_refused(404, "not_found", &[]);
    send(&layers, to("/")).await.assert_refused(403, "forbidden", &FORBIDDEN);
}

/// A refused verdict of the verifier comes before any permission
#[tokio::test]
async fn whoever_is_not_known_is_never_told_what_is_missing() {
    let refusing = async |_: BearerToken| Err::<Identity, _>(VerifyError::expired());
    let layers = (AuthenticateLayer::new(Bearer::new("api", refusing)).unwrap(), require(scope("zebra")));
    let answer = send(&layers, get([bearer("x")])).await;
    answer.assert_refused(401, "expired", &[("Bearer", Some("invalid_token"))]);
    assert!(!format!("{:?}{:?}", answer.headers, answer.body).contains("zebra"));
}
