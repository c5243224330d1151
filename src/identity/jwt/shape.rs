//! Telling a JWT from any other token.

use serde::de::IgnoredAny;

use super::compact::Room;

/// Whether `token` is meant as a JWT in compact form: three parts, of which the first is a JSON object in base64url. Whether
/// it is a good one, its verifier says.
pub(in crate::identity) fn is_jwt(token: &str) -> bool {
    let mut parts = token.split('.');
    let (Some(header), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let mut room = Room::new();
    room.decode(header).is_ok_and(|json| {
        json.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(json).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    #[test]
    fn three_parts_and_a_header_in_json_make_a_jwt() {
        let header = |json: &str| format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(json));
        for token in [
            header("{}"),
            header(r#"{"alg":"none"}"#),
            header(r#" {"alg":"RS256","alg":"HS256"} "#),
            header(&format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500))),
            "e30..".to_owned(),
            "e30.~.+".to_owned(),
        ] {
            assert!(is_jwt(&token), "{token}");
        }
        for token in [
            String::new(),
            "..".to_owned(),
            "mF_9.B5f-4.1JqM".to_owned(),
            "e30.e30".to_owned(),
            "e30.e30.e30.e30.e30".to_owned(),
            header("[]"),
            header("7"),
            header(r#"{"alg""#),
            header("{} {}"),
        ] {
            assert!(!is_jwt(&token), "{token}");
        }
    }
}
