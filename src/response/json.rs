//! The little JSON that we write ourselves: texts and lists of texts, without a dependency for it.

/// Appends `value` as a JSON string (RFC 8259 section 7).
pub(crate) fn push_text(json: &mut String, value: &str) {
    json.push('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => {
                json.push('\\');
                json.push(character);
            }
            '\u{0}'..='\u{1f}' => json.push_str(&format!("\\u{:04x}", u32::from(character))),
            other => json.push(other),
        }
    }
    json.push('"');
}

/// Appends `values` as a JSON array of strings.
pub(crate) fn push_list<'a>(json: &mut String, values: impl Iterator<Item = &'a str>) {
    json.push('[');
    for (index, value) in values.enumerate() {
        if index > 0 {
            json.push(',');
        }
        push_text(json, value);
    }
    json.push(']');
}
