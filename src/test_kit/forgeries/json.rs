//! JSON in which two readers see two things, or one reader sees its end. All of it is signed properly.

use super::attack::Attack;

pub(super) fn forge(attack: &mut Attack<'_>) {
    repeated(attack);
    text(attack);
    nested(attack);
}

/// RFC 7519 section 4, RFC 7515 section 4: no member twice, whichever of the two a reader would take.
fn repeated(attack: &mut Attack<'_>) {
    let claims = attack.good().payload_bytes();
    let audience = serde_json::json!(attack.audience).to_string();
    let members = [
        ("claims-two-sub", r#""sub":"mallory""#.to_owned()),
        ("claims-two-exp", r#""exp":9007199254740000"#.to_owned()),
        ("claims-two-aud", r#""aud":"another-api""#.to_owned()),
        ("claims-aud-twice-the-same", format!(r#""aud":{audience}"#)),
        ("claims-two-scope", r#""scope":"admin""#.to_owned()),
        ("claims-two-iss", r#""iss":"https://another.example""#.to_owned()),
        ("claims-two-sub-one-escaped", r#""s\u0075b":"mallory""#.to_owned()),
        ("claims-two-members-inside", r#""realm_access":{"roles":["user"],"roles":["admin"]}"#.to_owned()),
    ];
    for (name, member) in members {
        let (before, after) = (prepend(&claims, &member), append(&claims, &member));
        attack.change(&format!("{name}-last-wins"), |token| token.raw_payload(after));
        attack.change(&format!("{name}-first-wins"), |token| token.raw_payload(before));
    }
    let header = attack.good().header_bytes();
    let members = [
        ("header-two-alg", r#""alg":"none""#),
        ("header-two-kid", r#""kid":"another""#),
        ("header-two-typ", r#""typ":"JWT""#),
        ("header-two-alg-one-escaped", r#""\u0061lg":"HS256""#),
        ("header-two-members-inside", r#""x":{"y":1,"y":2}"#),
    ];
    for (name, member) in members {
        let (before, after) = (prepend(&header, member), append(&header, member));
        attack.change(&format!("{name}-last-wins"), |token| token.raw_header(after));
        attack.change(&format!("{name}-first-wins"), |token| token.raw_header(before));
    }
}

/// RFC 7519 section 7.2, RFC 8725 section 3.7: one object in UTF-8, and text that is text.
fn text(attack: &mut Attack<'_>) {
    let claims = String::from_utf8_lossy(&attack.good().payload_bytes()).into_owned();
    let header = String::from_utf8_lossy(&attack.good().header_bytes()).into_owned();
    let alice = "\"alice\"";
    let payloads: [(&str, Vec<u8>); 17] = [
        ("claims-sub-with-nul", claims.replace(alice, r#""alice\u0000mallory""#).into()),
        ("claims-sub-with-lone-surrogate", claims.replace(alice, r#""alice\ud800""#).into()),
        ("claims-sub-not-utf-8", replace_bytes(&claims, alice, b"\"alice\xff\"")),
        ("claims-sub-overlong-utf-8", replace_bytes(&claims, alice, b"\"\xc1\xa1lice\"")),
        ("claims-sub-with-raw-line-break", claims.replace(alice, "\"alice\n\"").into()),
        ("claims-after-a-byte-order-mark", format!("\u{feff}{claims}").into()),
        ("claims-in-utf-16", claims.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("claims-in-a-list", format!("[{claims}]").into()),
        ("claims-a-text", serde_json::json!(claims).to_string().into()),
        ("claims-a-number", b"42".to_vec()),
        ("claims-null", b"null".to_vec()),
        ("claims-empty", Vec::new()),
        ("claims-two-objects", format!("{claims}{claims}").into()),
        ("claims-with-text-behind", format!("{claims}x").into()),
        ("claims-with-nul-behind", format!("{claims}\0").into()),
        ("claims-with-a-comma-too-many", format!("{},}}", claims.trim_end_matches('}')).into()),
        ("claims-with-a-comment", format!("/**/{claims}").into()),
    ];
    for (name, payload) in payloads {
        attack.change(name, |token| token.raw_payload(payload));
    }
    let headers: [(&str, Vec<u8>); 8] = [
        ("header-after-a-byte-order-mark", format!("\u{feff}{header}").into()),
        ("header-in-utf-16", header.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("header-in-a-list", format!("[{header}]").into()),
        ("header-a-text", serde_json::json!(header).to_string().into()),
        ("header-empty", Vec::new()),
        ("header-empty-object", b"{}".to_vec()),
        ("header-with-text-behind", format!("{header}x").into()),
        ("header-with-lone-surrogate", append(header.as_bytes(), r#""x":"\udfff""#)),
    ];
    for (name, header) in headers {
        attack.change(name, |token| token.raw_header(header));
    }
}

/// As deep as a token of the usual length can be.
fn nested(attack: &mut Attack<'_>) {
    let claims = attack.good().payload_bytes();
    let header = attack.good().header_bytes();
    let lists = format!(r#""x":{}{}"#, "[".repeat(5_000), "]".repeat(5_000));
    let objects = format!(r#""x":{}1{}"#, r#"{"x":"#.repeat(1_600), "}".repeat(1_600));
    let open = "[".repeat(11_000);
    attack.change("claims-5000-lists-deep", |token| token.raw_payload(append(&claims, &lists)));
    attack.change("claims-1600-objects-deep", |token| token.raw_payload(append(&claims, &objects)));
    attack.change("claims-11000-lists-never-closed", |token| token.raw_payload(open.clone()));
    attack.change("header-5000-lists-deep", |token| token.raw_header(append(&header, &lists)));
    attack.change("header-1600-objects-deep", |token| token.raw_header(append(&header, &objects)));
    attack.change("header-11000-lists-never-closed", |token| token.raw_header(open));
    let many = (0..1_000).map(|number| format!(r#""c{number}":0"#)).collect::<Vec<_>>().join(",");
    attack.change("claims-a-thousand", |token| token.raw_payload(append(&claims, &many)));
}

/// The object with one more member at its end.
fn append(object: &[u8], member: &str) -> Vec<u8> {
    let open = object.strip_suffix(b"}").unwrap_or(object);
    [open, b",", member.as_bytes(), b"}"].concat()
}

/// The object with one more member at its beginning.
fn prepend(object: &[u8], member: &str) -> Vec<u8> {
    let rest = object.strip_prefix(b"{").unwrap_or(object);
    [b"{", member.as_bytes(), b",", rest].concat()
}

fn replace_bytes(text: &str, from: &str, to: &[u8]) -> Vec<u8> {
    let (before, after) = text.split_once(from).unwrap_or((text, ""));
    [before.as_bytes(), to, after.as_bytes()].concat()
}
