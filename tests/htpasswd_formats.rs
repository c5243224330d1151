//! Hashes that others have written: Debian's `htpasswd` and `argon2`, in every format that they have, and fixed ones of other
//! implementations for what those cannot write. The right password is in, and no other is, however little it differs.

#![cfg(feature = "htpasswd")]
#![expect(clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

mod support {
    pub(crate) mod services;
}

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use portcullis::credentials::BasicCredentials;
use portcullis::identity::password::{HtpasswdFile, PasswordCheck, User, hash_password};
use portcullis::{Reason, Verifier};
use support::services;

/// 8, 72, 73 and 255 bytes, the longest that `htpasswd` takes; 1000 bytes; and characters of two to four bytes.
fn passwords() -> Vec<String> {
    let long = |length| "correct horse battery staple, ".repeat(40)[..length].to_owned();
    let multibyte = "pässwörd für Zoë: 日本語 🔑";
    vec![long(8), long(72), long(73), long(255), long(1000), multibyte.to_owned()]
}

/// What `program` writes when `password` comes on its stdin; nothing where it refuses the password.
fn written(program: &Path, arguments: &[&str], password: &str) -> Option<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It may have ended without reading.
    drop(child.stdin.take().unwrap().write_all(password.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    output.status.success().then(|| text.trim().to_owned())
}

/// The hash that `htpasswd` writes.
fn htpasswd(program: &Path, flags: &[&str], password: &str) -> Option<String> {
    let line = written(program, &[&["-n", "-i"], flags, &["alice"]].concat(), password)?;
    Some(line.strip_prefix("alice:").unwrap().to_owned())
}

/// Passwords that differ from `password` by little, or that something which cuts or folds would take for it.
fn neighbours(password: &str) -> Vec<String> {
    let mut shorter = password.to_owned();
    let last = shorter.pop().unwrap();
    let other = if last == 'x' { 'y' } else { 'x' };
    let mut neighbours = vec![
        format!("{shorter}{other}"),
        format!("{password}x"),
        format!("{password} "),
        format!(" {password}"),
        password.to_uppercase(),
        password.replacen(['ä', 'o'], "a", 1),
        shorter,
    ];
    for cut in [8, 72, 128, 255] {
        if password.len() > cut {
            neighbours.push(password.chars().take(cut).collect());
        }
    }
    neighbours.retain(|neighbour| neighbour != password);
    neighbours
}

#[track_caller]
fn assert_only(password: &str, hash: &str) -> PasswordCheck {
    let user = User::new_allowing_weak(hash).unwrap();
    let check = user.check_password(password).unwrap();
    assert_ne!(check, PasswordCheck::Failed, "the right password of {} bytes, {hash}", password.len());
    for wrong in neighbours(password) {
        assert_eq!(user.check_password(&wrong).unwrap(), PasswordCheck::Failed, "{wrong:?} for {password:?}, {hash}");
    }
    check
}

/// PW-2, PW-3
#[test]
fn every_format_that_htpasswd_writes_lets_the_right_password_in_and_no_other() {
    let Some(program) = services::program("htpasswd") else { return };
    let formats: [&[&str]; 8] = [
        &["-m"],
        &["-s"],
        &["-2"],
        &["-2", "-r", "1000"],
        &["-5"],
        &["-5", "-r", "10000"],
        &["-B", "-C", "4"],
        &["-B"],
    ];
    for flags in formats {
        for password in passwords() {
            let Some(hash) = htpasswd(&program, flags, &password) else {
                assert!(password.len() > 255, "{flags:?} refuses {} bytes", password.len());
                continue;
            };
            if flags[0] == "-B" && password.len() > 72 {
                // It has cut the password without a word. The whole one is refused, and so is every other of that beginning.
                let user = User::new(&hash).unwrap();
                assert_ne!(user.check_password(&password[..72]).unwrap(), PasswordCheck::Failed);
                assert_eq!(user.check_password(&password).unwrap(), PasswordCheck::Failed);
                assert_eq!(user.check_password(&password[..73]).unwrap(), PasswordCheck::Failed);
            } else {
                assert_eq!(assert_only(&password, &hash), PasswordCheck::SuccessRehashNeeded, "{flags:?}");
            }
        }
    }
    let strong = htpasswd(&program, &["-B", "-C", "10"], "wonderland").unwrap();
    assert_eq!(User::new(&strong).unwrap().check_password("wonderland").unwrap(), PasswordCheck::Success);
}

/// PW-1, PW-3
#[test]
fn every_format_that_argon2_writes_lets_the_right_password_in_and_no_other() {
    let Some(program) = services::program("argon2") else { return };
    for kind in ["-i", "-d", "-id"] {
        for version in ["10", "13"] {
            for costs in [["-t", "3", "-k", "4096", "-p", "1"], ["-t", "1", "-k", "256", "-p", "4"]] {
                for password in passwords() {
                    let arguments = [&["some salt", "-e", kind, "-v", version][..], &costs].concat();
                    let Some(hash) = written(&program, &arguments, &password) else {
                        assert!(password.len() > 127, "{arguments:?} refuses {} bytes", password.len());
                        continue;
                    };
                    assert_eq!(assert_only(&password, &hash), PasswordCheck::SuccessRehashNeeded, "{arguments:?}");
                }
            }
        }
    }
    let sufficient = ["some salt", "-e", "-id", "-t", "2", "-k", "19456"];
    let strong = written(&program, &sufficient, "wonderland").unwrap();
    assert_eq!(User::new(&strong).unwrap().check_password("wonderland").unwrap(), PasswordCheck::Success);
}

/// Of 1000 times `x`: SHA-crypt, MD5 and SHA-1 by other code than ours, scrypt and PBKDF2 by OpenSSL.
const OF_A_THOUSAND: [&str; 7] = [
    "$5$rounds=1000$salt$IM8wNmpiQHcsDuuY1g5TT.gZFWiSWi7w4a570FayWH5",
    "$6$rounds=1000$salt$5JEyLsypISwWa4lfPRRXf37O10ik19bJNrGHcMDQSukT.Mo2LAXgHwJKVnACKOHdoigMElIql6rKiRwNtaami0",
    "$apr1$saltsalt$.kj70w6porhniyTZXiFmY0",
    "{SHA}w++mkPo/3S4lJoU+7WcFOOoSdjg=",
    "$scrypt$ln=10,r=8,p=1$c2FsdCBvZiBzaXh0ZWVuIQ$oyWiuhweWETp87+jU1ax1LIJ2Z3IHtsmTKXNviThQuE",
    "$pbkdf2-sha256$i=1000,l=32$c2FsdCBvZiBzaXh0ZWVuIQ$pOrT5xanctvp8mHfjxD1LLb91utntsfWlFyc87mIE/E",
    "$pbkdf2-sha512$i=1000$c2FsdCBvZiBzaXh0ZWVuIQ$\
     smIM1zHh2r1Zw8DAusIB4ZXA+A/w9yr36yZpyrj8SXWTWQJwXtILt4pjj73qLUR9rYuW/QckFYot9M6ZSGWLtg",
];

/// Of `pässwörd ünd 🔑`, by OpenSSL.
const OF_MANY_BYTES: [&str; 3] = [
    "$scrypt$ln=10,r=8,p=1$c2FsdCBvZiBzaXh0ZWVuIQ$D0LvDKMLZCOYGI7WQB5rLsYASLUwLqi3y+NkqLF8IIU",
    "$pbkdf2-sha256$i=1000,l=32$c2FsdCBvZiBzaXh0ZWVuIQ$eV/a9SBD1zYCqDyQWez9nl+/2qVAQmfViX2MU4F5/OE",
    "$pbkdf2-sha512$i=1000$c2FsdCBvZiBzaXh0ZWVuIQ$\
     sSHz4ojTrHDGoNMqLaLn5q6DxQUarCREwJ4QNClgbSwuP5dBkFrsD45bAfFVUlYFxIKOnyyi0DcHSntTPs1Bvw",
];

/// PW-2, PW-3
#[test]
fn hashes_that_those_programs_cannot_write_let_the_right_password_in_and_no_other() {
    for hash in OF_A_THOUSAND {
        assert_eq!(assert_only(&"x".repeat(1000), hash), PasswordCheck::SuccessRehashNeeded);
    }
    for hash in OF_MANY_BYTES {
        assert_eq!(assert_only("pässwörd ünd 🔑", hash), PasswordCheck::SuccessRehashNeeded);
    }
    for password in passwords() {
        assert_eq!(assert_only(&password, &hash_password(&password).unwrap()), PasswordCheck::Success);
    }
    // 511 bytes, by libxcrypt, which takes no more.
    let hash =
        "$6$rounds=1000$salt$v/UgwNeZQ.s8nSJ1HNomYzuopcaW37ZzFLESuH8NsUraOkT53k.h.eVSmPMxwlp/9N1Nxz/bGPBr925yGAN15.";
    assert_eq!(assert_only(&"x".repeat(511), hash), PasswordCheck::SuccessRehashNeeded);
}

/// PW-2
#[test]
fn a_hash_is_to_be_replaced_where_it_is_below_what_is_asked_for_today() {
    let needs_rehash = |hash: &str, password: &str| {
        let check = User::new(hash).unwrap().check_password(password).unwrap();
        assert_ne!(check, PasswordCheck::Failed, "{hash}");
        check == PasswordCheck::SuccessRehashNeeded
    };
    for (hash, expected) in SUFFICIENT_OR_NOT {
        assert_eq!(needs_rehash(hash, "wonderla"), expected, "{hash}");
    }
}

/// Of `wonderla`, by OpenSSL; and whether a new hash is advised.
const SUFFICIENT_OR_NOT: [(&str, bool); 7] = [
    ("$scrypt$ln=17,r=8,p=1$c2FsdCBvZiBzaXh0ZWVuIQ$MPH06haAIBMc6MmOX8Fc66wrYKnsfQKdIzmd8U2MKgg", false),
    ("$scrypt$ln=16,r=8,p=1$c2FsdCBvZiBzaXh0ZWVuIQ$UfGCee3rL1GWN5ZeCfZYW4rHGz+NinB71UzgGngdeKM", true),
    ("$scrypt$ln=14,r=8,p=5$c2FsdCBvZiBzaXh0ZWVuIQ$qvvSAQpM4KuyUh1HG+rexC36T/AhUE7LUELdwBFpxmI", false),
    ("$pbkdf2-sha256$i=600000$c2FsdCBvZiBzaXh0ZWVuIQ$KglgYeO3J3v5Dn41LlX3Y4JUyOuLRMCdSslClbwwn3M", false),
    ("$pbkdf2-sha256$i=599999$c2FsdCBvZiBzaXh0ZWVuIQ$Z2eP9y55lqt1fIehoHoCmBLkGtxS5X2WyLqbRcNCkMU", true),
    ("$pbkdf2-sha512$i=210000$c2FsdCBvZiBzaXh0ZWVuIQ$K7xlOhuSvbj9pcvpQJzAPUCNckFn/anS3My+HAmBoyY", false),
    ("$pbkdf2-sha512$i=209999$c2FsdCBvZiBzaXh0ZWVuIQ$2l+OdLYb0pLb2tRrnmOTuaeRnazcv+Oz8X2Nl5QZEhM", true),
];

/// BASIC-15, PW-6
#[test]
fn poisoned_hashes_are_faults_that_say_why_before_any_work_is_done() {
    let (salt, digest) = ("c2FsdCBvZiBzaXh0ZWVuIQ", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI");
    let scrypt = |costs: &str| format!("$scrypt${costs}${salt}${digest}");
    let pbkdf2 = |costs: &str| format!("$pbkdf2-sha256${costs}${salt}${digest}");
    let letters = "a".repeat(86);
    assert!(User::new(&scrypt("ln=17,r=8,p=1")).is_ok());
    assert!(User::new(&pbkdf2("i=600000")).is_ok());
    for (hash, problem) in [
        (scrypt("ln=18,r=8,p=1"), ""),
        (scrypt("ln=19,r=8,p=1"), "256 MiB"),
        (scrypt("ln=17,r=8,p=2"), ""),
        (scrypt("ln=17,r=8,p=3"), "256 MiB"),
        (scrypt("ln=24,r=64,p=64"), "256 MiB"),
        (scrypt("ln=25,r=1,p=1"), "1 to 24"),
        (scrypt("ln=63,r=8,p=1"), "1 to 24"),
        (scrypt("ln=0,r=8,p=1"), "1 to 24"),
        (scrypt("ln=10,r=0,p=1"), "1 to 64"),
        (scrypt("ln=10,r=4294967295,p=4294967295"), "1 to 64"),
        (scrypt("r=8,ln=17,p=1"), "plain numbers"),
        (scrypt("ln=17,r=8"), "plain numbers"),
        (format!("$scrypt$ln=17,r=8,p=1${salt}"), "form"),
        (format!("$scrypt$ln=17,r=8,p=1$c2FsdA${digest}"), "salt"),
        (pbkdf2("i=4000001"), "4000000"),
        (pbkdf2("i=4000000"), ""),
        (pbkdf2("i=1500001").replace("sha256", "sha512"), "1500000"),
        (pbkdf2("i=999"), "1000"),
        (pbkdf2("i=600000,l=31"), "another length"),
        (pbkdf2("l=32,i=600000"), "plain numbers"),
        (pbkdf2("600000"), "plain numbers"),
        (format!("$pbkdf2-sha256$i=1000${salt}${}", digest.repeat(2)), "base64"),
        (format!("$pbkdf2-sha256$i=1000${salt}${}", &"MTIz".repeat(11)), "one block"),
        (format!("$pbkdf2-sha1$i=1000${salt}${digest}"), "unknown kind"),
        (format!("$6$rounds=700001$salt${letters}"), "700000"),
        (format!("$6$rounds=999$salt${letters}"), "1000 rounds"),
        (format!("$6$rounds=01000$salt${letters}"), "form"),
        (format!("$6$rounds=1000$salt$more${letters}"), "form"),
        (format!("$6$12345678901234567${letters}"), "16 characters"),
        (format!("$6$${letters}"), "16 characters"),
        (format!("$6$salt${}", &letters[1..]), "another length"),
        (format!("$6$salt${}é", &letters[2..]), "another length"),
        (format!("$5$salt${letters}"), "another length"),
        ("$apr1$salt$short".into(), "another length"),
        ("$apr1$123456789$iYoy79jJRgsVPBp.3XmJY1".into(), "8 characters"),
        ("$apr1$iYoy79jJRgsVPBp.3XmJY1".into(), "form"),
        ("{SHA}GpHWL3ymc5liWkNopqtdSjuqYHM".into(), "20 bytes"),
        ("{SHA}".into(), "base64"),
        ("{sha}GpHWL3ymc5liWkNopqtdSjuqYHM=".into(), "unknown kind"),
        ("cr19NTD6QB5iw".into(), "DES crypt"),
        ("wonderland".into(), "not hashed at all"),
        ("$1$salt$iYoy79jJRgsVPBp.3XmJY1".into(), "unknown kind"),
    ] {
        let read = User::new_allowing_weak(&hash);
        if problem.is_empty() {
            assert!(read.is_ok(), "{hash}");
            continue;
        }
        let error = read.unwrap_err();
        assert!(error.to_string().contains(problem), "{hash}: {error}");
        assert!(hash == "{SHA}" || !error.to_string().contains(&hash), "{error}");
    }
}

/// A file as it grows over the years, with a format of each. What is weak is a fault unless it is allowed, and DES crypt
/// and plain text always are.
#[tokio::test]
async fn a_file_of_every_format_is_read_as_far_as_it_is_allowed() {
    let Some(program) = services::program("htpasswd") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users");
    fs::write(&path, "").unwrap();
    let add = |flags: &[&str], name: &str, password: &str| {
        let arguments = [&["-i"], flags, &[path.to_str().unwrap(), name]].concat();
        assert!(written(&program, &arguments, password).is_some(), "{arguments:?}");
    };
    let kinds = [["-B", "bcrypt"], ["-2", "sha256"], ["-5", "sha512"], ["-m", "apr1"], ["-s", "sha1"]];
    for [flag, name] in kinds {
        add(&[flag], name, &format!("password of {name} ü"));
    }

    let error = HtpasswdFile::builder(&path).open().unwrap_err();
    let places: Vec<_> = error.faults().iter().map(|fault| fault.setting().rsplit_once(' ').unwrap().1).collect();
    assert_eq!(places, ["4", "5"], "{error}");
    assert!(error.to_string().contains("allow weak hashes"), "{error}");

    let file = HtpasswdFile::builder(&path).allow_weak_hashes().open().unwrap();
    let verifier = file.verifier("staff");
    for [_, name] in kinds {
        let credentials = |password: &str| BasicCredentials::new(name, password).unwrap();
        let right = verifier.verify(credentials(&format!("password of {name} ü"))).await;
        assert_eq!(right.unwrap().subject(), name);
        let wrong = verifier.verify(credentials(&format!("password of {name} u"))).await;
        assert_eq!(wrong.unwrap_err().reason(), Reason::Invalid, "{name}");
    }

    add(&["-d"], "des", "password");
    add(&["-p"], "plain", "password");
    let error = file.reload().unwrap_err();
    let places: Vec<_> = error.faults().iter().map(|fault| fault.setting().rsplit_once(' ').unwrap().1).collect();
    assert_eq!(places, ["6", "7"], "{error}");
    assert_eq!(file.state().users(), 5);
}
