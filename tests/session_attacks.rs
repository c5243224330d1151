//! What has brought down the sessions of others, tried on these: through a layer, with the session in a cookie, and with a
//! store whose rows can be damaged and which can be out of reach.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support {
    pub(crate) mod log;
    pub(crate) mod stack;
    pub(crate) mod table_store;
}

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portcullis::authenticate::Session;
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::{SessionCookie, SessionId};
use portcullis::identity::session::{
    MemoryStore, Moment, NewSession, SessionError, SessionRow, SessionStart, SessionStore, Sessions,
};
use portcullis::permission::{acr, role};
use portcullis::{AuthenticateLayer, Identity, Reason, RequireLayer, Verifier};
use support::log::Log;
use support::stack::{get, send};
use support::table_store::TableStore;
use tokio::sync::Barrier;
use tower::layer::util::Stack;

const MINUTE: Duration = Duration::from_secs(60);
const START: UnixTime = UnixTime::from_secs(1_000_000);

fn user(name: &str) -> Identity {
    Identity::assertion("staff", name).roles(["clerk"]).authenticated_now().build()
}

fn sessions_in(store: impl SessionStore) -> (Sessions, ManualClock) {
    let clock = ManualClock::at(START);
    let builder = Sessions::builder(store).idle(30 * MINUTE).absolute(120 * MINUTE).clock(clock.clone());
    (builder.build().unwrap(), clock)
}

async fn log_in(sessions: &Sessions, name: &str) -> NewSession {
    sessions.create(&user(name), SessionStart::new()).await.unwrap()
}

async fn reason(sessions: &Sessions, id: &SessionId) -> Option<Reason> {
    sessions.verify(SessionId::from_bytes(*id.expose())).await.err().map(|error| error.reason())
}

/// What a browser is answered: the status, who it was, whether its cookie was touched, whether it may come again.
#[derive(Debug, PartialEq)]
struct Told {
    status: u16,
    subject: Option<String>,
    sets_cookie: bool,
    retry_after: bool,
}

/// On a route that wants a user, and on one that takes whoever comes.
async fn ask(sessions: &Sessions, cookie: Option<String>) -> [Told; 2] {
    let scheme = || Session::new("shop", sessions.clone());
    let protected = AuthenticateLayer::new(scheme()).unwrap();
    let optional = AuthenticateLayer::builder().scheme(scheme()).allow_anonymous().build().unwrap();
    let told = async |layer| {
        let answer = send(&layer, get(cookie.iter().map(|cookie| ("cookie", cookie)))).await;
        Told {
            status: answer.status.as_u16(),
            subject: answer.identity().map(|identity| identity.subject().to_owned()),
            sets_cookie: !answer.lines("set-cookie").is_empty(),
            retry_after: !answer.lines("retry-after").is_empty(),
        }
    };
    [told(protected).await, told(optional).await]
}

async fn show(sessions: &Sessions, id: &SessionId) -> [Told; 2] {
    ask(sessions, Some(format!("{}={}", SessionCookie::default().name(), id.encode().expose()))).await
}

fn told(status: u16, subject: Option<&str>) -> Told {
    Told { status, subject: subject.map(Into::into), sets_cookie: false, retry_after: false }
}

fn let_in(subject: &str) -> [Told; 2] {
    [told(200, Some(subject)), told(200, Some(subject))]
}

/// Refused where a user is wanted; a stranger where nobody need be known, and there the worthless cookie is taken away.
fn refused() -> [Told; 2] {
    [told(401, None), Told { sets_cookie: true, ..told(200, None) }]
}

/// As an id that was exchanged: it opens nothing, and what the browser has by now under the same name stays.
fn superseded() -> [Told; 2] {
    [told(401, None), told(200, None)]
}

/// Neither let in nor called a stranger, and the cookie stays.
fn unavailable() -> [Told; 2] {
    [(); 2].map(|()| Told { retry_after: true, ..told(503, None) })
}

