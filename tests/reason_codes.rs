//! What the pages of the guide say of each reason is what a stack answers: code, statuses, Bearer `error`, level and words.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support {
    pub(crate) mod stack;
}

use std::collections::{BTreeMap, BTreeSet};

use http::Request;
use http::request::Parts;
use portcullis::authenticate::{Basic, Bearer};
use portcullis::permission::{Decision, acr, policy, scope};
use portcullis::{AuthenticateLayer, Identity, Reason, RequireLayer};
use support::stack::{Answer, Parsed, Scripted, basic, bearer, get, send, session};

const REASON_CODES: &str = include_str!("../docs/reason_codes.md");
const LIFE: &str = include_str!("../docs/life_of_a_request.md");

/// What a stack answered for one reason, by one way of carrying the credential.
struct Seen {
    reason: Reason,
    is_bearer: bool,
    status: u16,
    /// The schemes of the challenges.
    challenges: Vec<String>,
    /// That of the Bearer challenge.
    error: Option<String>,
    grpc: u16,
    level: String,
    words: (String, String),
}

impl Seen {
    fn new(answer: &Answer, is_bearer: bool) -> Self {
        let rejection = answer.rejection.as_ref().unwrap();
        let lines = ["www-authenticate", "proxy-authenticate"].map(|field| answer.lines(field));
        let challenges: Vec<_> = lines.into_iter().flatten().map(Parsed::read).collect();
        let error = challenges.iter().find(|challenge| challenge.scheme == "Bearer");
        Self {
            reason: rejection.reason(),
            is_bearer,
            status: answer.status.as_u16(),
            error: error.and_then(|challenge| challenge.get("error")).map(ToOwned::to_owned),
            challenges: challenges.into_iter().map(|challenge| challenge.scheme).collect(),
            grpc: rejection.grpc_code(),
            level: format!("{:?}", rejection.severity()).to_lowercase(),
            words: (rejection.title().to_owned(), rejection.detail().to_owned()),
        }
    }
}

/// Every reason by Bearer, Basic and Session from an origin server, and by the first two from a proxy.
async fn all() -> Vec<Seen> {
    let mut all = Vec::new();
    for reason in Reason::ALL {
        let word = word(reason);
        let origin = [bearer(word), basic(word), session(word)].map(|field| (false, field));
        let proxy = [bearer(word), basic(word)].map(|(_, value)| (true, ("proxy-authorization", value)));
        for (is_proxy, (name, value)) in origin.into_iter().chain(proxy) {
            let request = if reason == Reason::Missing { Request::new(()) } else { get([(name, &value)]) };
            let answer = refused(reason, is_proxy, request).await;
            let seen = Seen::new(&answer, value.starts_with("Bearer"));
            assert_eq!(seen.reason, reason);
            all.push(seen);
        }
    }
    all
}

/// What has [`Scripted`] refuse for `reason`, or the rule behind it.
fn word(reason: Reason) -> &'static str {
    match reason {
        Reason::Forbidden | Reason::Hidden | Reason::StepUp => "alice",
        Reason::Misconfigured => "panic",
        other => other.code(),
    }
}

async fn refused(reason: Reason, is_proxy: bool, request: Request<()>) -> Answer {
    let verifier = Scripted::ready();
    let proxy = AuthenticateLayer::builder()
        .scheme(Bearer::new("api", verifier.clone()))
        .scheme(Basic::new("staff", verifier.clone()))
        .proxy();
    let layer = if is_proxy { proxy } else { verifier.schemes() }.build().unwrap();
    let rule = match reason {
        Reason::Hidden => policy(|_: &Identity, _: &Parts| Decision::Hide),
        Reason::StepUp => acr(["gold"]),
        _ => scope("write"),
    };
    send(&(layer, RequireLayer::new(rule).unwrap()), request).await
}

/// The rows of the table under this head, cell by cell.
fn rows<'a>(page: &'a str, head: &str) -> Vec<Vec<&'a str>> {
    let rows = page.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows = rows.take_while(|line| line.starts_with("| "));
    let rows: Vec<_> = rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect();
    assert!(rows.len() >= Reason::ALL.len(), "the table under {head} was not read");
    rows
}

fn code(cell: &str) -> &str {
    cell.trim_matches('`')
}

