//! What users see and do about their own sessions.

use super::{alice, cookie, log_in, start};

fn header(session: &str) -> String {
    format!("Authorization: Session {session}")
}

#[test]
fn sessions_are_listed_by_public_ids_with_the_current_one_marked() {
    let gate = start();
    let (first, second) = (log_in(&gate, "alice", "wonderland"), log_in(&gate, "alice", "wonderland"));
    log_in(&gate, "bob", "bob's secret");
    let form = ["Content-Type: application/x-www-form-urlencoded", "User-Agent: Firefox on Linux"];
    gate.post("POST", "/login", &form, "username=alice&password=wonderland");

    let answer = gate.get("/session/sessions", &[&cookie(&second)]);
    assert_eq!((answer.status, answer.field("cache-control")), (200, Some("no-store")));
    assert!(!answer.body.contains(&first) && !answer.body.contains(&second));
    let sessions = answer.json()["sessions"].as_array().unwrap().clone();
    let current: Vec<_> = sessions.iter().map(|session| session["current"].as_bool().unwrap()).collect();
    assert_eq!(current, [false, true, false]);
    assert_eq!(sessions[0]["label"], serde_json::Value::Null);
    assert_eq!(sessions[2]["label"], "Firefox on Linux");
    for session in &sessions {
        assert!(session["id"].is_string() && session["created_at"].is_u64() && session["last_seen"].is_u64());
    }
}

#[test]
fn a_session_is_ended_by_its_owner_and_by_nobody_else() {
    let gate = start();
    let (mine, other) = (log_in(&gate, "alice", "wonderland"), log_in(&gate, "alice", "wonderland"));
    let strange = log_in(&gate, "bob", "bob's secret");
    let ids = gate.get("/session/sessions", &[&header(&mine)]).json()["sessions"].clone();
    let id =
        ids.as_array().unwrap().iter().find(|session| session["current"] == false).unwrap()["id"].as_str().unwrap();
    let path = format!("/session/sessions/{id}");

    let foreign = gate.ask("DELETE", &path, &[&header(&strange)]);
    let unknown = gate.ask("DELETE", "/session/sessions/unknown", &[&header(&strange)]);
    assert_eq!((foreign.status, unknown.status), (404, 404));
    assert_eq!(foreign.problem(), unknown.problem());
    assert_eq!(gate.ask("DELETE", &path, &[&cookie(&mine), "Sec-Fetch-Site: cross-site"]).status, 403);
    assert_eq!(gate.get("/me", &[&header(&other)]).status, 200);

    for more in ["%3Fx", "%23x", "%20", "x", "/end"] {
        assert!([404, 403].contains(&gate.ask("DELETE", &format!("{path}{more}"), &[&header(&mine)]).status), "{more}");
    }
    assert_eq!(gate.get("/me", &[&header(&other)]).status, 200);

    let encoded = gate.ask("DELETE", &format!("/session/%73essions/{id}"), &[&header(&mine)]);
    assert_eq!(encoded.status, 403, "no other spelling is a built-in route");
    assert_eq!(gate.get("/me", &[&header(&other)]).status, 200);
    assert_eq!(gate.ask("DELETE", &path, &[&header(&mine)]).status, 204);
    assert_eq!(gate.get("/me", &[&header(&other)]).status, 401);
    assert_eq!(gate.ask("DELETE", &path, &[&header(&mine)]).status, 404);
    assert_eq!(gate.get("/me", &[&header(&mine)]).status, 200);
}

#[test]
fn revoking_all_logs_out_everywhere() {
    let gate = start();
    let (here, there) = (log_in(&gate, "alice", "wonderland"), log_in(&gate, "alice", "wonderland"));
    let strange = log_in(&gate, "bob", "bob's secret");
    let elsewhere = gate.ask("POST", "/session/revoke-all", &[&cookie(&here), "Sec-Fetch-Site: same-site"]);
    assert_eq!(elsewhere.status, 403);
    let answer = gate.ask("POST", "/session/revoke-all", &[&cookie(&here), "Sec-Fetch-Site: same-origin"]);
    assert_eq!(answer.status, 204);
    assert!(answer.field("set-cookie").unwrap().starts_with("__Host-gate=; Max-Age=0;"));
    assert_eq!(gate.get("/me", &[&cookie(&here)]).status, 401);
    assert_eq!(gate.get("/me", &[&cookie(&there)]).status, 401);
    assert_eq!(gate.get("/me", &[&cookie(&strange)]).status, 200);
}

#[test]
fn these_routes_are_for_sessions_alone() {
    let gate = start();
    for (method, path) in
        [("GET", "/session/sessions"), ("DELETE", "/session/sessions/x"), ("POST", "/session/revoke-all")]
    {
        for fields in [vec![], vec![alice()], vec![cookie("x")], vec![header(&"A".repeat(43))]] {
            let fields: Vec<_> = fields.iter().map(String::as_str).collect();
            let answer = gate.ask(method, path, &fields);
            assert_eq!(answer.status, 401, "{method} {path} {fields:?}");
            assert_eq!(answer.all("www-authenticate"), [r#"Session realm="hall""#]);
        }
    }
    let wrong = gate.ask("PUT", "/session/sessions", &[]);
    assert_eq!((wrong.status, wrong.field("allow")), (405, Some("GET, HEAD")));
    assert_eq!(gate.all_runs(), 0);
}

#[test]
fn the_oldest_session_gives_way_where_a_user_has_too_many() {
    let gate = start();
    let first = log_in(&gate, "alice", "wonderland");
    let rest: Vec<_> = (0..10).map(|_| log_in(&gate, "alice", "wonderland")).collect();
    assert_eq!(gate.get("/me", &[&header(&first)]).status, 401);
    assert!(rest.iter().all(|session| gate.get("/me", &[&header(session)]).status == 200));
}