/// S02
#[tokio::test]
async fn ids_that_clients_choose_are_neither_kept_nor_given_back() {
    let store = TableStore::default();
    let (sessions, _) = sessions_in(store.clone());
    for number in 0..1000_u32 {
        let mut bytes = [0x5a; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        bytes[20..24].copy_from_slice(&number.to_le_bytes());
        let chosen = SessionId::from_bytes(bytes);
        assert_eq!(show(&sessions, &chosen).await, refused());
        assert!(sessions.rotate(&chosen).await.unwrap().is_none());
        assert!(sessions.renew(&chosen, &user("alice")).await.unwrap().is_none());
        assert!(!sessions.end(&chosen).await.unwrap());
    }
    assert_eq!((store.calls("insert"), store.calls("touch"), store.table().rows.len()), (0, 0, 0));

    // Half of an id that was given out is no better, nor is the public id with a secret of one's own.
    let started = log_in(&sessions, "alice").await;
    for half in [0..16, 16..32] {
        let mut bytes = *started.id().expose();
        bytes[half].fill(0);
        assert_eq!(show(&sessions, &SessionId::from_bytes(bytes)).await, refused());
    }
    assert_eq!(show(&sessions, started.id()).await, let_in("alice"));
}

/// S03
#[tokio::test]
async fn whoever_gains_a_right_gets_another_id_and_the_old_one_is_dead_at_once() {
    for in_rows in [true, false] {
        let (sessions, _) = if in_rows { sessions_in(TableStore::default()) } else { sessions_in(MemoryStore::new()) };
        let mut session = log_in(&sessions, "alice").await;
        for roles in [&["approver"][..], &["approver", "admin"], &[]] {
            let identity = Identity::assertion("staff", "alice").roles(roles).authenticated_now().build();
            let renewed = sessions.renew(session.id(), &identity).await.unwrap().unwrap();
            assert_eq!(show(&sessions, session.id()).await, superseded());
            assert!(sessions.renew(session.id(), &identity).await.unwrap().is_none());
            assert_eq!(show(&sessions, renewed.id()).await, let_in("alice"));
            let found = sessions.verify(SessionId::from_bytes(*renewed.id().expose())).await.unwrap();
            assert_eq!(found.roles(), identity.roles());
            session = renewed;
        }
    }
}

/// S04
#[tokio::test]
async fn an_id_that_is_taken_is_given_to_nobody_else() {
    let store = TableStore::default();
    let (sessions, _) = sessions_in(store.clone());
    let bob = log_in(&sessions, "bob").await;
    store.table().taken = 2;
    let alice = log_in(&sessions, "alice").await;
    assert_eq!((store.calls("insert"), store.table().rows.len()), (4, 2), "each with another key");
    store.table().taken = usize::MAX;
    let error = sessions.create(&user("carol"), SessionStart::new()).await.unwrap_err();
    assert!(matches!(error, SessionError::Unavailable(_)), "{error}");
    assert_eq!((store.calls("insert"), store.table().rows.len()), (7, 2), "and not for ever");
    assert_eq!(show(&sessions, bob.id()).await, let_in("bob"));
    assert_eq!(show(&sessions, alice.id()).await, let_in("alice"));
}

/// S06
#[tokio::test]
async fn a_request_that_is_answered_while_its_session_ends_neither_gets_in_nor_revives_it() {
    for during in ["touch", "delete"] {
        let store = TableStore::default();
        let (sessions, clock) = sessions_in(store.clone());
        let started = log_in(&sessions, "alice").await;
        clock.advance(if during == "touch" { 2 * MINUTE } else { 30 * MINUTE });
        store.during(during, |table| table.rows.clear());
        let expected = if during == "touch" { Reason::Invalid } else { Reason::Expired };
        assert_eq!(reason(&sessions, started.id()).await, Some(expected));
        assert_eq!(show(&sessions, started.id()).await, refused());
        assert!(store.table().rows.is_empty());
    }
    // The session is there when the request looks, and is another's word by the time it is rotated.
    let store = TableStore::default();
    let (sessions, _) = sessions_in(store.clone());
    let started = log_in(&sessions, "alice").await;
    store.during("rotate", |table| table.rows.clear());
    assert!(sessions.rotate(started.id()).await.unwrap().is_none());
    assert!(store.table().rows.is_empty());
}

/// S08
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_changes_at_once_one_is_kept_whole_and_the_other_is_told() {
    for round in 0..400 {
        let (sessions, _) =
            if round % 2 == 0 { sessions_in(MemoryStore::new()) } else { sessions_in(TableStore::default()) };
        let id = Arc::new(log_in(&sessions, "alice").await.into_id());
        let start = Arc::new(Barrier::new(2));
        let renewals = [&["approver"][..], &["auditor", "admin"]].map(|roles| {
            let (sessions, id, start) = (sessions.clone(), Arc::clone(&id), Arc::clone(&start));
            tokio::spawn(async move {
                let identity = Identity::assertion("staff", "alice").roles(roles).build();
                start.wait().await;
                let renewed = sessions.renew(&id, &identity).await.unwrap();
                (identity, renewed)
            })
        });
        let mut kept = 0;
        for renewal in renewals {
            if let (identity, Some(renewed)) = renewal.await.unwrap() {
                kept += 1;
                let found = sessions.verify(renewed.into_id()).await.unwrap();
                assert_eq!(found.roles(), identity.roles());
            }
        }
        assert_eq!(kept, 1);
        assert_eq!(reason(&sessions, &id).await, Some(Reason::Invalid));
    }
}

/// S09
#[tokio::test]
async fn whoever_is_demoted_disabled_or_has_another_password_loses_the_sessions_of_before() {
    let accounts = Arc::new(Mutex::new(HashMap::from([("alice", 1), ("bob", 1)])));
    let known = Arc::clone(&accounts);
    let store = TableStore::default();
    // Each account has a number that counts its changes, and each session that of its log-in.
    let sessions = Sessions::builder(store.clone())
        .keep_value::<u32>()
        .recheck(move |identity| known.lock().unwrap().get(identity.subject()) == identity.get::<u32>())
        .build()
        .unwrap();
    let log_in = async |name: &str, change: u32| {
        let identity = Identity::assertion("staff", name).value(change).build();
        sessions.create(&identity, SessionStart::new()).await.unwrap()
    };
    let (phone, laptop, bob) = (log_in("alice", 1).await, log_in("alice", 1).await, log_in("bob", 1).await);
    assert_eq!(show(&sessions, laptop.id()).await, let_in("alice"));

    accounts.lock().unwrap().insert("alice", 2);
    let changed = Identity::assertion("staff", "alice").value(2_u32).build();
    assert!(sessions.renew(laptop.id(), &changed).await.unwrap().is_none(), "not by a session of before");
    assert_eq!(show(&sessions, phone.id()).await, refused(), "with the next request");
    assert_eq!(show(&sessions, bob.id()).await, let_in("bob"));
    let again = log_in("alice", 2).await;
    assert_eq!(show(&sessions, again.id()).await, let_in("alice"));

    accounts.lock().unwrap().clear();
    assert_eq!(show(&sessions, again.id()).await, refused());
    assert_eq!(show(&sessions, bob.id()).await, refused());
    assert!(store.table().rows.values().all(|row| row.key.to_string() == laptop.public_id()), "and the rows are gone");
}

/// S10
#[tokio::test]
async fn the_ids_of_one_owner_have_nothing_in_common_that_could_be_seen() {
    let (sessions, _) = sessions_in(MemoryStore::new());
    let mut ids = Vec::new();
    for _ in 0..20_000 {
        ids.push(log_in(&sessions, "alice").await.into_id().encode().expose().as_bytes().to_vec());
    }
    let distinct: HashSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
    assert!(
        ids.iter()
            .all(|id| id.len() == 43 && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte)))
    );
    for position in 0..43 {
        let mut counts = HashMap::<u8, usize>::new();
        ids.iter().for_each(|id| *counts.entry(id[position]).or_default() += 1);
        // Of the last character only four bits are part of the id.
        let (characters, expected) = if position == 42 { (16, 1250) } else { (64, 312) };
        assert_eq!(counts.len(), characters, "position {position}");
        let is_even = |count: &usize| (expected * 2 / 3..expected * 3 / 2).contains(count);
        assert!(counts.values().all(is_even), "position {position}: {counts:?}");
    }
    // Nor do neighbours in time: of 43 characters they share as many as strangers would.
    let shared: usize = ids.windows(2).map(|pair| pair[0].iter().zip(&pair[1]).filter(|(a, b)| a == b).count()).sum();
    let average = shared as f64 / 19_999.0;
    assert!((0.60..0.85).contains(&average), "{average} characters in common");
    let longest = ids.windows(2).map(|pair| pair[0].iter().zip(&pair[1]).take_while(|(a, b)| a == b).count()).max();
    assert!(longest < Some(6), "{longest:?} characters at the beginning in common");
}

