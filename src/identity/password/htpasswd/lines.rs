//! Reads the lines of a file, and finds everything that is wrong with them.

use std::collections::HashMap;

use super::super::hash::Strength;
use super::super::users::{User, Users};
use crate::error::{ConfigError, ConfigFault};

/// A file that is none of ours has a fault in every line; nobody reads more of them.
const MAX_FAULTS: usize = 100;

/// The users of a file. Blank lines and those that begin with `#` are passed over, as Apache does.
///
/// # Errors
///
/// Everything that is wrong, with the numbers of the lines. `file` names it.
pub(super) fn read(file: &str, content: &[u8], strength: Strength) -> Result<Users, ConfigError> {
    let mut faults = Vec::new();
    let mut users = Users::new();
    let mut places = HashMap::new();
    for (index, line) in content.split(|&byte| byte == b'\n').enumerate() {
        let number = index + 1;
        let outcome = read_line(number, line, strength).and_then(|entry| match entry {
            Some((name, user)) => match places.insert(name, number) {
                Some(first) => Err(format!("{name:?} is on line {first} already; remove one of them")),
                None => users.insert(name, user).map_err(|error| error.to_string()),
            },
            None => Ok(()),
        });
        if let Err(problem) = outcome {
            faults.push(ConfigFault::new(format!("{file:?} line {number}"), problem));
        }
        if faults.len() == MAX_FAULTS {
            break;
        }
    }
    if faults.is_empty() && users.is_empty() {
        faults.push(ConfigFault::new(format!("{file:?}"), "holds no user; add one"));
    }
    ConfigError::unless_empty(faults, users)
}

/// The name and the user of a line, if it is one with a user.
fn read_line(number: usize, line: &[u8], strength: Strength) -> Result<Option<(&str, User)>, String> {
    let text = str::from_utf8(line).map_err(|_| "is not UTF-8; convert the file")?;
    let text = text.strip_suffix('\r').unwrap_or(text);
    if number == 1 && text.starts_with('\u{feff}') {
        return Err("begins with a byte order mark; save the file as UTF-8 without one".into());
    }
    if text.trim().is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let (name, hash) = text.split_once(':').ok_or("no colon; write name:hash")?;
    if name != name.trim() {
        return Err(format!("the name {name:?} begins or ends with a blank; remove it"));
    }
    if hash != hash.trim() {
        return Err("the hash begins or ends with a blank; remove it".into());
    }
    if hash.contains(':') {
        return Err("a second colon; this is a file of name:hash lines, and one of htdigest is another".into());
    }
    let user = User::read(hash, strength).map_err(|error| error.to_string())?;
    Ok(Some((name, user)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";

    fn faults(content: &[u8]) -> Vec<String> {
        match read("users", content, Strength::Strong) {
            Ok(_) => Vec::new(),
            Err(error) => error.into_iter().map(|fault| fault.to_string()).collect(),
        }
    }

    #[test]
    fn every_fault_has_the_number_of_its_line() {
        let content = [
            "\u{feff}alice:HASH", // 1
            "# a comment",
            "",
            "   ",
            "bob",         // 5
            " carol:HASH", // 6
            "dave:HASH ",  // 7
            "erin:HASH",
            "erin:HASH",            // 9
            ":HASH",                // 10
            "frank:",               // 11
            "grace:realm:0123",     // 12
            "heidi:rqXexS6ZhobKA",  // 13
            "ivan:plain text",      // 14
            "judy:$apr1$salt$hash", // 15
            "mallory\u{7}:HASH",    // 16
            "a\rb:HASH",            // 17
        ];
        let mut content = content.join("\n").replace("HASH", HASH).into_bytes();
        content.extend(b"\nolivia\xff:x");
        let found = faults(&content);
        for (number, (line, problem)) in [
            (1, "byte order mark"),
            (5, "no colon"),
            (6, "blank"),
            (7, "blank"),
            (9, "is on line 8 already"),
            (10, "empty"),
            (11, "without a password"),
            (12, "second colon"),
            (13, "DES crypt"),
            (14, "not hashed at all"),
            (15, "allow weak hashes"),
            (16, "control character"),
            (17, "control character"),
            (18, "not UTF-8"),
        ]
        .into_iter()
        .enumerate()
        {
            let fault = found.get(number).unwrap_or_else(|| panic!("no fault in line {line}: {found:#?}"));
            assert!(fault.starts_with(&format!("\"users\" line {line}: ")), "{fault}");
            assert!(fault.contains(problem), "{fault}");
            assert!(!fault.contains("rqXexS6ZhobKA") && !fault.contains("plain text"), "repeats a secret: {fault}");
        }
        assert_eq!(found.len(), 14, "{found:#?}");
    }

    #[test]
    fn what_is_no_file_of_users_is_not_read_to_its_end() {
        assert_eq!(faults("no colon\n".repeat(10_000).as_bytes()).len(), MAX_FAULTS);
        assert_eq!(faults(b""), ["\"users\": holds no user; add one"]);
    }

    #[test]
    fn lines_may_end_as_windows_ends_them_and_the_last_not_at_all() {
        let content = format!("alice:{HASH}\r\n# comment\r\n\r\nbob:{HASH}");
        assert_eq!(read("users", content.as_bytes(), Strength::Strong).map(|users| users.len()), Ok(2));
    }
}
