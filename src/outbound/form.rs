//! Calls with a form (`application/x-www-form-urlencoded`), as the endpoints of OAuth want them.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request};
use http_body_util::Full;

use super::address::Address;
use super::call::{Call, Reply};
use super::client::Client;
use super::error::CallError;
use crate::secret::Secret;

impl Client {
    /// Sends the members of a form. `authorization` is the whole value of the field of that name.
    pub(crate) async fn post_form(
        &self,
        address: &Address,
        authorization: Option<&Secret<String>>,
        form: &[(&str, &str)],
        call: Call,
    ) -> Result<Reply, CallError> {
        // What the transport keeps until the request is gone, nobody can wipe.
        let mut request = Request::new(Full::new(Bytes::copy_from_slice(encode(form).expose().as_bytes())));
        let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, content_type);
        self.send(Method::POST, address, authorization, request, call).await
    }
}

fn encode(form: &[(&str, &str)]) -> Secret<String> {
    // Room for the worst case, so that no copy is left behind by growing.
    let longest = form.iter().map(|(name, value)| 3 * (name.len() + value.len()) + 2).sum();
    let mut text = Secret::new(String::with_capacity(longest));
    for (index, (name, value)) in form.iter().enumerate() {
        let text = text.expose_mut();
        text.push_str(if index == 0 { "" } else { "&" });
        append_encoded(text, name);
        text.push('=');
        append_encoded(text, value);
    }
    text
}

/// Appends `value` as a form writes it, which is also how OAuth wants a client's name and secret inside Basic (RFC 6749
/// section 2.3.1).
pub(crate) fn append_encoded(text: &mut String, value: &str) {
    for octet in value.bytes() {
        match octet {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'*' | b'-' | b'.' | b'_' => text.push(char::from(octet)),
            b' ' => text.push('+'),
            _ => {
                text.push('%');
                for digit in [octet >> 4, octet & 15] {
                    text.push(char::from(DIGITS[usize::from(digit)]));
                }
            }
        }
    }
}

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_written_so_that_no_value_can_add_a_member() {
        let form = encode(&[("token", "a&b=c d"), ("hint", "é+%*~")]);
        assert_eq!(form.expose(), "token=a%26b%3Dc+d&hint=%C3%A9%2B%25*%7E");
        assert_eq!(encode(&[]).expose(), "");
    }
}