/// S11
#[tokio::test]
async fn whoever_reads_the_store_can_use_nothing_of_it() {
    let store = TableStore::default();
    let (sessions, _) = sessions_in(store.clone());
    let first = log_in(&sessions, "alice").await;
    let second = sessions.rotate(first.id()).await.unwrap().unwrap();
    let row = store.table().rows.values().next().unwrap().clone();
    let SessionRow { key, digest, previous, owner, facts, .. } = row;
    let dump = [&key.as_bytes()[..], &digest, &previous.unwrap(), &owner, &facts].concat();
    let printed = format!("{}{:?}", String::from_utf8_lossy(&facts), store.table().rows);
    for id in [first.id(), second.id()] {
        let (secret, text) = (&id.expose()[..16], id.encode());
        assert!(!dump.windows(8).any(|window| secret.windows(8).any(|part| part == window)));
        assert!(!printed.contains(&text.expose()[..12]) && !printed.contains(text.expose().as_str()));
    }
    // Everything of 32 bytes that lies there, and what is there put together, shown as an id.
    assert_eq!(show(&sessions, first.id()).await, superseded());
    for stolen in [digest, previous.unwrap(), owner] {
        assert_eq!(show(&sessions, &SessionId::from_bytes(stolen)).await, refused());
        let mut with_key = stolen;
        with_key[16..].copy_from_slice(key.as_bytes());
        assert_eq!(show(&sessions, &SessionId::from_bytes(with_key)).await, refused());
    }
    assert_eq!(show(&sessions, second.id()).await, let_in("alice"));
}

