//! Forms as clients of OAuth send them: `application/x-www-form-urlencoded`.

/// The fields of a form.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// None where the text is no form, or a field comes twice, which OAuth forbids (RFC 6749 section 3.2).
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let text = str::from_utf8(body).ok()?;
        let mut fields: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=')?;
            let (name, value) = (decode(name)?, decode(value)?);
            if fields.iter().any(|(other, _)| *other == name) {
                return None;
            }
            fields.push((name, value));
        }
        Some(Self(fields))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// The text that was percent-encoded, with `+` for blanks; none where it is not UTF-8 or not so encoded.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => digit(bytes.next()?)? << 4 | digit(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
