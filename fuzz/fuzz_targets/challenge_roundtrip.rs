//! Every challenge that can be built reads back, by another project's parser, to what was put in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::response::Challenge;

/// Names are the programmer's and so are fixed here; values come from configuration and from requirements.
const NAMES: [&str; 8] = ["realm", "scope", "error", "error_description", "Realm", "x-y", "", "two words"];
const SCHEMES: [&str; 6] = ["Basic", "Bearer", "Session", "X-Own", "", "Not a token"];

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else { return };
    let scheme = SCHEMES[usize::from(choice) % SCHEMES.len()];
    let mut challenge = Challenge::new(scheme);
    let mut put = Vec::new();
    for part in rest.split(|&byte| byte == b'\n') {
        let Some((&choice, value)) = part.split_first() else { continue };
        let Ok(value) = str::from_utf8(value) else { continue };
        let name = NAMES[usize::from(choice) % NAMES.len()];
        challenge = match choice & 0x80 {
            0 => challenge.quoted(name, value.to_owned()),
            _ => challenge.token(name, value.to_owned()),
        };
        put.push((name, value.to_owned()));
    }
    match challenge.to_header() {
        Ok(header) => {
            let text = header.to_str().expect("a challenge is visible ASCII");
            let read = http_auth::parse_challenges(text).expect("a challenge is well formed");
            assert_eq!(read.len(), 1, "a challenge is one challenge");
            assert_eq!(read[0].scheme, scheme);
            let params: Vec<_> = read[0].params.iter().map(|(name, value)| (*name, value.to_unescaped())).collect();
            assert_eq!(params, put);
        }
        Err(error) => assert!(!error.faults().is_empty()),
    }
});
