//! `GET /refusals` on the admin port: why the last hundred requests were refused.

use serde_json::{Value, json};

use super::{alice, basic, bearer, bob, start};

#[test]
fn each_refusal_is_found_by_the_id_that_the_client_was_told() {
    let gate = start();
    let wrong = gate.get("/me", &[&basic("alice", "not-her-password")]);
    let denied = gate.get("/orders", &[&bearer(json!({"sub": "carol", "scope": "orders:read"}))]);
    let hidden = gate.get("/hidden", &[&bob()]);
    let mistyped =
        gate.post("POST", "/login", &["Content-Type: application/json"], r#"{"username":"alice","password":"x"}"#);
    assert_eq!(gate.get("/me", &[&alice()]).status, 200);

    let told = gate.admin("GET", "/refusals").json();
    let told = told["refusals"].as_array().unwrap();
    assert_eq!(told.len(), 4, "who was let in is not among them");
    for (answer, refusal) in [mistyped, hidden.clone(), denied.clone(), wrong].iter().zip(told) {
        assert_eq!(answer.json()["id"], refusal["id"], "the newest first");
        assert_eq!(answer.status, refusal["status"]);
        assert!(refusal["at"].as_u64().unwrap() > 1_700_000_000);
    }
    assert_eq!(told[1]["reason"], "hidden");
    assert_eq!(hidden.problem(), "not_found", "the client is not told what the operator is");
    let denial = &told[2];
    assert_eq!(denial["rule"], "/orders");
    assert_eq!((&denial["stage"], &denial["scheme"]), (&json!("decide"), &json!("Bearer")));
    assert_eq!((&denial["issuer"], &denial["subject"]), (&json!("https://id.example"), &json!("carol")));
    let missing = json!({"about": "scope", "expected": "orders:list", "found": "orders:read", "proven": true});
    assert_eq!(denial["findings"], json!([missing]));
    assert!(denial["hint"].as_str().unwrap().contains("scopes"));
    assert_eq!(told[3]["subject"], Value::Null, "nobody was proven");
}

#[test]
fn a_hundred_are_kept_however_many_there_were_and_over_a_reload() {
    let gate = start();
    for _ in 0..120 {
        assert_eq!(gate.get("/me", &[]).status, 401);
    }
    let last = gate.get("/orders", &[]).json()["id"].clone();
    assert!(gate.reload());
    let told = gate.admin("GET", "/refusals").json();
    assert_eq!(told["refusals"].as_array().unwrap().len(), 100);
    assert_eq!(told["refusals"][0]["id"], last);
}

#[test]
fn no_secret_and_no_path_is_among_what_is_told() {
    let gate = start();
    let marker = "zebraquux";
    let token = bearer(json!({"sub": marker, "scope": marker, "aud": "others"}));
    for fields in [
        vec![basic(marker, marker)],
        vec![format!("Authorization: Bearer {marker}")],
        vec![format!("Authorization: Session {marker}")],
        vec![format!("Cookie: __Host-gate={marker}")],
        vec![format!("Authorization: {marker} {marker}"), alice()],
        vec![token],
    ] {
        let fields: Vec<_> = fields.iter().map(String::as_str).collect();
        let answer = gate.get(&format!("/{marker}?reset={marker}"), &fields);
        assert!(answer.status == 401 || answer.status == 400, "{answer:?}");
    }
    let told = gate.admin("GET", "/refusals");
    assert_eq!(told.json()["refusals"].as_array().unwrap().len(), 6);
    assert!(!told.body.contains(marker), "{}", told.body);
    assert_eq!(gate.admin("POST", "/refusals").status, 405);
}