#[tokio::test]
async fn the_table_of_reason_codes_says_what_the_answers_say() {
    let mut told: BTreeMap<&str, Told> = BTreeMap::new();
    for seen in all().await {
        let told = told.entry(seen.reason.code()).or_default();
        told.statuses.insert(seen.status.to_string());
        told.errors.extend(seen.error.filter(|_| seen.is_bearer));
        told.levels.insert(seen.level);
        told.codes.insert(grpc_name(seen.grpc).to_owned());
    }
    let rows = rows(REASON_CODES, "| code | status |");
    assert_eq!(rows.len(), told.len());
    for row in rows {
        let Told { statuses, errors, levels, codes } = &told[code(row[0])];
        assert_eq!((row[1], code(row[2]), row[4]), (&*list(statuses), &*list(errors), &*list(levels)), "{row:?}");
        assert_eq!(code(row[3]), list(codes), "{row:?}");
    }
}

/// What was seen of one reason, by all ways of carrying a credential.
#[derive(Default)]
struct Told {
    statuses: BTreeSet<String>,
    errors: BTreeSet<String>,
    levels: BTreeSet<String>,
    codes: BTreeSet<String>,
}

/// As the protocol calls the code of this number.
fn grpc_name(code: u16) -> &'static str {
    match code {
        5 => "NOT_FOUND",
        7 => "PERMISSION_DENIED",
        8 => "RESOURCE_EXHAUSTED",
        13 => "INTERNAL",
        14 => "UNAVAILABLE",
        16 => "UNAUTHENTICATED",
        other => panic!("no refusal has the code {other}"),
    }
}

fn list(values: &BTreeSet<String>) -> String {
    values.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn what_the_client_is_told_stands_word_for_word_in_the_page() {
    let mut told: BTreeSet<_> = all().await.into_iter().map(|seen| (seen.reason.code(), seen.words)).collect();
    let alone = send(&RequireLayer::new(scope("write")).unwrap(), Request::new(())).await;
    told.insert((Reason::Misconfigured.code(), Seen::new(&alone, false).words));
    let written = rows(REASON_CODES, "| code | where |");
    let written: BTreeSet<_> =
        written.into_iter().map(|row| (code(row[0]), (row[2].replace('`', ""), row[3].replace('`', "")))).collect();
    assert_eq!(written, told);
}

#[test]
fn every_reason_has_a_section_that_says_what_to_do() {
    let headings: Vec<_> = REASON_CODES.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert_eq!(headings, Reason::ALL.map(Reason::code));
    for section in REASON_CODES.split("\n### ").skip(1) {
        let section = section.split("\n## ").next().unwrap();
        for reader in ["\n- *Client*: ", "\n- *Operator*: ", "\n- *Developer*: "] {
            assert_eq!(section.matches(reader).count(), 1, "{reader} in {section}");
        }
    }
}

/// The rows of the table in the life of a request are named by variant, and by scheme where schemes differ.
#[tokio::test]
async fn the_table_in_the_life_of_a_request_says_what_the_answers_say() {
    let rows = rows(LIFE, "| reason | status |");
    for seen in all().await.into_iter().filter(|seen| seen.status != 407) {
        let variant = format!("`{:?}`", seen.reason);
        let scheme = if seen.is_bearer { ", Bearer" } else { ", other schemes" };
        let row = rows
            .iter()
            .find(|row| row[0] == variant || row[0] == format!("{variant}{scheme}"))
            .unwrap_or_else(|| panic!("{variant} by {scheme} has no row"));
        assert_eq!(row[1], seen.status.to_string(), "{row:?}");
        let fits = match row[2] {
            "all" => seen.challenges.len() == 3,
            "the one used" if seen.is_bearer => seen.challenges == ["Bearer"],
            "the one used" | "none" => seen.challenges.is_empty(),
            other => panic!("{other} says nothing of challenges"),
        };
        assert!(fits, "{row:?}: {:?}", seen.challenges);
        if seen.is_bearer {
            assert_eq!(code(row[3]), seen.error.unwrap_or_default(), "{row:?}");
        }
        assert_eq!(row[4], seen.level, "{row:?}");
    }
}

/// Each exit of the drawing ends in a status and a code.
#[tokio::test]
async fn the_drawing_of_a_request_has_an_exit_for_every_reason_with_its_status() {
    let drawing = LIFE.split("```").nth(1).unwrap();
    let mut drawn = BTreeSet::new();
    for exit in drawing.lines().filter_map(|line| line.split("▶ ").nth(1)) {
        let mut words = exit.split_whitespace();
        let status = words.next().unwrap();
        if status.bytes().all(|byte| byte.is_ascii_digit()) {
            drawn.insert((words.next().unwrap().to_owned(), status.parse::<u16>().unwrap()));
        }
    }
    let all = all().await.into_iter().filter(|seen| seen.status != 407);
    let told: BTreeSet<_> = all.map(|seen| (seen.reason.code().to_owned(), seen.status)).collect();
    assert_eq!(drawn, told);
}