/// S26
#[tokio::test]
async fn a_session_ends_at_whichever_limit_comes_first_also_between_refusals() {
    for in_rows in [true, false] {
        let (sessions, clock) =
            if in_rows { sessions_in(TableStore::default()) } else { sessions_in(MemoryStore::new()) };
        let (busy, idle) = (log_in(&sessions, "alice").await, log_in(&sessions, "alice").await);
        let route = AuthenticateLayer::new(Session::new("shop", sessions.clone())).unwrap();
        let admins = RequireLayer::new(role("admin")).unwrap();
        let forbidden = Stack::new(admins, route);
        let header = async |layer: &Stack<RequireLayer, AuthenticateLayer>, id: &SessionId| {
            let cookie = format!("__Host-session={}; Max-Age=99999999", id.encode().expose());
            send(layer, get([("cookie", cookie)])).await.status.as_u16()
        };
        for seconds in (10..120 * 60).step_by(10) {
            clock.advance(Duration::from_secs(10));
            assert_eq!(header(&forbidden, busy.id()).await, 403, "after {seconds} s");
        }
        assert_eq!(show(&sessions, idle.id()).await, refused());
        clock.advance(Duration::from_secs(10));
        assert_eq!(header(&forbidden, busy.id()).await, 401, "however busy");
        assert_eq!(show(&sessions, busy.id()).await, refused());
    }
}

