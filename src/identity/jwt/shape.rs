//! Telling a JWT from any other token.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::IgnoredAny;

use super::compact::Room;

/// Whether `token` is meant as a JWT that anybody can read: three parts, of which the first is a JSON object in base64url.
/// Whether it is a good one, its verifier says; more parts are a fault that another reader may not see. One that is
/// encrypted (RFC 7516 section 7.1) says so in the first of its five parts, and only its issuer may know what it is.
pub(in crate::identity) fn is_jwt(token: &str) -> bool {
    let Some((header, others)) = token.split_once('.') else { return false };
    let others = others.split('.').count();
    let mut room = Room::new();
    others >= 2
        && room.decode(header).is_ok_and(|json| {
            let is_object =
                json.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(json).is_ok();
            is_object && !(others == 4 && is_encrypted(json))
        })
}

fn is_encrypted(header: &[u8]) -> bool {
    let members = serde_json::from_slice::<BTreeMap<Cow<'_, str>, IgnoredAny>>(header);
    members.is_ok_and(|members| members.contains_key("enc"))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    #[test]
    fn three_parts_and_a_header_in_json_make_a_jwt_and_more_do_not_unmake_it() {
        let header = |json: &str| format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(json));
        for token in [
            header("{}"),
            header(r#"{"alg":"none"}"#),
            header(r#" {"alg":"RS256","alg":"HS256"} "#),
            header(&format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500))),
            "e30..".to_owned(),
            "e30.~.+".to_owned(),
            "e30.e30.e30.e30".to_owned(),
            "e30.e30.e30.e30.e30".to_owned(),
            format!("{}....", header(r#"{"enc":"A256GCM"}"#)),
        ] {
            assert!(is_jwt(&token), "{token}");
        }
        for token in [
            String::new(),
            "..".to_owned(),
            "mF_9.B5f-4.1JqM".to_owned(),
            "e30.e30".to_owned(),
            format!("{}..", header(r#"{"enc":"A256GCM"}"#)),
            header("[]"),
            header("7"),
            header(r#"{"alg""#),
            header("{} {}"),
        ] {
            assert!(!is_jwt(&token), "{token}");
        }
    }
}
