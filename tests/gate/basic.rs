//! Basic from a file of users: every format, weak ones by leave only, and a file that changes while the server runs.

use std::time::Duration;

use super::support::gate::{Folder, Gate, now, wait_until};
use super::{ALICE, ME, USERS, basic, cookie, log_in};

/// All of `wonderland`, and cheap; made with Apache's htpasswd, OpenSSL and Python's hashlib.
const STRONG: &str = "\
bcrypt:$2y$04$KLy.i3Okcx1c4t1JHQ1.s.Y5YmiMl8kjL.LYvcePoC7odsJXF8tdK
sha256:$5$saltsalt$IeaomH1t0t79ShF5t59ZywXLL/dm2jA/3vpoR6EMo74
sha512:$6$saltsalt$pqxtaP8VN9msji06dnBCbUbaSGTOXyo9jZDqZxik1rPexoqRIW4UKuiD0ZHZchCSd7S4/HoRU8bcFbnz2ihUr.
scrypt:$scrypt$ln=4,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$BI5n6xoBqV3ALtm7E3FMfecJojyjpMopVH0v5cGM3t0
pbkdf2:$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$NBECpLnh5rUY7/jFplUAolwrFtD6p5mnowH7ATGBMos
";
const WEAK: &str = "\
apr1:$apr1$saltsalt$WoESZIlCyPaOHxFHP.vy51
sha1:{SHA}tiY7sUhYKUwI5L3866kDY+ENcrQ=
";

/// Users of [basic], with these keys more in the section.
fn folder(users: &str, more: &str) -> Folder {
    let config = format!("[basic]\nhtpasswd = \"users.htpasswd\"\n{more}\n{ME}");
    Folder::new().with("gate.toml", config).with("users.htpasswd", users)
}

fn status(gate: &Gate, name: &str, password: &str) -> u16 {
    gate.get("/me", &[&basic(name, password)]).status
}

#[test]
fn every_format_of_htpasswd_lets_the_right_password_in_and_no_other() {
    let gate = Gate::start(folder(&format!("{ALICE}\n{STRONG}"), ""));
    for name in ["alice", "bcrypt", "sha256", "sha512", "scrypt", "pbkdf2"] {
        assert_eq!(status(&gate, name, "wonderland"), 200, "{name}");
        assert_eq!(status(&gate, name, "wonderlanD"), 401, "{name}");
    }
}

#[test]
fn a_weak_hash_is_a_fault_unless_it_is_allowed() {
    let users = format!("{ALICE}\n{WEAK}");
    let (code, faults) = folder(&users, "").check();
    let faults: Vec<_> = faults.lines().collect();
    assert_eq!((code, faults.len()), (Some(2), 2), "{faults:?}");
    for (fault, number) in faults.iter().zip(2..) {
        assert!(fault.starts_with(&format!("gate: basic.htpasswd: \"users.htpasswd\" line {number}: ")), "{fault}");
        assert!(fault.contains("weak"), "{fault}");
    }
    let gate = Gate::start(folder(&users, "allow_weak_hashes = true"));
    for name in ["apr1", "sha1"] {
        assert_eq!(status(&gate, name, "wonderland"), 200, "{name}");
        assert_eq!(status(&gate, name, "looking glass"), 401, "{name}");
    }
}

#[test]
fn a_changed_file_counts_within_two_seconds_and_ends_the_sessions_of_who_is_gone() {
    let config = format!(
        "realm = \"hall\"\n[basic]\nhtpasswd = \"users.htpasswd\"\nthrottle = false\n[session]\nusers = \"users.htpasswd\"\n{ME}"
    );
    let gate = Gate::start(Folder::new().with("gate.toml", config).with("users.htpasswd", USERS));
    let (alice, bob) = (cookie(&log_in(&gate, "alice", "wonderland")), cookie(&log_in(&gate, "bob", "bob's secret")));
    assert_eq!(status(&gate, "bob", "bob's secret"), 200, "and is remembered");

    gate.folder.write("users.htpasswd", format!("{ALICE}\n{STRONG}"));
    let changed = now();
    wait_until("the new user", || status(&gate, "scrypt", "wonderland") == 200);
    wait_until("the end of the session", || gate.get("/me", &[&bob]).status == 401);
    let took = changed.elapsed();
    // The promise, and some for a machine that runs other tests beside.
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert_eq!(status(&gate, "bob", "bob's secret"), 401);
    assert_eq!(gate.get("/me", &[&alice]).status, 200, "the rest live on");
    assert!(!gate.log().contains("gate::server: reloaded"), "without a signal");
}

#[test]
fn a_broken_file_keeps_the_old_users_and_says_where_it_is_broken() {
    let gate = Gate::start(folder(USERS, ""));
    gate.folder.write("users.htpasswd", format!("{ALICE}\nmallory\n{WEAK}"));
    wait_until("the fault", || gate.log().contains("users not reloaded"));
    let log = gate.log();
    for line in ["line 2: no colon", "line 3: ", "line 4: "] {
        assert!(log.contains(line), "{line}: {log}");
    }
    assert!(!log.contains("$apr1$saltsalt"));
    assert_eq!(status(&gate, "alice", "wonderland"), 200);
    assert_eq!(status(&gate, "bob", "bob's secret"), 200);

    gate.folder.write("users.htpasswd", format!("{ALICE}\n"));
    wait_until("the mended file", || status(&gate, "bob", "bob's secret") == 401);
    assert_eq!(status(&gate, "alice", "wonderland"), 200);
}

#[test]
fn after_a_reload_by_signal_the_file_is_still_followed() {
    let gate = Gate::start(folder(USERS, "cache = { entries = 0 }"));
    gate.folder.write("users.htpasswd", format!("{USERS}{STRONG}"));
    assert!(gate.reload());
    assert_eq!(status(&gate, "sha512", "wonderland"), 200);
    gate.folder.write("users.htpasswd", USERS);
    wait_until("the change", || status(&gate, "sha512", "wonderland") == 401);
    gate.folder.write("users.htpasswd", "mallory:no hash\n");
    assert!(!gate.reload());
    assert_eq!(status(&gate, "alice", "wonderland"), 200);
}