/// S28
#[tokio::test]
async fn while_the_store_is_down_nobody_is_a_stranger_and_nobody_loses_the_cookie() {
    for method in ["load", "touch", "delete"] {
        let store = TableStore::default();
        let (sessions, clock) = sessions_in(store.clone());
        let started = log_in(&sessions, "alice").await;
        // So that the request must be noted, or the session is over and must be cleared away.
        clock.advance(if method == "delete" { 30 * MINUTE } else { 2 * MINUTE });
        store.fail(&[method]);
        assert_eq!(show(&sessions, started.id()).await, unavailable(), "{method}");
        assert_eq!(show(&sessions, started.id()).await, unavailable(), "{method}, again");
        assert_eq!(store.table().rows.len(), 1);
        store.recover();
        let expected = if method == "delete" { refused() } else { let_in("alice") };
        assert_eq!(show(&sessions, started.id()).await, expected, "{method}, after recovery");
    }
    // Who brings no cookie, or one that cannot be an id, is answered without the store.
    let store = TableStore::default();
    let (sessions, _) = sessions_in(store.clone());
    store.fail(&["load"]);
    assert_eq!(ask(&sessions, None).await.map(|told| told.status), [401, 200]);
    assert_eq!(ask(&sessions, Some("__Host-session=nonsense".into())).await, refused());
    assert_eq!(store.calls("load"), 0);
}

/// S28
#[tokio::test]
async fn what_a_handler_asks_of_a_store_that_is_down_is_an_error_and_changes_nothing() {
    let store = TableStore::default();
    let (sessions, _) = sessions_in(store.clone());
    let started = log_in(&sessions, "alice").await;
    let identity = started.identity();
    store.fail(&["insert", "rotate", "delete", "delete_of", "list", "sweep"]);
    let errors = [
        sessions.create(&user("alice"), SessionStart::new()).await.unwrap_err(),
        sessions.rotate(started.id()).await.unwrap_err(),
        sessions.renew(started.id(), &user("alice")).await.unwrap_err(),
        sessions.end(started.id()).await.unwrap_err(),
        sessions.end_all("staff", "alice").await.unwrap_err(),
        sessions.end_others(identity).await.unwrap_err(),
        sessions.end_public("staff", "alice", started.public_id()).await.unwrap_err(),
        sessions.list("staff", "alice").await.unwrap_err(),
        sessions.sweep().await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, SessionError::Unavailable(_)), "{error}");
        assert!(error.to_string().contains("connection refused"), "{error}");
    }
    // Whoever could not log out is told so, is still logged in, and can try again.
    assert_eq!(show(&sessions, started.id()).await, let_in("alice"));
    store.recover();
    assert!(sessions.end(started.id()).await.unwrap());
    assert_eq!(show(&sessions, started.id()).await, refused());
}

/// What becomes of a row that lies in a store.
type Damage = Box<dyn Fn(&mut SessionRow)>;

/// S30
#[tokio::test]
async fn a_record_that_is_damaged_lets_nobody_in_and_is_told_to_the_operator_once() {
    let with = |text: &'static str, other: &'static str| {
        move |row: &mut SessionRow| {
            let facts = String::from_utf8(row.facts.clone()).unwrap();
            assert!(facts.contains(text), "{facts}");
            row.facts = facts.replace(text, other).into_bytes();
        }
    };
    let damages: [(&str, Damage); 9] = [
        ("truncated", Box::new(|row| row.facts.truncate(row.facts.len() / 2))),
        ("emptied", Box::new(|row| row.facts.clear())),
        ("of another version", Box::new(with("\"v\":1", "\"v\":2"))),
        ("of 10 MiB", Box::new(|row| row.facts.resize(10 << 20, b' '))),
        ("with a type swapped", Box::new(with("\"alice\"", "[\"alice\"]"))),
        ("of another user", Box::new(with("\"alice\"", "\"root\""))),
        ("no text", Box::new(|row| row.facts.fill(0xff))),
        ("under another owner's key", Box::new(|row| row.owner = [7; 32])),
        ("nested without end", Box::new(|row| row.facts = b"[".repeat(60_000))),
    ];
    for (what, damage) in damages {
        let store = TableStore::default();
        let (sessions, _) = sessions_in(store.clone());
        let started = log_in(&sessions, "alice").await;
        let whole = store.table().rows.values().next().unwrap().clone();
        store.change(damage);
        let log = Log::start();
        assert_eq!(reason(&sessions, started.id()).await, Some(Reason::Invalid), "{what}");
        let text = log.text();
        let lines: Vec<_> = text.lines().filter(|line| line.contains("damaged")).collect();
        assert!(lines.len() == 1 && lines[0].contains("ERROR"), "{what}: {text}");
        assert!(lines[0].contains(started.public_id()), "the operator can find it: {}", lines[0]);
        assert!(!text.contains("alice") && text.len() < 1000, "{what}: {text}");
        assert_eq!(show(&sessions, started.id()).await, refused(), "{what}");
        assert!(sessions.list("staff", "alice").await.is_err() || what == "under another owner's key", "{what}");
        store.change(|row| *row = whole.clone());
        assert_eq!(show(&sessions, started.id()).await, let_in("alice"), "{what}: nothing was made of it");
    }
    let store = TableStore::default();
    let (sessions, _) = sessions_in(store.clone());
    let started = log_in(&sessions, "alice").await;
    store.change(with("\"v\":1", "\"v\":1,\"invented\":{\"by\":\"tomorrow\"}"));
    assert_eq!(show(&sessions, started.id()).await, let_in("alice"), "a newer process may say more");
}

