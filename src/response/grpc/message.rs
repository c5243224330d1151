//! What people read: `grpc-message`.

use std::fmt::Write as _;

use crate::response::answer::whole_seconds;
use crate::response::rejection::Rejection;

/// What went wrong, what to do next, and in brackets what is asked for and the id to quote.
pub(super) fn message(rejection: &Rejection) -> String {
    let mut message = [rejection.title(), ". ", rejection.detail(), " ("].concat();
    for (name, value) in asked_for(rejection) {
        message.extend([name, ": ", &value, "; "]);
    }
    // Writing to a `String` does not fail.
    let _ = write!(message, "id: {})", rejection.id());
    message
}

/// What a refusal asks for, by the names that it has in a problem document.
pub(super) fn asked_for(rejection: &Rejection) -> impl Iterator<Item = (&'static str, String)> {
    let list = |names: Vec<&str>, between| Some(names.join(between)).filter(|list| !list.is_empty());
    [
        ("scope", list(rejection.missing_scopes().collect(), " ")),
        ("roles", list(rejection.missing_roles().collect(), ", ")),
        ("max_age", rejection.max_age().map(|age| age.as_secs().to_string())),
        ("acr_values", list(rejection.acr_values().collect(), " ")),
        ("retry_after", rejection.retry_after().map(|delay| whole_seconds(delay).to_string())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
}

/// As the protocol wants it over HTTP/2 (`Percent-Encoded` of section "Responses"): printable ASCII but `%` stands for itself.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'$' | b'&'..=b'~' => encoded.push(char::from(byte)),
            other => {
                let _ = write!(encoded, "%{other:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::percent_encoded;

    #[test]
    fn all_but_printable_ascii_is_encoded_and_so_is_the_percent_sign() {
        assert_eq!(percent_encoded("plain (a: b; \"c\") ~"), "plain (a: b; \"c\") ~");
        assert_eq!(percent_encoded("100 %\r\nKüche\u{7f}"), "100 %25%0D%0AK%C3%BCche%7F");
    }
}
