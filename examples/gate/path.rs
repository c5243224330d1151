//! The path of a request: refused where two readers could take it for two things, else decoded once for matching.

/// The decoded bytes of `raw`, or why nobody should guess what it means. Matching is by bytes, and so with case.
pub(crate) fn read(raw: &str) -> Result<Vec<u8>, &'static str> {
    if !raw.starts_with('/') {
        return Err("it does not begin with a slash");
    }
    if raw.contains(['\\', ';']) {
        return Err("a backslash or a semicolon");
    }
    let decoded = decode(raw).ok_or("a broken escape")?;
    let slashes = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte == b'/').count();
    if slashes(&decoded) != slashes(raw.as_bytes()) || decoded.contains(&b'\\') {
        return Err("an encoded slash or backslash");
    }
    if decoded.iter().any(u8::is_ascii_control) {
        return Err("an encoded control character");
    }
    if decoded.windows(2).any(|pair| pair == b"//") {
        return Err("an empty segment");
    }
    if decoded.split(|&byte| byte == b'/').any(|segment| matches!(segment, b"." | b"..")) {
        return Err("a segment of dots");
    }
    Ok(decoded)
}

/// Which paths a rule is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Pattern {
    Exact(String),
    /// This path, and everything below it.
    Below(String),
}

impl Pattern {
    /// `/*`
    pub(crate) const ALL: Self = Self::Below(String::new());

    /// Reads an exact path, or a prefix that ends in `/*`.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (path, below) = match text.strip_suffix("/*") {
            Some(prefix) => (prefix, true),
            None => (text, false),
        };
        if !text.starts_with('/') {
            return Err("does not begin with a slash; write it as in a URL, without the host");
        }
        if path.contains(['*', '?', '#', '%']) {
            return Err("holds one of *?#%; write the path decoded and without a query, with /* at its end at most");
        }
        if !path.is_empty() && read(path).is_err() {
            return Err(
                "is a path that is always refused (empty or dotted segment, backslash, semicolon); it never matches",
            );
        }
        if below && path.ends_with('/') {
            return Err("has an empty segment before the *; such paths are always refused");
        }
        Ok(if below { Self::Below(path.to_owned()) } else { Self::Exact(path.to_owned()) })
    }

    /// Whether a decoded path is meant: `/admin/*` is `/admin`, `/admin/` and all below, and not `/adminx`.
    pub(crate) fn matches(&self, path: &[u8]) -> bool {
        match self {
            Self::Exact(own) => own.as_bytes() == path,
            Self::Below(prefix) => {
                path.strip_prefix(prefix.as_bytes()).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
            }
        }
    }
}

/// The bytes that percent-encoded text stands for (RFC 3986 section 2.1), decoded once; `None` where an escape is broken.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            other => other,
        });
    }
    Some(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