/// S30: nobody is kept from a new session by what has become of the old one
#[tokio::test]
async fn a_damaged_session_is_none_to_be_renewed_and_stands_in_nobodys_way() {
    let store = TableStore::default();
    let (sessions, _) = sessions_in(store.clone());
    let started = log_in(&sessions, "alice").await;
    store.change(|row| row.facts.truncate(10));
    assert!(sessions.renew(started.id(), &user("alice")).await.unwrap().is_none());
    assert!(sessions.rotate(started.id()).await.unwrap().is_none());
    sessions.end(started.id()).await.unwrap();
    let again = log_in(&sessions, "alice").await;
    assert_eq!(show(&sessions, again.id()).await, let_in("alice"));
}

/// S34: nor can one who has an account
#[tokio::test]
async fn nobody_fills_the_store_by_logging_in_again_and_again() {
    let store = MemoryStore::new();
    let (sessions, _) = sessions_in(store.clone());
    for _ in 0..300 {
        log_in(&sessions, "alice").await;
    }
    assert_eq!(store.count(), 100);
}

/// S32
#[tokio::test]
async fn half_a_log_in_is_no_session() {
    let store = TableStore::default();
    let (sessions, _) = sessions_in(store.clone());
    let started = log_in(&sessions, "alice").await;
    let whole = store.table().rows.values().next().unwrap().clone();
    // What others keep in sessions before anybody is logged in.
    for facts in [
        r#"{"v":1,"created_at":1000000000,"expires_at":1007200000,"state":"pending second factor"}"#,
        r#"{"v":1,"created_at":1000000000,"expires_at":1007200000,"issuer":"staff","oauth_state":"x"}"#,
        r#"{"v":1,"created_at":1000000000,"expires_at":1007200000,"issuer":null,"subject":null}"#,
        r#"{"v":1,"created_at":1000000000,"expires_at":1007200000,"subject":"alice"}"#,
        r#"{"v":1,"issuer":"staff","subject":"alice"}"#,
    ] {
        store.change(|row| row.facts = facts.into());
        assert_eq!(show(&sessions, started.id()).await, refused(), "{facts}");
    }
    store.change(|row| *row = whole.clone());

    // A session says what its log-in was, and a route that wants more asks for it.
    let layer = AuthenticateLayer::new(Session::new("shop", sessions.clone())).unwrap();
    let first_factor = Identity::assertion("staff", "bob").authenticated_now().amr(["pwd"]).acr("one-factor").build();
    let pending = sessions.create(&first_factor, SessionStart::new()).await.unwrap();
    let two_factors = Stack::new(RequireLayer::new(acr(["two-factors"])).unwrap(), layer);
    let cookie = |id: &SessionId| get([("cookie", format!("__Host-session={}", id.encode().expose()))]);
    assert_eq!(send(&two_factors, cookie(pending.id())).await.status, 401);
    let both = first_factor.to_assertion().amr(["pwd", "otp"]).acr("two-factors").build();
    let renewed = sessions.renew(pending.id(), &both).await.unwrap().unwrap();
    assert_eq!(send(&two_factors, cookie(renewed.id())).await.status, 200);
    assert_eq!(send(&two_factors, cookie(pending.id())).await.status, 401, "the id from before the second factor");
}

/// S34
#[tokio::test]
async fn strangers_make_no_sessions() {
    let store = TableStore::default();
    let (sessions, _) = sessions_in(store.clone());
    for _ in 0..10_000 {
        let [protected, optional] = ask(&sessions, None).await;
        assert_eq!((protected.status, optional.status), (401, 200));
        assert!(!protected.sets_cookie && !optional.sets_cookie);
    }
    let calls = ["insert", "load", "touch", "rotate", "delete", "delete_of", "list", "sweep"];
    assert_eq!(calls.map(|method| store.calls(method)), [0; 8]);

    // A user who begins sessions without end has as many as one may; so has the whole store.
    let memory = MemoryStore::with_limit(100).unwrap();
    let sessions = Sessions::builder(memory.clone()).max_per_subject(5).build().unwrap();
    for _ in 0..200 {
        sessions.create(&user("mallory"), SessionStart::new()).await.unwrap();
    }
    assert_eq!(memory.count(), 5);
    for number in 0..200 {
        drop(sessions.create(&user(&format!("user {number}")), SessionStart::new()).await);
    }
    assert_eq!(memory.count(), 100);
}

#[tokio::test]
async fn a_session_that_was_found_to_be_over_stays_so_when_the_clock_steps_back() {
    let store = TableStore::default();
    let (sessions, clock) = sessions_in(store.clone());
    let (seen, unseen) = (log_in(&sessions, "alice").await, log_in(&sessions, "alice").await);
    clock.advance(30 * MINUTE);
    assert_eq!(show(&sessions, seen.id()).await, refused());
    clock.set_wall(START);
    clock.advance(MINUTE);
    assert_eq!(show(&sessions, unseen.id()).await, refused(), "time does not go back here");
    // Nor is there anything left for another process, whose clock is behind.
    let (elsewhere, _) = sessions_in(store.clone());
    assert_eq!(show(&elsewhere, seen.id()).await, refused());
    assert_eq!(show(&elsewhere, unseen.id()).await, refused());
}

#[tokio::test]
async fn a_session_that_was_dated_far_ahead_is_refused() {
    for (ahead, expected) in [(4 * MINUTE, let_in("alice")), (6 * MINUTE, refused()), (600 * MINUTE, refused())] {
        let store = TableStore::default();
        let (wrong, clock) = sessions_in(store.clone());
        clock.set_wall(START.saturating_add(ahead));
        clock.advance(MINUTE / 60);
        let started = log_in(&wrong, "alice").await;
        let (right, _) = sessions_in(store.clone());
        assert_eq!(show(&right, started.id()).await, expected, "{ahead:?} ahead");
    }
}

#[tokio::test]
async fn a_row_whose_times_were_written_anew_lives_no_longer_than_its_beginning_allows() {
    let store = TableStore::default();
    let (sessions, clock) = sessions_in(store.clone());
    let started = log_in(&sessions, "alice").await;
    store.change(|row| (row.last_seen, row.ends_at) = (Moment::from_millis(u64::MAX), Moment::from_millis(u64::MAX)));
    assert_eq!(show(&sessions, started.id()).await, let_in("alice"));
    clock.advance(120 * MINUTE);
    assert_eq!(show(&sessions, started.id()).await, refused());
}

#[tokio::test]
async fn shorter_limits_hold_for_sessions_that_began_under_longer_ones() {
    let store = TableStore::default();
    let (long, clock) = sessions_in(store.clone());
    let started = log_in(&long, "alice").await;
    let short = Sessions::builder(store).idle(5 * MINUTE).absolute(60 * MINUTE).clock(clock.clone()).build().unwrap();
    assert_eq!(show(&short, started.id()).await, let_in("alice"));
    clock.advance(5 * MINUTE);
    assert_eq!(show(&short, started.id()).await, refused());
}
